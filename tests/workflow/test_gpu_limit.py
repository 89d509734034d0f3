"""As many trainings at once as this machine has GPU slots, unless the user says otherwise."""

import re

import pytest


@pytest.mark.parametrize(
    ("settings", "visible", "arguments", "limit"),
    [
        ({"device": "cuda", "jobs_per_gpu": 3}, "1", [], 3),
        ({"device": "auto"}, None, ["--resources", "gpu=5"], 5),
        ({"device": "auto"}, "-1", [], None),
    ],
)
def test_the_limit_is_the_number_of_slots(empty, monkeypatch, settings, visible, arguments, limit):
    for address in ("0000:01:00.0", "0000:02:00.0"):
        (empty.path / "driver" / address).mkdir(parents=True)
    module = empty.path / "workflow/scripts/label_smoothing/gpus.py"
    source = module.read_text()
    assert "/proc/driver/nvidia/gpus" in source
    module.write_text(source.replace("/proc/driver/nvidia/gpus", "driver"))
    empty.configure(empty.config() | settings)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    arguments += ["--quiet", "host", "--", "results/theory/literature.csv"]
    output = empty.snakemake("--cores", "8", *arguments).stdout
    provided = re.search(r"Provided resources: .*gpu\D+(\d+)", output)
    assert (provided and int(provided[1])) == limit
