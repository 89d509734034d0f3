"""What a study's files and sizes tell before any job; tests/workflow/test_bad_input.py has more."""

from pathlib import Path

import numpy as np
import pytest
import yaml
from numpy.testing import assert_array_equal

from label_smoothing.data.sources import inspect_npz, load_digits, load_npz
from label_smoothing.study.config_file import check_config_file, read_again
from label_smoothing.study.errors import ConfigError
from label_smoothing.study.grid import Study
from label_smoothing.study.preflight import check_files, check_imports, shape_of
from label_smoothing.theory.matrices import inverse, smoothing_matrix

ROOT = Path(__file__).parents[2]
SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())
CONFIG = yaml.safe_load((ROOT / "config.yaml").read_text())
CONFIGS = [ROOT / "config.yaml", *sorted((ROOT / "studies").rglob("*.yaml"))]


def study(folder=".", **changes):
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    return Study(config | changes, SCHEMA, folder)


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_studies_of_the_project_pass(path):
    check_config_file(path)
    check_files(Study(yaml.safe_load(path.read_text()), SCHEMA, path.parent))


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


def test_the_number_of_digits_is_scikit_learns():
    digits = load_digits(test_size=500, seed=0)
    entry = {"source": "digits", "test_size": 500, "split_seed": 0}
    for size, allowed in ((len(digits.x_train), True), (len(digits.x_train) + 1, False)):
        names = {"model": "small_cnn", "training": "memorise", "train_size": size}
        checked = study(datasets={"digits": entry | names})
        if allowed:
            check_files(checked)
        else:
            with pytest.raises(ConfigError, match=r"train_size is 1298; .* or all 1297"):
                check_files(checked)


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
