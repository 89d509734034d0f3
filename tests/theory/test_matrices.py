"""Joints, optimal matrices and mean field against brute force and numerical optimisers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from identities import mean_field_gap
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import minimize, minimize_scalar
from scipy.special import log_softmax, softmax

from label_smoothing.theory.matrices import (
    alpha_joint,
    beta_joint,
    mean_field_p,
    optimal_matrix,
    smoothing_matrix,
)
from label_smoothing.theory.memorising import loss, matrix_loss, optimum
from label_smoothing.theory.noise import pair_flip_transition

# A failure must not depend on the day, nor on how busy the machine is.
fixed = settings(derandomize=True, max_examples=50, deadline=None)

pytestmark = pytest.mark.filterwarnings("error")


def random_columns(rng, M):
    return rng.dirichlet(np.full(M, 0.7), size=M).T


def random_doubly_stochastic(rng, M):
    return sum(w * np.eye(M)[rng.permutation(M)] for w in rng.dirichlet(np.ones(4)))


@pytest.fixture(params=[2, 3, 5])
def case(request):
    """Seeded T without symmetry and a prior without uniformity."""
    rng = np.random.default_rng(request.param)
    return random_columns(rng, request.param), rng.dirichlet(np.full(request.param, 2.0))


def brute_force_joints(T, prior):
    M = len(prior)
    alpha, beta = np.zeros((M, M)), np.zeros((M, M))
    for clean in range(M):
        for train in range(M):
            alpha[clean, train] += prior[clean] * T[train, clean]
            for test in range(M):
                beta[test, train] += prior[clean] * T[train, clean] * T[test, clean]
    return alpha, beta


def test_joints_match_brute_force(case):
    T, prior = case
    alpha, beta = brute_force_joints(T, prior)
    assert_allclose(alpha_joint(T, prior), alpha, rtol=1e-12)
    assert_allclose(beta_joint(T, prior), beta, rtol=1e-12)
    for joint in (alpha_joint, beta_joint):
        assert_allclose(joint(T, prior).sum(axis=0), T @ prior, rtol=1e-12)
        uniform = np.full(len(T), 1 / len(T))
        assert_array_equal(joint(T), joint(T, uniform))


@pytest.mark.parametrize("joint", [alpha_joint, beta_joint])
def test_optimal_matrix_matches_a_numerical_optimiser(joint, case):
    J = joint(*case)
    M = len(J)

    def loss(logits):
        return -np.sum(J * log_softmax(logits.reshape(M, M), axis=0))

    def gradient(logits):
        return (softmax(logits.reshape(M, M), axis=0) * J.sum(axis=0) - J).ravel()

    found = minimize(loss, np.zeros(M * M), jac=gradient, method="BFGS", options={"gtol": 1e-9})
    S = optimal_matrix(J)
    assert_allclose(S, softmax(found.x.reshape(M, M), axis=0), atol=1e-5)
    assert_allclose(S.sum(axis=0), 1, rtol=1e-12)
    assert_allclose(matrix_loss(S, J), found.fun, rtol=1e-9)


@pytest.mark.parametrize("joint", [alpha_joint, beta_joint])
def test_mean_field_matches_a_numerical_optimiser(joint, case):
    J = joint(*case)
    M = len(J)
    p = mean_field_p(J)
    found = minimize_scalar(
        lambda p: matrix_loss(smoothing_matrix(p, M), J),
        bounds=(0, 1),
        method="bounded",
        options={"xatol": 1e-10},
    )
    assert_allclose(p, found.x, atol=1e-6)
    best = matrix_loss(optimal_matrix(J), J)
    assert_allclose(mean_field_gap(J), found.fun - best, rtol=1e-9)
    n = J.sum(axis=0)
    conditional_entropy = -np.sum(J * np.log(J / n))
    entropy = loss(p, p, M, "alpha")  # H(p) + (1 - p) log(M - 1)
    assert_allclose(mean_field_gap(J), entropy - conditional_entropy, rtol=1e-9)


def test_mean_field_of_named_matrices():
    T, prior = random_columns(np.random.default_rng(8), 4), np.array([0.1, 0.2, 0.3, 0.4])
    assert_allclose(mean_field_p(alpha_joint(T, prior)), prior @ np.diag(T))
    assert_allclose(mean_field_p(beta_joint(T, prior)), (T**2).sum(axis=0) @ prior)
    D = random_doubly_stochastic(np.random.default_rng(9), 4)
    assert_allclose(optimal_matrix(alpha_joint(D)), D.T, atol=1e-14)
    assert_allclose(optimal_matrix(beta_joint(D)), D @ D.T, atol=1e-14)


@fixed
@given(seed=st.integers(0, 2**32 - 1), M=st.integers(2, 8))
def test_gap_is_never_negative_and_beta_exceeds_its_uniform_formula(seed, M):
    rng = np.random.default_rng(seed)
    T, prior = random_columns(rng, M), rng.dirichlet(np.ones(M))
    alpha, beta = alpha_joint(T, prior), beta_joint(T, prior)
    assert mean_field_gap(alpha) >= 0
    assert mean_field_gap(beta) >= 0
    rate = mean_field_p(alpha)
    assert mean_field_p(beta) >= optimum(rate, M, "beta") - 1e-12


def test_beta_depends_on_more_than_the_mean_clean_rate():
    a, M = 0.6, 5
    uniform, pairs = smoothing_matrix(a, M), pair_flip_transition(a, M)
    alpha = [mean_field_p(alpha_joint(T)) for T in (uniform, pairs)]
    beta = [mean_field_p(beta_joint(T)) for T in (uniform, pairs)]
    assert_allclose(alpha, [a, a])
    assert_allclose(beta, [0.4, 0.52])


def test_matrix_functions_at_the_limits():
    clean = alpha_joint(np.eye(3))
    assert_array_equal(optimal_matrix(clean), np.eye(3))
    assert matrix_loss(np.eye(3), clean) == 0
    assert mean_field_p(clean) == 1
    assert mean_field_gap(clean) == 0
    flipped = alpha_joint(pair_flip_transition(0.9, 3))
    assert matrix_loss(np.eye(3), flipped) == np.inf
    # A class that never occurs leaves its column free.
    absent = alpha_joint(np.eye(3), [0.5, 0.5, 0])
    assert_array_equal(optimal_matrix(absent)[:, 2], [1 / 3] * 3)
    nearly = np.array([[0.5, 1e-20], [1e-20, 0.5]])
    assert np.isfinite(mean_field_gap(nearly))


GOOD_T = [[0.9, 0.2], [0.1, 0.8]]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: alpha_joint([[0.9, 0.2], [0.2, 0.8]]), r"T: column 0 sums to 1\.1; allowed: 1"),
        (lambda: alpha_joint([[1.1, 0], [-0.1, 1]]), r"T: entry \[0, 0\] is 1\.1; allowed: 0 to 1"),
        (lambda: alpha_joint([[np.nan, 0], [0, 1]]), r"T: entry \[0, 0\] is nan; allowed: 0 to 1"),
        (
            lambda: beta_joint([[1, 0, 0], [0, 1, 0]]),
            r"T: the shape is \(2, 3\); allowed",
        ),
        (lambda: beta_joint(GOOD_T, [0.5, 0.4]), r"prior: the sum is 0\.9; allowed: 1"),
        (lambda: beta_joint(GOOD_T, [1.5, -0.5]), r"an entry of prior is 1\.5; allowed: 0 to 1"),
        (lambda: alpha_joint(GOOD_T, [1]), r"prior: the shape is \(1,\); allowed: \(2,\)"),
        (lambda: optimal_matrix(GOOD_T), "J: the sum is 2; allowed: 1"),
        (lambda: smoothing_matrix(0.5, 1), "M is 1; allowed: an integer >= 2"),
    ],
)
def test_bad_matrices_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
