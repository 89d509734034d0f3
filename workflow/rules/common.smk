# Validation, wildcards, paths and input functions; no rules.
import os
import re
import sys
from pathlib import Path

import yaml
from snakemake.exceptions import WorkflowError

SCRIPTS = Path(workflow.basedir) / "workflow" / "scripts"
sys.path.insert(0, str(SCRIPTS))

from label_smoothing.code_hash import code_hash
from label_smoothing.figures_offered import FIGURES, offered, theory, why_not
from label_smoothing.study import ConfigError, Study

ENVS = f"{workflow.basedir}/envs"
CONFIG_FILE = ", ".join(map(str, workflow.configfiles)) or "config"


def read_study():
    schema = yaml.safe_load(
        (Path(workflow.basedir) / "workflow/schemas/config.schema.yaml").read_text()
    )
    # Relative, so that a project that moves as a whole keeps its results.
    folder = os.path.relpath(Path(workflow.configfiles[0]).parent) if workflow.configfiles else "."
    try:
        return Study(config, schema, folder)
    except ConfigError as error:
        raise WorkflowError(f"{CONFIG_FILE}: {error}") from None


def check_matrices(study):
    """Read every matrix of the study, so that a bad one stops the run here."""
    sources = [
        (f"transitions.{name}", study.matrix_files(name)) for name in study.config["transitions"]
    ]
    sources += [(f"methods.{name}", study.target_files(name)) for name in study.config["methods"]]
    for key, path in [(key, path) for key, paths in sources for path in paths]:
        # numpy takes a tenth of a second, which only studies with such a file spend.
        from label_smoothing.noise import read_matrix, read_transition, scale_transition

        try:
            if key.startswith("methods"):
                read_matrix(path)
            else:
                matrix = read_transition(path)
                for a in study.clean_rates:
                    scale_transition(matrix, float(a))
        except (ValueError, OSError) as error:
            raise WorkflowError(f"{key}.path is {path!r}: {error}") from None


STUDY = read_study()
check_matrices(STUDY)


def one_of(values):
    return "|".join(map(re.escape, values))


# Only what the study names is a target, and only in its one spelling.
wildcard_constraints:
    dataset=one_of(STUDY.config["datasets"]),
    noise=one_of(STUDY.config["noise_types"]),
    transition=one_of(STUDY.config["transitions"]),
    method=one_of(STUDY.config["methods"]),
    a=one_of(STUDY.clean_rates),
    p=one_of(sorted({p for name in STUDY.config["methods"] for p in STUDY.smoothing_of(name)})),
    seed=one_of(STUDY.seeds),


# Figures take any name, so that one that the study lacks is answered with the reason (`for_figure`).
ANY_NAME = dict.fromkeys(("dataset", "noise", "method"), r"[A-Za-z][\w.-]*")

DATASET = "results/datasets/{dataset}.safetensors"
LABELS = "results/labels/{dataset}/{transition}/a{a}/seed{seed}.npz"
RUN = "results/runs/{dataset}/{transition}/{method}/a{a}/p{p}/seed{seed}"
PREDICTIONS = f"{RUN}/predictions.npz"
HISTORY = f"{RUN}/history.csv"
# Not an output of train, because Snakemake deletes outputs before it runs a job again.
CHECKPOINT = RUN.replace("results/runs", "results/checkpoints") + ".safetensors"
METRICS = "results/metrics/{dataset}/{noise}/{method}/a{a}/p{p}/seed{seed}.json"
TABLE = "results/tables/{dataset}/{noise}/{method}/a{a}.csv"
SUMMARY = "results/summaries/{dataset}/{noise}/{method}/a{a}.csv"
FITS = "results/theory/{dataset}/{noise}/{method}.csv"
# Of the figures of measurements, without the ending.
FIGURE = {name: f"results/figures/{figure.path}" for name, figure in FIGURES.items()}
LANDSCAPES = "results/figures/theory/landscapes"
OPTIMUM_TWO_CLASSES = "results/figures/theory/optimum_two_classes"
OPTIMUM_OVER_CLASSES = "results/figures/theory/optimum_over_classes"
GAMMA_OPTIMUM = "results/figures/theory/gamma_optimum"
LITERATURE = "results/theory/literature.csv"
# Relative, so that a project that moves has the same inputs.
LITERATURE_ENTRIES = os.path.relpath(f"{workflow.basedir}/workflow/resources/literature.csv")
METRICS_SCHEMA = os.path.relpath(f"{workflow.basedir}/workflow/schemas/metrics.schema.json")


