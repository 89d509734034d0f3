"""The vote theory against high precision, closed forms, its own definition by Monte Carlo, limits.

The reference numbers are 30-digit arithmetic. Losses, with n = k - 1, b = n (1 - t), z = 1 - q/p:
E[-log f] = -log p + z b/n 3F2(1, 1, b + 1; 2, n + 1; z); where p < q, p and q change places, and so
do t and 1 - t. Optima: the zero of the slope, by 2F1. Accuracies: quadrature of the integral.
"""

import time

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from identities import averaged_loss
from numpy.testing import assert_allclose, assert_array_equal, assert_array_less
from scipy.integrate import quad
from scipy.special import digamma
from scipy.stats import beta as beta_distribution

from label_smoothing.theory.checks import ASSUMPTIONS
from label_smoothing.theory.matrices import (
    alpha_joint,
    beta_joint,
    optimal_matrix,
    smoothing_matrix,
)
from label_smoothing.theory.memorising import loss, matrix_loss, optimum
from label_smoothing.theory.noise import pair_flip_transition
from label_smoothing.theory.rates import compose_clean_rates, kappa
from label_smoothing.theory.votes import (
    share_loss,
    smoothing_helps_below,
    vote_accuracy,
    vote_loss,
    vote_matrix_loss,
    vote_optimum,
)

fixed = settings(derandomize=True, max_examples=50, deadline=None)

pytestmark = pytest.mark.filterwarnings("error")

rates = st.floats(0, 1)
mirrored_rates = st.integers(0, 2**20).map(lambda n: n / 2**20)  # 1 minus them is exact
inner = st.floats(1e-6, 1 - 1e-6)
votes = st.floats(0, 13.8).map(lambda x: 1 + np.expm1(x))
classes = st.integers(2, 1000)

T = np.array(
    [[0.7, 0.05, 0.2, 0.1], [0.1, 0.8, 0.1, 0], [0.15, 0.05, 0.5, 0.3], [0.05, 0.1, 0.2, 0.6]]
)
PRIOR = np.array([0.4, 0.3, 0.2, 0.1])


# ---- reference numbers --------------------------------------------------------------------------

ALPHA_LOSSES = [
    (0.5, 0.9, 1.9, 10, 1.323286867485588),
    (0.5, 1, 1.9, 10, 1.4786116948616168),
    (0.95, 0.99, 1.05, 10, 0.30118448551505356),
    (0.8, 0.9, 12, 10, 0.3367822266154989),
    (0.8, 0.6, 1.5, 3, 0.699941202575685),
    (0.5, 0.05, 2, 10, 2.5874305690357592),
    (0.3, 0.999999, 1.0001, 10, 11.206223095623494),
    (0.7, 1e-06, 3, 5, 3.3473084016746307),
    (0.9999999, 0.9999999, 1.5, 1000, 3.4673699272223471e-7),
    (0.01, 0.5, 1.000000001, 4, 1.7807733463353995),
    (0.6, 0.9999999999, 30, 10, 0.52249595486978546),
    (0.999, 0.9, 1000000.0, 10, 0.10634865851892765),
    (0.2, 0.3, 1000000.0, 2, 0.47803583424166756),
    (0.999999, 1, 3000, 10, 1.0001672409674609e-6),
]
BETA_LOSSES = [
    (0.5, 0.9, 1.9, 10, 2.6336009547),
    (0.95, 0.99, 1.05, 10, 0.6240456608),
    (0.8, 0.6, 1.5, 3, 0.8560530906),
]
ACCURACIES = [
    (0.5, 1.9, 10, 0.53678330056274),
    (0.95, 1.05, 10, 0.95008672246462),
    (0.8, 12, 10, 0.99838562513006),
    (0.8, 1.5, 3, 0.81373841844559),
    (0.2, 3, 10, 0.22044946026297),
    (0.4, 60, 4, 0.9443501835754),
]
OPTIMA = [
    ("alpha", 0.8, 1.5, 10, 0.97301163482277476),
    ("alpha", 0.5, 1.9, 10, 0.87538968144649889),
    ("alpha", 0.3, 5, 10, 0.99205312301991947),
    ("alpha", 0.6, 1.2, 3, 0.65169740808948987),
    ("alpha", 0.55, 1.0001, 2, 0.55000496659666571),
    ("alpha", 0.95, 1.5, 100, 0.9998847519576374),
    ("beta", 0.8, 1.5, 10, 0.75552883106501267),
    ("beta", 0.5, 1.9, 10, 0.40679237682195073),
    ("beta", 0.7, 3, 3, 0.70858189854242045),
]


