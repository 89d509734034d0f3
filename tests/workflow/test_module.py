"""The workflow used from elsewhere: by other workflows as a module, and for another folder."""

import re
import subprocess

import numpy as np
import pytest
import yaml
from conftest import Project, environment

MODULE = """
configfile: "mine.yaml"


module ls:
    snakefile:
        "modules/label-smoothing/workflow/Snakefile"
    config:
        config["smoothing"]
    prefix:
        "smoothing"


use rule * from ls as ls_*


onstart:
    ls.onstart()


onsuccess:
    ls.onsuccess()


rule mine:
    default_target: True
    input:
        rules.ls_all.input,
        claims="smoothing/results/claims.csv",
    output:
        "results/mine.csv",
    shell:
        "cp {input.claims} {output}"
"""


@pytest.fixture(scope="module")
def config(tiny_config):
    config = tiny_config | {"clean_rates": [0.6], "smoothing": [0.5]}
    config["transitions"] = {"mine": {"kind": "file", "path": "noise/T.csv"}}
    config["noise_types"] = {"alpha": {"assumption": "alpha", "transition": "mine"}}
    return config


def jobs_in(plan):
    return {rule: int(count) for rule, count in re.findall(r"^(\w+) +(\d+)$", plan, re.MULTILINE)}


def add_matrix(folder):
    (folder / "noise").mkdir(parents=True)
    T = np.full((10, 10), 0.1 / 9) + (0.9 - 0.1 / 9) * np.eye(10)
    np.savetxt(folder / "noise/T.csv", T, delimiter=",")


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory, config):
    """Return a folder for which the project of another one ran."""
    folder = tmp_path_factory.mktemp("elsewhere")
    project = Project.create(folder / "project", {})
    place = folder / "place"
    place.mkdir()
    add_matrix(folder)  # beside the config
    (folder / "study.yaml").write_text(yaml.safe_dump(config))
    arguments = ["-s", "project/Snakefile", "--directory", "place", "--configfile", "study.yaml"]
    subprocess.run(
        project.command(*arguments, "--cores", "2"),
        cwd=folder,
        env=environment(),
        check=True,
    )
    assert not (project.path / "results").exists()
    return Project(place)


@pytest.fixture(scope="module")
def importing(tmp_path_factory, config):
    """Return a workflow that uses this one as a module."""
    folder = tmp_path_factory.mktemp("importing") / "workflow"
    Project.create(folder.with_name("project"), {})
    (folder / "modules").mkdir(parents=True)
    folder.with_name("project").rename(folder / "modules/label-smoothing")
    (folder / "modules/label-smoothing/config.yaml").unlink()
    add_matrix(folder)
    (folder / "Snakefile").write_text(MODULE)
    (folder / "mine.yaml").write_text(yaml.safe_dump({"smoothing": config}))
    return Project(folder)


def test_a_project_runs_a_study_in_another_folder(elsewhere):
    assert len(elsewhere.files("runs/**/predictions.npz")) == 1
    assert elsewhere.files("claims.html")
    assert not elsewhere.files("checkpoints/**/*.safetensors")


def test_a_module_demands_the_gpu_that_its_study_asks_for(importing, tmp_path):
    project = importing.copy(tmp_path / "copy")
    own = yaml.safe_load((project.path / "mine.yaml").read_text())
    own["smoothing"]["device"] = "cuda"
    (project.path / "mine.yaml").write_text(yaml.safe_dump(own))
    drivers = (
        project.path / "modules/label-smoothing/workflow/scripts/label_smoothing/study/gpus.py"
    )
    drivers.write_text(re.sub(r'"/(proc|dev)/.*?"', '"/nowhere"', drivers.read_text()))
    refused = project.snakemake("--cores", "1", "--quiet", "all", check=False)
    assert refused.returncode == 1
    last = refused.stdout.strip().splitlines()[-1]
    assert last.startswith("config of module ls: device is 'cuda', but this machine has no GPU")


def test_a_module_runs_the_study_that_it_is_given(elsewhere, importing):
    plan = importing.snakemake("--dry-run", "--quiet", "all").stdout
    assert {"ls_train": 1, "mine": 1}.items() <= jobs_in(plan).items()
    importing.run()
    assert (importing.path / "results/mine.csv").read_bytes() == (
        elsewhere.path / "results/claims.csv"
    ).read_bytes()
    assert Project(importing.path / "smoothing").contents() == elsewhere.contents()
    # Everything keeps to the prefix: what is left is the importing workflow's own.
    assert [file.name for file in (importing.path / "results").iterdir()] == ["mine.csv"]
    assert (importing.path / "smoothing/results/checkpoints").is_dir()
    assert not list(importing.path.rglob("checkpoints/**/*.safetensors"))
    assert "Nothing to be done" in importing.snakemake("--dry-run").stdout


def test_a_module_refuses_with_one_line_that_names_it(importing):
    arguments = ["--dry-run", "--config", "smoothing={device: gpu}"]
    process = importing.snakemake(*arguments, check=False)
    assert process.returncode == 1
    last = process.stdout.strip().splitlines()[-1]
    assert last.startswith("config of module ls: device is 'gpu'; allowed: one of ")
