"""Paths and texts with blanks, quotes, semicolons and $() stay what they are."""

import shutil
import subprocess
import sys
import sysconfig

import numpy as np
from conftest import ROOT, Project

ODD = "a b; touch hacked; $(touch hacked) `touch hacked` 'c' \"d\" & #e x^_$"


def test_a_study_runs_in_any_folder_with_any_python_data_and_title(
    tmp_path, tiny_config, monkeypatch
):
    (tmp_path / ODD / "bin").mkdir(parents=True)
    python = tmp_path / ODD / "bin" / "python"
    python.symlink_to(sys.executable)
    monkeypatch.setenv("PYTHONPATH", sysconfig.get_path("purelib"))
    rng = np.random.default_rng(0)
    arrays = {}
    for part, size in (("train", 40), ("test", 20)):
        arrays[f"x_{part}"] = rng.integers(0, 256, (size, 8, 8), np.uint8)
        arrays[f"y_{part}"] = np.arange(size) % 10
    np.savez(tmp_path / ODD / f"{ODD}.npz", **arrays)
    names = {key: tiny_config["datasets"]["digits"][key] for key in ("model", "training")}
    config = tiny_config | {
        "study": ODD,
        "datasets": {"mine": {"source": "npz", "path": f"../{ODD}.npz", **names}},
        "clean_rates": [0.6],
        "smoothing": [0.5],
        "noise_types": {"alpha": {"assumption": "alpha", "transition": "uniform"}},
    }
    project = Project.create(tmp_path / ODD / ODD, config)
    (project.path / "config.yaml").rename(project.path / f"{ODD}.yaml")
    project.python = str(python)
    figure = "results/figures/mine/label_smoothing/loss_over_p_alpha.svg"
    project.run("--configfile", f"{ODD}.yaml", "--", figure)
    assert (project.path / figure).exists()
    assert not list(tmp_path.rglob("hacked"))


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
