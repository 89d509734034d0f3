"""A training of milliseconds, and one whose process dies."""

import numpy as np
import pytest

from label_smoothing.data.datasets import Dataset
from label_smoothing.theory.matrices import smoothing_matrix
from label_smoothing.training.checkpoints import Checkpoint
from label_smoothing.training.loop import train_network
from label_smoothing.training.losses.base import load_loss
from label_smoothing.training.recipe import Recipe

SGD = Recipe("sgd", 0.1, 0.9, "constant", epochs=4, batch_size=16)
ADAM = SGD._replace(optimizer="adam", learning_rate=0.01)


def made_up_images():
    """Return 40 images of 4x4 pixels and three classes to train on, and 20 to test."""
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (60, 4, 4, 1), np.uint8), rng.integers(0, 3, 60)
    return Dataset(images[:40], labels[:40], images[40:], labels[40:])


def train(model, recipe, *, loss=None, p=1.0, checkpoint=None):
    dataset = made_up_images()
    return train_network(
        dataset,
        dataset.y_train,
        dataset.y_test,
        loss=loss or load_loss("label_smoothing"),
        matrix=smoothing_matrix(p, 3),
        model=model,
        recipe=recipe,
        seed=0,
        device="cpu",
        checkpoint=checkpoint,
    )


class Killed(Checkpoint):
    """A checkpoint of a process that dies right after it has written its state once."""

    def save(self, tensors, state):
        super().save(tensors, state)
        raise KeyboardInterrupt


def killed_and_resumed(train, path, every, **arguments):
    """Return what a training gives that dies after so many epochs and goes on from its state."""
    with pytest.raises(KeyboardInterrupt):
        train(**arguments, checkpoint=Killed(path, "key", every))
    return train(**arguments, checkpoint=Checkpoint(path, "key", every))
