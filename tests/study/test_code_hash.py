"""The code hash follows what the code does, through imports, and nothing else."""

from pathlib import Path

import pytest

from label_smoothing.study import code_hash as module

SCRIPTS = Path(module.__file__).parents[2]


@pytest.fixture
def scripts(tmp_path):
    package = tmp_path / "label_smoothing"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "outer.py").write_text("from label_smoothing.inner import f\n")
    (package / "inner.py").write_text('"""Doc."""\n\n\ndef f():\n    """Doc."""\n    return 1\n')
    (package / "other.py").write_text("x = 1\n")
    (tmp_path / "script.py").write_text("import os\nfrom label_smoothing import outer\n")
    return tmp_path


def fresh_hash(scripts, *modules):
    module.code_hash.cache_clear()
    module._parse.cache_clear()
    module._imported.cache_clear()
    return module.code_hash(scripts / "script.py", *modules)


@pytest.mark.parametrize(
    ("file", "content", "changes"),
    [
        ("inner.py", "def f():\n    return 2\n", True),
        ("inner.py", "# why\ndef f():\n    '''Other.'''\n\n    return (1)\n", False),
        ("other.py", "x = 2\n", False),
        ("outer.py", "from .inner import f\nfrom . import other\n", True),
        ("__init__.py", "y = 1\n", True),
    ],
)
def test_hash_changes_with_the_imported_code_only(scripts, file, content, changes):
    before = fresh_hash(scripts)
    (scripts / "label_smoothing" / file).write_text(content)
    assert (fresh_hash(scripts) != before) == changes


def test_relative_imports_are_followed(scripts):
    (scripts / "label_smoothing/outer.py").write_text("from .inner import f\n")
    before = fresh_hash(scripts)
    (scripts / "label_smoothing/inner.py").write_text("def f():\n    return 3\n")
    assert fresh_hash(scripts) != before


@pytest.mark.parametrize(
    "line",
    [
        "from label_smoothing.deep.leaf import g",
        "from label_smoothing.deep import leaf",
        "import label_smoothing.deep.leaf",
        "from .deep import leaf",
        "from .deep.leaf import g",
    ],
)
def test_modules_of_packages_are_followed_with_every_init(scripts, line):
    package = scripts / "label_smoothing"
    (package / "deep").mkdir()
    (package / "deep/__init__.py").write_text("")
    (package / "deep/leaf.py").write_text("from ..inner import f as g\n")
    (package / "outer.py").write_text(f"{line}\n")
    before = fresh_hash(scripts)
    for file, content in (("deep/__init__.py", "x = 1"), ("deep/leaf.py", "g = 1")):
        (package / file).write_text(content)
        after = fresh_hash(scripts)
        assert after != before, file
        before = after


def test_missing_module_is_an_error(scripts):
    (scripts / "label_smoothing/outer.py").write_text("from label_smoothing.absent import f\n")
    with pytest.raises(FileNotFoundError):
        fresh_hash(scripts)


def test_modules_that_only_the_job_names_are_added(scripts):
    alone, plain = fresh_hash(scripts), scripts / "label_smoothing/plain.py"
    (scripts / "label_smoothing/deep").mkdir()
    (scripts / "label_smoothing/deep/__init__.py").write_text("")
    leaf = scripts / "label_smoothing/deep/leaf.py"
    leaf.write_text("from label_smoothing import plain\n")
    plain.write_text("x = 1\n")
    before = fresh_hash(scripts, "deep.leaf")
    assert before != alone
    plain.write_text("x = 2\n")
    assert fresh_hash(scripts, "deep.leaf") != before
    assert fresh_hash(scripts) == alone
    with pytest.raises(FileNotFoundError):
        fresh_hash(scripts, "deep.absent")


def reached(script):
    files, pending = set(), [SCRIPTS / script]
    while pending:
        file = pending.pop()
        if file not in files:
            files.add(file)
            pending += module._imported(file, SCRIPTS)
    modules = [file.with_suffix("") for file in files if file.parent != SCRIPTS]
    return {module.relative_to(SCRIPTS / "label_smoothing").as_posix() for module in modules}


def test_real_scripts_depend_on_what_they_use():
    assert {"training/loop", "training/losses/base", "training/networks/base"} <= reached(
        "train.py"
    )
    for script in ("corrupt_dataset.py", "evaluate.py", "aggregate.py", "fit_theory.py"):
        used = {file.split("/")[0] for file in reached(script)}
        assert not {"training", "figures"} & used, script
    assert {"figures/loss_figures", "figures/style"} <= reached("draw_loss_over_p.py")
    assert {"theory/memorising", "figures/style"} <= reached("draw_landscapes.py")
    assert "figures/loss_figures" not in reached("draw_landscapes.py")
