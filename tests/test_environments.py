"""What stands in two files agrees: pins of packages, settings of profiles."""

import re
from importlib.metadata import requires

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from samples import ROOT


def pins(lines):
    return dict(line.split("#")[0].strip().split("==") for line in lines if "==" in line)


def read(path):
    return yaml.safe_load((ROOT / path).read_text())


LINES = (ROOT / "requirements.txt").read_text().splitlines()
REQUIRED = pins(LINES)


def test_every_requirement_is_pinned_exactly():
    packages = [line for line in LINES if line and not line.startswith("#")]
    assert len(packages) == len(REQUIRED) > 5


@pytest.mark.parametrize("name", ["torch", "analysis"])
def test_conda_environment_repeats_the_pins(name):
    packages = read(f"envs/{name}.yaml")["dependencies"][-1]["pip"]
    pinned = pins(packages)
    assert pinned.items() <= REQUIRED.items()
    assert len(pinned) == len(packages)
    # So is what these need in turn, and what that needs; each platform's own is torch's to pin.
    for package in pinned:
        needed = map(Requirement, requires(package) or [])
        here = [need for need in needed if "platform" not in str(need.marker)]
        missing = {need.name for need in here if not need.marker or need.marker.evaluate()}
        assert {*map(canonicalize_name, missing)} <= {*map(canonicalize_name, pinned)}, package


def test_slurm_repeats_the_default_profile_that_it_replaces():
    default, slurm = (read(f"profiles/{name}/config.yaml") for name in ("default", "slurm"))
    assert {key: slurm.get(key) for key in default} == default


def test_the_oldest_snakemake_that_is_allowed_is_the_one_that_is_tested():
    (bound,) = re.findall(r'min_version\("(.+)"\)', (ROOT / "workflow/Snakefile").read_text())
    tested = (ROOT / ".github/workflows/ci.yaml").read_text()
    assert f"snakemake=={bound}.0/" in tested
    assert f"Snakemake {bound} or later" in (ROOT / "docs/running.md").read_text()
