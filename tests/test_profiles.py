"""The profiles agree where they have to."""

from pathlib import Path

import yaml

PROFILES = Path(__file__).parents[1] / "profiles"


def test_slurm_repeats_the_default_profile_that_it_replaces():
    default, slurm = (
        yaml.safe_load((PROFILES / name / "config.yaml").read_text())
        for name in ("default", "slurm")
    )
    assert {key: slurm.get(key) for key in default} == default
