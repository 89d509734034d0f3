"""Scores against brute force and against the theory of the memorising network."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from label_smoothing.analysis.scoring import (
    ASSUMPTIONS,
    accuracy,
    calibration,
    early_stopped,
    scored_labels,
    scored_loss,
)
from label_smoothing.data.noise import corrupt_labels, uniform_transition
from label_smoothing.theory.memorising import loss, memorised_accuracy


def memorising_network(a, p, M, N, seed):
    """Return outputs S_p around an independently corrupted label of each test sample."""
    rng = np.random.default_rng(seed)
    clean, T = rng.integers(0, M, N), uniform_transition(a, M)
    memory, noisy = corrupt_labels(clean, T, rng), corrupt_labels(clean, T, rng)
    outputs = np.full((N, M), (1 - p) / (M - 1))
    outputs[np.arange(N), memory] = p
    return np.log(outputs), clean, noisy


@pytest.mark.parametrize("assumption", ASSUMPTIONS)
@pytest.mark.parametrize(("a", "p", "M"), [(0.7, 0.6, 10), (0.6, 0.9, 2), (1.0, 0.8, 3)])
def test_memorising_network_follows_the_theory(assumption, a, p, M):
    N = 200_000
    outputs, clean, noisy = memorising_network(a, p, M, N, seed=3)
    spread = np.log(p * (M - 1) / (1 - p)) / np.sqrt(N)
    scored = scored_loss(outputs, clean, noisy, assumption, p)
    assert_allclose(scored, loss(p, a, M, assumption), atol=3 * spread)
    share = accuracy(outputs, scored_labels(clean, noisy, assumption))
    assert_allclose(share, memorised_accuracy(a, M, assumption), atol=3 / np.sqrt(N))


@pytest.mark.parametrize("p", [0.05, 0.4, 1.0, 1.2])
def test_gamma_is_the_cross_entropy_to_the_smoothed_clean_label(p):
    rng = np.random.default_rng(0)
    outputs = np.log(rng.dirichlet(np.ones(4), size=50))
    clean, noisy = rng.integers(0, 4, (2, 50))
    target = np.full((50, 4), (1 - p) / 3)
    target[np.arange(50), clean] = p
    expected = -(target * outputs).sum(axis=1).mean()
    assert_allclose(scored_loss(outputs, clean, noisy, "gamma", p), expected)


def test_alpha_scores_the_clean_and_beta_the_noisy_labels():
    outputs = np.log([[0.7, 0.3], [0.4, 0.6]])
    clean, noisy = np.array([0, 1]), np.array([1, 1])
    alpha = scored_loss(outputs, clean, noisy, "alpha", 0.9)
    beta = scored_loss(outputs, clean, noisy, "beta", 0.9)
    assert_allclose(alpha, -np.log([0.7, 0.6]).mean())
    assert_allclose(beta, -np.log([0.3, 0.6]).mean())
    assert accuracy(outputs, clean) == 1.0
    assert accuracy(outputs, noisy) == 0.5


def test_unknown_assumption_is_refused():
    with pytest.raises(ValueError, match="assumption is 'delta', allowed: alpha, beta, gamma"):
        scored_labels(np.zeros(1), np.zeros(1), "delta")


def test_calibration_of_known_outputs():
    outputs = np.log([[0.8, 0.2], [0.8, 0.2], [0.4, 0.6], [0.1, 0.9]])
    scores = calibration(outputs, np.array([0, 1, 1, 1]))
    assert_allclose(scores["brier"], np.mean([0.08, 1.28, 0.32, 0.02]))
    # Bins of 1/15: the two 0.8 share one, half of them right.
    expected = (2 * abs(0.8 - 0.5) + abs(0.6 - 1) + abs(0.9 - 1)) / 4
    assert_allclose(scores["calibration_error"], expected)
    assert_allclose(scores["confidence"], 0.775)
    assert_allclose(scores["confidence_right"], (0.8 + 0.6 + 0.9) / 3)
    assert_allclose(scores["confidence_wrong"], 0.8)


@pytest.mark.parametrize("log_confidence", [0.0, 1e-7])
def test_confidence_of_one_is_counted(log_confidence):
    outputs = np.array([[log_confidence, -np.inf]] * 4, dtype=np.float32)
    scores = calibration(outputs, np.array([0, 0, 0, 1]))
    assert_allclose(scores["calibration_error"], 0.25)
    assert scores["confidence"] == 1.0
    assert calibration(outputs, np.zeros(4, int))["confidence_wrong"] is None
    assert calibration(outputs, np.ones(4, int))["confidence_right"] is None


def test_calibrated_outputs_have_no_calibration_error():
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(3), size=100_000)
    labels = (rng.random((100_000, 1)) > probabilities.cumsum(axis=1)).sum(axis=1)
    assert calibration(np.log(probabilities), labels)["calibration_error"] < 0.01


HISTORY = {
    "epoch": np.arange(1.0, 5),
    "test_loss": np.array([2.0, 1.0, 1.5, 1.8]),
    "test_accuracy": np.array([0.1, 0.8, 0.9, 0.7]),
    "noisy_test_loss": np.array([2.1, 1.1, 1.6, 1.9]),
    "noisy_test_accuracy": np.array([0.2, 0.5, 0.4, 0.5]),
    "uniform_test_loss": np.array([2.3, 2.5, 2.6, 2.7]),
}


@pytest.mark.parametrize(
    ("assumption", "honest", "oracle"),
    [
        ("alpha", (2, 1.0, 0.8, 0.8), (3, 1.5, 0.9, 0.9)),
        ("beta", (2, 1.1, 0.5, 0.8), (3, 1.6, 0.4, 0.9)),
        ("gamma", (2, 0.75 * 1.0 + 0.25 * 2.5, 0.8, 0.8), (3, 0.75 * 1.5 + 0.25 * 2.6, 0.9, 0.9)),
    ],
)
def test_early_stopping_chooses_on_noisy_or_on_clean_labels(assumption, honest, oracle):
    # p = 0.8 with 5 classes: a target of 0.75 for the label and 0.25 for the uniform distribution.
    scores = early_stopped(HISTORY, assumption, 0.8, 5)
    assert_allclose([v for k, v in scores.items() if k.startswith("honest")], honest)
    assert_allclose([v for k, v in scores.items() if k.startswith("oracle")], oracle)
