"""What files, sizes and own networks tell before any job; tests/refusals.py has more."""

from pathlib import Path

import numpy as np
import pytest
import yaml
from numpy.testing import assert_array_equal

from label_smoothing.data.sources import inspect_npz, load_digits, load_npz
from label_smoothing.study.data_checks import (
    check_files,
    check_imports,
    check_own_network,
    shape_of,
)
from label_smoothing.study.errors import ConfigError
from label_smoothing.study.grid import Study
from label_smoothing.study.read_config import check_config_file, read_again
from label_smoothing.theory.matrices import inverse, smoothing_matrix

NET = "class Net(Base):\n    def __init__(self, shape, classes, {}): pass\n"
ROOT = Path(__file__).parents[2]
CONFIG = yaml.safe_load((ROOT / "config.yaml").read_text())
CONFIGS = [ROOT / "config.yaml", *sorted((ROOT / "studies").rglob("*.yaml"))]


def study(folder=".", **changes):
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    return Study(config | changes, folder)


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_studies_of_the_project_pass(path):
    check_config_file(path)
    check_files(Study(yaml.safe_load(path.read_text()), path.parent))


@pytest.mark.parametrize("size", [9, 1788])
def test_both_parts_of_the_digits_have_all_classes(size):
    names = {"model": "small_cnn", "training": "memorise", "split_seed": 0}
    checked = study(datasets={"digits": {"source": "digits", "test_size": size, **names}})
    with pytest.raises(ConfigError, match=rf"test_size is {size}; allowed: 10 to 1787 of the 1797"):
        check_files(checked)


@pytest.mark.parametrize("test_size", [10, 500, 1234, 1787])
def test_the_classes_of_the_digits_are_scikit_learns(test_size):
    entry = {"source": "digits", "test_size": test_size, "split_seed": 0}
    checked = study(datasets={"digits": entry | {"model": "small_cnn", "training": "memorise"}})
    loaded, shape = load_digits(test_size, seed=0), shape_of(checked, "digits")
    assert sum(shape.train) == len(loaded.y_train)
    assert sum(shape.test) == len(loaded.y_test)
    assert np.abs(np.bincount(loaded.y_train) - shape.train).max() <= 1  # ties


@pytest.mark.parametrize("shape", [(5, 4), (5, 4, 3)])
def test_inspecting_a_npz_gives_all_but_the_images(tmp_path, shape):
    y = np.arange(12) % 3
    x = np.full((12, *shape), 7, np.uint8)
    np.savez_compressed(tmp_path / "a.npz", x_train=x, y_train=y, x_test=x[:6], y_test=y[:6, None])
    inspected, loaded = inspect_npz(tmp_path / "a.npz"), load_npz(tmp_path / "a.npz")
    assert_array_equal(inspected.y_train, loaded.y_train)
    assert_array_equal(inspected.y_test, loaded.y_test)
    assert inspected.x_train.shape == loaded.x_train.shape
    assert inspected.x_test.shape == loaded.x_test.shape
    assert inspected.x_train.max() == 0


@pytest.mark.parametrize(
    ("model", "training", "message"),
    [
        ({"kind": "mlp", "hidden": [8]}, {}, None),
        (CONFIG["models"]["small_cnn"], {}, "models.small_cnn.kind is 'cnn'; allowed .*: mlp, mod"),
        ({"kind": "resnet18", "width": 8}, {}, "models.small_cnn.kind is 'resnet18'; allowed"),
        ({"kind": "mlp", "hidden": []}, {"flip": True}, "training.memorise.flip is True; allowed"),
        ({"kind": "mlp", "hidden": []}, {"crop": 1}, "training.memorise.crop is 1; allowed .*: 0"),
    ],
)
def test_features_want_a_network_that_takes_them(tmp_path, model, training, message):
    x, y = np.zeros((30, 7), np.float32), np.arange(30) % 3
    np.savez(tmp_path / "a.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    names = {"model": "small_cnn", "training": "memorise"}
    checked = study(
        datasets={"mine": {"source": "npz", "path": str(tmp_path / "a.npz"), **names}},
        models={"small_cnn": model},
        training={"memorise": CONFIG["training"]["memorise"] | {"batch_size": 10} | training},
    )
    if message is None:
        check_files(checked)
    else:
        with pytest.raises(ConfigError, match=message):
            check_files(checked)


@pytest.mark.parametrize(
    ("source", "missing"),
    [
        ("import os.path, numpy as np\nfrom json import loads", None),
        ("try:\n    import nope_nope\nexcept ImportError:\n    pass", None),
        ("import os, nope_nope.deep", "nope_nope"),
        ("from nope_nope.deep import x", "nope_nope"),
    ],
)
def test_missing_modules_of_a_network_are_named(tmp_path, source, missing):
    (tmp_path / "nets.py").write_text(f"{source}\nclass Net: pass")
    checked = study(tmp_path, models={"small_cnn": {"kind": "nets:Net"}})
    if missing is None:
        check_imports(checked)
    else:
        with pytest.raises(ConfigError, match=f"nets.py imports '{missing}'; allowed: modules"):
            check_imports(checked)


def test_a_key_may_be_merged_but_not_repeated(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("a: &a {x: 1}\nb: {<<: *a, x: 2}\nc: {x: 1}\n")
    check_config_file(path)
    path.write_text("a:\n  x: 1\n  y: 2\n  x: 1\n")
    with pytest.raises(ConfigError, match="line 4: 'x' stands there for a second time"):
        check_config_file(path)


def test_inverses_exist_off_the_uniform_matrix():
    S = smoothing_matrix(0.7, 4)
    np.testing.assert_allclose(inverse(S) @ S, np.eye(4), atol=1e-12)
    with pytest.raises(ValueError, match=r"cannot be inverted; allowed: up to 1e\+08"):
        inverse(smoothing_matrix(0.25, 4))


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (["0.5", "1e-1"], [0.5, "1e-1"]),  # as from a file, where the study reads the exponent
        ({"flip": "true", "crop": "2"}, {"flip": True, "crop": 2}),
        ("0,5", "0,5"),
        ("a: b", "a: b"),
        ("[a", "[a"),
        ("", ""),
        (None, None),
        (3, 3),
    ],
)
def test_settings_of_the_command_line_are_read_as_in_a_file(given, read):
    assert read_again(given) == read


