"""As many trainings at once as this machine has GPU slots, unless the user says otherwise."""

import re

import pytest
from conftest import hide_gpus

HISTORY = "results/runs/digits/uniform/label_smoothing/a0.6/p0.5/seed0/history.csv"
THEORY = "results/figures/theory/landscapes.csv"


def install_two_gpus(project):
    for address in ("0000:01:00.0", "0000:02:00.0"):
        (project.path / "driver" / address).mkdir(parents=True)
    hide_gpus(project.path, "driver")


def show(monkeypatch, visible):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)


@pytest.mark.parametrize(("device", "gpus"), [("auto", "1"), ("cpu", "0")])
def test_training_asks_for_a_gpu_unless_told_not_to(empty, device, gpus):
    empty.configure(empty.config() | {"device": device})
    output = empty.snakemake(
        "--dry-run", "--cores", "8", "--resources", "gpu=2", "--quiet", "host"
    ).stdout
    assert set(re.findall(r"gpu=(\d+)", output)) == {gpus}
    assert "mem_mb=1500" in output
    assert "runtime=30" in output


@pytest.mark.parametrize(
    ("settings", "visible", "arguments", "limit"),
    [
        ({"device": "cuda", "jobs_per_gpu": 3}, "1", [], 3),
        ({"device": "auto"}, None, ["--resources", "gpu=5"], 5),
        ({"device": "auto"}, None, ["--jobs", "8"], 2),
        ({"device": "auto"}, "-1", [], None),
    ],
)
def test_the_limit_is_the_number_of_slots(empty, monkeypatch, settings, visible, arguments, limit):
    install_two_gpus(empty)
    empty.configure(empty.config() | settings)
    show(monkeypatch, visible)
    # The trainings are planned, and only what comes before them runs.
    arguments = [*arguments, "--quiet", "host", "--until", "prepare_dataset", "--", HISTORY]
    output = empty.snakemake("--cores", "8", *arguments).stdout
    provided = re.search(r"Provided resources: .*gpu\D+(\d+)", output)
    assert (provided and int(provided[1])) == limit


@pytest.mark.parametrize("visible", [None, ""])
def test_cuda_without_a_gpu_ends_before_any_job(empty, monkeypatch, visible):
    if visible is None:
        hide_gpus(empty.path, "nowhere")
    else:
        install_two_gpus(empty)
    show(monkeypatch, visible)
    empty.configure(empty.config() | {"device": "cuda"})
    empty.snakemake("--dry-run")
    refused = empty.snakemake("--cores", "1", "--quiet", "all", check=False)
    assert refused.returncode == 1
    last = refused.stdout.strip().splitlines()[-1]
    assert last.startswith("config.yaml: device is 'cuda', but ")
    assert ("CUDA_VISIBLE_DEVICES is ''" in last) == (visible is not None)
    assert "Traceback" not in refused.stdout
    assert not (empty.path / "results").exists()
    if visible is None:
        empty.snakemake("--cores", "1", "--", THEORY)  # trains nothing
