"""Commands and folders with which no study could run."""

import pytest

from label_smoothing.study.errors import ConfigError
from label_smoothing.study.machine import (
    check_cores,
    check_folders,
    check_submitted_paths,
    lost_metadata,
)


@pytest.mark.parametrize("cores", [0, -1])
def test_no_core_is_refused(cores):
    for any_other in (None, 1, 64):
        check_cores(any_other)
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


@pytest.mark.parametrize("note", ["metadata/x", "metadata.db"])
def test_results_without_what_tells_their_settings_are_warned_of(tmp_path, note):
    runs, notes = tmp_path / "runs", tmp_path / ".snakemake"
    assert lost_metadata(runs, notes) == ""
    runs.mkdir()
    (notes / "metadata").mkdir(parents=True)
    assert lost_metadata(runs, notes) == ""
    (runs / "predictions.npz").touch()
    assert "metadata is missing or empty" in lost_metadata(runs, notes)
    (notes / note).touch()
    assert lost_metadata(runs, notes) == ""
