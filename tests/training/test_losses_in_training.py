"""Losses with parameters and a warm-up, in trainings."""

from functools import partial

import pytest
from numpy.testing import assert_array_equal
from small_trainings import ADAM, killed_and_resumed, train

from label_smoothing.training.losses.base import load_loss

train = partial(train, {"kind": "mlp", "hidden": [16]}, ADAM)


def seen(result):
    """Return the history's test losses, which do not depend on what is minimised."""
    return [row["test_loss"] for row in result.history]


def test_the_warm_up_trains_by_cross_entropy_and_what_follows_by_the_method():
    plain, smooth = train(p=1.0), train(p=0.6)
    warm = train(loss=load_loss("label_smoothing", warm_up_epochs=2), p=0.6)
    assert seen(warm)[:2] == pytest.approx(seen(plain)[:2], rel=1e-6)
    assert seen(warm)[2:] != pytest.approx(seen(plain)[2:], rel=1e-3)
    assert seen(warm) != pytest.approx(seen(smooth), rel=1e-3)


@pytest.mark.parametrize("every", [1, 2, 3])
def test_a_training_resumes_within_and_after_its_warm_up(tmp_path, every):
    loss = load_loss("generalised_cross_entropy", q=0.7, warm_up_epochs=2)
    resumed = killed_and_resumed(train, tmp_path / "cell.safetensors", every, loss=loss)
    undisturbed = train(loss=loss)
    assert_array_equal(resumed.log_probabilities, undisturbed.log_probabilities)
    assert seen(resumed) == seen(undisturbed)


def test_the_parameter_of_a_loss_reaches_the_training():
    small, large = (train(loss=load_loss("generalised_cross_entropy", q=q)) for q in (1e-6, 1.0))
    plain = train()
    assert seen(small) == pytest.approx(seen(plain), rel=1e-3)
    assert seen(large) != pytest.approx(seen(plain), rel=1e-2)
