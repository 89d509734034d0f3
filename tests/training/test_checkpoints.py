"""Checkpoints come back as they were, or not at all."""

import json
import logging
import os

import pytest
import torch

from label_smoothing.training.checkpoints import Checkpoint, training_key

TENSORS = {"weight": torch.arange(6.0).reshape(2, 3).T, "rng": torch.arange(4, dtype=torch.uint8)}


@pytest.fixture
def checkpoint(tmp_path):
    return Checkpoint(tmp_path / "deep" / "cell.safetensors", key="abc", every=1)


def test_state_comes_back(checkpoint):
    state = {"epoch": 3, "history": [{"loss": 0.1 + 0.2}]}
    checkpoint.save(TENSORS, state)
    tensors, read = checkpoint.load()
    assert read == state
    assert all(torch.equal(tensors[name], TENSORS[name]) for name in TENSORS)


def test_nothing_there_is_no_warning(checkpoint, caplog):
    assert checkpoint.load() is None
    assert not caplog.records


def test_foreign_and_broken_files_are_ignored_with_a_warning(checkpoint, caplog):
    checkpoint.save(TENSORS, {})
    with caplog.at_level(logging.WARNING):
        assert checkpoint._replace(key="other").load() is None
        assert "other settings, data, code, device or library versions" in caplog.text
        whole = checkpoint.path.read_bytes()
        for broken in (whole[: len(whole) // 2], whole[:5], b"", b"\x80\x04." * 20):
            caplog.clear()
            checkpoint.path.write_bytes(broken)
            assert checkpoint.load() is None
            assert "ignoring the checkpoint" in caplog.text


def test_one_wrong_bit_anywhere_in_the_content_is_noticed(checkpoint, caplog):
    state = {"epoch": 3, "history": [{"loss": 0.5}]}
    checkpoint.save(TENSORS, state)
    whole = checkpoint.path.read_bytes()
    for position in range(len(whole)):
        for bit in (1, 128):
            checkpoint.path.write_bytes(
                whole[:position] + bytes([whole[position] ^ bit]) + whole[position + 1 :]
            )
            caplog.clear()
            loaded = checkpoint.load()
            if loaded is None:
                assert "ignoring the checkpoint" in caplog.text
            else:  # a bit that means nothing, such as that of a space
                assert loaded[1] == state
                assert loaded[0].keys() == TENSORS.keys()
                assert all(torch.equal(loaded[0][name], TENSORS[name]) for name in TENSORS)


def test_key_is_of_settings_and_contents(tmp_path):
    files = [tmp_path / "data", tmp_path / "labels"]
    for file in files:
        file.write_text(file.name)
    settings = {"p": "0.5", "recipe": {"epochs": 2, "crop": 0}}
    key = training_key(settings, files)
    assert training_key(json.loads(json.dumps(settings, sort_keys=True)), files) == key
    os.utime(files[0], (0, 0))
    moved = files[0].rename(tmp_path / "elsewhere")
    assert training_key(settings, [moved, files[1]]) == key
    others = [
        training_key({**settings, "p": "0.7"}, [moved, files[1]]),
        training_key(settings, [files[1], moved]),
        training_key(settings, [moved]),
    ]
    files[1].write_text("other")
    others.append(training_key(settings, [moved, files[1]]))
    assert len({key, *others}) == 5
