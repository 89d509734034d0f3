"""No file that is read can run code: pickles are refused wherever one could hide."""

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from torchvision import datasets

from label_smoothing.data.corrupt import read_matrix
from label_smoothing.data.datasets import Dataset, read_dataset
from label_smoothing.data.sources import load_dataset
from label_smoothing.files import read_arrays
from label_smoothing.training.checkpoints import Checkpoint


class Bomb:
    def __init__(self, crater):
        self.crater = crater

    def __reduce__(self):
        return Path.touch, (self.crater,)


@pytest.fixture
def crater(tmp_path):
    return tmp_path / "crater"


@pytest.fixture
def bomb(crater):
    pickle.loads(pickle.dumps(Bomb(crater)))
    assert crater.exists(), "the bomb is a dud"
    crater.unlink()
    return Bomb(crater)


def test_arrays(tmp_path, crater, bomb):
    array = np.array([bomb], dtype=object)
    np.savez(tmp_path / "file.npz", **dict.fromkeys(Dataset._fields, array))
    np.save(tmp_path / "file.npy", array)
    for read, message in (
        (lambda: read_arrays(tmp_path / "file.npz"), "allow_pickle"),
        (lambda: read_matrix(tmp_path / "file.npy"), "no whole array of numbers"),
        (lambda: load_dataset("npz", path=tmp_path / "file.npz"), "not pickled objects"),
    ):
        with pytest.raises(ValueError, match=message):
            read()
    # An archive that is a pickle itself.
    path = tmp_path / "file.npz"
    path.write_bytes(pickle.dumps(bomb))
    for read in (read_arrays, lambda path: load_dataset("npz", path=path)):
        with pytest.raises(ValueError, match=r"file\.npz"):
            read(path)
    assert not crater.exists()


@pytest.mark.parametrize("dump", [pickle.dump, torch.save])
def test_data_sets_and_checkpoints(tmp_path, crater, bomb, dump):
    path = tmp_path / "file.safetensors"
    with path.open("wb") as file:
        dump(bomb, file)
    with pytest.raises(ValueError, match="is damaged"):
        read_dataset(path)
    assert Checkpoint(path, "key", 1).load() is None
    assert not crater.exists()


def test_cifar_files_that_are_not_the_published_ones(tmp_path, crater, bomb, monkeypatch):
    # The published files are pickles, which torchvision reads: only those with the right md5.
    monkeypatch.setattr(datasets.CIFAR10, "url", "http://127.0.0.1:9/")
    folder = tmp_path / datasets.CIFAR10.base_folder
    folder.mkdir()
    entries = [*datasets.CIFAR10.train_list, *datasets.CIFAR10.test_list]
    for name in [name for name, _ in entries] + [datasets.CIFAR10.meta["filename"]]:
        (folder / name).write_bytes(pickle.dumps(bomb))
    with pytest.raises(RuntimeError, match="CIFAR10 is not in"):
        load_dataset("CIFAR10", data_dir=tmp_path)
    assert not crater.exists()
