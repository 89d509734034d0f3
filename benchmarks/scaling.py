"""
Measure a study with one and with more cores, and where the seconds of a network go.

Every run is a whole study in a temporary copy of the project; its results are thrown away. See
benchmarks/README.md.
"""

import argparse
import ast
import csv
import json
import os
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import yaml
from projects import ROOT, copy_project, machine, run

SCRIPTS = ROOT / "workflow" / "scripts"
# What Snakemake puts before a script.
PREAMBLE = "from snakemake.logging import logger; from snakemake.iocontainers import Snakemake"


def run_study(config: dict[str, Any], cores: int, folder: Path) -> float:
    """Run a study in a new folder and return the seconds."""
    copy_project(folder, config)
    command = [sys.executable, "-m", "snakemake", "--cores", str(cores), "--quiet", "all"]
    return run(command, folder).seconds


def seconds_of_rules(folder: Path) -> dict[str, list[float]]:
    """Return the seconds of every job by its rule, from its start to its last output."""
    jobs: dict[tuple[str, str], float] = {}
    for path in (folder / ".snakemake" / "metadata").rglob("*"):
        if path.is_file():  # one record for each output; a job's outputs share its log
            record = json.loads(path.read_text())
            job = (record["rule"], record["log"][0])
            jobs[job] = max(jobs.get(job, 0.0), record["endtime"] - record["starttime"])
    rules = defaultdict(list)
    for (rule, _), seconds in jobs.items():
        rules[rule].append(seconds)
    return rules


def epoch_seconds(folder: Path) -> float:
    """Return the seconds that all networks spent in their epochs, by their own histories."""
    total = 0.0
    for path in (folder / "results" / "runs").rglob("history.csv"):
        with path.open() as file:
            total += float(list(csv.DictReader(file))[-1]["seconds"])  # since the first epoch began
    return total


def start_seconds(code: str, repeats: int = 5) -> float:
    """Return the median seconds of a new Python that does so much and ends."""
    environment = os.environ | {"PYTHONPATH": str(SCRIPTS)}
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        os.waitpid(os.posix_spawn(sys.executable, [sys.executable, "-c", code], environment), 0)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def imports_of(script: str) -> str:
    """Return the import statements of a script."""
    body = ast.parse((SCRIPTS / f"{script}.py").read_text()).body
    imports = (line for line in body if isinstance(line, ast.Import | ast.ImportFrom))
    return "\n".join(map(ast.unparse, imports))


def seconds_of_network(folder: Path, total: float) -> dict[str, float]:
    """Return where the seconds of a run with one core went, divided by its networks."""
    rules = seconds_of_rules(folder)
    jobs = {rule: sum(seconds) for rule, seconds in rules.items()}
    start = start_seconds(PREAMBLE)
    parts = {"Snakemake, ends of processes": total - sum(jobs.values())}
    for rule in ("train", "evaluate"):
        count = len(rules[rule])
        imports = start_seconds(f"{PREAMBLE}\n{imports_of(rule)}") - start
        parts[f"{rule}: start of Python"] = count * start
        parts[f"{rule}: imports"] = count * imports
        rest = jobs.pop(rule) - count * (start + imports)
        if rule == "train":
            parts["train: epochs"] = epoch_seconds(folder)
            rest -= parts["train: epochs"]
        parts[f"{rule}: the rest (reading, computing, writing)"] = rest
    parts["all other jobs"] = sum(jobs.values())
    return {name: seconds / len(rules["train"]) for name, seconds in parts.items()}


def measure(config: dict[str, Any], cores: list[int], rounds: int) -> dict[str, Any]:
    """Return medians over the rounds; ratios are paired by round."""
    runs: list[dict[int, float]] = []
    parts: list[dict[str, float]] = []
    for _ in range(rounds):
        runs.append({})
        for count in cores:
            with tempfile.TemporaryDirectory() as temporary:
                folder = Path(temporary) / "project"
                runs[-1][count] = run_study(config, count, folder)
                if count == 1:
                    parts.append(seconds_of_network(folder, runs[-1][1]))
    first = cores[0]
    return {
        "cores": {
            count: {
                "seconds": statistics.median(row[count] for row in runs),
                "times_faster": statistics.median(row[first] / row[count] for row in runs),
            }
            for count in cores
        },
        "network": {
            name: statistics.median(row[name] for row in parts) for name in (parts or [{}])[0]
        },
    }


def table(results: dict[str, Any]) -> str:
    """Return the results as two Markdown tables."""
    lines = ["| cores | s | times faster |", "| --- | --- | --- |"]
    for count, row in results["cores"].items():
        lines.append(f"| {count} | {row['seconds']:.0f} | {row['times_faster']:.2f} |")
    if results["network"]:
        total = sum(results["network"].values())
        lines += ["", "| with one core | s a network | share |", "| --- | --- | --- |"]
        for name, seconds in results["network"].items():
            lines.append(f"| {name} | {seconds:.2f} | {seconds / total:.0%} |")
    return "\n".join(lines)


def main() -> None:
    """Measure, print the tables, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--study", type=Path, default=ROOT / "config.yaml", help="a config file")
    parser.add_argument("--cores", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, help="where to write the numbers")
    arguments = parser.parse_args()

    config = yaml.safe_load(arguments.study.read_text())
    results = measure(config, arguments.cores, arguments.rounds)
    print(table(results))
    if arguments.json:
        report = {"machine": machine(), "study": config["study"], "rounds": arguments.rounds}
        arguments.json.write_text(json.dumps(report | results, indent=2) + "\n")


if __name__ == "__main__":
    main()
