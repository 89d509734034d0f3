"""How many devices CUDA would show."""

import pytest

from label_smoothing.study import gpus
from label_smoothing.study.gpus import installed_gpus, sure_device, visible_gpus


@pytest.mark.parametrize(
    ("setting", "installed", "visible"),
    [
        (None, 2, 2),
        (None, 0, 0),
        ("", 2, 0),
        ("-1", 2, 0),
        ("1", 2, 1),
        ("1,0", 2, 2),
        ("0, 1", 2, 2),
        ("0,-1,1", 4, 1),
        ("0,7,1", 4, 1),
        ("0,,1", 4, 1),
        ("no", 4, 0),
        ("GPU-8932f937-d72c,GPU-1", 4, 2),
        ("MIG-5d4f", 1, 1),
    ],
)
def test_visible_gpus(setting, installed, visible):
    assert visible_gpus(setting, installed) == visible


def test_installed_gpus_are_those_of_the_driver(tmp_path, monkeypatch):
    monkeypatch.setattr(gpus, "_DRIVER", tmp_path / "gpus")
    assert installed_gpus() == 0
    for address in ("0000:01:00.0", "0000:02:00.0"):
        (tmp_path / "gpus" / address).mkdir(parents=True)
    assert installed_gpus() == 2


@pytest.mark.parametrize(
    ("device", "driver", "installed", "setting", "sure"),
    [
        ("auto", False, 0, None, "cpu"),
        ("auto", True, 0, None, "auto"),  # not NVIDIA's: nobody counts them
        ("auto", True, 1, None, "auto"),
        ("auto", True, 1, "", "cpu"),
        ("cuda", False, 0, None, "cuda"),
        ("cpu", True, 1, None, "cpu"),
    ],
)
def test_auto_without_a_gpu_is_the_processor(
    monkeypatch, tmp_path, device, driver, installed, setting, sure
):
    monkeypatch.setattr(gpus, "DRIVERS", (tmp_path if driver else tmp_path / "none",))
    monkeypatch.setattr(gpus, "installed_gpus", lambda: installed)
    assert sure_device(device, setting) == sure
