"""How many devices CUDA would show, and what follows for a study."""

import pytest

from label_smoothing.study import gpus
from label_smoothing.study.errors import ConfigError
from label_smoothing.study.gpus import check_gpu, gpu_limit, installed_gpus, visible_gpus


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
        ("GPU-8932f937-d72c", 0, 0),
        ("MIG-5d4f,MIG-6e5a", 1, 1),
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
    ("device", "visible", "given", "elsewhere", "limit"),
    [
        ("auto", 2, None, False, 6),
        ("cuda", 2, None, False, 6),
        ("cpu", 2, None, False, None),
        ("cpu", 2, 0, False, 0),
        ("auto", 0, None, False, None),  # with a limit, `auto` could not fall back
        ("auto", 2, 5, False, 5),
        ("auto", 0, 5, False, 5),
        ("auto", 2, None, True, None),
        ("cuda", 2, 4, True, 4),
    ],
)
def test_the_limit_is_the_number_of_slots_or_what_is_given(
    device, visible, given, elsewhere, limit
):
    assert gpu_limit(device, 3, visible, given, elsewhere) == limit


@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_limit_of_none_is_refused_where_gpus_are_asked_for(elsewhere):
    with pytest.raises(ConfigError, match=r"--resources gpu is 0, which limits .* has 'auto'"):
        gpu_limit("auto", 1, 2, 0, elsewhere)


@pytest.mark.parametrize(
    ("device", "has_driver", "setting", "installed", "problem"),
    [
        ("cuda", True, None, 2, None),
        ("cuda", True, "1", 2, None),
        ("cuda", True, "", 0, None),  # another maker's devices, which nobody counts
        ("auto", False, None, 0, None),
        ("cpu", False, "", 0, None),
        ("cuda", False, None, 0, "device is 'cuda', but this machine has no GPU driver"),
        ("cuda", True, "", 2, "CUDA_VISIBLE_DEVICES is ''; allowed: the index or UUID"),
        ("cuda", True, "7", 2, "CUDA_VISIBLE_DEVICES is '7'; allowed: the index or UUID"),
    ],
)
def test_a_demanded_gpu_has_to_be_there(device, has_driver, setting, installed, problem):
    if problem is None:
        check_gpu(device, has_driver, setting, installed)
    else:
        with pytest.raises(ConfigError, match=problem):
            check_gpu(device, has_driver, setting, installed)
