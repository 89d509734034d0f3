"""Transition matrices and the sampling of noisy labels."""

import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from label_smoothing.data.noise import (
    corrupt_labels,
    match_probabilities,
    pair_flip_transition,
    read_transition,
    scale_transition,
    transition_matrix,
    uniform_transition,
)
from label_smoothing.theory.matrices import alpha_joint, beta_joint, mean_field_p
from label_smoothing.theory.rates import match_probability


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("M", [2, 3, 10])
@pytest.mark.parametrize("a", [0.0, 0.3, 1.0])
def test_uniform_transition(a, M):
    T = uniform_transition(a, M)
    assert_allclose(T.sum(axis=0), 1)
    assert_allclose(np.diag(T), a)
    assert_allclose(T[~np.eye(M, dtype=bool)], (1 - a) / (M - 1))


def test_pair_flip_moves_each_class_to_the_next():
    T = pair_flip_transition(0.7, 4)
    assert_allclose(T.sum(axis=0), 1)
    assert_allclose(np.diag(T), 0.7)
    assert_allclose([T[1, 0], T[2, 1], T[3, 2], T[0, 3]], 0.3)
    assert np.count_nonzero(T) == 8
    assert_allclose(pair_flip_transition(0.7, 2), uniform_transition(0.7, 2))


@pytest.mark.parametrize("transition", [uniform_transition, pair_flip_transition])
@pytest.mark.parametrize(("a", "M"), [(-0.1, 3), (1.1, 3), (float("nan"), 3), (0.5, 1)])
def test_transition_refuses_what_is_out_of_range(transition, a, M):
    with pytest.raises(ValueError, match="allowed"):
        transition(a, M)


def test_every_kind_has_its_matrix():
    assert_allclose(transition_matrix("uniform", 0.8, 3), uniform_transition(0.8, 3))
    assert_allclose(transition_matrix("pair_flip", 0.8, 3), pair_flip_transition(0.8, 3))
    shape = pair_flip_transition(0.5, 3)
    assert_allclose(transition_matrix("file", 0.8, 3, shape), pair_flip_transition(0.8, 3))
    with pytest.raises(ValueError, match=r"matrix is \(3, 3\), allowed here: \(4, 4\)"):
        transition_matrix("file", 0.8, 4, shape)
    with pytest.raises(ValueError, match="transition kind is 'x', allowed: file, pair_flip, unif"):
        transition_matrix("x", 0.5, 3)


UNEVEN = np.array([[0.9, 0.1, 0.0], [0.1, 0.6, 0.3], [0.0, 0.3, 0.7]])


def test_scaling_sets_the_clean_rate_and_keeps_the_shape():
    for a in (1.0, 0.8, 0.5):
        T = scale_transition(UNEVEN, a)
        assert_allclose(np.diag(T).mean(), a)
        assert_allclose(T.sum(axis=0), 1)
        off = ~np.eye(3, dtype=bool)
        assert_allclose(T[off] * (1 - np.trace(UNEVEN) / 3), UNEVEN[off] * (1 - a), atol=1e-15)
    assert_array_equal(scale_transition(UNEVEN, 1.0), np.eye(3))


def test_scaling_stops_where_a_class_has_no_label_left():
    lowest = 1 - (1 - np.trace(UNEVEN) / 3) / 0.4
    assert_allclose(scale_transition(UNEVEN, lowest)[1, 1], 0, atol=1e-12)
    with pytest.raises(ValueError, match=r"a is 0.3, allowed .* 0.333333 <= a <= 1.* class 1"):
        scale_transition(UNEVEN, 0.3)


