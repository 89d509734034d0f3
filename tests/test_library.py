"""The library by itself, installed beside numpy, scipy and pandas alone: docs/library.md."""

import json
import re
import shutil
import subprocess
import sys

import pytest
from samples import ROOT

PAGE = (ROOT / "docs/library.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
LIBRARY = ROOT / "workflow/scripts/label_smoothing"
# What this environment has beyond the library's own needs must not be missed by it.
INTERPRETER = """
import importlib.abc, importlib.metadata, json, sys

NEEDED = {"numpy", "scipy", "pandas", "python-dateutil", "six", "tzdata", "pytz"}
REFUSED = {
    module
    for module, packages in importlib.metadata.packages_distributions().items()
    if not NEEDED.intersection(packages)
}


class Refuse(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in REFUSED:
            raise ModuleNotFoundError(f"{name} is not installed here", name=name)


library, blocks = sys.argv[1], json.loads(sys.argv[2])
sys.path.insert(0, library)
sys.meta_path.insert(0, Refuse())
for block in blocks:
    exec(block, {})
for module in ("torch", "matplotlib", "sklearn", "safetensors", "yaml"):
    try:
        __import__(module)
    except ModuleNotFoundError:
        continue
    sys.exit(f"{module} was there")
import label_smoothing
assert label_smoothing.__file__.startswith(library), label_smoothing.__file__
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Install a copy of what the installation reads; building writes into its folder."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("installed")
    for file in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / file, source)
    shutil.copytree(ROOT / "workflow", source / "workflow")
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run(
        [sys.executable, "-m", "pip", "install", *options, "--target", target, source], check=True
    )
    return target


def test_the_modules_of_the_library_are_installed_and_nothing_else(installed):
    folders = {path.name for path in installed.iterdir()}
    assert {name.partition("-")[0] for name in folders} == {
        "label_smoothing",
        "label_smoothing_under_noise",
    }
    library = installed / "label_smoothing"
    modules = {str(file.relative_to(LIBRARY)) for file in LIBRARY.rglob("*.py")}
    files = {file for file in library.rglob("*") if file.is_file() and file.suffix != ".pyc"}
    assert {str(file.relative_to(library)) for file in files} == modules
    assert "training/losses/label_smoothing.py" in modules


def test_the_page_says_what_its_calls_print(installed, tmp_path):
    expected = re.findall(r"^print\(.*\)  # (.*)$", "".join(BLOCKS), re.MULTILINE)
    assert len(expected) == "".join(BLOCKS).count("print(") > 9
    process = subprocess.run(
        [sys.executable, "-c", INTERPRETER, str(installed), json.dumps(BLOCKS)],
        cwd=tmp_path,
        env={},
        text=True,
        capture_output=True,
    )
    assert process.returncode == 0, process.stderr
    assert process.stdout.splitlines() == expected
