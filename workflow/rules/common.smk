# Validation, wildcards, paths and input functions; no rules.
import os
import re
import shlex
import sys
from pathlib import Path

import yaml

SCRIPTS = Path(workflow.basedir) / "workflow" / "scripts"
sys.path.insert(0, str(SCRIPTS))

from label_smoothing.study.code_hash import code_hash
from label_smoothing.study.config_file import check_config_file
from label_smoothing.study.offered import FIGURES, offered, theory, why_not
from label_smoothing.study.gpus import DRIVERS, installed_gpus, sure_device, visible_gpus
from label_smoothing.study.preflight import check_files, check_imports
from label_smoothing.study.errors import ConfigError
from label_smoothing.study.grid import Study

# Snakemake puts this into shell commands as it stands, and .venv may be in a folder with a space.
sys.executable = shlex.quote(sys.executable)

ENVS = f"{workflow.basedir}/envs"
# A study is one whole file: given with --configfile, it replaces the default study.
CONFIG_FILES = [*map(str, workflow.overwrite_configfiles)] or ["config.yaml"]
CONFIG_FILE = ", ".join(CONFIG_FILES + ["--config"] * bool(workflow.config_settings.config))


def refuse(message):
    """End here, before any job, with one line: Snakemake would add where its own code stopped."""
    sys.exit(message)


def check(function, *arguments, source=CONFIG_FILE):
    try:
        return function(*arguments)
    except ConfigError as error:
        refuse(f"{source}: {error}")


# With none, Snakemake would wait for ever.
if (cores := workflow.resource_settings.cores) is not None and cores < 1:
    refuse(f"--cores is {cores}; allowed: 1 or more, or all")

for folder in (workflow.basedir, os.getcwd(), os.path.dirname(CONFIG_FILES[0])):
    if set(folder) & set("{}"):
        refuse(
            f"the folder is {folder!r}; allowed: a path without braces, which stand for wildcards"
        )

for file in CONFIG_FILES:
    check(check_config_file, file, source=file)

if not workflow.overwrite_configfiles:

    configfile: "config.yaml"


def read_study():
    schema = yaml.safe_load(
        (Path(workflow.basedir) / "workflow/schemas/config.schema.yaml").read_text()
    )
    # Relative, so that a project that moves as a whole keeps its results.
    folder = os.path.relpath(Path(CONFIG_FILES[0]).parent)
    return Study(config, schema, folder)


STUDY = check(read_study)
check(check_files, STUDY)
# Rules that run in environments of their own may import what is missing here.
if not workflow.deployment_settings.deployment_method:
    check(check_imports, STUDY)


def check_submitted_paths():
    """End here if a path would reach the shell of a submitted job as something else."""
    # Snakemake quotes as Python does, which the shell understands without these characters only.
    paths = [workflow.basedir, os.getcwd(), *map(os.path.abspath, CONFIG_FILES), *STUDY.files()]
    for path in paths:
        if set(path) & set("'\\") or not path.isprintable():
            refuse(
                f"{path!r} cannot be submitted; allowed where jobs run elsewhere: paths without "
                "apostrophes, backslashes and control characters"
            )


def demand_gpu():
    """End here if trainings would fail for want of a GPU."""
    if STUDY.config["device"] != "cuda":
        return
    if not any(job.rule.name == "train" for job in workflow.dag.needrun_jobs()):
        return
    if not any(driver.exists() for driver in DRIVERS):
        refuse(
            f"{CONFIG_FILE}: device is 'cuda', but this machine has no GPU driver (none of "
            f"{', '.join(map(str, DRIVERS))}); allowed here: 'auto', 'cpu'"
        )
    setting = os.environ.get("CUDA_VISIBLE_DEVICES")
    # How many there are is known of NVIDIA's alone.
    if (installed := installed_gpus()) and not visible_gpus(setting, installed):
        refuse(
            f"{CONFIG_FILE}: device is 'cuda', but CUDA_VISIBLE_DEVICES is {setting!r}; "
            "allowed: the index or UUID of a GPU"
        )


