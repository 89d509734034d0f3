"""Averaging networks, curvature, cost of mean field, losses of section 6.2."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from identities import averaged_loss, loss_curvature, mean_field_gap
from numpy.testing import assert_allclose, assert_array_less
from scipy.special import log_softmax, logsumexp

from label_smoothing.data.corrupt import corrupt_labels
from label_smoothing.theory.checks import ASSUMPTIONS
from label_smoothing.theory.matrices import (
    alpha_joint,
    beta_joint,
    mean_field_p,
    smoothing_matrix,
)
from label_smoothing.theory.memorising import loss
from label_smoothing.theory.noise import pair_flip_transition
from label_smoothing.theory.rates import kappa, match_probability

# A failure must not depend on the day, nor on how busy the machine is.
fixed = settings(derandomize=True, max_examples=50, deadline=None)

pytestmark = pytest.mark.filterwarnings("error")

inner = st.floats(1e-6, 1 - 1e-6)


def test_averaging_network_prefers_no_smoothing():
    p = np.linspace(0, 1, 11)
    averaged = averaged_loss(p, 0.8, 5)
    assert_array_less(np.diff(averaged), 0)
    assert_allclose(averaged[-1], -np.log(0.8))
    # Averaging the outputs never costs more than averaging the losses.
    assert np.all(averaged <= loss(p, 0.8, 5, "alpha") + 1e-12)
    assert averaged_loss(0, 1, 2) == np.inf


def test_averaged_loss_matches_an_averaging_network():
    p, a, M = 0.7, 0.6, 5
    rng = np.random.default_rng(1)
    labels = corrupt_labels(np.zeros(200_000, int), smoothing_matrix(a, M), rng)
    mean_output = smoothing_matrix(p, M)[:, labels].mean(axis=1)
    assert_allclose(-np.log(mean_output[0]), averaged_loss(p, a, M), atol=0.01)
    assert mean_output.argmax() == 0


@pytest.mark.parametrize("assumption", ASSUMPTIONS)
@pytest.mark.parametrize("M", [2, 3, 10, 1000])
def test_curvature_matches_finite_differences(assumption, M):
    p, a, h = np.linspace(0.1, 0.9, 9), np.array([[0.0], [0.4], [1.0]]), 1e-4
    low, middle, high = (loss(x, a, M, assumption) for x in (p - h, p, p + h))
    difference = (low - 2 * middle + high) / h**2
    assert_allclose(loss_curvature(p, a, M, assumption), difference, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("assumption", ["alpha", "beta"])
def test_curvature_at_the_optimum(assumption):
    a, M = np.linspace(0.1, 0.9, 9), 7
    c = match_probability(a, M, assumption)
    assert_allclose(loss_curvature(c, a, M, assumption), 1 / (c * (1 - c)), rtol=1e-12)


@fixed
@given(a=inner, M=st.integers(3, 12))
def test_mean_field_gap_of_pair_flips(a, M):
    T = pair_flip_transition(a, M)
    alpha = mean_field_gap(alpha_joint(T))
    beta = mean_field_gap(beta_joint(T))
    assert_allclose(alpha, (1 - a) * np.log(M - 1), rtol=1e-9, atol=1e-14)
    assert_allclose(beta, 2 * a * (1 - a) * np.log((M - 1) / 2), rtol=1e-9, atol=1e-14)
    p = mean_field_p(beta_joint(T))
    assert_allclose(p, a**2 + (1 - a) ** 2, rtol=1e-12)


@fixed
@given(seed=st.integers(0, 2**32 - 1), M=st.integers(2, 6))
def test_label_smoothing_loss_is_at_least_the_forward_loss_of_the_same_weights(seed, M):
    rng = np.random.default_rng(seed)
    log_sigma, weights = log_softmax(rng.normal(scale=3, size=M)), rng.dirichlet(np.ones(M))
    assert -weights @ log_sigma >= -logsumexp(log_sigma, b=weights) - 1e-12


@fixed
@given(seed=st.integers(0, 2**32 - 1), p=st.floats(0, 1), M=st.integers(2, 12))
def test_uniform_logit_smoothing_is_a_temperature(seed, p, M):
    logits = np.random.default_rng(seed).normal(scale=5, size=M)
    smoothed = log_softmax(smoothing_matrix(p, M) @ logits)
    # The inverse temperature p - q is kappa(p): negative for p < 1/M, so that the ranking reverses.
    assert_allclose(smoothed, log_softmax(kappa(p, M) * logits), atol=1e-11)


@fixed
@given(rho=st.floats(0, 0.9), seed=st.integers(0, 2**32 - 1), M=st.integers(2, 8))
def test_backward_correction_is_unbiased_and_negative_smoothing(rho, seed, M):
    T = (1 - rho) * np.eye(M) + rho / M
    cross_entropy = -log_softmax(np.random.default_rng(seed).normal(scale=3, size=M))
    corrected = np.linalg.inv(T).T @ cross_entropy  # one loss per noisy label
    assert_allclose(T.T @ corrected, cross_entropy, rtol=1e-9, atol=1e-9)
    eps = -rho / (1 - rho)
    smoothed = (1 - eps) * cross_entropy + eps * cross_entropy.mean()
    assert_allclose(corrected, smoothed, rtol=1e-9, atol=1e-9)
