"""Commands and folders with which no study could run."""

import pytest

from label_smoothing.study.errors import ConfigError
from label_smoothing.study.machine import (
    check_cores,
    check_folders,
    check_submitted_paths,
    lost_metadata,
)


@pytest.mark.parametrize("cores", [None, 1, 64])
def test_any_core_will_do(cores):
    check_cores(cores)


@pytest.mark.parametrize("cores", [0, -1])
def test_no_core_is_refused(cores):
    with pytest.raises(ConfigError, match=f"^--cores is {cores}; allowed: 1 or more, or all$"):
        check_cores(cores)


@pytest.mark.parametrize("folder", ["/a/{b}", "/a/}", "{"])
def test_braces_in_a_folder_are_refused(folder):
    check_folders(["/a b/$(c)", ""])
    with pytest.raises(ConfigError, match="allowed: a path without braces") as refused:
        check_folders(["/a", folder, "{later}"])
    assert repr(folder) in str(refused.value)


@pytest.mark.parametrize("path", ["it's", "a\\b", "a\nb", "a\x7f"])
def test_what_a_shell_would_read_otherwise_is_not_submitted(path):
    check_submitted_paths(['/a b/$(c); `d` "e" é.csv'])
    with pytest.raises(ConfigError, match="cannot be submitted; allowed where jobs run") as refused:
        check_submitted_paths(["/a", path])
    assert repr(path) in str(refused.value)


def test_results_without_what_tells_their_settings_are_warned_of(tmp_path):
    runs, notes = tmp_path / "runs", tmp_path / ".snakemake"
    assert lost_metadata(runs, notes) == ""
    (runs / "digits").mkdir(parents=True)
    assert lost_metadata(runs, notes) == ""
    (runs / "digits/predictions.npz").touch()
    assert "metadata is missing or empty" in lost_metadata(runs, notes)
    (notes / "metadata").mkdir(parents=True)
    assert "metadata is missing or empty" in lost_metadata(runs, notes)
    (notes / "metadata/x").touch()
    assert lost_metadata(runs, notes) == ""


def test_notes_in_a_database_are_notes(tmp_path):
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs/predictions.npz").touch()
    (tmp_path / ".snakemake").mkdir()
    (tmp_path / ".snakemake/metadata.db").touch()
    assert lost_metadata(tmp_path / "runs", tmp_path / ".snakemake") == ""
