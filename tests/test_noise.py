"""Transition matrices and the sampling of noisy labels."""

import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from label_smoothing.noise import corrupt_labels, transition_matrix, uniform_transition


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("M", [2, 3, 10])
@pytest.mark.parametrize("a", [0.0, 0.3, 1.0])
def test_uniform_transition(a, M):
    T = uniform_transition(a, M)
    assert_allclose(T.sum(axis=0), 1)
    assert_allclose(np.diag(T), a)
    assert_allclose(T[~np.eye(M, dtype=bool)], (1 - a) / (M - 1))


@pytest.mark.parametrize(("a", "M"), [(-0.1, 3), (1.1, 3), (float("nan"), 3), (0.5, 1)])
def test_uniform_transition_refuses(a, M):
    with pytest.raises(ValueError, match="allowed"):
        uniform_transition(a, M)


def test_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="transition kind is 'x', allowed: uniform"):
        transition_matrix("x", 0.5, 3)


@pytest.mark.parametrize(
    "T",
    [
        uniform_transition(0.6, 4),
        uniform_transition(0.7, 2),
        np.array([[0.5, 0.1, 0.0], [0.0, 0.2, 0.3], [0.5, 0.7, 0.7]]),
    ],
)
def test_labels_follow_the_transition(T):
    N, M = 30_000, len(T)
    for label in range(M):
        noisy = corrupt_labels(np.full(N, label), T, rng(label))
        share = np.bincount(noisy, minlength=M) / N
        error = np.sqrt(T[:, label] * (1 - T[:, label]) / N)
        assert np.all(np.abs(share - T[:, label]) <= 4.5 * error)


def test_no_noise_changes_nothing_and_full_noise_changes_all():
    labels = rng().integers(0, 5, 1000)
    assert_array_equal(corrupt_labels(labels, uniform_transition(1.0, 5), rng()), labels)
    assert not np.any(corrupt_labels(labels, uniform_transition(0.0, 5), rng()) == labels)


def test_flips_are_nested_over_the_clean_rate():
    labels = rng(1).integers(0, 10, 5000)
    rates = (0.9, 0.6, 0.3, 0.0)
    noisy = [corrupt_labels(labels, uniform_transition(a, 10), rng(2)) for a in rates]
    for less, more in itertools.pairwise(noisy):
        flipped = less != labels
        assert_array_equal(more[flipped], less[flipped])
        assert (more != labels).sum() > flipped.sum()


def test_labels_stay_in_range_at_the_edge_of_the_uniform_numbers():
    class Edge:
        def random(self, shape):
            return np.full(shape, np.nextafter(1, 0))

    noisy = corrupt_labels(np.arange(7), uniform_transition(0.3, 7), Edge())
    assert_array_equal(noisy, [6, 6, 6, 6, 6, 6, 5])
