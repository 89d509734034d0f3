"""Interpolators put out the vote theory: k follows from their weights, before any label is seen."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.datasets import load_digits

from label_smoothing.analysis.interpolators import (
    effective_labels,
    interpolation_weights,
    neural_tangent_kernel,
    noise_variance,
    shares,
)

M = 10


@pytest.fixture(scope="module")
def digits():
    data = load_digits()
    x = (data.images.reshape(len(data.images), -1) - data.images.mean()) / data.images.std()
    return x[:300], data.target[:300], x[300:380], data.target[300:380]


@pytest.fixture(scope="module")
def weights(digits):
    x_train, _, x_test, _ = digits
    return interpolation_weights(x_train, x_test)


def test_an_interpolator_returns_the_label_of_a_training_sample(digits):
    x_train, y_train, _, _ = digits
    near = x_train[:20] + 1e-9
    for name, alpha in interpolation_weights(x_train, near).items():
        share = shares(alpha, y_train, M)
        assert_allclose(share, np.eye(M)[y_train[:20]], atol=2e-3, err_msg=name)


def test_effective_labels_of_means():
    assert_allclose(effective_labels([[1, 0, 0, 0], [0.5, 0.5, 0, 0], [0.25] * 4]), [1, 2, 4])
    # A weight that is negative makes others larger, and the mean noisier than one label.
    assert effective_labels([[1.2, -0.2]])[0] < 1


def test_shares_sum_to_one_and_fall_back_to_uniform():
    assert_allclose(shares([[0.5, 0.3]], [2, 0], 4), [[0.35, 0.05, 0.55, 0.05]])


@pytest.mark.parametrize("a", [0.3, 0.7])
def test_noise_varies_as_the_weights_say(digits, weights, a):
    _, y_train, _, y_test = digits
    rng = np.random.default_rng(0)
    draws = 400
    moved = rng.random((draws, len(y_train))) > a
    labels = (y_train + moved * rng.integers(1, M, moved.shape)) % M
    for name, alpha in weights.items():
        drawn = np.stack([shares(alpha, row, M)[np.arange(len(y_test)), y_test] for row in labels])
        expected = noise_variance(alpha, y_train, y_test, a, M)
        # The mean over samples of a variance of 400 draws is known to a few percent.
        assert_allclose(drawn.var(axis=0, ddof=1).mean(), expected.mean(), rtol=0.05, err_msg=name)


def test_where_all_neighbours_agree_k_is_a_number_of_labels(weights):
    alpha = weights["Laplace"]
    same = np.zeros(alpha.shape[1], dtype=int)
    variance = noise_variance(alpha, same, np.zeros(len(alpha), dtype=int), 0.6, M)
    assert_allclose(0.6 * 0.4 / variance, effective_labels(alpha))


def test_neural_tangent_kernel():
    x = np.array([[1.0, 0.0], [0.0, 2.0], [-3.0, 0.0]])
    kernel = neural_tangent_kernel(x, x)
    # Of a sample with itself: |x|^2 (layers + 1); of opposite ones: kappa_0 and kappa_1 vanish.
    assert_allclose(np.diag(kernel), 2 * np.square([1, 2, 3]))
    assert_allclose(kernel[0, 2], 0, atol=1e-12)
    # Of orthogonal ones: u kappa_0(u) + kappa_1(u) = 1/pi at u = 0.
    assert_allclose(kernel[0, 1], 2 / np.pi)
    assert_allclose(np.diag(neural_tangent_kernel(x, x, 3)), 4 * np.square([1, 2, 3]))


def test_ntk_is_that_of_a_wide_network():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(3, 4))
    width = 400_000
    w, v = rng.normal(size=(width, 4)), rng.normal(size=width)
    hidden = np.maximum(x @ w.T, 0)
    slope = (x @ w.T > 0) * v
    # Gradients with respect to v and w, each unit weighing 2/width.
    empirical = 2 / width * (hidden @ hidden.T + (x @ x.T) * (slope @ slope.T))
    assert_allclose(empirical, neural_tangent_kernel(x, x), rtol=0.02, atol=0.02)
