"""
GPU slots: no more than `jobs_per_gpu` trainings at once on one device of this machine.

A slot is a locked file on the machine itself. The kernel frees it when the process that holds it
ends, however it ends, so nothing is left to clean up. A file is named after the device's UUID:
indices mean different devices in processes that see different ones.
"""

import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock, Timeout


class Slot(NamedTuple):
    """A place on a device, an index of those seen here; held until `lock` is released or we end."""

    device: int
    lock: FileLock


def lock_folder() -> Path:
    """Return where this user's slots are: in the machine's folder for temporary files."""
    return Path(tempfile.gettempdir(), f"label-smoothing-gpu-slots-{os.getuid()}")


def take_slot(
    devices: Sequence[str], jobs_per_gpu: int, folder: Path, patience: float = 30.0
) -> Slot:
    """
    Return a slot on the device that has most of them free.

    `devices` are UUIDs, each with `jobs_per_gpu` slots. `folder` is the same for all processes that
    share them. For `patience` seconds a slot is waited for, which a dying process may still hold.

    Raise RuntimeError if none becomes free, with who holds them, and PermissionError if the folder
    belongs to somebody else.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.lstat().st_uid != os.getuid():
        raise PermissionError(f"{folder} belongs to another user; allowed: a folder of your own")
    deadline = time.monotonic() + patience
    while True:
        try:
            # One process at a time looks, because looking takes every free slot for a moment.
            left = max(0.0, deadline - time.monotonic())
            with FileLock(folder / "looking.lock", timeout=left):
                if slot := _take_free(devices, jobs_per_gpu, folder):
                    return slot
        except Timeout:
            pass
        if time.monotonic() >= deadline:
            raise RuntimeError(_refusal(devices, jobs_per_gpu, folder, patience))
        time.sleep(0.1)


def emptiest(free_slots: Sequence[int]) -> int | None:
    """Return the device with most free slots, the first of equals, or None if none has any."""
    if not any(free_slots):
        return None
    return max(range(len(free_slots)), key=free_slots.__getitem__)


def _files(device: str, jobs_per_gpu: int, folder: Path) -> list[Path]:
    return [folder / f"{device}.{slot}.lock" for slot in range(jobs_per_gpu)]


def _take_free(devices: Sequence[str], jobs_per_gpu: int, folder: Path) -> Slot | None:
    free = [
        [lock for file in _files(device, jobs_per_gpu, folder) if (lock := _locked(file))]
        for device in devices
    ]
    chosen = emptiest([len(locks) for locks in free])
    slot = None if chosen is None else Slot(chosen, free[chosen].pop(0))
    for lock in (lock for locks in free for lock in locks):
        lock.release()
    if slot:
        Path(slot.lock.lock_file).write_text(str(os.getpid()))
    return slot


def _locked(file: Path) -> FileLock | None:
    lock = FileLock(file, blocking=False)
    try:
        lock.acquire()
    except Timeout:
        return None
    return lock


def _refusal(devices: Sequence[str], jobs_per_gpu: int, folder: Path, patience: float) -> str:
    slots = len(devices) * jobs_per_gpu
    holders = [
        file.read_text()
        for device in devices
        for file in _files(device, jobs_per_gpu, folder)
        if file.exists()
    ]
    return (
        f"no GPU slot became free in {patience:g} s: visible devices {len(devices)} x jobs_per_gpu "
        f"{jobs_per_gpu} = {slots}, held by the processes {', '.join(holders)}; "
        f"allowed: as many trainings at once as slots (snakemake --resources gpu={slots})"
    )