def code(script):
    return code_hash(SCRIPTS / f"{script}.py")


def log_of(output):
    """Logs mirror the tree of the outputs: results/x/y.z -> results/logs/x/y.log."""
    return re.sub(r"^results/(.*?)(\.\w+)?$", r"results/logs/\1.log", output)


def of_dataset(key):
    return lambda wildcards: STUDY.config["datasets"][wildcards.dataset].get(key)


# One input function for several files: calling one costs Snakemake more than its own work, and there
# are as many calls as cells.
def own_files(wildcards):
    """Input function: the files of the user's own that a training reads, if it does."""
    return {
        "matrix": STUDY.target_files(wildcards.method),
        "network": STUDY.network_files(wildcards.dataset),
    }


def scored_files(wildcards):
    """Input function: what the scores of a noise type's cell are made of."""
    names = {"transition": STUDY.transition_of(wildcards.noise), **wildcards}
    files = {"labels": LABELS, "predictions": PREDICTIONS, "history": HISTORY}
    return {name: path.format(**names) for name, path in files.items()}


def metrics_of_slice(wildcards):
    return expand(METRICS, p=STUDY.smoothing_of(wildcards.method), seed=STUDY.seeds, **wildcards)


def for_figure(name, inputs):
    """Input function: those of `inputs`, if the study offers the figure."""

    def checked(wildcards):
        if reason := why_not(STUDY, name, dict(wildcards.items())):
            path = FIGURE[name].format(**wildcards)
            raise WorkflowError(f"{path} is not offered: {CONFIG_FILE}: {reason}")
        return inputs(wildcards)

    return checked


def tables_of_study(wildcards):
    return expand(TABLE, a=STUDY.clean_rates, **wildcards)


def tables_of_noise_types(wildcards):
    return expand(TABLE, a=STUDY.clean_rates, noise=STUDY.config["noise_types"], **wildcards)


def tables_of_methods(wildcards):
    methods = STUDY.config["methods"]
    return expand(TABLE, a=STUDY.few_clean_rates(), method=methods, **wildcards)


def tables_of_drawn_rates(wildcards):
    return expand(TABLE, a=STUDY.drawn_clean_rates, **wildcards)


def tables_to_fit(wildcards):
    if reason := theory(STUDY, wildcards):
        raise WorkflowError(f"{FITS.format(**wildcards)}: {CONFIG_FILE}: {reason}")
    return tables_of_study(wildcards)


def fits_of_dataset(wildcards):
    return expand(FITS, noise=STUDY.config["noise_types"], **wildcards)


def theory_files(wildcards):
    figures = (LANDSCAPES, OPTIMUM_TWO_CLASSES, OPTIMUM_OVER_CLASSES, GAMMA_OPTIMUM)
    return [f"{name}.{kind}" for name in figures for kind in ("svg", "csv")] + [LITERATURE]


def study_figures(wildcards):
    return [f"results/figures/{path}.{kind}" for path in offered(STUDY) for kind in ("svg", "csv")]


def study_files(wildcards):
    files = {}
    for cell in STUDY.cells():
        for path in (DATASET, LABELS, PREDICTIONS, HISTORY):
            files[path.format(**cell._asdict())] = None
    for dataset, noise, method in STUDY.slices():
        where = {"dataset": dataset, "noise": noise, "method": method, "a": STUDY.clean_rates}
        p = STUDY.smoothing_of(method)
        files |= dict.fromkeys(expand(METRICS, p=p, seed=STUDY.seeds, **where))
        files |= dict.fromkeys(expand(TABLE, **where))
        files |= dict.fromkeys(expand(SUMMARY, **where))
    return list(files)
