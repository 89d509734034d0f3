"""Fits recover known rates and optima, with honest errors, and refuse what they cannot use."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import curve_fit

from label_smoothing.analysis import fits
from label_smoothing.theory import memorising as theory

pytestmark = pytest.mark.filterwarnings("error")

LOSSES = {"alpha": theory.alpha_loss, "beta": theory.beta_loss, "gamma": theory.gamma_loss}
GRID = np.array([0.2, 0.35, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95])


# ---- clean rate ---------------------------------------------------------------------------------


@pytest.mark.parametrize("noise", theory.NOISE_TYPES)
@pytest.mark.parametrize("M", [2, 3, 10, 100])
@pytest.mark.parametrize("n", [None, np.arange(1, 9) * 100])
def test_exact_losses_give_the_exact_rate(noise, M, n):
    a = 0.65
    fit = fits.fit_clean_rate(GRID, LOSSES[noise](GRID, a, M), M, noise, n)
    assert_allclose(fit.estimate, theory.memorised_accuracy(a, M, noise), rtol=1e-12)
    assert_allclose(fit.clean_rate, a, rtol=1e-10)
    assert_allclose(fit.residual_sd, 0, atol=1e-13)
    assert fit.points == GRID.size - np.count_nonzero(1 / M == GRID)


@pytest.mark.parametrize("noise", theory.NOISE_TYPES)
def test_points_without_information_are_left_out(noise):
    M, a = 5, 0.7
    p = np.array([0.0, 0.2, 0.2 + 1e-12, 0.4, 0.8, 1.0, 1.2])
    loss = np.array([np.inf, 77, 77, *LOSSES[noise]([0.4, 0.8], a, M), np.inf, np.nan])
    fit = fits.fit_clean_rate(p, loss, M, noise)
    assert_allclose(fit.clean_rate, a, rtol=1e-12)
    assert fit.points == 2
    weighted = fits.fit_clean_rate(p, loss, M, noise, n=[0, 0, 0, 10, 30, 0, 0])
    assert_allclose(weighted.clean_rate, a, rtol=1e-12)


@pytest.mark.parametrize("noise", theory.NOISE_TYPES)
def test_least_squares_matches_scipy(noise):
    M, a = 4, 0.6
    loss = LOSSES[noise](GRID, a, M) + np.random.default_rng(0).normal(0, 0.02, GRID.size)
    fit = fits.fit_clean_rate(GRID, loss, M, noise)
    # Fitted in the parameter that `estimate` reports: c for alpha and beta, a for gamma.
    model = theory.gamma_loss if noise == "gamma" else theory.memorised_loss
    value, covariance = curve_fit(lambda p, x: model(p, np.clip(x, 0, 1), M), GRID, loss, p0=[0.5])
    assert_allclose(fit.estimate, value[0], rtol=1e-6)
    assert_allclose(fit.standard_error, np.sqrt(covariance[0, 0]), rtol=1e-5)
    residuals = loss - model(GRID, fit.estimate, M)
    assert_allclose(fit.residual_sd, np.sqrt(residuals @ residuals / (GRID.size - 1)), rtol=1e-9)


def test_gamma_estimate_matches_the_divergence_form():
    M, a = 4, 0.6
    loss = theory.gamma_loss(GRID, a, M) + np.random.default_rng(0).normal(0, 0.02, GRID.size)
    q = (1 - GRID) / (M - 1)
    from_uniform = -(np.log(M * GRID) + (M - 1) * np.log(M * q)) / M
    to_uniform = GRID * np.log(M * GRID) + (1 - GRID) * np.log(M * q)
    J = from_uniform + to_uniform
    k = np.sum(J * (np.log(M) + from_uniform - loss)) / np.sum(J**2)
    fit = fits.fit_clean_rate(GRID, loss, M, "gamma")
    assert_allclose(fit.estimate, theory.kappa_inverse(k, M), rtol=1e-12)


@pytest.mark.parametrize("noise", theory.NOISE_TYPES)
def test_least_squares_error_is_the_scatter_over_repeats(noise):
    M, a, sd = 5, 0.7, 0.01
    rng = np.random.default_rng(3)
    repeats = LOSSES[noise](GRID, a, M) + rng.normal(0, sd, (2000, GRID.size))
    results = [fits.fit_clean_rate(GRID, loss, M, noise) for loss in repeats]
    estimate, error, rate, rate_error, residual_sd, _ = np.array(results).T
    exact = theory.memorised_accuracy(a, M, noise)
    assert_allclose(estimate.mean(), exact, atol=4 * estimate.std() / np.sqrt(2000))
    assert_allclose(np.sqrt(np.mean(error**2)), estimate.std(), rtol=0.06)
    assert_allclose(rate.mean(), a, atol=5 * rate.std() / np.sqrt(2000))
    assert_allclose(np.sqrt(np.mean(rate_error**2)), rate.std(), rtol=0.06)
    assert_allclose(np.sqrt(np.mean(residual_sd**2)), sd, rtol=0.06)


@pytest.mark.parametrize("noise", theory.NOISE_TYPES)
def test_binomial_error_is_the_scatter_over_independent_test_sets(noise):
    M, a = 5, 0.7
    n = np.array([50, 100, 200, 400, 400, 200, 100, 50])
    rng = np.random.default_rng(4)
    rate = theory.memorised_accuracy(a, M, noise)
    matches = rng.binomial(n, rate, (2000, n.size)) / n
    model = theory.gamma_loss if noise == "gamma" else theory.memorised_loss
    losses = model(GRID, matches, M)
    results = [fits.fit_clean_rate(GRID, loss, M, noise, n) for loss in losses]
    used = 1 / M != GRID
    exact_error = np.sqrt(rate * (1 - rate) / n[used].sum())
    # The weighted mean of the match rates is what a pooled test set would have given.
    pooled = matches[:, used] @ n[used] / n[used].sum()
    estimate, error, *_ = np.array(results).T
    assert_allclose(estimate, pooled, rtol=1e-10)
    assert_allclose(estimate.std(), exact_error, rtol=0.06)
    assert_allclose(error.mean(), exact_error, rtol=0.01)


def test_estimates_outside_the_theory_are_reported_not_clipped():
    M = 4
    perfect = fits.fit_clean_rate(GRID, theory.memorised_loss(GRID, 1, M) - 0.1, M, n=[9] * 8)
    assert perfect.estimate > 1
    assert np.isnan(perfect.standard_error)
    loss = theory.memorised_loss(GRID, 0.1, M)  # less than any a gives under beta
    chance = fits.fit_clean_rate(GRID, loss, M, "beta")
    assert_allclose(chance.estimate, 0.1, rtol=1e-12)
    assert np.isnan(chance.clean_rate)
    assert np.isnan(chance.clean_rate_standard_error)


# ---- parabola -----------------------------------------------------------------------------------


def test_parabola_is_recovered_exactly_and_in_any_order():
    p = np.random.default_rng(0).permutation(np.linspace(0.3, 0.9, 13))
    fit = fits.fit_quadratic_optimum(p, 2 + 3 * (p - 0.637) ** 2)
    assert_allclose(fit.p_star, 0.637, rtol=1e-10)
    assert_allclose(fit.curvature, 6, rtol=1e-8)
    assert_allclose(fit.standard_error, 0, atol=1e-7)
    assert_allclose(fit.grid_minimum, 0.65)
    assert (fit.points, fit.status) == (5, "ok")


def test_fine_grid_around_a_far_optimum_stays_well_conditioned():
    p = 0.9 + 1e-6 * np.arange(20)
    fit = fits.fit_quadratic_optimum(p, 1e6 * (p - 0.9000101) ** 2)
    assert_allclose(fit.p_star, 0.9000101, rtol=0, atol=1e-10)


@pytest.mark.parametrize("noise", theory.NOISE_TYPES)
def test_parabola_converges_to_the_theory_optimum(noise):
    M, a = 5, 0.6
    optimum = {
        "alpha": theory.alpha_optimum,
        "beta": theory.beta_optimum,
        "gamma": theory.gamma_optimum,
    }[noise](a, M)
    bias = []
    for step in (0.02, 0.01, 0.005):
        p = optimum + step * (np.arange(-3, 4) + 0.3)
        fit = fits.fit_quadratic_optimum(p, LOSSES[noise](p, a, M))
        bias.append(abs(fit.p_star - optimum))
        assert_allclose(fit.curvature, theory.loss_curvature(optimum, a, M, noise), rtol=0.2)
    # Second order: halving the step divides the bias by about four.
    assert_allclose(np.divide(bias[:-1], bias[1:]), 4, rtol=0.25)


def test_seeds_share_a_grid_point():
    p = np.repeat(np.linspace(0.4, 0.8, 5), 3)
    rng = np.random.default_rng(2)
    curve = 1 + 4 * (p - 0.61) ** 2
    fitted = [
        fits.fit_quadratic_optimum(p, curve + rng.normal(0, 0.01, p.size)) for _ in range(500)
    ]
    vertices = np.array([fit.p_star for fit in fitted])
    errors = np.array([fit.standard_error for fit in fitted])
    assert all(fit.status == "ok" and fit.points == 15 for fit in fitted)
    assert_allclose(vertices.mean(), 0.61, atol=4 * vertices.std() / np.sqrt(500))
    assert_allclose(np.sqrt(np.mean(errors**2)), vertices.std(), rtol=0.15)


def test_parabola_and_its_error_match_scipy():
    # One point left of the lowest, two right of it: slope and curvature are correlated.
    p, loss = np.array([0.4, 0.5, 0.6, 0.7]), np.array([1.02, 1.0, 1.13, 1.31])
    fit = fits.fit_quadratic_optimum(p, loss)
    value, covariance = curve_fit(
        lambda p, v, k, low: low + k / 2 * (p - v) ** 2, p, loss, [0.5, 1, 1]
    )
    assert_allclose([fit.p_star, fit.curvature], value[:2], rtol=1e-5)
    assert_allclose(fit.standard_error, np.sqrt(covariance[0, 0]), rtol=1e-4)
    assert fit.points == 4


def test_three_points_have_no_error():
    p = np.array([0.4, 0.5, 0.6])
    fit = fits.fit_quadratic_optimum(p, (p - 0.52) ** 2)
    assert_allclose(fit.p_star, 0.52)
    assert np.isnan(fit.standard_error)
    assert (fit.points, fit.status) == (3, "ok")


@pytest.mark.parametrize(
    ("p", "loss", "grid_minimum", "status"),
    [
        ([0.2, 0.4, 0.6, 0.8], [4, 3, 2, 1], 0.8, "edge"),
        ([0.2, 0.4, 0.6, 0.8], [1, 2, 3, 4], 0.2, "edge"),
        # A divergent loss at p = 1 is no neighbour that would make 0.8 an interior minimum.
        ([0.2, 0.4, 0.6, 0.8, 1.0], [4, 3, 2, 1, np.inf], 0.8, "edge"),
        ([0.1, 0.2, 0.3, 0.4, 0.5], [1, 3, 0.9, 3, 1], 0.3, "not convex"),
        ([0.1, 0.2, 0.3, 0.4, 0.5], [0.1, 0.1, 0, 5, 3], 0.3, "outside"),
        ([0.1, 0.2, 0.3, 0.4, 0.5], [9, 1.7, 1, 1.6, 1.5], 0.3, "ok"),
    ],
)
def test_no_silent_extrapolation(p, loss, grid_minimum, status):
    fit = fits.fit_quadratic_optimum(p, loss)
    assert (fit.grid_minimum, fit.status) == (grid_minimum, status)
    assert np.isnan(fit.p_star) == (status != "ok")
    assert np.isnan(fit.standard_error) == (status != "ok")


def test_clean_rate_is_more_precise_than_the_parabola():
    M, a = 10, 0.8
    p = np.linspace(0.5, 0.98, 13)
    rng = np.random.default_rng(5)
    curves = theory.alpha_loss(p, a, M) + rng.normal(0, 0.01, (400, p.size))
    linear = np.array([fits.fit_clean_rate(p, loss, M).clean_rate for loss in curves])
    quadratic = np.array([fits.fit_quadratic_optimum(p, loss).p_star for loss in curves])
    assert_allclose(linear.mean(), a, atol=4 * linear.std() / 20)
    assert np.nanstd(quadratic) > 5 * linear.std()


# ---- refusals -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: fits.fit_clean_rate([0.5, 0.5], [1, 1], 2), "p: 0 of 2 points"),
        (lambda: fits.fit_clean_rate([1.0, 1.5], [1, 1], 3), "p: 0 of 2 points"),
        (lambda: fits.fit_clean_rate([0.6, 0.5], [1, 1], 2), "p: 1 of 2 points"),
        (lambda: fits.fit_clean_rate([], [], 2), "p: 0 of 0 points"),
        (lambda: fits.fit_clean_rate([0.6, 0.7], [1], 2), r"p has shape \(2,\) and loss \(1,\)"),
        (lambda: fits.fit_clean_rate(0.6, 1, 2), r"p has shape \(\)"),
        (lambda: fits.fit_clean_rate([0.6, np.nan], [1, 1], 2), "p = nan is not finite"),
        (lambda: fits.fit_clean_rate([0.6, 0.7], [1, np.inf], 2), "loss = inf at p = 0.7"),
        (lambda: fits.fit_clean_rate([0.6, 0.7], [1, 1], 1), "M = 1 is not an integer"),
        (lambda: fits.fit_clean_rate([0.6, 0.7], [1, 1], 2, "delta"), "noise = 'delta'"),
        (lambda: fits.fit_clean_rate([0.6, 0.7], [1, 1], 2, n=[1]), r"n has shape \(1,\)"),
        (
            lambda: fits.fit_clean_rate([0.6, 0.7], [1, 1], 2, n=[1, 0]),
            r"n = 0\.0 is outside \(0, inf\)",
        ),
        (lambda: fits.fit_quadratic_optimum([0.5] * 3, [1, 2, 3]), "p: 1 distinct values"),
        (lambda: fits.fit_quadratic_optimum([0.5, 0.6, 1], [1, 2, 3]), "p: 2 distinct values"),
        (lambda: fits.fit_quadratic_optimum([0.5, 0.6], [1, 2, 3]), r"p has shape \(2,\)"),
        (lambda: fits.fit_quadratic_optimum([0.1, 0.2, 0.3], [1, np.nan, 1]), "loss = nan"),
        (lambda: fits.fit_quadratic_optimum([0.1, np.inf, 0.3], [1, 1, 1]), "p = inf is not"),
        (lambda: fits.fit_quadratic_optimum([0.1, 0.2, 0.3], [2, 1, 2], 0), "neighbours = 0"),
    ],
)
def test_unusable_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
