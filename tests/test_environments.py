"""The conda environments hold the same pins as requirements.txt."""

from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]


def pins(lines):
    return dict(line.split("#")[0].strip().split("==") for line in lines if "==" in line)


REQUIRED = pins((ROOT / "requirements.txt").read_text().splitlines())


def test_every_requirement_is_pinned_exactly():
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    packages = [line for line in lines if line and not line.startswith("#")]
    assert len(packages) == len(REQUIRED) > 5


@pytest.mark.parametrize("name", ["torch", "analysis"])
def test_conda_environment_repeats_the_pins(name):
    environment = yaml.safe_load((ROOT / "envs" / f"{name}.yaml").read_text())
    packages = environment["dependencies"][-1]["pip"]
    assert pins(packages).items() <= REQUIRED.items()
    assert len(pins(packages)) == len(packages)
