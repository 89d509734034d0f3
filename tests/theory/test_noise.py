"""Transition matrices, and how often a noisy label is the one that is asked for."""

import re

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from label_smoothing.theory.matrices import alpha_joint, beta_joint, mean_field_p
from label_smoothing.theory.noise import (
    match_probabilities,
    pair_flip_transition,
    scale_transition,
    transition_matrix,
    uniform_transition,
)
from label_smoothing.theory.rates import match_probability

UNEVEN = np.array([[0.9, 0.1, 0.0], [0.1, 0.6, 0.3], [0.0, 0.3, 0.7]])


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
    for matrix, found in ((shape, "(3, 3)"), (None, "None")):
        with pytest.raises(ValueError, match=re.escape(f"{found}, allowed here: (4, 4)")):
            transition_matrix("file", 0.8, 4, matrix)
    with pytest.raises(ValueError, match="is the identity; allowed: one with noise"):
        transition_matrix("file", 0.8, 3, np.eye(3))
    with pytest.raises(ValueError, match="transition kind is 'x', allowed: file, pair_flip, unif"):
        transition_matrix("x", 0.5, 3)


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


def test_match_probabilities_never_leave_their_range():
    # Half of the classes flip all their labels, to one class each.
    T = np.eye(10) - 0.4 * np.diag([1] * 5 + [0] * 5)
    T[[1, 2, 3, 4, 0], range(5)] = 0.4
    assert match_probabilities(scale_transition(T, 0.5), np.full(10, 0.1))["beta"] == 1
