"""
Measure what Snakemake's planning costs in large studies, beside a bare Snakefile of the same shape.

Nothing is trained: a dry run plans a study without results; for the run that finds nothing to do,
the results are empty files, which Snakemake itself records as made by the workflow. See
benchmarks/README.md.
"""

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from machine import ROOT, machine

PARTS = ("Snakefile", "workflow", "profiles", "envs")
# Clean rates, smoothing parameters and seeds of a study; a slice has 1,000 cells at most.
GRIDS = {100: (5, 10, 2), 1000: (10, 20, 5), 10_000: (20, 25, 20), 50_000: (50, 50, 20)}
BARE = """
A, P, SEEDS = {a}, {p}, {seeds}
DATASET = "results/datasets/digits.safetensors"
LABELS = "results/labels/digits/uniform/a{{a}}/seed{{seed}}.npz"
RUN = "results/runs/digits/uniform/label_smoothing/a{{a}}/p{{p}}/seed{{seed}}"
RUN_FILES = [RUN + "/predictions.npz", RUN + "/history.csv"]
METRICS = "results/metrics/digits/alpha/label_smoothing/a{{a}}/p{{p}}/seed{{seed}}.json"
TABLE = "results/tables/digits/alpha/label_smoothing/a{{a}}.csv"
SUMMARY = "results/summaries/digits/alpha/label_smoothing/a{{a}}.csv"
OTHER = "results/other/{{job}}.csv"

rule all:
    input:
        DATASET,
        expand(LABELS, a=A, seed=SEEDS),
        expand(RUN_FILES + [METRICS], a=A, p=P, seed=SEEDS),
        expand([TABLE, SUMMARY], a=A),
        expand(OTHER, job=range({other_jobs})),

rule prepare_dataset:
    output: DATASET
    shell: "touch {{output}}"

rule corrupt_dataset:
    input: DATASET
    output: LABELS
    shell: "touch {{output}}"

rule train:
    input: DATASET, LABELS
    output: RUN_FILES
    shell: "touch {{output}}"

rule evaluate:
    input: DATASET, expand([LABELS] + RUN_FILES, seed=SEEDS, allow_missing=True)
    output: expand(METRICS, seed=SEEDS, allow_missing=True)
    shell: "touch {{output}}"

rule aggregate:
    input: expand(METRICS, p=P, seed=SEEDS, allow_missing=True)
    output: TABLE, SUMMARY
    shell: "touch {{output}}"

rule other:
    input: expand(TABLE, a=A)
    output: OTHER
    shell: "touch {{output}}"
"""
SNAKEMAKE = [sys.executable, "-m", "snakemake"]
# Snakemake waits for a tenth of a second at each job that it touches, and its choice among all jobs
# at once takes time with their square.
TOUCH = """
from snakemake.cli import main
from snakemake.executors.touch import Executor
Executor.SLEEPING_TIME = 0
main(["--touch", "--forceall", "--cores", "100", "--scheduler-subsample", "100", "--quiet", "all"])
"""


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


def grid(count: int) -> list[float]:
    """Return so many numbers up to 1."""
    return [(index + 1) / count for index in range(count)]


def study(cells: int) -> dict[str, Any]:
    """Return the default study with one noise type and so many networks."""
    rates, smoothing, seeds = GRIDS[cells]
    config = default_study()
    config.pop("drawn_clean_rates", None)  # names rates of the default grid
    noise_types = {"alpha": config["noise_types"]["alpha"]}
    grids = {"clean_rates": grid(rates), "smoothing": grid(smoothing), "seeds": list(range(seeds))}
    return config | grids | {"noise_types": noise_types}


def count_jobs(output: str) -> int:
    """Return the number of jobs that a dry run plans."""
    return int(re.search(r"^total +(\d+)$", output, re.MULTILINE)[1])


