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
