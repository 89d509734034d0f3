"""Losses with parameters and a warm-up, in trainings."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from label_smoothing.data.datasets import Dataset
from label_smoothing.theory.matrices import smoothing_matrix
from label_smoothing.training.checkpoints import Checkpoint
from label_smoothing.training.loop import train_network
from label_smoothing.training.losses.base import load_loss
from label_smoothing.training.recipe import Recipe

RECIPE = Recipe("adam", 0.01, 0.9, "constant", epochs=4, batch_size=20)
CLASSES = 3


@pytest.fixture(scope="module")
def dataset():
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (60, 4, 4, 1), np.uint8), rng.integers(0, 3, 60)
    return Dataset(images[:40], labels[:40], images[40:], labels[40:])


def train(dataset, loss, p=1.0, checkpoint=None):
    return train_network(
        dataset,
        dataset.y_train,
        dataset.y_test,
        loss=loss,
        matrix=smoothing_matrix(p, CLASSES),
        model={"kind": "mlp", "hidden": [16]},
        recipe=RECIPE,
        seed=0,
        device="cpu",
        checkpoint=checkpoint,
    )


def seen(result):
    """Return the history's test losses, which do not depend on what is minimised."""
    return [row["test_loss"] for row in result.history]


def test_the_warm_up_trains_by_cross_entropy_and_what_follows_by_the_method(dataset):
    plain, smooth = (train(dataset, load_loss("label_smoothing"), p) for p in (1.0, 0.6))
    warm = train(dataset, load_loss("label_smoothing", warm_up_epochs=2), 0.6)
    assert seen(warm)[:2] == pytest.approx(seen(plain)[:2], rel=1e-6)
    assert seen(warm)[2:] != pytest.approx(seen(plain)[2:], rel=1e-3)
    assert seen(warm) != pytest.approx(seen(smooth), rel=1e-3)


@pytest.mark.parametrize("every", [1, 2, 3])
def test_a_training_resumes_within_and_after_its_warm_up(dataset, tmp_path, every):
    class Killed(Checkpoint):
        def save(self, tensors, state):
            super().save(tensors, state)
            raise KeyboardInterrupt

    loss = load_loss("generalised_cross_entropy", q=0.7, warm_up_epochs=2)
    path = tmp_path / "cell.safetensors"
    with pytest.raises(KeyboardInterrupt):
        train(dataset, loss, checkpoint=Killed(path, "key", every))
    resumed = train(dataset, loss, checkpoint=Checkpoint(path, "key", every))
    undisturbed = train(dataset, loss)
    assert_array_equal(resumed.log_probabilities, undisturbed.log_probabilities)
    assert seen(resumed) == seen(undisturbed)


def test_the_parameter_of_a_loss_reaches_the_training(dataset):
    small, large = (
        train(dataset, load_loss("generalised_cross_entropy", q=q)) for q in (1e-6, 1.0)
    )
    plain = train(dataset, load_loss("label_smoothing"))
    assert seen(small) == pytest.approx(seen(plain), rel=1e-3)
    assert seen(large) != pytest.approx(seen(plain), rel=1e-2)