@pytest.mark.parametrize("name", ["T.csv", "T.npy"])
def test_matrix_file_is_read(tmp_path, name):
    path = tmp_path / name
    np.save(path, UNEVEN) if name.endswith("npy") else np.savetxt(path, UNEVEN, delimiter=",")
    assert_allclose(read_transition(path), UNEVEN)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("0.5,0.5", r"the shape is \(1, 2\)"),
        ("1.0", r"the shape is \(1, 1\)"),
        ("0.9,0.2\n0.2,0.8", "column 0 sums to 1.1"),
        ("0.9,0.1\n0.2,0.8", "column 0 sums to 1.1"),
        ("1.1,0\n-0.1,1", r"entry \[0, 0\] is 1.1"),
        ("nan,0\n0,1", r"entry \[0, 0\] is nan"),
        ("1,0\n0,1", "the identity"),
        ("a,b\nc,d", "could not convert string"),
    ],
)
def test_bad_matrix_file_is_refused(tmp_path, content, message):
    path = tmp_path / "T.csv"
    path.write_text(content)
    with pytest.raises(ValueError, match=f"matrix .*T.csv: .*{message}"):
        read_transition(path)


def test_matrix_file_of_another_kind_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"the ending is '.mat', allowed: .csv, .npy"):
        read_transition(tmp_path / "T.mat")
    np.save(tmp_path / "T.npy", np.array([[{}]], dtype=object))
    with pytest.raises(ValueError, match=r"no whole array of numbers, allowed: what numpy\.save"):
        read_transition(tmp_path / "T.npy")


@pytest.mark.parametrize(
    "T", [UNEVEN, uniform_transition(0.6, 4), pair_flip_transition(0.6, 3), np.eye(5)]
)
def test_match_probabilities_are_the_traces_of_the_joints(T):
    prior = np.arange(1, len(T) + 1) / np.arange(1, len(T) + 1).sum()
    match = match_probabilities(T, prior)
    assert_allclose(match["alpha"], mean_field_p(alpha_joint(T, prior)))
    assert_allclose(match["beta"], mean_field_p(beta_joint(T, prior)))
    assert match["gamma"] == match["alpha"]
    if np.array_equal(T, np.eye(len(T))):
        assert match["alpha"] == match["beta"] == 1.0


@pytest.mark.parametrize("M", [2, 3, 10])
def test_match_probabilities_of_uniform_noise_are_the_formulas(M):
    for a in (0.3, 0.9, 1.0):
        match = match_probabilities(uniform_transition(a, M), np.full(M, 1 / M))
        assert_allclose(match["alpha"], a)
        assert_allclose(match["beta"], match_probability(a, M, "beta"))


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


@pytest.mark.parametrize(
    ("family", "M"),
    [
        (lambda a: uniform_transition(a, 10), 10),
        (lambda a: uniform_transition(a, 2), 2),
        (lambda a: pair_flip_transition(a, 10), 10),
        (lambda a: scale_transition(UNEVEN, a), 3),
    ],
)
def test_flips_are_nested_over_the_clean_rate(family, M):
    labels = rng(1).integers(0, M, 5000)
    rates = (0.9, 0.6, 0.4)
    noisy = [corrupt_labels(labels, family(a), rng(2)) for a in rates]
    for less, more in itertools.pairwise(noisy):
        flipped = less != labels
        assert_array_equal(more[flipped], less[flipped])
        assert (more != labels).sum() > flipped.sum()


def test_match_probabilities_never_leave_their_range():
    # Half of the classes flip all their labels, to one class each.
    T = np.eye(10) - 0.4 * np.diag([1] * 5 + [0] * 5)
    T[[1, 2, 3, 4, 0], range(5)] = 0.4
    assert match_probabilities(scale_transition(T, 0.5), np.full(10, 0.1))["beta"] == 1


def test_labels_stay_in_range_at_the_edge_of_the_uniform_numbers():
    class Edge:
        def random(self, shape):
            return np.full(shape, np.nextafter(1, 0))

    noisy = corrupt_labels(np.arange(7), uniform_transition(0.3, 7), Edge())
    assert_array_equal(noisy, [6, 6, 6, 6, 6, 6, 5])
