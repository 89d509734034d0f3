"""What the source of an own network tells: its place and its constructor."""

from pathlib import Path

import pytest

from label_smoothing.study.errors import ConfigError
from label_smoothing.study.own_networks import check_own_network

NET = "class Net(Base):\n    def __init__(self, shape, classes, {}): pass\n"


def check(folder, source, **parameters):
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
        check(*arguments, **parameters)
        return
    with pytest.raises(ConfigError) as error:
        check(*arguments, **parameters)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "source",
    [
        "class Net(Base): pass",
        f"@decorated\n{NET.format('*, units')}",
        NET.format("*, units").replace("    def", "    @decorated\n    def"),
        f"{NET.format('*, units')}    def __new__(cls): pass\n",
        f"{NET.format('*, units')}Net = wrapped(Net)",
        f"{NET.format('*, units').replace('Net', 'Base')}class Net(Base, Other): pass",
        "class Net(Net): pass",
        NET.format("*, units").replace("Base", "Base, metaclass=Meta"),
    ],
)
def test_a_constructor_that_the_source_does_not_show_is_left_to_the_training(tmp_path, source):
    check(tmp_path, source, depth=3)


def test_a_constructor_is_inherited_within_the_file(tmp_path):
    source = NET.format("*, units").replace("Net", "Parent") + "class Net(Parent): pass\n"
    check(tmp_path, source, units=3)
    assert_refused("missing key 'models.mine.units'", tmp_path, source)


def test_a_constructor_without_shape_and_classes_is_refused(tmp_path):
    source = "class Net(Base):\n    def __init__(self, units): pass\n"
    assert_refused("does not take (shape, classes), Net in", tmp_path, source, units=3)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (None, "nets.py cannot (No such file or directory)"),
        ("x = 1\nclass Net(:", "nets.py line 2 is none (invalid syntax)"),
        (b"class Net: pass\0", "nets.py is none (source code string cannot contain null bytes)"),
        (b"x = '\xff'\nclass Net: pass", "nets.py line 1 is none ((unicode error)"),
        ("x = " + "-" * 100_000 + "1\nclass Net: pass", "nets.py is nested too deeply"),
        ("x = " + "(" * 1000 + ")" * 1000, "is none (too many nested parentheses)"),
        ("class A: pass\nclass B: pass", "nets.py defines: A, B"),
        ("raise SystemExit\ndef Net(): pass", "nets.py defines: none"),
    ],
)
def test_a_file_without_the_class_is_refused_and_never_run(tmp_path, source, message):
    assert_refused(message, tmp_path, source)


def test_what_is_no_file_is_refused(tmp_path):
    (tmp_path / "nets.py").mkdir()
    assert_refused("allowed: a class in a file, ", tmp_path, None)
