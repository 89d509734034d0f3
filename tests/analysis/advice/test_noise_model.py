"""The noise is found from given labels and the outputs of networks that do not follow it."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from label_smoothing.analysis.advice.noise_model import (
    fit_noise_matrix,
    fit_noise_model,
    probability_right,
    tempered,
    uniform_noise,
)
from label_smoothing.data.corrupt import corrupt_labels
from label_smoothing.theory.noise import pair_flip_transition, uniform_transition

M = 5


def hard_images(rng, N, sharpness):
    """Return probabilities of the right labels, and right labels drawn from them."""
    outputs = rng.standard_gamma(np.full((N, M), 1 / sharpness)) + 1e-12
    outputs /= outputs.sum(axis=1, keepdims=True)
    right = (outputs.cumsum(axis=1) < rng.random((N, 1))).sum(axis=1).clip(max=M - 1)
    return outputs, right


@pytest.mark.parametrize("sharpness", [4.0, 40.0])
@pytest.mark.parametrize("a", [0.5, 0.8, 1.0])
def test_the_rate_is_found_on_hard_and_on_easy_images(a, sharpness):
    rng = np.random.default_rng(1)
    outputs, right = hard_images(rng, 3000, sharpness)
    labels = corrupt_labels(right, uniform_transition(a, M), rng)
    found = uniform_noise(np.log(outputs), labels)
    assert_allclose(found.rate, (labels == right).mean(), atol=0.04)
    assert found.rate <= found.high < found.rate + 0.1


@pytest.mark.parametrize("power", [0.5, 2.0])
def test_outputs_that_are_too_sure_or_not_sure_enough_are_put_right(power):
    rng = np.random.default_rng(2)
    outputs, right = hard_images(rng, 4000, 6.0)
    labels = corrupt_labels(right, uniform_transition(0.7, M), rng)
    found = uniform_noise(np.log(tempered(np.log(outputs), 1 / power)), labels)
    assert_allclose(found.rate, 0.7, atol=0.04)
    assert_allclose(found.power, power, rtol=0.25)


@pytest.mark.parametrize("noise", [uniform_transition, pair_flip_transition])
def test_the_share_of_right_labels_is_below_its_upper_limit(noise):
    rng = np.random.default_rng(3)
    held = 0
    for _ in range(20):
        a = rng.uniform(0.6, 1.0)
        outputs, right = hard_images(rng, 300, 20.0)
        labels = corrupt_labels(right, noise(a, M), rng)
        held += (labels == right).mean() <= fit_noise_model(np.log(outputs), labels).most_right
    assert held >= 18


def test_a_matrix_is_found_with_lower_limits():
    rng = np.random.default_rng(4)
    outputs, right = hard_images(rng, 4000, 20.0)
    T = pair_flip_transition(0.7, M)
    found = fit_noise_model(np.log(outputs), corrupt_labels(right, T, rng))
    assert_allclose(found.T, T, atol=0.06)
    assert_allclose(found.T.sum(axis=0), 1)
    assert (found.least <= found.T).all()
    assert (found.least <= T + 0.03).all()


def test_a_class_without_images_keeps_a_column():
    outputs = np.tile([0.5, 0.5, 0.0], (50, 1))
    T = fit_noise_matrix(outputs, np.arange(50) % 2)
    assert_allclose(T.sum(axis=0), 1)
    assert np.isfinite(T).all()


def test_bayes_rule_by_hand():
    outputs, T = np.array([[0.8, 0.2]]), np.array([[0.9, 0.3], [0.1, 0.7]])
    assert_allclose(probability_right(outputs, np.array([1]), T), [[0.08 / 0.22, 0.14 / 0.22]])
