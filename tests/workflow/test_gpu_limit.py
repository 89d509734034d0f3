"""As many trainings at once as this machine has GPU slots, unless the user says otherwise."""

import re

import pytest


def install_two_gpus(project):
    for address in ("0000:01:00.0", "0000:02:00.0"):
        (project.path / "driver" / address).mkdir(parents=True)
    read_drivers_from(project, "driver")


def read_drivers_from(project, folder):
    module = project.path / "workflow/scripts/label_smoothing/study/gpus.py"
    source = module.read_text()
    for driver in ("/proc/driver/nvidia/gpus", "/dev/kfd", "/dev/dxg"):
        assert driver in source
        source = source.replace(driver, folder)
    module.write_text(source)


def show(monkeypatch, visible):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)


@pytest.mark.parametrize(
    ("settings", "visible", "arguments", "limit"),
    [
        ({"device": "cuda", "jobs_per_gpu": 3}, "1", [], 3),
        ({"device": "auto"}, None, ["--resources", "gpu=5"], 5),
        ({"device": "auto"}, "-1", [], None),
    ],
)
def test_the_limit_is_the_number_of_slots(empty, monkeypatch, settings, visible, arguments, limit):
    install_two_gpus(empty)
    empty.configure(empty.config() | settings)
    show(monkeypatch, visible)
    arguments += ["--quiet", "host", "--", "results/figures/theory/optimum_two_classes.csv"]
    output = empty.snakemake("--cores", "8", *arguments).stdout
    provided = re.search(r"Provided resources: .*gpu\D+(\d+)", output)
    assert (provided and int(provided[1])) == limit


@pytest.mark.parametrize("visible", [None, ""])
def test_cuda_without_a_gpu_ends_before_any_job(empty, monkeypatch, visible):
    if visible is None:
        read_drivers_from(empty, "nowhere")
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
    empty.snakemake(
        "--cores", "1", "--", "results/figures/theory/optimum_two_classes.csv"
    )  # trains nothing
