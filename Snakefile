# prepare_dataset -> corrupt_dataset -> train -> evaluate -> aggregate -> fit_theory -> figures
from snakemake.utils import min_version

min_version("9.0")

# A study is one whole file: given with --configfile, it replaces the default study.
if not workflow.overwrite_configfiles:

    configfile: "config.yaml"


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/training.smk"
include: "workflow/rules/analysis.smk"
include: "workflow/rules/theory.smk"
include: "workflow/rules/figures.smk"


# Every file of every cell, not only the figures: Snakemake does not miss a deleted file whose
# consumers still exist unless somebody asks for it.
rule all:
    default_target: True
    input:
        theory_files,
        study_figures,
        study_files,
    localrule: True
