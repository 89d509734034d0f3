"""Rates, kappas and match probabilities; PyTorch's epsilon and back."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from label_smoothing.theory.matrices import smoothing_matrix
from label_smoothing.theory.rates import (
    clean_rate_from_beta,
    compose_clean_rates,
    epsilon_from_p,
    kappa,
    kappa_inverse,
    match_probability,
    p_from_epsilon,
)

# A failure must not depend on the day, nor on how busy the machine is.
fixed = settings(derandomize=True, max_examples=50, deadline=None)

pytestmark = pytest.mark.filterwarnings("error")

rates = st.floats(0, 1)
classes = st.integers(2, 1000)


@fixed
@given(a=rates, b=rates, p=rates, M=classes)
def test_match_probabilities_compose_kappas(a, b, p, M):
    beta, gamma = (
        match_probability(a, M, "beta"),
        match_probability(a, M, "gamma", p),
    )
    assert_allclose(beta, compose_clean_rates(a, a, M=M), atol=1e-12)
    assert_allclose(gamma, compose_clean_rates(a, p, M=M), atol=1e-12)
    assert_allclose(kappa(beta, M), kappa(a, M) ** 2, atol=1e-12)
    assert_allclose(kappa_inverse(kappa(a, M), M), a, atol=1e-12)


def test_composition_is_a_product_of_uniform_transition_matrices():
    M, chain = 4, (0.9, 0.3, 0.7)
    product = np.linalg.multi_dot([smoothing_matrix(x, M) for x in chain])
    rate = compose_clean_rates(*chain, M=M)
    assert_allclose(product, smoothing_matrix(rate, M), rtol=1e-12)


@fixed
@given(a=st.floats(0, 1), M=classes)
def test_beta_clean_rate_round_trip(a, M):
    c = match_probability(a, M, "beta")
    # The root loses half the digits at a = 1/M, where c does not depend on a to first order.
    assert_allclose(clean_rate_from_beta(c, M), 1 / M + abs(a - 1 / M), atol=5e-8)


def test_a_match_that_no_clean_rate_gives_has_none():
    found = clean_rate_from_beta([0.1, 0.25, 1.0, 1.03], 4)
    assert_array_equal(np.isnan(found), [True, False, False, False])
    assert_allclose(found[1:3], [0.25, 1])
    assert found[3] > 1


@fixed
@given(p=st.floats(0, 1.5), M=classes)
def test_epsilon_is_the_weight_of_the_uniform_distribution(p, M):
    epsilon = epsilon_from_p(p, M)
    one_hot = np.eye(M)[0]
    target = smoothing_matrix(p, M)[:, 0]
    assert_allclose((1 - epsilon) * one_hot + epsilon / M, target, atol=1e-12)
    if 0 <= epsilon <= 1:  # what PyTorch takes
        assert_allclose(p_from_epsilon(epsilon, M), p, atol=1e-12)


def test_epsilon_of_no_smoothing_and_of_the_uniform_target():
    M = np.array([2, 10, 1000])
    assert_array_equal(epsilon_from_p(1, M), 0)
    assert_allclose(epsilon_from_p(1 / M, M), 1)
    assert type(epsilon_from_p(0.9, 10)) is type(p_from_epsilon(0.1, 10)) is float
    assert p_from_epsilon(0.1, 10) == pytest.approx(0.91)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: match_probability(0.5, 2, "delta"), r"assumption is 'delta'; allowed: alpha, bet"),
        (lambda: match_probability(0.5, 2, "gamma"), r"p is None; allowed with .* gamma: 0 to 1"),
        (lambda: match_probability(1.5, 2, "alpha"), r"a is 1\.5; allowed: 0 to 1"),
        (lambda: match_probability(0.5, 1, "beta"), r"M is 1; allowed: an integer >= 2"),
        (lambda: kappa(1.2, 3), r"x is 1\.2; allowed"),
        (lambda: kappa_inverse(-0.6, 3), r"k is -0\.6; allowed: -0\.5 to 1"),
        (lambda: clean_rate_from_beta(0.3, 2.5), r"M is 2\.5; allowed"),
        (lambda: compose_clean_rates(M=3), "number of rates is 0; allowed: 1 or more"),
        (lambda: compose_clean_rates(0.5, 2, M=3), r"rates\[1\] is 2\.0; allowed"),
        (lambda: epsilon_from_p(0.5, 1), "M is 1; allowed"),
        (lambda: p_from_epsilon(0.5, np.inf), "M is inf; allowed"),
    ],
)
def test_bad_rates_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