def limit_gpus(study):
    """Count this machine's GPU slots, so that no more trainings start than there are slots."""
    device, limits = study.config["device"], workflow.global_resources
    if device != "cpu" and workflow.is_main_process and "gpu" in limits and limits["gpu"] == 0:
        refuse(
            "--resources gpu is 0, which limits nothing; allowed: 1 or more, or, to train on the "
            f"processor, device 'cpu' ({CONFIG_FILE} has {device!r})"
        )
    # A number of nodes means that the jobs run elsewhere.
    elsewhere = workflow.resource_settings.nodes is not None
    if device == "cpu" or elsewhere or "gpu" in limits:
        return
    gpus = visible_gpus(os.environ.get("CUDA_VISIBLE_DEVICES"), installed_gpus())
    # Without any, a limit would be in the way of `device: auto`.
    if gpus:
        limits["gpu"] = gpus * study.config["jobs_per_gpu"]


# The scripts see the config with its defaults.
config.update(STUDY.config)
limit_gpus(STUDY)


# Every spelling is matched, so that `known` and `for_figure` answer for what the study lacks.
wildcard_constraints:
    **dict.fromkeys(("dataset", "noise", "transition", "method", "a", "p", "seed"), r"[\w.,+-]+"),


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
CLAIMS = "results/claims.csv"
CLAIMS_PAGE = "results/claims.html"
CLAIMS_SHORT = "results/claims_short.html"
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


def code(script, *modules):
    return code_hash(SCRIPTS / f"{script}.py", *modules)


def log_of(output):
    """Logs mirror the tree of the outputs: results/x/y.z -> results/logs/x/y.log."""
    return re.sub(r"^results/(.*?)(\.\w+)?$", r"results/logs/\1.log", output)


def known(inputs):
    """Input function: `inputs`, if the study has what the target names."""

    def checked(wildcards):
        check(STUDY.check_names, dict(wildcards.items()))
        return inputs(wildcards)

    return checked


def title(wildcards):
    """Params function, as Snakemake takes braces in a text for wildcards."""
    return STUDY.config["study"]


# One function for several files or params: calling one costs Snakemake more than its own work, and
# there are as many calls as cells.
def own_files(wildcards):
    """Input function: the files of the user's own that a training reads, if it does."""
    return {
        "matrix": STUDY.target_files(wildcards.method),
        "network": STUDY.network_files(wildcards.dataset),
    }


def cell_settings(wildcards):
    """Params function: what a cell's network is and how it is trained."""
    return STUDY.training_settings(wildcards.dataset, wildcards.method)


def training_code(wildcards):
    """Params function: the hash of the code that a cell runs, its own loss and network alone."""
    return code("train", *STUDY.training_modules(wildcards.dataset, wildcards.method))


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
            refuse(f"{path} is not offered: {CONFIG_FILE}: {reason}")
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
        refuse(f"{FITS.format(**wildcards)}: {CONFIG_FILE}: {reason}")
    return tables_of_study(wildcards)


def fits_of_dataset(wildcards):
    return expand(FITS, noise=STUDY.config["noise_types"], **wildcards)


def tables_with_theory(wildcards):
    if not (slices := slices_with_theory()):
        refuse(
            f"{CLAIMS} is not offered: {CONFIG_FILE}: methods is {', '.join(STUDY.config['methods'])}; "
            "needed: one that the theory predicts (loss 'label_smoothing' or 'forward_correction' "
            "with matrix 'p')"
        )
    return [
        table
        for dataset, noise, method in slices
        for table in expand(TABLE, dataset=dataset, noise=noise, method=method, a=STUDY.clean_rates)
    ]


def slices_with_theory():
    return [where for where in STUDY.slices() if STUDY.has_theory(where[-1])]


def claims_files(wildcards):
    return [CLAIMS, CLAIMS_PAGE, CLAIMS_SHORT] if slices_with_theory() else []


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


def forget_finished_trainings():
    """
    Delete the results that trainings keep beside their outputs.

    Snakemake deletes the outputs of a job that fails, and those of a whole group if one of its
    members fails; until a run has ended well, a repeated training finds its result there.
    """
    for kept in Path("results/checkpoints").rglob("seed*.safetensors"):
        run = "results/runs" / kept.relative_to("results/checkpoints").with_suffix("")
        if (run / "predictions.npz").exists():
            kept.unlink()
