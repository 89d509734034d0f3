# The machine: cores, GPUs, paths that are submitted to others, the disk; no rules.
from functools import cache

from label_smoothing.study.gpus import (
    DRIVERS,
    check_gpu,
    gpu_limit,
    installed_gpus,
    visible_gpus,
)
from label_smoothing.study.machine import (
    check_cores,
    check_folders,
    check_submitted_paths,
    lost_metadata,
)
from snakemake.logging import logger

CHECKPOINTS, RUNS = map(in_prefix, ("results/checkpoints", "results/runs"))

check("", check_cores, workflow.resource_settings.cores)
check("", check_folders, [str(WORKFLOW), os.getcwd(), *map(os.path.dirname, CONFIG_FILES)])

if workflow.is_main_process and (warning := lost_metadata(Path(RUNS), Path(".snakemake"))):
    logger.warning(warning)

if "apptainer" in map(str, workflow.deployment_settings.deployment_method):
    refuse(
        "--software-deployment-method holds 'apptainer'; allowed: conda (no job names a container; "
        "run Snakemake itself in one, as docs/running.md shows)"
    )


@cache
def limit_gpus():
    """
    Count this machine's GPU slots, so that no more trainings start than there are slots.

    The inputs of trainings call this: before, Snakemake does not say where jobs will run; after,
    it has read the limit.
    """
    limits, shown = workflow.global_resources, os.environ.get("CUDA_VISIBLE_DEVICES")
    given = limits["gpu"] if "gpu" in limits else None
    if not workflow.is_main_process and given == 0:
        return
    limit = check(
        "",
        gpu_limit,
        STUDY.config["device"],
        STUDY.config["jobs_per_gpu"],
        visible_gpus(shown, installed_gpus()),
        given,
        not workflow.local_exec,
    )
    # What is given has a scope of its own, too, which a number would take away.
    if limit != given:
        limits["gpu"] = limit


def look_when_a_job_ends():
    """
    Have the scheduler look for jobs to start when one has ended, and at no other time.

    With Snakemake's own limit of 100 starts in a second, each look asks for another a second later.
    After N jobs there are N looks in each second. Cores, or `jobs` of a profile, limit what starts.
    """
    limit = workflow.scheduler.job_rate_limiter
    if limit and (limit.max_jobs, limit.timespan) == (100, 1):
        workflow.scheduler.job_rate_limiter = None


def demand_gpu():
    """End here if trainings would fail for want of a GPU."""
    train = rules.train.rule.name
    if any(job.rule.name == train for job in workflow.dag.needrun_jobs()):
        has_driver = any(driver.exists() for driver in DRIVERS)
        shown = os.environ.get("CUDA_VISIBLE_DEVICES")
        check(CONFIG_FILE, check_gpu, STUDY.config["device"], has_driver, shown, installed_gpus())


def demand_plain_paths():
    """End here if a path would reach the shell of a submitted job as something else."""
    files = map(os.path.abspath, CONFIG_FILES)
    check("", check_submitted_paths, [str(WORKFLOW), os.getcwd(), *files, *STUDY.files()])


def forget_finished_trainings():
    """
    Delete the results that trainings keep beside their outputs.

    Snakemake deletes the outputs of a job that fails, and those of a whole group if one of its
    members fails; until a run has ended well, a repeated training finds its result there. What is
    kept beside whole outputs goes before a run, too, so that a forced training trains.
    """
    for kept in Path(CHECKPOINTS).rglob("seed*.safetensors"):
        run = RUNS / kept.relative_to(CHECKPOINTS).with_suffix("")
        if (run / "predictions.npz").exists():
            kept.unlink()
