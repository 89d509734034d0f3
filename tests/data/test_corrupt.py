"""Noisy labels follow their matrix, and files of matrices are read or refused."""

import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from label_smoothing.data.corrupt import corrupt_labels, read_transition
from label_smoothing.theory.noise import (
    pair_flip_transition,
    scale_transition,
    uniform_transition,
)

UNEVEN = np.array([[0.9, 0.1, 0.0], [0.1, 0.6, 0.3], [0.0, 0.3, 0.7]])


def rng(seed=0):
    return np.random.default_rng(seed)


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


def test_labels_stay_in_range_at_the_edge_of_the_uniform_numbers():
    class Edge:
        def random(self, shape):
            return np.full(shape, np.nextafter(1, 0))

    noisy = corrupt_labels(np.arange(7), uniform_transition(0.3, 7), Edge())
    assert_array_equal(noisy, [6, 6, 6, 6, 6, 6, 5])