@pytest.mark.parametrize(("a", "p", "k", "M", "expected"), ALPHA_LOSSES)
def test_alpha_reference_values(a, p, k, M, expected):
    assert_allclose(vote_loss(p, a, k, M, "alpha"), expected, rtol=1e-12)


@pytest.mark.parametrize(("a", "p", "k", "M", "expected"), BETA_LOSSES)
def test_beta_reference_values(a, p, k, M, expected):
    assert_allclose(vote_loss(p, a, k, M, "beta"), expected, rtol=1e-10)


@pytest.mark.parametrize(("a", "k", "M", "expected"), ACCURACIES)
def test_accuracy_reference_values(a, k, M, expected):
    assert_allclose(vote_accuracy(a, k, M), expected, rtol=1e-12)


@pytest.mark.parametrize(("assumption", "a", "k", "M", "expected"), OPTIMA)
def test_optimum_reference_values(assumption, a, k, M, expected):
    assert_allclose(vote_optimum(a, k, M, assumption), expected, rtol=1e-13)


def test_optimum_is_where_the_slope_vanishes_in_thirty_digits():
    a, k, M = mpmath.mpf("0.8"), mpmath.mpf("1.5"), 10
    n = k - 1

    def slope(p):
        """E[((1 - w)/(M - 1) - w)/f] with f = q + (p - q) w, from E[1/f]."""
        q = (1 - p) / (M - 1)
        inverse = mpmath.hyp2f1(1, n * (1 - a), n, 1 - q / p) / p
        share = (1 - q * inverse) / (p - q)
        return (inverse - M * share) / (M - 1)

    with mpmath.workdps(30):
        best = mpmath.findroot(slope, (0.9, 0.99), solver="anderson")
    assert_allclose(float(best), 0.97301163482, atol=5e-12)
    assert_allclose(vote_optimum(0.8, 1.5, 10, "alpha"), float(best), rtol=1e-14)


# ---- the definition -----------------------------------------------------------------------------


def mean_and_error(losses):
    return losses.mean(), losses.std() / np.sqrt(losses.size)


@pytest.mark.parametrize("assumption", ASSUMPTIONS)
@pytest.mark.parametrize(
    ("p", "a", "k", "M", "purity"),
    [(0.9, 0.5, 1.9, 10, 1.0), (0.7, 0.8, 4.0, 3, 0.9), (0.1, 0.6, 2.5, 4, 1.0)],
)
def test_loss_is_the_mean_over_networks_of_the_definition(assumption, p, a, k, M, purity):
    rng = np.random.default_rng(11)
    t = compose_clean_rates(a, purity, M=M)
    shares = np.full(M, (1 - t) / (M - 1))
    shares[0] = t
    w = rng.dirichlet((k - 1) * shares, size=400_000)
    q = (1 - p) / (M - 1)
    output = q + (p - q) * w
    hit = {"alpha": 1, "beta": a, "gamma": p}[assumption]
    target = np.full(M, (1 - hit) / (M - 1))
    target[0] = hit
    mean, error = mean_and_error(-np.log(output) @ target)
    assert error < 0.004
    found = vote_loss(p, a, k, M, assumption, purity)
    assert_allclose(found, mean, rtol=0, atol=4 * error)


