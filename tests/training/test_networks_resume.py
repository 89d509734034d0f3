"""Trainings of networks of the user's own go on from their checkpoints with the same bits."""

import logging

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from small_trainings import ADAM, SGD, killed_and_resumed, train

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


@pytest.mark.parametrize("recipe", [SGD, ADAM])
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
def test_own_networks_resume(tmp_path, caplog, recipe, constructor, forward):
    (tmp_path / "nets.py").write_text(NET.format(constructor=constructor, forward=forward))
    own = {"model": {"kind": f"{tmp_path}/nets:Net"}, "recipe": recipe}
    caplog.set_level(logging.INFO)
    undisturbed = train(**own)
    assert np.isfinite(undisturbed.log_probabilities).all()
    resumed = killed_and_resumed(train, tmp_path / "cell.safetensors", 2, **own)
    assert "going on from epoch 3, step 0" in caplog.text
    assert_array_equal(resumed.log_probabilities, undisturbed.log_probabilities)
    assert resumed.train_loss == undisturbed.train_loss


def test_a_last_batch_of_one_ends_where_a_layer_does_not_take_it(tmp_path):
    constructor = "self.norm = nn.BatchNorm1d(16)"
    (tmp_path / "nets.py").write_text(NET.format(constructor=constructor, forward="x=self.norm(x)"))
    with pytest.raises(ValueError, match=r"more than 1 value per channel"):
        train({"kind": f"{tmp_path}/nets:Net"}, SGD._replace(batch_size=13))
