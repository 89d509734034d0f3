"""The code hash follows what the code does, through imports, and nothing else."""

import shutil
from pathlib import Path

import pytest

from label_smoothing.study import code_hash as module
from label_smoothing.study.figure_registry import FIGURES

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


def hashes(scripts):
    """Return the hash of every job's code, of a training without what its cell adds."""
    codes = {script.stem: module.code_hash(script) for script in scripts.glob("*.py")}
    draw = scripts / "draw_figure.py"
    return codes | {name: module.code_hash(draw, f"figures.{name}") for name in FIGURES}


@pytest.mark.parametrize(
    ("file", "jobs"),
    [
        ("figures/error.py", {"error"}),
        ("figures/loss_over_p.py", {"loss_over_p"}),
        ("figures/kit.py", {"draw_figure", *FIGURES}),
        ("figures/style.py", {"advise", "draw_figure", *FIGURES}),
        ("figures/plane.py", {"loss_landscapes", "loss_and_accuracy", "error"}),
        (
            "figures/landscapes.py",
            {
                "landscapes",
                "optimum_two_classes",
                "optimum_over_classes",
                "gamma_optimum",
                "optimum_over_votes",
            },
        ),
        ("training/loop.py", {"train"}),
        ("training/losses/base.py", {"train"}),
        ("training/networks/base.py", {"train"}),
    ],
)
def test_a_changed_module_changes_the_jobs_that_use_it(file, jobs, tmp_path):
    before = hashes(SCRIPTS)
    copy = shutil.copytree(SCRIPTS, tmp_path / "scripts")
    with (copy / "label_smoothing" / file).open("a") as code:
        code.write("\nCHANGED = True\n")
    after = hashes(copy)
    assert {job for job in before if after[job] != before[job]} == jobs


def test_a_job_whose_code_was_edited_since_the_plan_refuses(scripts):
    planned = fresh_hash(scripts, "other")
    module.demand_code(f"{planned} other", str(scripts / "script.py"))
    (scripts / "label_smoothing/other.py").write_text("x = 2\n")
    fresh_hash(scripts)  # forgets what was read
    with pytest.raises(RuntimeError, match=f"script.py is .*; allowed: {planned}, with which"):
        module.demand_code(f"{planned} other", str(scripts / "script.py"))
    assert fresh_hash(scripts)
    module.demand_code(fresh_hash(scripts), str(scripts / "script.py"))


def test_a_job_parses_only_code_whose_bytes_are_not_as_planned(scripts, monkeypatch):
    monkeypatch.setenv("LABEL_SMOOTHING_PLANNED_BYTES", "")  # put back afterwards
    module.note_bytes(scripts)
    planned = fresh_hash(scripts, "other")
    with monkeypatch.context() as patched:
        patched.setattr(module, "code_hash", None)
        module.demand_code(f"{planned} other", str(scripts / "script.py"))
    (scripts / "label_smoothing/other.py").write_text("x = 2\n")
    fresh_hash(scripts)  # forgets what was read
    with pytest.raises(RuntimeError, match="was edited since"):
        module.demand_code(f"{planned} other", str(scripts / "script.py"))


@pytest.mark.parametrize("script", [path.name for path in sorted(SCRIPTS.glob("*.py"))])
def test_every_script_demands_the_code_of_its_plan(script):
    source = (SCRIPTS / script).read_text()
    assert source.count("    demand_code(snakemake.params.code, __file__)\n") == 1


def test_what_decides_whether_a_job_runs_reruns_none(scripts):
    (scripts / "label_smoothing/study").mkdir()
    (scripts / "label_smoothing/study/__init__.py").write_text("")
    guard = scripts / "label_smoothing/study/code_hash.py"
    guard.write_text("def demand_code(): pass\n")
    script = scripts / "script.py"
    script.write_text("from label_smoothing.study.code_hash import demand_code\n")
    before = fresh_hash(scripts)
    guard.write_text("def demand_code(): return 1\n")
    assert fresh_hash(scripts) == before


# Syntax that `ast.dump` writes otherwise in each version of Python.
SAMPLE = """
from dataclasses import dataclass
import os as system


@dataclass
class Point(object, metaclass=type):
    x: float = 0.5
    name: str = None

    def shown(self, *parts, width=3, **others) -> str:
        return f"{self.x!r:>{width}} {{kept}} {width=}" "joined" + ("" if parts else "none")


async def wait(values, /, most: int = 1_000, *, flag=True):
    total = {key: [*row] for key, row in values.items() if row and not flag}
    while (n := len(total)) < most:
        try:
            yield lambda a, b=2: a @ b ** -1j
        except (ValueError, OSError) as error:
            raise RuntimeError from error
        else:
            break
    match total:
        case {"a": [1, 2, *rest], **more} if rest:
            return
        case Point(x=0) | None:
            pass
    del total, values[1:2, ..., ::3]
    with open("f") as file, system:
        print(*values, b"bytes", 1e3, sep="")
"""


def test_every_version_of_python_gives_the_same_hash(tmp_path):
    (tmp_path / "script.py").write_text(SAMPLE)
    assert fresh_hash(tmp_path) == "06cec68d205288ec"
