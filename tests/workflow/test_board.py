"""What somebody sees who watches a run: on a terminal, in a file, and on request otherwise."""

import contextlib
import pty
import re
import subprocess

from conftest import environment

CELL = "results/metrics/digits/alpha/label_smoothing/a0.6/p1.0/seed0.json"
LINE = (
    r"1/1 digits uniform label_smoothing a=0\.6 p=1\.0 seed=0: test accuracy 0\.\d{3} after \d+ \w+"
)
OF_EVERY_JOB = ("Select jobs", "Execute ", "Finished jobid", " steps (")


def retrain(project):
    run = "results/runs/digits/uniform/label_smoothing/a0.6/p1.0/seed0"
    for file in (f"{run}/predictions.npz", f"{run}/history.csv", CELL):
        (project.path / file).unlink()


def on_terminal(project, *arguments):
    """Return what a terminal of 100 columns gets from a run."""
    leader, follower = pty.openpty()
    with open(follower, "w") as terminal:
        subprocess.run(["stty", "cols", "100"], stdin=terminal, check=True)
        process = subprocess.Popen(
            project.command("--cores", "2", *arguments),
            cwd=project.path,
            env={**environment(), "TERM": "xterm"},
            stdout=terminal,
            stderr=terminal,
        )
    output = b""
    with contextlib.suppress(OSError), open(leader, "rb", buffering=0) as screen:
        while part := screen.read(4096):
            output += part
    assert process.wait() == 0
    return output.decode()


def test_a_file_gets_a_line_for_each_training_and_none_for_other_jobs(finished):
    retrain(finished)
    output = finished.run("--", CELL).stdout
    assert re.search(rf"^{LINE}(; \d+ \w+ left, until \d\d:\d\d)?$", output, re.MULTILINE)
    assert not any(words in output for words in OF_EVERY_JOB)
    assert "\x1b" not in output
    assert "Job stats:" in output
    # Everything else is in Snakemake's log.
    *_, log = sorted((finished.path / ".snakemake/log").iterdir())
    assert "Finished jobid" in log.read_text()


def test_a_terminal_gets_bars_that_leave_no_trace(finished):
    retrain(finished)
    output = on_terminal(finished, "--", CELL)
    bars = r"\r?\n(train \[#*-*\] \d/1  evaluate \[#*-*\] \d/1[^\r\n]*)\r\x1b\[A"
    assert re.search(bars, output)[1].startswith("train [------")
    # Each is erased from where the cursor stands above it, and once more at the end.
    assert output.rstrip().endswith("\x1b[A\r\x1b[J")
    lines = [line.strip() for line in re.sub(bars, "", output).replace("\r\x1b[J", "").split("\n")]
    assert any(re.fullmatch(LINE, line) for line in lines)
    assert not any("evaluate [" in line for line in lines)
    assert not any(words in line for line in lines for words in OF_EVERY_JOB)


def test_who_asks_for_more_or_less_gets_it(finished):
    retrain(finished)
    output = finished.run("--quiet", "host", "--", CELL).stdout
    assert "rule train:" in output
    assert all(words in output for words in OF_EVERY_JOB)
    assert "test accuracy" not in output
    (finished.path / CELL).unlink()
    assert finished.run("--quiet", "all", "--", CELL).stdout.count("\n") <= 1
    touched = finished.run("--touch", "--forceall").stdout
    assert "train" in touched
    assert "test accuracy" not in touched
    assert finished.planned() == {}
