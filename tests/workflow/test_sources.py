"""Data from outside the project, by real Snakemake."""

import numpy as np
import pytest
from conftest import trap_torch
from numpy.testing import assert_array_equal

from label_smoothing.data.datasets import read_dataset

DATASET = "results/datasets/mine.safetensors"


@pytest.fixture
def arrays():
    rng = np.random.default_rng(0)
    return {
        "x_train": rng.integers(0, 256, (40, 8, 8), np.uint8),
        "y_train": np.arange(40) % 10,
        "x_test": rng.integers(0, 256, (20, 8, 8), np.uint8),
        "y_test": np.arange(20)[:, None] % 10,
    }


@pytest.fixture
def project(empty, arrays):
    np.savez(empty.path / "mine.npz", **arrays)
    config = empty.config()
    names = {key: config["datasets"]["digits"][key] for key in ("model", "training")}
    config["datasets"] = {"mine": {"source": "npz", "path": "mine.npz", **names}}
    config["training"]["memorise"]["batch_size"] = 20
    empty.configure(config)
    return empty


def test_npz_goes_through_the_workflow_without_torch(project, arrays, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        trap_torch(tmp_path / "trap", patch)
        project.run("--", DATASET)
    dataset = read_dataset(project.path / DATASET)
    assert_array_equal(dataset.x_train[..., 0], arrays["x_train"])
    assert_array_equal(dataset.y_test, arrays["y_test"][:, 0])

    config = project.config()
    config["models"]["small_cnn"]["hidden"] = 8
    project.configure(config)
    assert project.planned(DATASET) == {}
    config["datasets"]["mine"] |= {"train_size": 20, "split_seed": 0}
    project.configure(config)
    assert project.planned(DATASET) == {"prepare_dataset": 1}
    project.run("--", DATASET)
    assert len(read_dataset(project.path / DATASET).y_train) == 20
    np.savez(project.path / "mine.npz", **{**arrays, "x_train": 255 - arrays["x_train"]})
    assert project.planned(DATASET) == {"prepare_dataset": 1}
