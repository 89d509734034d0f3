"""Losses, optima and accuracy against reference numbers, optimisers, Monte Carlo, brute force."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import minimize_scalar
from scipy.special import rel_entr

from label_smoothing.data.corrupt import corrupt_labels
from label_smoothing.theory.checks import ASSUMPTIONS
from label_smoothing.theory.gamma import gamma_optimum, gamma_transition
from label_smoothing.theory.matrices import (
    alpha_joint,
    beta_joint,
    mean_field_p,
    smoothing_matrix,
)
from label_smoothing.theory.memorising import (
    loss,
    matrix_loss,
    memorised_accuracy,
    memorised_loss,
    optimum,
)
from label_smoothing.theory.rates import kappa

# A failure must not depend on the day, nor on how busy the machine is.
fixed = settings(derandomize=True, max_examples=50, deadline=None)

pytestmark = pytest.mark.filterwarnings("error")

rates = st.floats(0, 1)
inner = st.floats(1e-6, 1 - 1e-6)
classes = st.integers(2, 1000)


def global_minimum(loss, M):
    """Minimiser of a loss on (0, 1): the best of a fine grid, polished."""
    logit = np.linspace(-12, 12 + np.log(M), 4001)
    grid = 1 / (1 + (M - 1) * np.exp(-logit))
    i = np.clip(np.argmin(loss(grid)), 1, grid.size - 2)
    result = minimize_scalar(
        loss, bounds=(grid[i - 1], grid[i + 1]), method="bounded", options={"xatol": 1e-12}
    )
    return result.x, result.fun


# 17 digits of -c log p - (1 - c) log q, computed with 40.
LOSSES = [
    ("alpha", 0.9, 0.8, 2, 0.5448054311250701),
    ("alpha", 0.6, 0.5, 3, 1.0601317681000455),
    ("alpha", 0.9, 0.5, 10, 2.3025850929940458),
    ("alpha", 0.05, 0.7, 10, 2.7715679530049246),
    ("alpha", 0.99, 0.95, 10, 0.34966755722704217),
    ("alpha", 0.7, 0.9, 1000, 1.132080207842308),
    ("beta", 0.9, 0.8, 2, 0.80847238040541644),
    ("beta", 0.6, 0.5, 3, 1.1974583041835592),
    ("beta", 0.9, 0.5, 10, 3.2791293495879211),
    ("beta", 0.05, 0.7, 10, 2.6221250726388804),
    ("beta", 0.99, 0.95, 10, 0.67041715519094173),
    ("beta", 0.7, 0.9, 1000, 1.8298673272109911),
    ("gamma", 0.9, 0.8, 2, 0.67663890576524327),
    ("gamma", 0.6, 0.5, 3, 1.1699929969668565),
    ("gamma", 0.9, 0.5, 10, 2.4978939443128208),
    ("gamma", 0.05, 0.7, 10, 2.298332165179118),
    ("gamma", 0.99, 0.95, 10, 0.41381747681982208),
    ("gamma", 0.7, 0.9, 1000, 3.225441565948358),
]
OPTIMA = [
    ("alpha", 0.8, 2, 0.8),
    ("alpha", 0.95, 10, 0.95),
    ("beta", 0.8, 2, 0.68),
    ("beta", 0.5, 3, 0.375),
    ("beta", 0.5, 10, 0.27777777777777778),
    ("beta", 0.95, 10, 0.90277777777777777),
    ("beta", 0.9, 1000, 0.81001001001001005),
    ("gamma", 0.8, 2, 0.8350888410988768886),
    ("gamma", 0.75, 2, 0.5),
    ("gamma", 0.66, 3, 1 / 3),
    ("gamma", 0.75, 10, 0.9277549501674930911),
]


@pytest.mark.parametrize(("assumption", "p", "a", "M", "expected"), LOSSES)
def test_loss_reference_values(assumption, p, a, M, expected):
    assert_allclose(loss(p, a, M, assumption), expected, rtol=1e-14)


@pytest.mark.parametrize(("assumption", "a", "M", "expected"), OPTIMA)
def test_optimum_reference_values(assumption, a, M, expected):
    assert_allclose(optimum(a, M, assumption), expected, rtol=1e-13)


@pytest.mark.parametrize("assumption", ASSUMPTIONS)
@fixed
@given(a=rates, M=classes)
def test_uniform_output_costs_log_m(assumption, a, M):
    assert_allclose(loss(1 / M, a, M, assumption), np.log(M), rtol=1e-12)


@fixed
@given(a=inner, M=classes)
def test_gamma_loss_at_p_equal_a_is_beta_loss(a, M):
    assert_allclose(loss(a, a, M, "gamma"), loss(a, a, M, "beta"), rtol=1e-12)


@fixed
@given(p=inner, a=rates)
def test_gamma_loss_of_two_classes_is_symmetric(p, a):
    assert_allclose(loss(p, a, 2, "gamma"), loss(1 - p, a, 2, "gamma"), rtol=1e-9)


@fixed
@given(p=inner, a=rates, M=st.integers(2, 20))
def test_gamma_loss_is_a_mixture_of_two_divergences(p, a, M):
    U, S = np.full(M, 1 / M), smoothing_matrix(p, M)[0]
    k = kappa(a, M)
    mixture = np.log(M) + (1 - k) * rel_entr(U, S).sum() - k * rel_entr(S, U).sum()
    assert_allclose(loss(p, a, M, "gamma"), mixture, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("M", [2, 3, 10])
def test_losses_at_the_ends_are_exact(M):
    p = np.array([0, 1])
    a = np.array([0, 1 / M, 1])[:, None]
    hidden = np.log(M - 1)  # loss when p = 0 and the given class is never right
    alpha = [[hidden, np.inf], [np.inf, np.inf], [np.inf, 0]]
    # With two classes a = 0 flips training and test labels alike, and gamma's targets with them.
    beta = [[np.inf, 0 if M == 2 else np.inf], [np.inf, np.inf], [np.inf, 0]]
    gamma = [[np.inf, np.inf], [np.inf, np.inf], [hidden, 0]]
    assert_array_equal(loss(p, a, M, "alpha"), alpha)
    assert_array_equal(loss(p, a, M, "beta"), beta)
    assert_array_equal(loss(p, a, M, "gamma"), gamma)


@pytest.mark.parametrize("assumption", ASSUMPTIONS)
@fixed
@given(p=rates, a=rates, M=classes)
def test_losses_are_never_nan_or_negative(assumption, p, a, M):
    assert loss(p, a, M, assumption) >= 0


@pytest.mark.parametrize("assumption", ASSUMPTIONS)
def test_loss_diverges_towards_no_smoothing(assumption):
    p = 1 - 10.0 ** -np.arange(3, 16)
    assert np.all(np.diff(loss(p, 0.8, 5, assumption)) > 0)
    assert loss(1, 1 - 2**-53, 5, assumption) == np.inf


def test_broadcasting_and_scalars():
    p, a, M = np.full((5, 1, 1), 0.3), np.full((4, 1), 0.6), np.array([2, 3, 10])
    for assumption in ASSUMPTIONS:
        assert loss(p, a, M, assumption).shape == (5, 4, 3)
        assert optimum(a, M, assumption).shape == (4, 3)
        assert memorised_accuracy(a, M, assumption).shape == (4, 3)
        assert type(loss(0.3, 0.6, 3, assumption)) is float
        assert type(optimum(0.6, 3, assumption)) is float
        assert type(memorised_accuracy(0.6, 3, assumption)) is float
    together = gamma_optimum(a, M)
    assert_array_equal(together[0], [gamma_optimum(0.6, m) for m in M])


@pytest.mark.parametrize("assumption", ASSUMPTIONS)
@pytest.mark.parametrize("M", [2, 3, 5, 10, 100, 1000, 10**6])
def test_optima_match_a_numerical_optimiser(assumption, M):
    learning = gamma_transition(M).a_c
    for a in (0.02, 0.5 / M, 1 / M, 0.3, learning - 1e-3, learning + 1e-3, 0.77, 0.9, 0.99):
        found, value = global_minimum(lambda p, a=a: loss(p, a, M, assumption), M)
        p = optimum(a, M, assumption)
        if assumption == "gamma" and M == 2:
            found = max(found, 1 - found)
            # The minimum is flat (quartic) near a = 3/4: compare it in depth only.
            assert_allclose(p, found, atol=2e-3 if abs(a - 0.75) < 2e-3 else 1e-6)
        else:
            assert_allclose(p, found, atol=1e-6)
        assert loss(p, a, M, assumption) <= value + 1e-13


@fixed
@given(a=inner, M=classes)
def test_alpha_minimum_is_an_entropy(a, M):
    entropy = -a * np.log(a) - (1 - a) * np.log(1 - a)
    minimum = loss(optimum(a, M, "alpha"), a, M, "alpha")
    assert_allclose(minimum, entropy + (1 - a) * np.log(M - 1), rtol=1e-9)


@fixed
@given(a=rates, M=classes)
def test_beta_optimum_closed_forms(a, M):
    p = optimum(a, M, "beta")
    assert_allclose(p, (1 - 2 * a + a**2 * M) / (M - 1), atol=1e-12)
    assert_allclose(p, 1 / M + M * (a - 1 / M) ** 2 / (M - 1), atol=1e-12)
    assert_allclose(optimum(a, 2, "beta"), 2 * a**2 - 2 * a + 1, atol=1e-12)
    assert_allclose(optimum(a, 10**9, "beta"), a**2, atol=1e-8)


@fixed
@given(a=rates, M=classes)
def test_beta_optimum_is_below_alpha_exactly_above_chance(a, M):
    difference = optimum(a, M, "alpha") - optimum(a, M, "beta")
    k = kappa(a, M)
    assert_allclose(difference, (M - 1) / M * k * (1 - k), atol=1e-12)
    assert difference * (a - 1 / M) >= -1e-12
    assert_allclose(optimum([1 / M, 1], M, "beta"), [1 / M, 1], rtol=1e-12)


@pytest.mark.parametrize("assumption", ASSUMPTIONS)
@pytest.mark.parametrize(("p", "a", "M"), [(0.7, 0.8, 2), (0.7, 0.6, 5), (0.1, 0.3, 4)])
def test_losses_match_a_memorising_network(assumption, p, a, M):
    rng = np.random.default_rng(7)
    clean = rng.integers(M, size=200_000)
    output = smoothing_matrix(p, M)[:, corrupt_labels(clean, smoothing_matrix(a, M), rng)]
    test = corrupt_labels(clean, smoothing_matrix(a, M), rng) if assumption == "beta" else clean
    target = smoothing_matrix(p if assumption == "gamma" else 1, M)[:, test]
    losses = -np.sum(target * np.log(output), axis=0)
    error = losses.std() / np.sqrt(losses.size)
    assert error < 0.01
    assert_allclose(losses.mean(), loss(p, a, M, assumption), rtol=0, atol=4 * error)
    if p > 1 / M:
        accuracy = np.mean(output.argmax(axis=0) == test)
        assert_allclose(accuracy, memorised_accuracy(a, M, assumption), atol=4 * 0.5 / 447)


@fixed
@given(p=inner, a=rates, M=st.integers(2, 12))
def test_uniform_noise_is_a_special_case(p, a, M):
    T, S = smoothing_matrix(a, M), smoothing_matrix(p, M)
    for joint, assumption in ((alpha_joint, "alpha"), (beta_joint, "beta")):
        J = joint(T)
        assert_allclose(matrix_loss(S, J), loss(p, a, M, assumption), rtol=1e-9)
        assert_allclose(mean_field_p(J), optimum(a, M, assumption), atol=1e-12)


def test_gamma_depends_on_the_noise_matrix_through_the_mean_clean_rate_only():
    M, p, rng = 4, 0.7, np.random.default_rng(3)
    T, prior = rng.dirichlet(np.full(M, 0.7), size=M).T, rng.dirichlet(np.full(M, 2.0))
    S = smoothing_matrix(p, M)
    brute_force = -np.einsum("j,ij,kj,ki->", prior, T, S, np.log(S))
    rate = mean_field_p(alpha_joint(T, prior))
    assert_allclose(loss(p, rate, M, "gamma"), brute_force, rtol=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: loss(1.1, 0.5, 2, "alpha"), r"p is 1\.1; allowed: 0 to 1"),
        (lambda: loss([0.5, -0.1], 0.5, 2, "beta"), r"p is -0\.1; allowed: 0 to 1"),
        (lambda: loss(np.nan, 0.5, 2, "gamma"), r"p is nan; allowed: 0 to 1"),
        (lambda: loss(0.5, 0.5, np.inf, "alpha"), r"M is inf; allowed: an integer >= 2"),
        (lambda: loss(0.5, 0.5, 2, "uniform"), r"assumption is 'uniform'; allowed: alpha, beta, g"),
        (lambda: optimum(1.5, 2, "alpha"), r"a is 1\.5; allowed: 0 to 1"),
        (lambda: optimum(0.5, 1, "beta"), r"M is 1; allowed: an integer >= 2"),
        (lambda: optimum(0.5, 2, "uniform"), r"assumption is 'uniform'"),
        (lambda: memorised_accuracy(0.5, 2, "uniform"), r"assumption is 'uniform'"),
        (lambda: memorised_loss(0.5, 2, 2), r"c is 2\.0; allowed: 0 to 1"),
        (lambda: matrix_loss(np.eye(3), np.eye(2) / 2), r"S: the shape is \(3, 3\); allowed: that"),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
