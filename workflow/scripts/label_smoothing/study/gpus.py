"""
How many GPUs there are, without the seconds that asking CUDA takes.

The Snakefile imports this module at every start, so it imports nothing heavy.
"""

from pathlib import Path

_DRIVER = Path("/proc/driver/nvidia/gpus")
# One of these is there wherever torch can find a GPU: NVIDIA's, AMD's, Windows' on WSL.
DRIVERS = (_DRIVER, Path("/dev/kfd"), Path("/dev/dxg"))


def visible_gpus(setting: str | None, installed: int) -> int:
    """
    Return how many devices CUDA shows.

    Parameters
    ----------
    setting : str or None
        CUDA_VISIBLE_DEVICES: indices or UUIDs, of which the first invalid one hides itself and what
        follows it. None if it is not set, which hides nothing.
    installed : int
        Devices of the machine, see `installed_gpus`.
    """
    if setting is None:
        return installed
    shown = []
    for entry in map(str.strip, setting.split(",")):
        index_is_valid = entry.isdecimal() and int(entry) < installed
        if not (index_is_valid or entry.startswith(("GPU-", "MIG-"))):
            break
        shown.append(entry)
    return len(shown)


def installed_gpus() -> int:
    """Return how many devices NVIDIA's driver has, 0 without it."""
    return len(list(_DRIVER.iterdir())) if _DRIVER.is_dir() else 0


def sure_device(device: str, setting: str | None) -> str:
    """
    Return "cpu" for "auto" where torch can find no GPU, so that both spell one training.

    Parameters
    ----------
    device : {"auto", "cpu", "cuda"}
        As the config says.
    setting : str or None
        CUDA_VISIBLE_DEVICES, see `visible_gpus`.

    Returns
    -------
    str
        `device` wherever there may be a GPU: only torch knows whether it can use it.
    """
    installed = installed_gpus()
    hidden = bool(installed) and not visible_gpus(setting, installed)
    if device == "auto" and (hidden or not any(driver.exists() for driver in DRIVERS)):
        return "cpu"
    return device