@pytest.mark.parametrize(
    ("a", "k", "M", "purity"),
    [(0.5, 1.9, 10, 1.0), (0.2, 6, 5, 1.0), (0.8, 1.1, 2, 1.0), (0.7, 2.4, 10, 0.5)],
)
def test_accuracy_is_how_often_the_own_class_has_the_largest_share(a, k, M, purity):
    rng = np.random.default_rng(12)
    # An image of another class, of which 1 - purity are, has the own label by the noise alone.
    own = purity * a + (1 - purity) * (1 - a) / (M - 1)
    shares = np.full(M, (1 - own) / (M - 1))
    shares[0] = own
    largest = rng.dirichlet((k - 1) * shares, size=400_000).argmax(axis=1)
    expected = np.mean(largest == 0)
    assert_allclose(vote_accuracy(a, k, M, purity), expected, atol=4 * 0.5 / np.sqrt(400_000))


@pytest.mark.parametrize("assumption", ASSUMPTIONS)
def test_any_matrix_and_prior_by_the_definition(assumption):
    rng, k, M = np.random.default_rng(13), 2.4, 4
    confusion = 0.9 * np.eye(M) + 0.1 * np.roll(np.eye(M), 1, axis=0)
    S = optimal_matrix(beta_joint(T, PRIOR))
    for shares, passed in ((T, None), (T @ confusion, confusion)):
        totals = []
        for y in range(M):
            w = rng.dirichlet((k - 1) * np.maximum(shares[:, y], 1e-300), size=200_000)
            asked = {"alpha": np.eye(M), "beta": T, "gamma": S}[assumption][:, y]
            totals.append(mean_and_error(-np.log(w @ S.T) @ asked))
        mean, error = np.array(totals).T
        found = vote_matrix_loss(S, T, k, assumption, PRIOR, confusion=passed)
        assert_allclose(found, PRIOR @ mean, rtol=0, atol=4 * np.sqrt(PRIOR**2 @ error**2))


# ---- limits and special cases -------------------------------------------------------------------


@pytest.mark.parametrize("assumption", ASSUMPTIONS)
@fixed
@given(p=st.floats(1e-9, 1), a=rates, M=classes)
def test_one_vote_is_the_paper(assumption, p, a, M):
    found = vote_loss(p, a, 1, M, assumption)
    assert_allclose(found, loss(p, a, M, assumption), rtol=1e-12)


@pytest.mark.parametrize("assumption", ASSUMPTIONS)
def test_one_vote_is_approached_steadily(assumption):
    p, a, M = np.linspace(0.02, 0.98, 25), 0.7, 10
    exact = loss(p, a, M, assumption)
    previous = np.inf
    for excess in (1e-2, 1e-5, 1e-8, 1e-12):
        error = np.abs(vote_loss(p, a, 1 + excess, M, assumption) - exact).max()
        assert error < previous
        assert error < 5 * excess + 1e-14
        previous = error


def test_one_vote_is_the_best_of_the_paper():
    a = np.linspace(0, 1, 21)
    for assumption in ASSUMPTIONS:
        for M in (2, 10):
            best = optimum(a, M, assumption)
            assert_allclose(vote_optimum(a, 1, M, assumption), best, rtol=1e-12)
            assert_allclose(vote_optimum(a, 1 + 1e-9, M, assumption), best, atol=1e-5)
    assert_array_equal(vote_accuracy(a, 1, 10), a)


def test_one_vote_of_any_matrix_is_the_paper():
    S = optimal_matrix(alpha_joint(T, PRIOR))
    joints = {"alpha": alpha_joint(T, PRIOR), "beta": beta_joint(T, PRIOR)}
    for assumption, J in joints.items():
        for targets, matrix in ((S, S), (0.8, smoothing_matrix(0.8, 4))):
            found = vote_matrix_loss(targets, T, 1, assumption, PRIOR)
            assert_allclose(found, matrix_loss(matrix, J), rtol=1e-12)


def test_many_votes_are_a_network_that_averages():
    p, a, M = np.linspace(0.05, 1, 20), 0.7, 10
    assert_allclose(vote_loss(p, a, np.inf, M, "alpha"), averaged_loss(p, a, M), rtol=1e-12)
    assert_allclose(vote_loss(p, a, 1e6, M, "alpha"), averaged_loss(p, a, M), rtol=1e-5)
    assert_allclose(vote_accuracy([0.5, 0.11, 0.1, 0.05], np.inf, 10), [1, 1, 0.1, 0])
    assert_allclose(vote_accuracy([0.5, 0.11], 1e6, 10), 1, rtol=1e-8)


