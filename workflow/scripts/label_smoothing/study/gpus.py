"""
How many GPUs there are, without the seconds that asking CUDA takes, and what follows for a study.

The Snakefile imports this module at every start, so it imports nothing heavy.
"""

from pathlib import Path

from label_smoothing.study.errors import ConfigError

_DRIVER = Path("/proc/driver/nvidia/gpus")
# One of these is there wherever torch can find a GPU: NVIDIA's, AMD's, Windows' on WSL.
DRIVERS = (_DRIVER, Path("/dev/kfd"), Path("/dev/dxg"))


def visible_gpus(setting: str | None, installed: int) -> int:
    """
    Return how many of the installed devices CUDA shows.

    `setting` is CUDA_VISIBLE_DEVICES: indices or UUIDs, of which the first invalid one hides itself
    and what follows it. Of the parts of a device (MIG) a process sees the first alone. None hides
    nothing.
    """
    if setting is None or not installed:
        return installed
    shown = 0
    for entry in map(str.strip, setting.split(",")):
        if entry.startswith("MIG-"):
            return shown or 1
        if not (entry.startswith("GPU-") or (entry.isdecimal() and int(entry) < installed)):
            break
        shown += 1
    return shown


def installed_gpus() -> int:
    """Return how many devices NVIDIA's driver has, 0 without it."""
    return len(list(_DRIVER.iterdir())) if _DRIVER.is_dir() else 0


def gpu_limit(
    device: str, jobs_per_gpu: int, visible: int, given: int | None = None, elsewhere: bool = False
) -> int | None:
    """
    Return how many trainings may hold a GPU slot at once, None for no limit.

    Without any `visible` device, a limit would be in the way of "auto". `given` is the limit of the
    command line, which holds; `elsewhere` says that jobs run on other machines, whose devices
    nobody here can count. Raise ConfigError if the given limit is 0, which Snakemake takes for
    none.
    """
    if device == "cpu":
        return given
    if given == 0:
        raise ConfigError(
            "--resources gpu is 0, which limits nothing; allowed: 1 or more, or, to train on the "
            f"processor, device 'cpu' (the config has {device!r})"
        )
    if given is not None or elsewhere:
        return given
    return visible * jobs_per_gpu or None


def check_gpu(device: str, has_driver: bool, setting: str | None, installed: int) -> None:
    """
    Refuse the device "cuda" where no training can find a GPU.

    `has_driver` says whether one of `DRIVERS` is there. See `visible_gpus` for the others.
    """
    if device != "cuda":
        return
    if not has_driver:
        raise ConfigError(
            "device is 'cuda', but this machine has no GPU driver (none of "
            f"{', '.join(map(str, DRIVERS))}); allowed here: 'auto', 'cpu'"
        )
    # How many there are is known of NVIDIA's alone.
    if installed and not visible_gpus(setting, installed):
        raise ConfigError(
            f"device is 'cuda', but CUDA_VISIBLE_DEVICES is {setting!r}; "
            "allowed: the index or UUID of a GPU"
        )
