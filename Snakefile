# prepare_dataset -> corrupt_dataset -> train -> evaluate -> aggregate -> fit_theory -> figures
from snakemake.utils import min_version

min_version("9.0")


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/training.smk"
include: "workflow/rules/analysis.smk"
include: "workflow/rules/theory.smk"
include: "workflow/rules/figures.smk"


# On a cluster only networks are worth a submission: the rest takes seconds where Snakemake runs.
workflow.localrules(
    *(rule.name for rule in workflow.rules if rule.name not in ("train", "evaluate"))
)


onstart:
    if workflow.local_exec:
        demand_gpu()
    else:
        check_submitted_paths()


onsuccess:
    forget_finished_trainings()


# Every file of every cell, not only the figures: Snakemake does not miss a deleted file whose
# consumers still exist unless somebody asks for it.
rule all:
    default_target: True
    input:
        claims_files,
        theory_files,
        study_figures,
        study_files,
    localrule: True
