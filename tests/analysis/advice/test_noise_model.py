"""The noise is found from given labels and the outputs of networks that do not follow it."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from label_smoothing.analysis.advice.noise_model import (
    fit_noise_matrix,
    most_suspicious,
    noise_matrix,
    probability_right,
    rate_likelihood,
    tempered,
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
    found = rate_likelihood(np.log(outputs), labels)
    assert_allclose(found.estimate, (labels == right).mean(), atol=0.04)
    assert found.low <= found.estimate <= found.high < found.low + 0.2


@pytest.mark.parametrize("power", [0.5, 2.0])
def test_outputs_that_are_too_sure_or_not_sure_enough_are_put_right(power):
    rng = np.random.default_rng(2)
    outputs, right = hard_images(rng, 4000, 6.0)
    labels = corrupt_labels(right, uniform_transition(0.7, M), rng)
    found = rate_likelihood(np.log(tempered(np.log(outputs), 1 / power)), labels)
    assert found.low <= 0.7 <= found.high
    assert_allclose(found.power, power, rtol=0.25)


def test_nine_of_ten_intervals_hold_the_rate():
    rng = np.random.default_rng(3)
    held = 0
    for _ in range(40):
        a = rng.uniform(0.4, 1.0)
        outputs, right = hard_images(rng, 400, 10.0)
        labels = corrupt_labels(right, uniform_transition(a, M), rng)
        found = rate_likelihood(np.log(outputs), labels)
        held += found.low <= a <= found.high
    assert held >= 36


def test_a_matrix_is_found_and_known_not_to_be_uniform():
    rng = np.random.default_rng(4)
    outputs, right = hard_images(rng, 4000, 20.0)
    T = pair_flip_transition(0.7, M)
    labels = corrupt_labels(right, T, rng)
    found = noise_matrix(outputs, labels)
    assert_allclose(found.T, T, atol=0.06)
    assert_allclose(found.T.sum(axis=0), 1)
    assert found.p_value < 0.02
    value, low, high = found.clean_rate
    assert low <= 0.7 <= high
    assert low < value < high


def test_uniform_noise_is_not_called_anything_else():
    rng = np.random.default_rng(5)
    called = 0
    for _ in range(10):
        outputs, right = hard_images(rng, 300, 10.0)
        labels = corrupt_labels(right, uniform_transition(0.7, M), rng)
        called += noise_matrix(outputs, labels).p_value <= 0.05
    assert called <= 2


def test_a_class_without_images_keeps_a_column():
    outputs = np.tile([0.5, 0.5, 0.0], (50, 1))
    T = fit_noise_matrix(outputs, np.arange(50) % 2)
    assert_allclose(T.sum(axis=0), 1)
    assert np.isfinite(T).all()


def test_bayes_rule_by_hand():
    outputs, T = np.array([[0.8, 0.2]]), np.array([[0.9, 0.3], [0.1, 0.7]])
    assert_allclose(probability_right(outputs, np.array([1]), T), [[0.08 / 0.22, 0.14 / 0.22]])


def test_labels_that_are_the_most_probable_ones_are_no_suspects():
    right = np.array([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6], [0.7, 0.3]])
    assert most_suspicious(right, np.array([1, 0, 0, 0]), 5).tolist() == [0, 1, 2]
    assert most_suspicious(right, np.array([1, 0, 0, 0]), 2).tolist() == [0, 1]
