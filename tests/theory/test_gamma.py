"""The gamma optimum and its transition against closed forms, limits and reference numbers."""

import time

import numpy as np
import pytest
from identities import loss_curvature
from numpy.testing import assert_allclose, assert_array_equal, assert_array_less
from scipy.special import lambertw

from label_smoothing.theory.gamma import gamma_optimum, gamma_transition
from label_smoothing.theory.memorising import loss
from label_smoothing.theory.rates import kappa

pytestmark = pytest.mark.filterwarnings("error")


# p*(a) from 40-digit bisection of the stationarity condition; a is the exact value of the double.
GAMMA_OPTIMA = [
    (2, 0.75 + 2.0**-40, 0.5000016518123698843),
    (2, 0.75 + 2.0**-20, 0.5016914507048713917),
    (2, 0.8, 0.8350888410988768886),
    (2, 0.95, 0.9874313322316909287),
    (2, 1 - 2.0**-50, 0.9999999999999999768),
    (3, 0.661, 0.5178830178838890439),
    (3, 0.9, 0.9728437604794543757),
    (10, 0.48, 0.5051032537131473887),
    (10, 0.75, 0.9277549501674930911),
    (1000, 0.2, 0.3718115284805084687),
    (1000, 1 - 2.0**-20, 0.9999999601730534321),
    (1000000, 0.09, 0.1761237969725793601),
    (1000000, 0.999, 0.9999581099804070883),
]


@pytest.mark.parametrize(("M", "a", "p"), GAMMA_OPTIMA)
def test_gamma_optimum_reference_values(M, a, p):
    assert_allclose(gamma_optimum(a, M), p, rtol=0, atol=1e-13)


@pytest.mark.parametrize("M", [2, 3, 10, 1000, 10**6])
def test_gamma_optimum_inverts_the_closed_form(M):
    a = np.linspace(gamma_transition(M).a_c + 1e-3, 0.999, 500)
    p = gamma_optimum(a, M)
    odds = (p - 1 / M) / (p * (1 - p) * np.log(p * (M - 1) / (1 - p)))
    assert_allclose(kappa(a, M), odds / (1 + odds), rtol=1e-9)
    assert_array_less(0, np.diff(p))


def test_gamma_optimum_of_two_classes():
    a = np.linspace(0, 0.75, 50)
    assert_array_equal(gamma_optimum(a, 2), 0.5)
    a = np.linspace(0.7501, 0.9999, 50)
    t = 2 * gamma_optimum(a, 2) - 1
    assert_allclose(2 * a - 1, t / (t + (1 - t**2) * np.arctanh(t)), rtol=1e-11)
    eps = 2.0 ** -np.arange(12, 46)
    onset = gamma_optimum(0.75 + eps, 2) - 0.5
    assert_allclose(onset, np.sqrt(3 * eps) * (1 - 3.2 * eps), rtol=2e-6, atol=1e-15)


@pytest.mark.parametrize("M", [2, 3, 10, 1000, 10**6])
def test_gamma_optimum_near_clean_labels(M):
    a = 1 - 2.0 ** -np.arange(24, 45)
    limit = (1 - a) / -lambertw(-(1 - a) / (M - 1), -1).real
    p = gamma_optimum(a, M)
    assert_allclose(1 - p, limit, rtol=1e-3, atol=1e-15)
    assert gamma_optimum(1, M) == 1
    assert gamma_optimum(1 - 1e-15, M) > 1 - 1e-15


@pytest.mark.parametrize("M", [2, 3, 10, 1000, 10**6])
def test_gamma_optimum_does_not_learn_below_the_transition(M):
    a_c = gamma_transition(M).a_c
    a = np.append(np.linspace(0, a_c, 20), [1 / M, np.nextafter(a_c, 0)])
    # At a_c itself the two minima tie and 1/M is the answer.
    assert_array_equal(gamma_optimum(a, M), 1 / M)


def test_gamma_optimum_is_fast():
    a = np.linspace(0, 1, 10_000)
    start = time.perf_counter()
    gamma_optimum(a, 10)
    assert time.perf_counter() - start < 1


# a_c, p above, lower spinodal from 40-digit arithmetic.
GAMMA_TRANSITIONS = [
    (3, 0.6601498960384594, 0.4993254282338535, 0.6593499568703706),
    (10, 0.4768182089407503, 0.4827449767264030, 0.4692346645360551),
    (100, 0.2880077906886384, 0.4088626659734986, 0.2752892199483714),
    (1000000, 0.08961598197660416, 0.1687383945991914, 0.08720480890288685),
]


@pytest.mark.parametrize(("M", "a_c", "p_above", "lower_spinodal"), GAMMA_TRANSITIONS)
def test_gamma_transition_reference_values(M, a_c, p_above, lower_spinodal):
    found = gamma_transition(M)
    expected = (a_c, 1 / M, p_above, lower_spinodal, (M + 1) / (2 * M))
    assert_allclose(found, expected, rtol=0, atol=1e-11)


def test_gamma_transition_of_two_classes_is_continuous():
    assert gamma_transition(2) == (0.75, 0.5, 0.5, 0.75, 0.75)


@pytest.mark.parametrize("M", [3, 4, 10, 100])
def test_gamma_transition_is_where_two_minima_tie(M):
    a_c, p_below, p_above, lower, upper = gamma_transition(M)
    assert 1 / M < lower < a_c < upper
    assert_allclose(loss(p_above, a_c, M, "gamma"), np.log(M), rtol=1e-13)
    assert_allclose(gamma_optimum(a_c + 1e-12, M), p_above, atol=1e-9)
    p = np.linspace(1 / M, 0.999, 20_000)[1:]
    U, S = 1 / M, (p, (1 - p) / (M - 1))
    ratio = -(np.log(M * S[0]) + (M - 1) * np.log(M * S[1])) * U
    ratio = ratio / (S[0] * np.log(M * S[0]) + (M - 1) * S[1] * np.log(M * S[1]))
    k = kappa(a_c, M)
    assert_allclose(k / (1 - k), ratio[100:].min(), rtol=1e-7)
    assert_allclose(p[100:][np.argmin(ratio[100:])], p_above, atol=1e-3)

    def minima(a):
        return np.count_nonzero(np.diff(np.sign(np.diff(loss(p, a, M, "gamma")))) > 0)

    assert [minima(lower - 1e-4), minima(lower + 1e-4)] == [0, 1]
    assert loss_curvature(p_below, upper - 1e-6, M, "gamma") > 0
    assert loss_curvature(p_below, upper + 1e-6, M, "gamma") < 0


def test_gamma_transition_has_no_finite_limit_curve():
    M = 10.0 ** np.array([3, 6, 9, 12, 30, 100])
    scaled = np.array([gamma_transition(m).a_c * np.log(m) for m in M])
    assert_array_less(np.diff(scaled), 0)
    assert_array_less(1, scaled)
    assert scaled[-1] < 1.03


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: gamma_optimum([0.5, np.nan], 2), r"a is nan; allowed: 0 to 1"),
        (lambda: gamma_optimum(0.5, 1), r"M is 1; allowed: an integer >= 2"),
        (lambda: gamma_transition(2.5), r"M is 2\.5; allowed: an integer >= 2"),
    ],
)
def test_bad_arguments_of_gamma_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