@fixed
@given(a=inner, k=votes, M=classes)
def test_no_smoothing_costs_a_difference_of_digammas(a, k, M):
    n = k - 1
    expected = digamma(n) - digamma(n * a) if n > 1e-9 else np.inf
    if np.isfinite(expected):
        # The difference of two digammas keeps fewer digits than the integral.
        scale = max(abs(digamma(n)), abs(digamma(n * a)))
        assert_allclose(vote_loss(1, a, k, M, "alpha"), expected, rtol=1e-10, atol=1e-14 * scale)


def test_no_smoothing_is_finite_between_one_vote_and_none_right():
    assert np.isfinite(vote_loss(1, 0.5, 1.000001, 10, "alpha"))
    assert vote_loss(1, 0.5, 1, 10, "alpha") == np.inf
    assert vote_loss(1, 0.0, 2, 10, "alpha") == np.inf
    assert np.isfinite(vote_loss(1, 0.0, 2, 10, "beta"))  # no test label is right either


@fixed
@given(p=st.floats(1e-6, 1), k=votes, M=classes)
def test_without_noise_the_number_of_votes_is_idle(p, k, M):
    for assumption in ASSUMPTIONS:
        found = vote_loss(p, 1, k, M, assumption)
        # Exponents as large as k are rounded.
        assert_allclose(found, loss(p, 1, M, assumption), rtol=1e-11)
    assert vote_accuracy(1, k, M) == 1


def test_uniform_output_costs_log_m_whatever_the_votes():
    for M in (2, 10):
        for k in (1, 1.5, 30):
            found = vote_loss(1 / M, [0.2, 0.9], k, M, "beta")
            assert_allclose(found, np.log(M), rtol=1e-9)


@fixed
@given(p=mirrored_rates, t=mirrored_rates, k=votes)
def test_two_classes_are_symmetric(p, t, k):
    assert_allclose(share_loss(p, t, 1, k, 2), share_loss(1 - p, 1 - t, 1, k, 2), rtol=1e-9)


def test_two_classes_match_quadrature_over_the_share():
    for p, t, k in ((0.9, 0.75, 13), (0.99, 0.6, 11), (0.3, 0.5, 5)):

        def value(w, p=p):
            return -np.log(1 - p + (2 * p - 1) * w)

        density = beta_distribution((k - 1) * t, (k - 1) * (1 - t)).pdf
        expected = quad(lambda w, v=value, d=density: v(w) * d(w), 0, 1, epsabs=1e-12, limit=200)[0]
        assert_allclose(share_loss(p, t, 1, k, 2), expected, rtol=1e-9)


@pytest.mark.parametrize("assumption", ASSUMPTIONS)
def test_uniform_noise_is_a_special_case(assumption):
    a, p, k, M = 0.7, 0.85, 2.3, 5
    noise = smoothing_matrix(a, M)
    expected = vote_loss(p, a, k, M, assumption)
    found = vote_matrix_loss(p, noise, k, assumption)
    assert_allclose(found, expected, rtol=1e-9)
    by_matrix = vote_matrix_loss(smoothing_matrix(p, M), noise, k, assumption)
    assert_allclose(by_matrix, expected, rtol=1e-12)


def test_labels_that_never_occur_have_no_vote():
    flips = pair_flip_transition(0.6, 4)
    found = vote_matrix_loss(1.0, flips, 3, "alpha")
    assert_allclose(found, digamma(2) - digamma(1.2), rtol=1e-12)


@pytest.mark.parametrize("assumption", ASSUMPTIONS)
def test_impure_surroundings_multiply_the_kappas(assumption):
    p, a, k, M, purity = 0.8, 0.7, 1.8, 10, 0.6
    t = compose_clean_rates(a, purity, M=M)
    hit = {"alpha": 1, "beta": a, "gamma": p}[assumption]
    expected = share_loss(p, t, hit, k, M)
    assert_allclose(vote_loss(p, a, k, M, assumption, purity), expected, rtol=1e-14)
    confusion = smoothing_matrix(purity, M)
    noise = smoothing_matrix(a, M)
    by_matrix = vote_matrix_loss(p, noise, k, assumption, confusion=confusion)
    assert_allclose(by_matrix, expected, rtol=1e-12)


