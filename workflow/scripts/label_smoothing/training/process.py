"""
The process that trains: who waits for it, when it must end, and its device.

Nothing heavy is imported before it is needed: a training has to know that its Snakemake is gone
before it spends seconds on the import of torch.
"""

import ctypes
import os
import platform
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version

_PR_SET_PDEATHSIG = 1  # of Linux
_ASKED_BY = "LABEL_SMOOTHING_ASKED_BY"


class Interrupted(Exception):
    """SIGTERM has come, and the checkpoint is written."""


def ask_for_trainings() -> None:
    """Tell the trainings that this process starts who has asked for them, see `is_wanted`."""
    os.environ[_ASKED_BY] = f"{os.getpid()} {_namespace()}"


def is_wanted() -> bool:
    """
    Return whether the process that asked for this one still waits for it; True if none asked.

    A training whose Snakemake was killed must not write over what a later run made, perhaps with
    other settings.
    """
    process, _, namespace = os.environ.get(_ASKED_BY, "").partition(" ")
    # In a container with processes of its own the ids mean others, and nothing can be told.
    return namespace != _namespace() or int(process) in _ancestors()


def stop_with_parent() -> None:
    """
    Have this process sent a SIGTERM when its parent dies, as a killed Snakemake does.

    A training that ran on would hold its GPU, and the next run would train the same cell. If the
    parent has died already, this process ends here.
    """
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if not is_wanted():
        sys.exit("the Snakemake that asked for this training is gone: nothing is trained")


@contextmanager
def sigterm_noted() -> Iterator[list[int]]:
    """Yield a list that fills when SIGTERM comes, instead of dying between two steps."""
    received: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: received.append(number))
    try:
        yield received
    finally:
        signal.signal(signal.SIGTERM, before)


def choose_device(setting: str, cuda_available: bool) -> str:
    """Return the device to train on; "auto" prefers a GPU, "cuda" without one is a ValueError."""
    if setting == "auto":
        return "cuda" if cuda_available else "cpu"
    if setting == "cuda" and not cuda_available:
        raise ValueError("device is 'cuda', but no GPU is visible; allowed here: 'cpu', 'auto'")
    return setting


def demand_determinism(device: str) -> None:
    """
    Make torch choose kernels that give the same bits every time; call before any work on a GPU.

    On processors it does so anyway, with one number of threads.
    """
    if device == "cuda":
        import torch

        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        # A network of the user may need a kernel that has no such version: warn, do not stop.
        torch.use_deterministic_algorithms(True, warn_only=True)


def library_versions(device: str) -> str:
    """Return the kind of device, and the versions of Python and of what trains on it."""
    import torch

    if device == "cuda":
        device = torch.cuda.get_device_name()
    parts = [device, f"Python {platform.python_version()}", f"torch {torch.__version__}"]
    return ", ".join(parts + [f"{name} {version(name)}" for name in ("numpy", "snakemake")])


def device_uuids() -> list[str]:
    """Return the UUIDs of the GPUs that this process sees; takes no memory on any of them."""
    import torch

    devices = range(torch.cuda.device_count())
    return [str(torch.cuda.get_device_properties(device).uuid) for device in devices]


def _namespace() -> str:
    return os.readlink("/proc/self/ns/pid")


def _ancestors() -> Iterator[int]:
    process = os.getppid()
    while process:
        yield process
        try:
            with open(f"/proc/{process}/stat") as file:
                # After the name, which may hold anything, in parentheses: state, parent.
                process = int(file.read().rpartition(")")[2].split()[1])
        except OSError:  # it has just ended
            return
