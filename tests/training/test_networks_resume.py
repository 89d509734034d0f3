"""Trainings of networks of the user's own go on from their checkpoints with the same bits."""

import logging

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from label_smoothing.data.datasets import Dataset
from label_smoothing.training.checkpoints import Checkpoint
from label_smoothing.training.loop import train_network
from label_smoothing.training.losses.base import load_loss
from label_smoothing.training.recipe import Recipe

NET = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self, shape, classes):
        super().__init__()
        self.first, self.last = nn.Linear(16, 16), nn.Linear(16, classes)
        {constructor}

    def forward(self, images):
        x = self.first(images.flatten(1)).relu()
        {forward}
        return self.last(x)
"""
SGD = Recipe("sgd", 0.1, 0.9, "constant", epochs=4, batch_size=16)


class Killed(Checkpoint):
    """A checkpoint of a process that dies right after it has written its state once."""

    def save(self, tensors, state):
        super().save(tensors, state)
        raise KeyboardInterrupt


@pytest.fixture(scope="module")
def dataset():
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (60, 4, 4, 1), np.uint8), rng.integers(0, 3, 60)
    return Dataset(images[:40], labels[:40], images[40:], labels[40:])


@pytest.mark.parametrize("recipe", [SGD, SGD._replace(optimizer="adam", learning_rate=0.01)])
@pytest.mark.parametrize(
    ("constructor", "forward"),
    [
        ("self.second = self.first", "x = self.second(x).relu()"),
        ("self.second = nn.Linear(16, 16); self.second.weight = self.first.weight", "x = x + 1"),
        ("self.twice = nn.BatchNorm1d(16)", "x = self.twice(self.twice(x))"),
        ("self.unused = nn.Linear(3, 3)", "pass"),
        ("self.first.requires_grad_(False)", "pass"),
        (
            "self.register_buffer('mean', torch.zeros(16), persistent=False)",
            "self.mean = 0.9 * self.mean + 0.1 * x.detach().mean(0) if self.training else self.mean"
            "\n        x = x - self.mean",
        ),
        ("self.part = nn.Buffer(torch.ones(32)); self.share = nn.Buffer(self.part[:16])", "x = -x"),
        ("self.rare = nn.Linear(16, 16)", "x = self.rare(x) if torch.rand(()) < 0.5 else x"),
    ],
)
def test_own_networks_resume(tmp_path, dataset, caplog, recipe, constructor, forward):
    (tmp_path / "nets.py").write_text(NET.format(constructor=constructor, forward=forward))

    def train(checkpoint=None):
        return train_network(
            dataset,
            dataset.y_train,
            dataset.y_test,
            loss=load_loss("label_smoothing"),
            matrix=np.eye(3),
            model={"kind": f"{tmp_path}/nets:Net"},
            recipe=recipe,
            seed=0,
            device="cpu",
            checkpoint=checkpoint,
        )

    caplog.set_level(logging.INFO)
    undisturbed = train()
    assert np.isfinite(undisturbed.log_probabilities).all()
    path = tmp_path / "cell.safetensors"
    with pytest.raises(KeyboardInterrupt):
        train(Killed(path, "key", every=2))
    resumed = train(Checkpoint(path, "key", every=2))
    assert "going on from epoch 3, step 0" in caplog.text
    assert_array_equal(resumed.log_probabilities, undisturbed.log_probabilities)
    assert resumed.train_loss == undisturbed.train_loss


def test_a_last_batch_of_one_ends_where_a_layer_does_not_take_it(tmp_path, dataset):
    constructor = "self.norm = nn.BatchNorm1d(16)"
    (tmp_path / "nets.py").write_text(NET.format(constructor=constructor, forward="x=self.norm(x)"))
    with pytest.raises(ValueError, match=r"more than 1 value per channel"):
        train_network(
            dataset,
            dataset.y_train,
            dataset.y_test,
            loss=load_loss("label_smoothing"),
            matrix=np.eye(3),
            model={"kind": f"{tmp_path}/nets:Net"},
            recipe=SGD._replace(batch_size=13),
            seed=0,
            device="cpu",
        )
