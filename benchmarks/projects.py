"""Copies of the project that a benchmark may run and throw away, and what a command costs there."""

import os
import platform
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml

ROOT = Path(__file__).parents[1]
PARTS = ("Snakefile", "workflow", "profiles", "envs")


class Usage(NamedTuple):
    """What a command cost; memory is the peak of its largest process."""

    seconds: float
    processor_seconds: float
    gigabytes: float
    output: str


def default_study() -> dict[str, Any]:
    """Return the config of the default study."""
    return yaml.safe_load((ROOT / "config.yaml").read_text())


def copy_project(folder: Path, config: dict[str, Any]) -> None:
    """Copy the workflow to a new folder, with a config of its own and no results."""
    folder.mkdir()
    for part in PARTS:
        if (ROOT / part).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / part, folder / part, ignore=ignored)
        else:
            shutil.copy2(ROOT / part, folder / part)
    (folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))


def run(command: Sequence[str], folder: Path) -> Usage:
    """
    Run a command in a folder and return its cost and all that it printed.

    Raises
    ------
    SystemExit
        With the end of what it printed, if the command fails.
    """
    with tempfile.TemporaryFile("w+") as output:
        start = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} in {folder} failed:\n{text[-2000:]}")
    return Usage(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1e6, text)


def machine() -> dict[str, Any]:
    """Describe the machine and how busy it was."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return {
        "processor": names[0] if names else platform.processor(),
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
    }