def write_bare(folder: Path, cells: int, jobs: int) -> None:
    """Write a Snakefile with as many jobs, files and wildcards, in the plainest way."""
    rates, smoothing, seeds = GRIDS[cells]
    other_jobs = jobs - cells - cells // seeds - rates * seeds - rates - 2
    folder.mkdir()
    (folder / "profiles").symlink_to(ROOT / "profiles")
    (folder / "Snakefile").write_text(
        BARE.format(
            a=grid(rates), p=grid(smoothing), seeds=list(range(seeds)), other_jobs=other_jobs
        )
    )


def pretend_results(folder: Path) -> None:
    """Create every output, empty, and have Snakemake record it as made."""
    rows = run([*SNAKEMAKE, "--summary"], folder).output.splitlines()
    for row in rows:
        name = row.split("\t")[0]
        if name.startswith("results/"):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    run([sys.executable, "-c", TOUCH], folder)


def measure(cells: int, rounds: int, folder: Path) -> list[dict[str, Any]]:
    """Return a row for the dry run and one for the run without anything to do."""
    folders = {"ours": folder / f"ours{cells}", "bare": folder / f"bare{cells}"}
    copy_project(folders["ours"], study(cells))
    jobs = count_jobs(run([*SNAKEMAKE, "-n"], folders["ours"]).output)
    write_bare(folders["bare"], cells, jobs)
    rows = []
    for what, arguments in (("dry run", ["-n"]), ("nothing to do", ["--cores", "1"])):
        if what == "nothing to do":
            for path in folders.values():
                pretend_results(path)
        usages: dict[str, list[Any]] = {name: [] for name in folders}
        for _ in range(rounds):
            for name, path in folders.items():
                usage = run([*SNAKEMAKE, *arguments], path)
                if what == "dry run":
                    assert count_jobs(usage.output) == jobs, f"{name}: not {jobs} jobs"
                else:
                    assert "Nothing to be done" in usage.output, usage.output[-2000:]
                usages[name].append(usage)
        row: dict[str, Any] = {"cells": cells, "jobs": jobs, "what": what}
        for name, values in usages.items():
            row[name] = {
                key: statistics.median(getattr(usage, key) for usage in values)
                for key in ("seconds", "processor_seconds", "gigabytes")
            }
        row["times_bare"] = statistics.median(
            ours.processor_seconds / bare.processor_seconds
            for ours, bare in zip(usages["ours"], usages["bare"], strict=True)
        )
        rows.append(row)
    return rows


def table(rows: list[dict[str, Any]]) -> str:
    """Return the rows as a Markdown table, with what each cell beyond the smaller study costs."""
    lines = [
        "| run | cells | jobs | s | bare | times bare | ms a further cell | bare | GB | bare |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for what in dict.fromkeys(row["what"] for row in rows):
        smaller = None
        for row in (row for row in rows if row["what"] == what):
            further = {"ours": "", "bare": ""}
            for name in further if smaller else ():
                seconds = row[name]["processor_seconds"] - smaller[name]["processor_seconds"]
                further[name] = f"{1e3 * seconds / (row['cells'] - smaller['cells']):.1f}"
            ours, bare, smaller = row["ours"], row["bare"], row
            lines.append(
                f"| {what} | {row['cells']:,} | {row['jobs']:,} | "
                f"{ours['processor_seconds']:.1f} | {bare['processor_seconds']:.1f} | "
                f"{row['times_bare']:.2f} | {further['ours']} | {further['bare']} | "
                f"{ours['gigabytes']:.2f} | {bare['gigabytes']:.2f} |"
            )
    return "\n".join(lines)


def main() -> None:
    """Measure, print the table, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, nargs="+", choices=GRIDS, default=list(GRIDS)[:3])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, help="where to write the numbers")
    arguments = parser.parse_args()

    report = {"machine": machine(), "rounds": arguments.rounds, "results": []}
    with tempfile.TemporaryDirectory() as folder:
        for cells in sorted(set(arguments.cells)):
            report["results"] += measure(cells, arguments.rounds, Path(folder))
    print(table(report["results"]))
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
