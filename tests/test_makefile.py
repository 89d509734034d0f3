"""What `make` decides before it calls anything."""

import os
import subprocess

import pytest
from samples import ROOT


@pytest.mark.parametrize(
    ("home", "given", "cache"),
    [
        ("/proc/nowhere", None, f"{ROOT}/.cache"),
        ("/proc/nowhere", "/elsewhere", "/elsewhere"),
        (None, None, ""),
    ],
)
def test_a_home_that_cannot_be_written_to_gets_a_cache_beside(tmp_path, home, given, cache):
    show = tmp_path / "show.mk"
    show.write_text("show:\n\t@echo cache=$$XDG_CACHE_HOME\n")
    # A make that runs the tests tells one below it what level it stands on.
    of_make = {"XDG_CACHE_HOME", "MAKEFLAGS", "MFLAGS", "MAKELEVEL"}
    environment = {k: v for k, v in os.environ.items() if k not in of_make}
    environment["HOME"] = home or str(tmp_path)
    if given:
        environment["XDG_CACHE_HOME"] = given
    output = subprocess.run(
        ["make", "-f", "Makefile", "-f", str(show), "show"],
        cwd=ROOT,
        env=environment,
        text=True,
        capture_output=True,
        check=True,
    ).stdout
    assert output.strip() == f"cache={cache}"
