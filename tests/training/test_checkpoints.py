"""Checkpoints come back as they were, or not at all."""

import logging

import pytest
import torch

from label_smoothing.training.checkpoints import Checkpoint

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
        assert "other settings, data, code or kind of device" in caplog.text
        whole = checkpoint.path.read_bytes()
        for broken in (whole[: len(whole) // 2], whole[:5], b"", b"\x80\x04." * 20):
            caplog.clear()
            checkpoint.path.write_bytes(broken)
            assert checkpoint.load() is None
            assert "ignoring the checkpoint" in caplog.text
