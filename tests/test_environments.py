"""What stands in two files agrees: pins of packages, settings of profiles."""

import pytest
import yaml
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
    assert pins(packages).items() <= REQUIRED.items()
    assert len(pins(packages)) == len(packages)


def test_slurm_repeats_the_default_profile_that_it_replaces():
    default, slurm = (read(f"profiles/{name}/config.yaml") for name in ("default", "slurm"))
    assert {key: slurm.get(key) for key in default} == default
