"""Paths and texts with blanks, quotes, semicolons and $() stay what they are."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, Project

ODD = "a b; touch hacked; $(touch hacked) `touch hacked` 'c' \"d\" & #e x^_$"


def test_a_study_runs_in_any_other_folder_with_any_python_data_and_title(
    tmp_path, tiny_config, monkeypatch
):
    outside = tmp_path / ODD
    (outside / "bin").mkdir(parents=True)
    place = outside / f"place {ODD}"
    place.mkdir()
    python = outside / "bin" / "python"
    python.symlink_to(sys.executable)
    monkeypatch.setenv("PYTHONPATH", sysconfig.get_path("purelib"))
    rng = np.random.default_rng(0)
    arrays = {}
    for part, size in (("train", 100), ("test", 20)):
        arrays[f"x_{part}"] = rng.integers(0, 256, (size, 8, 8), np.uint8)
        arrays[f"y_{part}"] = np.arange(size) % 10
    np.savez(outside / f"{ODD}.npz", **arrays)
    names = {key: tiny_config["datasets"]["digits"][key] for key in ("model", "training")}
    config = tiny_config | {
        "study": ODD,
        "datasets": {"mine": {"source": "npz", "path": f"../{ODD}.npz", **names}},
        "clean_rates": [0.6],
        "smoothing": [0.5],
        "noise_types": {"alpha": {"assumption": "alpha", "transition": "uniform"}},
    }
    project = Project.create(outside / ODD, config)
    (project.path / "config.yaml").rename(outside / f"{ODD}.yaml")
    user = Project(outside)
    user.python = str(python)
    figure = "results/figures/mine/label_smoothing/loss_over_p_alpha.svg"
    folders = ("--snakefile", f"{ODD}/Snakefile", "--directory", place.name)
    user.run(*folders, "--configfile", f"{ODD}.yaml", "--", figure)
    assert (place / figure).exists()
    assert not list(place.glob("results/checkpoints/**/*.safetensors"))
    assert not (project.path / "results").exists()
    assert not list(tmp_path.rglob("hacked"))


def test_a_machine_without_a_home_or_a_gpu_runs_all(untrained, tmp_path, monkeypatch):
    (tmp_path / "home").write_text("no folder, so that not even root can write into it")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for variable in ("XDG_CONFIG_HOME", "MPLCONFIGDIR"):
        monkeypatch.delenv(variable, raising=False)
    # A home that cannot be written to needs another cache alone.
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    untrained.configure(untrained.config() | {"device": "auto"})
    trained = "results/runs/digits/uniform/label_smoothing/a0.6/p0.5/seed0/predictions.npz"
    drawn = "results/figures/theory/gamma_optimum.svg"
    (untrained.path / drawn).unlink()
    untrained.run("--resources", "gpu=2", "--", trained, drawn)
    assert all((untrained.path / file).exists() for file in (trained, drawn))


def test_a_nameless_user_runs_a_project_that_nobody_may_write(tmp_path, tiny_config):
    nameless = ["unshare", "--user", "--map-user=4242", "--map-group=4242"]
    if subprocess.run([*nameless, "true"], capture_output=True).returncode:
        pytest.skip("needs user namespaces")
    project = Project.create(tmp_path / "project", tiny_config)
    subprocess.run(["chmod", "-R", "a-w", project.path], check=True)
    place = Project(tmp_path / "place")
    place.path.mkdir()
    place.python = str(tmp_path / "python")
    # As docs/running.md has it for containers, and nothing else of this environment.
    command = [*nameless, "env", "-i", "USER=x", f"HOME={tmp_path}/home", sys.executable]
    Path(place.python).write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n')
    Path(place.python).chmod(0o755)
    study = ("--snakefile", "../project/Snakefile", "--configfile", "../project/config.yaml")
    place.run(*study, "--", "results/labels/digits/uniform/a0.6/seed0.npz")
    assert place.files("labels/**/*.npz")
    assert not (project.path / "results").exists()


@pytest.fixture
def submit(tmp_path, tiny_config, monkeypatch):
    """Return a function that submits a network to a SLURM that only writes down what it gets."""
    commands = tmp_path / "bin"
    commands.mkdir()
    sbatch = 'echo "$@" >> called\ncat > submitted\nexit 1'
    # Without a sacct, which is asked for the account, the submission would never end.
    for command, script in (("sbatch", sbatch), ("sacct", "exit 1")):
        (commands / command).write_text(f"#!/bin/sh\n{script}\n")
        (commands / command).chmod(0o755)
    monkeypatch.setenv("PATH", str(commands), prepend=os.pathsep)

    def run(folder, matrix):
        method = {"loss": "matrix_smoothing", "matrix": "file", "path": matrix}
        project = Project.create(tmp_path / folder, tiny_config | {"methods": {"mine": method}})
        np.savetxt(project.path / matrix, np.eye(10), delimiter=",")
        refused = project.snakemake(
            *("--workflow-profile", "profiles/slurm"),
            *("--default-resources", "slurm_partition=x", "--retries", "1"),
            *("--slurm-init-seconds-before-status-checks", "2"),
            *("--", "results/runs/digits/uniform/mine/a0.6/p1.0/seed0/predictions.npz"),
            check=False,
        )
        assert refused.returncode != 0
        assert not list(tmp_path.rglob("hacked"))
        return project, refused.stdout

    return run


def test_no_shell_reads_the_paths_that_are_submitted_to_slurm(submit):
    odd = ODD.replace("'", "")
    project, _ = submit(odd, f"{odd}.csv")
    words = shlex.split((project.path / "submitted").read_text(), comments=True)
    assert f"{odd}.csv" in words
    assert str(project.path / "Snakefile") in words
    called = (project.path / "called").read_text()
    assert "--wrap" not in called
    # What was killed for want of memory or time asks for more of both.
    assert re.findall(r"-t (\d+) --mem (\d+)", called) == [("30", "1500"), ("60", "3000")]


@pytest.mark.parametrize(("folder", "matrix"), [("it's $(touch hacked)", "T.csv"), ("a", "'.csv")])
def test_apostrophes_are_refused_where_jobs_are_submitted(submit, folder, matrix):
    project, output = submit(folder, matrix)
    assert "cannot be submitted; allowed where jobs run elsewhere: paths without" in output
    assert not (project.path / "called").exists()
    assert "Traceback" not in output


def test_make_runs_in_any_folder(tmp_path):
    snakemake = tmp_path / ODD / ".venv/bin/snakemake"
    snakemake.parent.mkdir(parents=True)
    snakemake.write_text("#!/bin/sh\nprintf '%s\\n' \"$0\" > called\n")
    snakemake.chmod(0o755)
    for file in ("Makefile", "requirements.txt"):
        shutil.copy(ROOT / file, tmp_path / ODD)
    (tmp_path / ODD / ".venv/.ready").touch()
    subprocess.run(["make", "report"], cwd=tmp_path / ODD, check=True)
    assert (tmp_path / ODD / "called").read_text() == f"{snakemake}\n"
    assert not list(tmp_path.rglob("hacked"))
