"""The hash of a file follows what it holds, however its times are set."""

import os
import shutil

import pytest

from label_smoothing.study import content_hash as module
from label_smoothing.study.content_hash import ContentHashes

LONG_AGO = 1_000_000_000


@pytest.fixture
def store(tmp_path):
    return tmp_path / "store/hashes.json"


@pytest.fixture
def file(tmp_path):
    file = tmp_path / "data.npz"
    file.write_bytes(b"old")
    return file


@pytest.fixture
def at_once(monkeypatch):
    """Keep hashes of files that changed just now, as tests have no time."""
    monkeypatch.setattr(module, "_TICK", -(10**12))


def test_equal_contents_have_equal_hashes(store, file, tmp_path):
    other = tmp_path / "other"
    other.write_bytes(b"old")
    hashes = ContentHashes(store)
    assert hashes(file) == hashes(other)
    other.write_bytes(b"new")
    assert hashes(other) == hashes(file), "the plan of one run is one"
    assert ContentHashes(store)(other) != hashes(file)


@pytest.mark.parametrize("how", ["move", "copy", "in place"])
def test_another_file_with_an_older_time_is_noticed(store, file, tmp_path, at_once, how):
    os.utime(file, (LONG_AGO, LONG_AGO))
    before = ContentHashes(store)(file)
    other = tmp_path / "other"
    other.write_bytes(b"new")
    os.utime(other, (LONG_AGO, LONG_AGO))
    if how == "move":
        other.rename(file)
    elif how == "copy":
        shutil.copy2(other, file)
    else:
        file.write_bytes(b"new")
        os.utime(file, (LONG_AGO, LONG_AGO))
    assert os.stat(file).st_mtime == LONG_AGO
    assert ContentHashes(store)(file) != before


def test_an_untouched_file_is_not_read_again(store, file, at_once, monkeypatch):
    before = ContentHashes(store)(file)
    monkeypatch.setattr(module.hashlib, "file_digest", None)
    assert ContentHashes(store)(file) == before
    file.write_bytes(b"new")
    with pytest.raises(TypeError):
        ContentHashes(store)(file)


def test_what_changed_just_now_is_not_kept(store, file):
    ContentHashes(store)(file)
    assert not store.exists()


@pytest.mark.parametrize("content", ["", "[", "[1]", '{"FILE": 1}', '{"FILE": []}'])
def test_a_damaged_store_is_none(store, file, content, at_once):
    expected = ContentHashes(store)(file)
    store.write_text(content.replace("FILE", str(file)))
    assert ContentHashes(store)(file) == expected


def test_a_store_that_cannot_be_written_costs_time_only(file, tmp_path, at_once):
    (tmp_path / "blocked").write_text("a file where the folder would be")
    assert ContentHashes(tmp_path / "blocked/hashes.json")(file)


def test_a_missing_file_is_an_error(store, tmp_path):
    with pytest.raises(FileNotFoundError):
        ContentHashes(store)(tmp_path / "absent")
