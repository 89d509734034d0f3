"""The code hash follows what the code does, through imports, and nothing else."""

from pathlib import Path

import pytest

from label_smoothing import code_hash as module

SCRIPTS = Path(module.__file__).parents[1]


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


def fresh_hash(scripts):
    module.code_hash.cache_clear()
    module._parse.cache_clear()
    return module.code_hash(scripts / "script.py")


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


def reached(script):
    files, pending = set(), [SCRIPTS / script]
    while pending:
        file = pending.pop()
        if file not in files:
            files.add(file)
            pending += module._imported(file, SCRIPTS)
    return {file.stem for file in files}


def test_real_scripts_depend_on_what_they_use():
    assert {"training", "losses", "models", "optimizers"} <= reached("train.py")
    for script in ("corrupt_dataset.py", "evaluate.py", "aggregate.py", "fit_theory.py"):
        assert not {"training", "losses", "figure_style"} & reached(script), script
    assert {"loss_figures", "figure_style"} <= reached("draw_loss_over_p.py")
    assert {"theory", "figure_style"} <= reached("draw_landscapes.py")
    assert "loss_figures" not in reached("draw_landscapes.py")
