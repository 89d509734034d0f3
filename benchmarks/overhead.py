"""
Measure what Snakemake costs beside one plain process that does the same work.

The study runs through Snakemake, which leaves the script of each job. One process then runs these
scripts, one after the other, and must write the same bytes. See benchmarks/README.md.
"""

import argparse
import filecmp
import json
import re
import shutil
import statistics
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from dag import SNAKEMAKE, copy_project, default_study, run
from machine import machine

# Each Python process of the run appends its script and its processor seconds; a training ends by
# `os._exit`, which calls nothing at the end.
NOTE = """
import atexit, os, resource, sys

def note():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    with open({file!r}, "a") as file:
        file.write(f"{{usage.ru_utime + usage.ru_stime}} {{sys.argv[0]}}\\n")

def leave(status, end=os._exit):
    if sys.argv[0].endswith(".train.py"):
        note()
    end(status)

atexit.register(note)
os._exit = leave
"""
PLAIN = """
import os, runpy, sys, time

os._exit = lambda status: None
for script in sys.argv[1:]:
    start = time.process_time()
    runpy.run_path(script)
    print("took", time.process_time() - start, script)
"""
ENDS = "shells, ends of processes"
# These hold times of the clock.
NOT_COMPARED = {".log", ".tsv", "history.csv"}


def small_study(clean_rates: int, seeds: int, epochs: int) -> dict[str, Any]:
    """Return the default study with its last clean rates, its first seeds and so many epochs."""
    config = default_study()
    config.pop("drawn_clean_rates", None)  # names rates of the default grid
    config["clean_rates"] = config["clean_rates"][-clean_rates:]
    config["seeds"] = config["seeds"][:seeds]
    config["training"]["memorise"]["epochs"] = epochs
    return config


def stage(script: str) -> str:
    """Return the stage that a script belongs to, such as "train"."""
    found = re.search(r"\.(\w+)\.py$", script)
    return found[1] if found else "Snakemake"


def through_snakemake(folder: Path, cores: int) -> Counter[str]:
    """Run the study of a folder; return the processor seconds of each stage and of the rest."""
    notes = folder / "notes"
    (folder / "hook").mkdir()
    (folder / "hook/sitecustomize.py").write_text(NOTE.format(file=str(notes)))
    environment = ["env", f"PYTHONPATH={folder / 'hook'}"]
    command = [*environment, *SNAKEMAKE, "--cores", str(cores), "--skip-script-cleanup"]
    total = run(command, folder).processor_seconds
    seconds: Counter[str] = Counter()
    for line in notes.read_text().splitlines():
        took, _, script = line.partition(" ")
        seconds[stage(script)] += float(took)
    seconds[ENDS] = total - sum(seconds.values())
    return seconds


def in_one_process(folder: Path) -> Counter[str]:
    """Run the scripts that Snakemake left again, without results; return seconds by stage."""
    kept, results = folder / "of_snakemake", folder / "results"
    results.rename(kept)
    for path in kept.rglob("*/"):
        (results / path.relative_to(kept)).mkdir(parents=True, exist_ok=True)
    scripts = sorted(
        (folder / ".snakemake/scripts").glob("*.py"), key=lambda path: path.stat().st_mtime_ns
    )
    usage = run([sys.executable, "-c", PLAIN, *map(str, scripts)], folder)
    seconds: Counter[str] = Counter()
    for took, script in re.findall(r"^took (\S+) (.+)$", usage.output, re.MULTILINE):
        seconds[stage(script)] += float(took)
    seconds["Python"] = usage.processor_seconds - sum(seconds.values())
    for path in filter(Path.is_file, kept.rglob("*")):
        if not {path.suffix, path.name} & NOT_COMPARED:
            again = results / path.relative_to(kept)
            assert filecmp.cmp(path, again, shallow=False), f"{again} is not {path}"
    return seconds


def table(rounds: list[dict[str, Any]]) -> str:
    """Return the medians over the rounds as a Markdown table."""
    median = statistics.median
    jobs = rounds[0]["jobs"]
    lines = ["| stage | jobs | Snakemake, s | one process, s |", "| --- | --- | --- | --- |"]
    for name in dict.fromkeys([*jobs, "Snakemake", ENDS, "Python"]):
        ours, plain = (median(one[kind][name] for one in rounds) for kind in ("ours", "plain"))
        lines.append(f"| {name} | {jobs.get(name, '')} | {ours:.1f} | {plain:.1f} |")
    ours, plain = (median(one[kind].total() for one in rounds) for kind in ("ours", "plain"))
    times = median(one["ours"].total() / one["plain"].total() for one in rounds)
    lines.append(f"| all | {sum(jobs.values())} | {ours:.1f} | {plain:.1f} |")
    return "\n".join([*lines, "", f"Through Snakemake: {times:.2f} times the one process."])


def main() -> None:
    """Measure, print the table, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clean-rates", type=int, default=len(default_study()["clean_rates"]))
    parser.add_argument("--seeds", type=int, default=len(default_study()["seeds"]))
    epochs = default_study()["training"]["memorise"]["epochs"]
    parser.add_argument("--epochs", type=int, default=epochs)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--keep", type=Path, help="a new folder for the results of the last round")
    parser.add_argument("--json", type=Path, help="where to write the numbers")
    arguments = parser.parse_args()

    config = small_study(arguments.clean_rates, arguments.seeds, arguments.epochs)
    rounds: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as parent:
        for number in range(arguments.rounds):
            folder = Path(parent) / str(number)
            copy_project(folder, config)
            ours = through_snakemake(folder, arguments.cores)
            scripts = (folder / ".snakemake/scripts").glob("*.py")
            jobs = Counter(stage(path.name) for path in scripts)
            rounds.append({"jobs": jobs, "ours": ours, "plain": in_one_process(folder)})
        if arguments.keep:
            shutil.copytree(folder / "results", arguments.keep)
    print(table(rounds))
    if arguments.json:
        report = {"machine": machine(), "rounds": rounds}
        arguments.json.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
