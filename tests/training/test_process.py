"""The process that trains ends when nobody waits for it, and finds its device."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from label_smoothing.training.process import (
    ask_for_trainings,
    choose_device,
    demand_determinism,
    device_uuids,
    is_wanted,
)

SCRIPTS = Path(__file__).parents[2] / "workflow/scripts"
# The training starts late, as after an import, and tells when it has and when it is through.
TRAINING = """
import sys, time
from pathlib import Path
from label_smoothing.training.process import is_wanted, stop_with_parent
folder = Path(sys.argv[1])
while not (folder / "start").exists():
    time.sleep(0.01)
stop_with_parent()
assert "torch" not in sys.modules and "numpy" not in sys.modules
(folder / "trains").touch()
while not (folder / "finish").exists():
    time.sleep(0.01)
(folder / ("wanted" if is_wanted() else "unwanted")).touch()
"""
SNAKEMAKE = f"""
import subprocess, sys
from label_smoothing.training.process import ask_for_trainings
ask_for_trainings()
process = subprocess.Popen([sys.executable, "-c", {TRAINING!r}, sys.argv[1]])
print(process.pid, flush=True)
process.wait()
"""


def await_event(event):
    deadline = time.monotonic() + 60
    while not event():
        assert time.monotonic() < deadline, "what was waited for has not come"
        time.sleep(0.01)


@pytest.fixture
def started(tmp_path):
    """Return a process that has started a training, and the training's id."""
    process = subprocess.Popen(
        [sys.executable, "-c", SNAKEMAKE, tmp_path],
        cwd=SCRIPTS,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    yield process, int(process.stdout.readline())
    process.kill()
    process.communicate()
    (tmp_path / "start").touch()
    (tmp_path / "finish").touch()


def ended(process):
    return (
        not Path(f"/proc/{process}").exists()
        or "\nState:\tZ" in Path(f"/proc/{process}/status").read_text()
    )


def test_a_training_that_somebody_waits_for_goes_on(started, tmp_path):
    (tmp_path / "start").touch()
    (tmp_path / "finish").touch()
    process, _ = started
    assert process.wait(timeout=60) == 0
    assert (tmp_path / "wanted").exists()


def test_a_parent_that_dies_before_the_first_line_is_noticed(started, tmp_path):
    process, training = started
    process.kill()
    process.wait()
    (tmp_path / "start").touch()
    await_event(lambda: ended(training))
    assert not (tmp_path / "trains").exists()


def test_a_parent_that_dies_later_takes_the_training_along(started, tmp_path):
    process, training = started
    (tmp_path / "start").touch()
    await_event((tmp_path / "trains").exists)
    process.kill()
    process.wait()
    await_event(lambda: ended(training))
    assert not (tmp_path / "unwanted").exists()


def test_who_asked_is_an_ancestor(monkeypatch):
    # Set, so that it is put back afterwards.
    monkeypatch.setenv("LABEL_SMOOTHING_ASKED_BY", "")
    assert is_wanted()
    ask_for_trainings()
    process, namespace = os.environ["LABEL_SMOOTHING_ASKED_BY"].split()
    assert int(process) == os.getpid()
    for other, wanted in ((os.getppid(), True), (1, True), (os.getpid(), False), (2**22, False)):
        monkeypatch.setenv("LABEL_SMOOTHING_ASKED_BY", f"{other} {namespace}")
        assert is_wanted() == wanted
    # The ids of another container say nothing here.
    monkeypatch.setenv("LABEL_SMOOTHING_ASKED_BY", f"{2**22} pid:[1]")
    assert is_wanted()


@pytest.mark.parametrize(
    ("setting", "available", "device"),
    [("auto", True, "cuda"), ("auto", False, "cpu"), ("cpu", True, "cpu"), ("cuda", True, "cuda")],
)
def test_device(setting, available, device):
    assert choose_device(setting, available) == device


def test_missing_gpu_is_an_error():
    with pytest.raises(ValueError, match="device is 'cuda', but no GPU is visible"):
        choose_device("cuda", cuda_available=False)


def test_determinism_is_demanded_of_gpus_only(monkeypatch):
    calls = []
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)
    monkeypatch.setattr(torch, "use_deterministic_algorithms", lambda *a, **k: calls.append((a, k)))
    demand_determinism("cpu")
    assert not calls
    assert "CUBLAS_WORKSPACE_CONFIG" not in os.environ
    demand_determinism("cuda")
    assert calls == [((True,), {"warn_only": True})]
    assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_every_gpu_has_its_own_uuid():
    assert len(set(device_uuids())) == torch.cuda.device_count()