# ---- shape of the theory ------------------------------------------------------------------------


def test_more_votes_never_cost_on_clean_labels_and_never_lose_accuracy():
    k = np.geomspace(1, 1e6, 40)[:, None]
    p = np.array([0.2, 0.5, 0.9, 0.99])
    losses = vote_loss(p, 0.6, k, 10, "alpha")
    assert_array_less(np.diff(losses, axis=0), 0)
    accuracy = vote_accuracy(0.4, k[:, 0], 10)
    assert (np.diff(accuracy) >= -1e-12).all()
    assert accuracy[-1] > 1 - 1e-9
    best = vote_optimum(0.6, k[:, 0], 10, "alpha")
    assert (np.diff(best) >= 0).all()
    best = vote_optimum(np.linspace(0.15, 1, 30), 1.7, 10, "alpha")
    assert (np.diff(best) >= 0).all()


@pytest.mark.parametrize("M", [2, 3, 10, 1000])
def test_smoothing_helps_below_one_plus_one_over_kappa(M):
    a = np.array([0.55, 0.7, 0.95])
    limit = smoothing_helps_below(a, M)
    assert_allclose(limit, 1 + 1 / kappa(a, M))
    assert_array_equal(vote_optimum(a, limit * (1 + 1e-9), M, "alpha"), 1)
    # Just below it the optimum leaves 1 slowly or not, but p = 1 is not best.
    below = vote_optimum(a, 1 + 0.8 * (limit - 1), M, "alpha")
    assert_array_less(below, 1)
    assert_array_less(a, below)
    smoothed, plain = (vote_loss(p, a, 1 + 0.8 * (limit - 1), M, "alpha") for p in (below, 1))
    assert_array_less(smoothed, plain)
    assert_array_less(
        vote_loss(1, a, 1.2 * limit, M, "alpha"), vote_loss(1 - 1e-6, a, 1.2 * limit, M, "alpha")
    )
    assert smoothing_helps_below(1 / M, M) == smoothing_helps_below(0.0, M) == np.inf


def test_smoothing_helps_longer_where_the_neighbours_are_of_other_classes():
    limit = smoothing_helps_below(0.8, 10, purity=0.6)
    assert_allclose(limit, 1 + 1 / (kappa(0.8, 10) * kappa(0.6, 10)))
    above, below = (vote_optimum(0.8, k, 10, "alpha", 0.6) for k in (limit + 1e-6, limit - 0.1))
    assert above == 1 > below


def test_slope_at_no_smoothing_is_the_one_of_the_proof():
    a, k, M, h = 0.8, 6.0, 10, 1e-6
    n = k - 1
    expected = -(M - (n - 1) / (n * a - 1)) / (M - 1)
    values = [vote_loss(1 - j * h, a, k, M, "alpha") for j in (0, 1, 2)]
    slope = (3 * values[0] - 4 * values[1] + values[2]) / (2 * h)
    assert_allclose(slope, expected, rtol=1e-4)


@pytest.mark.parametrize("assumption", ASSUMPTIONS)
@pytest.mark.parametrize("M", [2, 10])
def test_optima_are_the_lowest_of_a_fine_grid(assumption, M):
    ends = np.geomspace(1e-12, 1e-3, 30)
    p = np.concatenate([[0], ends, np.linspace(1e-3, 1 - 1e-3, 400), 1 - ends, [1]])
    a, k = np.array([0.02, 1 / M, 0.3, 0.6, 0.9]), np.array([1.05, 1.6, 2.5, 8])[:, None]
    best = vote_optimum(a, k, M, assumption)
    lowest = vote_loss(p, a[:, None], k[..., None], M, assumption).min(axis=-1)
    assert (vote_loss(best, a, k, M, assumption) <= lowest + 1e-12).all()