def check_network(folder, source, **parameters):
    if source is not None:
        (folder / "nets.py").write_bytes(source if isinstance(source, bytes) else source.encode())
    check_own_network("models.mine", {"kind": "nets:Net", **parameters}, folder)


@pytest.mark.parametrize(
    ("arguments", "parameters", "message"),
    [
        ("*, units", {"units": 3}, None),
        ("units=4", {}, None),
        ("units=4, *, depth", {"depth": 1, "units": 2}, None),
        ("**others", {"anything": 1}, None),
        ("*args, units=1", {"units": 1}, None),
        ("*, units", {"unit": 3}, r"unknown key 'unit' in models.mine (did you mean 'units'?); "),
        ("*, a=1, b=2", {"z": 3}, "'z' in models.mine; allowed, as Net in nets.py says: a, b"),
        ("*, units", {}, "missing key 'models.mine.units': Net in nets.py needs it"),
        ("units, depth=1", {"depth": 2}, "missing key 'models.mine.units': Net in nets.py needs"),
        ("/, units=1", {"shape": 3}, "unknown key 'shape' in models.mine; allowed, as Net in n"),
        ("*, units=1", {"classes": 3}, "unknown key 'classes' in models.mine; allowed, as Net"),
        ("**others", {"classes": 3}, None),  # left to the training
    ],
)
def test_keys_of_the_constructor(tmp_path, monkeypatch, arguments, parameters, message):
    monkeypatch.chdir(tmp_path)
    assert_refused(message, Path(), NET.format(arguments), **parameters)


def assert_refused(message, *arguments, **parameters):
    if message is None:
        check_network(*arguments, **parameters)
        return
    with pytest.raises(ConfigError) as error:
        check_network(*arguments, **parameters)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "source",
    [
        "class Net(Base): pass",
        f"@decorated\n{NET.format('*, units')}",
        NET.format("*, units").replace("    def", "    @decorated\n    def"),
        f"{NET.format('*, units')}    def __new__(cls): pass\n",
        f"{NET.format('*, units').replace('Net', 'Base')}class Net(Base, Other): pass",
        "class Net(Net): pass",
        NET.format("*, units").replace("Base", "Base, metaclass=Meta"),
    ],
)
def test_a_constructor_that_the_source_does_not_show_is_left_to_the_training(tmp_path, source):
    check_network(tmp_path, source, depth=3)


def test_a_constructor_without_shape_and_classes_is_refused(tmp_path):
    source = "class Net(Base):\n    def __init__(self, units): pass\n"
    assert_refused("does not take (shape, classes), Net in", tmp_path, source, units=3)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (None, "nets.py cannot (No such file or directory)"),
        ("x = 1\nclass Net(:", "nets.py line 2 is none (invalid syntax)"),
        (b"x = '\xff'\nclass Net: pass", "nets.py line 1 is none ((unicode error)"),
        ("class A: pass\nclass B: pass", "nets.py defines: A, B"),
        ("raise SystemExit\ndef Net(): pass", "nets.py defines: none"),
    ],
)
def test_a_file_without_the_class_is_refused_and_never_run(tmp_path, source, message):
    assert_refused(message, tmp_path, source)
