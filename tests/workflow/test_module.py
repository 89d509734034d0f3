"""The workflow used by another workflow, as a module."""

import re

import numpy as np
import pytest
import yaml
from conftest import Project, hide_gpus

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
CELL = "results/runs/digits/uniform/label_smoothing/a0.6/p0.5/"


@pytest.fixture
def importing(tmp_path, tiny_config):
    """Return a workflow that uses this one as a module."""
    config = tiny_config | {"clean_rates": [0.6], "smoothing": [0.5]}
    mine = {"kind": "file", "path": "noise/T.csv"}
    config["transitions"] = {**config["transitions"], "mine": mine}
    config["noise_types"] = {
        "alpha": {"assumption": "alpha", "transition": "uniform"},
        "beta": {"assumption": "beta", "transition": "mine"},
    }
    folder = tmp_path / "workflow"
    for name in ("modules", "noise"):
        (folder / name).mkdir(parents=True)
    module = Project.create(folder / "modules/label-smoothing", {})
    (module.path / "config.yaml").unlink()
    np.savetxt(folder / "noise/T.csv", 0.9 * np.eye(10) + 0.01, delimiter=",")
    (folder / "Snakefile").write_text(MODULE)
    (folder / "mine.yaml").write_text(yaml.safe_dump({"smoothing": config}))
    return Project(folder)


def test_a_module_runs_the_study_that_it_is_given(importing, finished_study):
    plan = importing.snakemake("--dry-run", "--quiet", "all").stdout
    jobs = dict(re.findall(r"^(\w+) +(\d+)$", plan, re.MULTILINE))
    assert (jobs["ls_train"], jobs["mine"]) == ("2", "1")
    importing.run()
    study = Project(importing.path / "smoothing")
    assert (importing.path / "results/mine.csv").read_bytes() == (
        study.path / "results/claims.csv"
    ).read_bytes()
    expected = {k: v for k, v in finished_study.contents().items() if k.startswith(CELL)}
    assert expected
    assert expected.items() <= study.contents().items()
    # Everything keeps to the prefix: what is left is the importing workflow's own.
    assert [file.name for file in (importing.path / "results").iterdir()] == ["mine.csv"]
    assert (study.path / "results/checkpoints").is_dir()
    assert not list(importing.path.rglob("checkpoints/**/*.safetensors"))
    assert "Nothing to be done" in importing.snakemake("--dry-run").stdout


def test_a_module_refuses_with_one_line_that_names_it(importing):
    hide_gpus(importing.path / "modules/label-smoothing", "nowhere")
    for device, refusal in (
        ("gpu", "is 'gpu'; allowed: one of "),
        ("cuda", "is 'cuda', but this machine has no GPU"),
    ):
        arguments = (
            "--cores",
            "1",
            "--quiet",
            "all",
            "--config",
            f"smoothing={{device: {device}}}",
        )
        refused = importing.snakemake(*arguments, check=False)
        assert refused.returncode == 1
        last = refused.stdout.strip().splitlines()[-1]
        assert last.startswith(f"config of module ls: device {refusal}")
