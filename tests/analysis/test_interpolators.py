"""Interpolators put out the vote theory: k follows from their weights, before any label is seen."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.datasets import load_digits

from label_smoothing.analysis.interpolators import (
    compare_votes,
    effective_labels,
    interpolation_weights,
    neural_tangent_kernel,
    noise_variance,
    shares,
    standardised,
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


def test_inputs_are_standardised_as_in_trainings():
    rng = np.random.default_rng(0)
    train, test = rng.integers(0, 256, (2, 20, 4, 3, 1), dtype=np.uint8)
    x_train, x_test = standardised(train, test)
    assert x_train.shape == x_test.shape == (20, 12)
    assert_allclose([x_train.mean(), x_train.std()], [0, 1], atol=1e-12)
    assert_allclose(x_test * train.std() + train.mean(), test.reshape(20, -1))
    features = np.array([[1.0, 5.0], [3.0, 5.0]])  # one that never changes says nothing
    assert_allclose(standardised(features, features + 1)[0], [[-1, 0], [1, 0]])
    assert_allclose(standardised(features, features + 1)[1], [[0, 0], [2, 0]])


def test_equal_and_constant_samples_have_finite_weights():
    x = np.repeat([[0.0, 0.0], [1.0, 2.0]], [5, 2], axis=0)
    for name, alpha in interpolation_weights(x, x[[0, 5]]).items():
        assert np.isfinite(alpha).all(), name
    alpha = interpolation_weights(x, x[[5]])["inverse distance"]
    assert_allclose(alpha, [[0, 0, 0, 0, 0, 0.5, 0.5]])


def noisy(y_train, a, draws):
    rng = np.random.default_rng(7)
    moved = rng.random((draws, len(y_train))) > a
    return (y_train + moved * rng.integers(1, M, moved.shape)) % M


def k_by_source(table):
    return table.set_index("source")[["k", "k_low", "k_high"]]


def test_all_ways_of_measuring_find_the_k_that_was_put_in():
    # Each test sample draws on its own training samples, all of its class, by weights whose shares
    # are nearly the theory's Dirichlet: sizes of its pieces, labels of each by the noise.
    rng = np.random.default_rng(3)
    count, pieces, k, a = 200, 30, 2.5, 0.6
    y_test = np.arange(count) % M
    sizes = rng.dirichlet(np.full(pieces, (k - 1) / pieces), size=count)
    alpha = np.zeros((count, count * pieces))
    for row, (here, size) in enumerate(zip(alpha, sizes, strict=True)):
        here[row * pieces : (row + 1) * pieces] = size
    y_train = np.repeat(y_test, pieces)
    labels = {a: noisy(y_train, a, 10)}
    table = compare_votes({"w": alpha}, y_train, y_test, labels, [0.5, 0.9, 1.0], M)
    found = k_by_source(table)
    computed = 1 / np.square(sizes).sum(axis=1).mean()
    # Pieces of finite number are a little coarser than the Dirichlet of the limit.
    assert_allclose(computed, k / (1 + (k - 1) / pieces), rtol=0.05)
    assert_allclose(found.loc[["weights", "noise"], "k"], computed)
    for source in ("spread within images", "spread", "accuracy", "losses", "losses at purity"):
        assert_allclose(found.loc[source, "k"], computed, rtol=0.08, err_msg=source)
        assert found.loc[source, "k_low"] < found.loc[source, "k"] < found.loc[source, "k_high"]
    assert table["purity"].eq(1).all()
    assert table["negative"].eq(0).all()
    assert table["outside"].eq(0).all()
    assert table["distance"].max() < 0.05
    # Other labels than those of the clean rate that is named are another k.
    wrong = compare_votes({"w": alpha}, y_train, y_test, {0.9: labels[a]}, [0.5], M)
    assert k_by_source(wrong).loc["spread", "k"] < 1


def test_what_bends_the_theory_is_told(digits, weights):
    _, y_train, _, y_test = digits
    labels = {0.5: noisy(y_train, 0.5, 10)}
    table = compare_votes(weights, y_train, y_test, labels, [0.5, 0.9], M)
    first = table.groupby("interpolator").first()
    assert first.loc["inverse distance", "negative"] == 0
    assert (first.drop("inverse distance")["negative"] > 0.2).all()
    assert (first["purity"] < 1).all()
    for name, rows in table.groupby("interpolator"):
        found = k_by_source(rows)
        assert_allclose(found.loc["weights", "k"], 1 / np.square(weights[name]).sum(1).mean())
        assert_allclose(
            found.loc["spread within images", "k"], found.loc["noise", "k"], rtol=0.1, err_msg=name
        )


def test_without_a_p_that_tells_k_there_are_no_losses(digits, weights):
    _, y_train, _, y_test = digits
    alpha = {"w": weights["inverse distance"]}
    labels = {0.05: noisy(y_train, 0.05, 2)}
    table = compare_votes(alpha, y_train, y_test, labels, [0.05, 1.0], M)
    assert not table["source"].str.startswith("losses").any()
    assert np.isnan(k_by_source(table).loc["accuracy", "k"])  # at most chance
    assert compare_votes(alpha, y_train, y_test, {}, [0.5], M).empty
