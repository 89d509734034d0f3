"""Predictions for any targets and noise matrix are those of the theory and of averaging."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from label_smoothing.analysis.targets import (
    WITH_TARGETS,
    averaging_kl,
    predictions,
    target_matrix,
)
from label_smoothing.theory.matrices import (
    alpha_joint,
    beta_joint,
    optimal_matrix,
    smoothing_matrix,
)
from label_smoothing.theory.memorising import loss, matrix_loss
from label_smoothing.theory.noise import pair_flip_transition, uniform_transition
from label_smoothing.training.by_name import names
from label_smoothing.training.losses import base

M = 5
PRIOR = np.array([0.3, 0.25, 0.2, 0.15, 0.1])
EVEN = np.full(M, 1 / M)


def random_transition(seed=0):
    T = np.random.default_rng(seed).dirichlet(np.ones(M), size=M).T
    return 0.6 * np.eye(M) + 0.4 * T


def predict(S, T, assumption="alpha", p=1.0, test_prior=PRIOR, train_prior=PRIOR):
    return predictions(S, T, test_prior, train_prior, assumption, p)


@pytest.mark.parametrize("assumption", ["alpha", "beta", "gamma"])
@pytest.mark.parametrize(("p", "a"), [(0.3, 0.6), (0.7, 0.6), (0.9, 1.0), (0.05, 0.4)])
def test_label_smoothing_has_the_loss_of_the_closed_form(assumption, p, a):
    found = predict(smoothing_matrix(p, M), uniform_transition(a, M), assumption, p)
    assert_allclose(found["predicted_loss"], loss(p, a, M, assumption))
    assert_allclose(found["noiseless_loss"], loss(p, 1, M, assumption))


@pytest.mark.parametrize(("assumption", "joint"), [("alpha", alpha_joint), ("beta", beta_joint)])
def test_any_targets_have_the_loss_of_the_joint_distribution(assumption, joint):
    T = random_transition()
    # The network is given what the training labels say, and is scored on the test labels.
    S = optimal_matrix(joint(T, EVEN))
    found = predict(S, T, assumption, train_prior=EVEN)
    assert_allclose(found["predicted_loss"], matrix_loss(S, joint(T, PRIOR)))
    assert_allclose(found["noiseless_loss"], -PRIOR @ np.log(np.diag(S)))


def test_a_loss_without_limit_has_no_number():
    T = pair_flip_transition(0.7, M)
    # Transposed, it gives nothing to the class that the label came from.
    assert predict(T, T)["predicted_loss"] is None
    assert predict(T.T, T)["predicted_loss"] is not None
    assert predict(np.eye(M), T)["predicted_loss"] is None
    assert predict(np.eye(M), np.eye(M))["predicted_loss"] == 0
    assert set(predict(None, T).values()) == {None}


def test_averaging_leaves_what_the_outputs_of_a_class_miss():
    T, S = random_transition(), np.random.default_rng(1).dirichlet(np.ones(M), size=M).T
    rng = np.random.default_rng(2)
    clean = rng.choice(M, size=200_000, p=PRIOR)
    noisy = (rng.random(len(clean))[:, None] > T.T[clean].cumsum(1)).sum(1)
    put_out = np.stack([S.T[noisy[clean == j]].mean(0) for j in range(M)])[clean]
    measured = (S.T[noisy] * np.log(S.T[noisy] / put_out)).sum(1).mean()
    assert_allclose(averaging_kl(S, T, PRIOR), measured, rtol=0.01)


def test_without_noise_one_that_knows_nothing_is_the_measure():
    S = smoothing_matrix(0.8, M)
    entropy = -(S[:, 0] * np.log(S[:, 0])).sum()
    assert_allclose(averaging_kl(S, np.eye(M), EVEN), np.log(M) - entropy)


@pytest.mark.parametrize("classes", [2, 10])
def test_equal_targets_leave_nothing(classes):
    S = smoothing_matrix(1 / classes, classes)
    T, even = uniform_transition(0.7, classes), np.full(classes, 1 / classes)
    assert averaging_kl(S, T, even) == 0
    S[:, 0] = np.eye(classes)[0]
    assert averaging_kl(S, T, even) > 0.01


def test_rounding_makes_no_divergence_negative():
    for p in (1 / M + 1e-8, 1 / M - 1e-8, 1.0):
        for T in (uniform_transition(1 - 1e-12, M), uniform_transition(0.5, M)):
            assert averaging_kl(smoothing_matrix(p, M), T, PRIOR) >= 0


def test_the_losses_with_targets_are_those_that_say_so():
    known = [name for name in names(base.__package__) if name != "base"]
    with_targets = [
        name
        for name in known
        if base.load_loss(name, **({"q": 0.5} if "generalised" in name else {})).has_targets
    ]
    assert sorted(WITH_TARGETS) == sorted(with_targets)


def test_targets_are_probabilities_and_of_forward_correction_those_that_fit_best():
    S = smoothing_matrix(1.2, M)
    assert target_matrix("label_smoothing", S) is None
    T = pair_flip_transition(0.6, M)
    assert target_matrix("forward_correction", T) is T
    assert target_matrix("forward_correction", pair_flip_transition(0.4, M)) is None
    assert target_matrix("matrix_smoothing", pair_flip_transition(0.4, M)) is not None
    assert target_matrix("logit_smoothing", T) is None
