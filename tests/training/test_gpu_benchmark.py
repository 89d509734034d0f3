"""The benchmark of a GPU does on a CPU what it does on a GPU."""

import pytest
from samples import ROOT


@pytest.fixture
def gpu(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    return pytest.importorskip("gpu")


def test_an_interrupted_training_ends_with_the_bits_of_one_that_ran_on(gpu):
    found = gpu.resumption("cpu")
    assert "SIGTERM in epoch" in found["interrupted by"]
    assert found["same bits after it"]


def test_processes_side_by_side_are_timed(gpu):
    step = gpu.step("cpu", 256)
    found = gpu.side_by_side("cpu", (256, 256), epochs=1, processes=2)
    assert 0 < step < 1e3 * found["s an epoch"]
    epochs = gpu.of_study(*gpu.MNIST).recipe["epochs"]
    network = found["s to start"] + epochs * found["s an epoch"]
    assert found["networks an hour"] == pytest.approx(2 * 3600 / network)