@pytest.mark.parametrize("assumption", ASSUMPTIONS)
def test_optima_are_stationary(assumption):
    a, k, M, h = 0.6, 1.6, 10, 1e-4
    best = vote_optimum(a, k, M, assumption)
    low, high = (vote_loss(best + step, a, k, M, assumption) for step in (-h, h))
    middle = vote_loss(best, a, k, M, assumption)
    curvature = (low - 2 * middle + high) / h**2
    assert abs((high - low) / (2 * h)) < 1e-3 * curvature * (1 - best)


def test_impure_surroundings_have_an_optimum_of_their_own():
    best = vote_optimum(0.9, 1.4, 10, "beta", purity=0.7)
    p = np.linspace(best - 0.01, best + 0.01, 21)
    losses = vote_loss(p, 0.9, 1.4, 10, "beta", purity=0.7)
    assert losses.argmin() == 10


@fixed
@given(p=st.floats(1e-12, 1), a=rates, k=votes, M=classes)
def test_losses_are_never_nan_or_negative(p, a, k, M):
    for assumption in ASSUMPTIONS:
        assert vote_loss(p, a, k, M, assumption) >= 0


@fixed
@given(a=rates, k=votes, M=classes)
def test_accuracies_and_optima_stay_in_their_range(a, k, M):
    assert 0 <= vote_accuracy(a, k, M) <= 1 + 1e-12
    for assumption in ASSUMPTIONS:
        assert 0 <= vote_optimum(a, k, M, assumption) <= 1


def test_broadcasting_and_scalars():
    p, a, k = np.full((5, 1, 1), 0.3), np.full((4, 1), 0.6), np.array([1, 1.9, np.inf])
    for assumption in ASSUMPTIONS:
        table = vote_loss(p, a, k, 3, assumption)
        assert table.shape == (5, 4, 3)
        one = vote_loss(0.3, 0.6, 1.9, 3, assumption)
        assert type(one) is float
        assert_allclose(table[2, 3, 1], one, rtol=1e-12)
        assert vote_optimum(a, k[:2], 3, assumption).shape == (4, 2)
        assert type(vote_optimum(0.6, 1.9, 3, assumption)) is float
    assert vote_accuracy(a, k, 3).shape == (4, 3)
    assert type(vote_accuracy(0.6, 1.9, 3)) is type(smoothing_helps_below(0.6, 3)) is float


def test_a_curve_is_fast():
    p = np.linspace(0.02, 1, 50)
    for assumption in ASSUMPTIONS:
        times = []
        for _ in range(20):
            start = time.perf_counter()
            vote_loss(p, 0.5, 1.9, 10, assumption)
            times.append(time.perf_counter() - start)
        assert min(times) < 0.005


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: vote_loss(0.5, 0.5, 0.9, 2, "alpha"), r"k is 0\.9; allowed: 1 to inf"),
        (lambda: vote_loss(0.5, 0.5, np.nan, 2, "alpha"), r"k is nan; allowed"),
        (lambda: vote_loss(1.5, 0.5, 2, 2, "alpha"), r"p is 1\.5; allowed: 0 to 1"),
        (lambda: vote_loss(0.5, 1.5, 2, 2, "beta"), r"a is 1\.5; allowed: 0 to 1"),
        (lambda: vote_loss(0.5, 0.5, 2, 2, "delta"), r"assumption is 'delta'; allowed: alpha"),
        (lambda: vote_loss(0.5, 0.5, 2, 2, "alpha", 1.1), r"purity is 1\.1; allowed: 0 to 1"),
        (lambda: vote_optimum(0.5, np.inf, 2, "alpha"), "k is inf; allowed: 1 to"),
        (lambda: vote_accuracy(0.5, 2, 1), "M is 1; allowed: an integer >= 2"),
        (lambda: vote_matrix_loss(0.5, T + 0.1, 2, "alpha"), "T: column . sums to 1.4; allowed"),
        (lambda: vote_matrix_loss(np.eye(3), T, 2, "alpha"), r"S: the shape is \(3, 3\); allowed"),
        (
            lambda: vote_matrix_loss(0.5, T, 2, "alpha", confusion=np.eye(3)),
            r"confusion: the shape is \(3, 3\); allowed",
        ),
    ],
)
def test_bad_arguments_of_votes_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
