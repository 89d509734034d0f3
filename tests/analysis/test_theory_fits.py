"""The comparison finds the theory where it holds and says how far off it is where not."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from samples import P, cells, match, of_given_labels
from scipy.optimize import curve_fit

from label_smoothing.analysis.predictions import predicted_loss
from label_smoothing.analysis.theory_fits import (
    compare_with_theory,
    fit_clean_rate,
    measured_optimum,
)
from label_smoothing.theory.checks import ASSUMPTIONS
from label_smoothing.theory.memorising import loss, memorised_accuracy, memorised_loss, optimum
from label_smoothing.theory.rates import kappa_inverse


@pytest.mark.parametrize("assumption", ["alpha", "beta", "gamma"])
@pytest.mark.parametrize("a", [0.6, 0.8])
def test_memorising_network_is_recognised(assumption, a):
    row = compare_with_theory(cells(assumption, a, noise=0.005)).iloc[0]
    assert_allclose(row["fitted_match"], match(a, assumption), atol=0.01)
    assert_allclose(row["fitted_optimum"], row["predicted_optimum"], atol=0.03)
    assert row["fitted_match_low"] < row["fitted_match"] < row["fitted_match_high"]
    assert row["rmse"] < 0.01
    assert (row["seeds"], row["cells"], row["memorised_cells"]) == (3, 21, 18)


def test_network_that_averages_the_noise_is_recognised():
    row = compare_with_theory(cells("alpha", 0.6, true_rate=0.8)).iloc[0]
    assert_allclose(row["predicted_optimum"], 0.6)
    assert_allclose(row["predicted_epsilon"], 10 * 0.4 / 9)
    assert_allclose(row["measured_epsilon"], 10 * (1 - row["measured_optimum"]) / 9)
    assert_allclose(row["grid_epsilon"], 10 * (1 - row["grid_optimum"]) / 9)
    assert_allclose(row["fitted_match"], 0.8)
    assert_allclose(row["measured_optimum"], 0.8, atol=0.05)
    assert row["optimum_status"] == "ok"
    assert row["mean_deviation"] < 0 < row["rmse"]


def test_deviation_has_the_sign_of_the_measurement():
    row = compare_with_theory(cells("beta", 0.7, offset=0.1)).iloc[0]
    assert_allclose(row[["mean_deviation", "max_deviation", "rmse"]].astype(float), 0.1)


def test_optimum_at_the_end_of_the_grid_is_said_to_be_there():
    row = compare_with_theory(cells("alpha", 1.0)).iloc[0]
    assert row["measured_optimum"] == row["grid_optimum"] == 1.0
    assert row["optimum_status"] == "grid"


def test_diverged_cells_are_counted_and_left_out():
    table = cells("alpha", 0.6)
    whole = compare_with_theory(table).iloc[0]
    lost = (table["seed"] == 1) & (table["p"] == 0.9)
    table.loc[lost, ["test_loss", "diverged_epoch", "memorised"]] = (np.nan, 7, False)
    row = compare_with_theory(table).iloc[0]
    assert row["diverged_cells"] == 1
    assert_allclose(row["fitted_match"], whole["fitted_match"])
    table["test_loss"], table["diverged_epoch"] = np.nan, 1
    row = compare_with_theory(table).iloc[0]
    assert (row["diverged_cells"], row["seeds"]) == (21, 0)
    assert np.isnan(row["fitted_match"])
    assert np.isnan(row["measured_optimum"])


def test_no_assumption_is_named_where_none_is_nearest():
    # Without noise alpha and beta are the same theory.
    assert compare_with_theory(cells("beta", 1.0, noise=0.001)).iloc[0]["best_assumption"] == (
        "undecided"
    )
    one_seed = compare_with_theory(cells("beta", 0.6, seeds=1)).iloc[0]
    assert one_seed["best_assumption"] == "undecided"


def test_a_fit_beyond_the_range_counts_as_its_limit():
    table = cells("alpha", 1.0, noise=0.001)
    lower = table["seed"] == 2
    table.loc[lower, "test_loss"] = [predicted_loss(p, 0.97, 10, "alpha") for p in P[:-1]] + [0.2]
    table.loc[~lower & (table["p"] < 1), "test_loss"] -= 0.02
    row = compare_with_theory(table).iloc[0]
    assert row["fitted_match"] > row["fitted_optimum"]
    assert_allclose(row["fitted_optimum"], (1 + 1 + 0.97) / 3)


def test_accuracy_is_compared_where_right_is_what_the_network_wants():
    table = cells("alpha", 0.6)
    low = table[table["p"] == 0.5].assign(p=0.05, test_accuracy=0.04)
    low["test_loss"] = predicted_loss(0.05, 0.6, 10, "alpha")
    row = compare_with_theory(pd.concat([table, low])).iloc[0]
    assert_allclose(row["match_minus_accuracy"], 0, atol=1e-12)


def test_one_seed_has_no_interval():
    row = compare_with_theory(cells("alpha", 0.6, seeds=1)).iloc[0]
    assert np.isnan(row["fitted_match_low"])
    assert not np.isnan(row["fitted_match"])


def test_rows_are_clean_rates():
    both = pd.concat([cells("alpha", 0.8), cells("alpha", 0.6)])
    assert list(compare_with_theory(both)["a"]) == [0.6, 0.8]


def test_r2_is_one_only_for_the_right_assumption():
    row = compare_with_theory(cells("alpha", 0.6, noise=0.001)).iloc[0]
    assert row["r2"] > 0.999
    assert row["best_assumption"] == "alpha"
    assert row["rmse"] == row["rmse_alpha"] < row["rmse_beta"]
    assert 0 < row["best_margin_low"] < row["best_margin"]
    assert row["predicted_optimum_alpha"] == pytest.approx(0.6)
    assert row["predicted_optimum_beta"] == pytest.approx(match(0.6, "beta"))


def test_fit_agrees_where_the_prediction_does_not():
    row = compare_with_theory(cells("beta", 0.6, true_rate=0.8, noise=0.001)).iloc[0]
    assert row["fitted_r2"] > 0.999 > 0.9 > row["r2"]
    assert row["fitted_rmse"] < 0.005 < row["rmse"]
    assert row["fitted_max_deviation"] < 0.01 < row["max_deviation"]
    assert_allclose(row["effective_clean_rate"], 0.8, atol=0.01)
    assert_allclose(row["match_minus_accuracy"], 0, atol=0.01)
    assert row["match_minus_accuracy_low"] < 0.01 > row["fitted_match_se"] > 0


def test_differences_are_paired_over_seeds():
    table = cells("alpha", 0.6, noise=0.001)
    shift = table["seed"] * 0.2  # moves all losses and all accuracies of a seed together
    table["test_accuracy"] -= shift
    table["test_loss"] = [
        predicted_loss(p, 0.6 - s, 10, "alpha") if p < 1 else 8.0
        for p, s in zip(table["p"], shift, strict=True)
    ]
    row = compare_with_theory(table).iloc[0]
    assert row["fitted_match_high"] - row["fitted_match_low"] > 0.5
    assert row["match_minus_accuracy_high"] - row["match_minus_accuracy_low"] < 0.01


@pytest.mark.parametrize("assumption", ["beta", "gamma"])
def test_of_given_labels_what_is_measured_stays_and_nothing_is_predicted(assumption):
    table = cells(assumption, 0.7, noise=0.01)
    known, given = (compare_with_theory(rows) for rows in (table, of_given_labels(table)))
    measured = [c for c in known if "measured" in c or c.startswith(("fit", "effective"))]
    pd.testing.assert_frame_equal(given[measured], known[measured])
    rest = (
        "dataset",
        "noise",
        "assumption",
        "method",
        "labels",
        "a",
        "M",
        "seeds",
        "optimum_status",
    )
    rest += ("grid_", "match_minus_accuracy", "cells", "memorised_cells", "diverged_cells")
    others = [c for c in given if c not in measured and not c.startswith(rest)]
    assert {"predicted_optimum_gamma", "rmse", "r2", "match_probability"} <= set(others)
    assert given[others].isna().all(axis=None)
    assert list(given["labels"]) == ["given"]


pytestmark = pytest.mark.filterwarnings("error")

GRID = np.array([0.2, 0.35, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95])


# ---- clean rate ---------------------------------------------------------------------------------


@pytest.mark.parametrize("assumption", ASSUMPTIONS)
@pytest.mark.parametrize("M", [2, 3, 10, 100])
def test_exact_losses_give_the_exact_rate(assumption, M):
    a = 0.65
    fit = fit_clean_rate(GRID, loss(GRID, a, M, assumption), M, assumption)
    assert_allclose(fit.estimate, memorised_accuracy(a, M, assumption), rtol=1e-12)
    assert_allclose(fit.clean_rate, a, rtol=1e-10)
    assert_allclose(fit.standard_error, 0, atol=1e-13)


@pytest.mark.parametrize("assumption", ASSUMPTIONS)
def test_points_without_information_are_left_out(assumption):
    M, a = 5, 0.7
    p = np.array([0.0, 0.2, 0.2 + 1e-12, 0.4, 0.8, 1.0, 1.2])
    losses = [np.inf, 77, 77, *loss([0.4, 0.8], a, M, assumption), np.inf, np.nan]
    assert_allclose(fit_clean_rate(p, losses, M, assumption).clean_rate, a, rtol=1e-12)


@pytest.mark.parametrize("assumption", ASSUMPTIONS)
def test_least_squares_matches_scipy(assumption):
    M, a = 4, 0.6
    scatter = np.random.default_rng(0).normal(0, 0.02, GRID.size)
    losses = loss(GRID, a, M, assumption) + scatter
    fit = fit_clean_rate(GRID, losses, M, assumption)

    # Fitted in the parameter that `estimate` reports: c for alpha and beta, a for gamma.
    def model(p, rate):
        rate = np.clip(rate, 0, 1)
        return loss(p, rate, M, "gamma") if assumption == "gamma" else memorised_loss(p, rate, M)

    value, covariance = curve_fit(model, GRID, losses, p0=[0.5])
    assert_allclose(fit.estimate, value[0], rtol=1e-6)
    assert_allclose(fit.standard_error, np.sqrt(covariance[0, 0]), rtol=1e-5)


def test_gamma_estimate_matches_the_divergence_form():
    M, a = 4, 0.6
    losses = loss(GRID, a, M, "gamma") + np.random.default_rng(0).normal(0, 0.02, GRID.size)
    q = (1 - GRID) / (M - 1)
    from_uniform = -(np.log(M * GRID) + (M - 1) * np.log(M * q)) / M
    to_uniform = GRID * np.log(M * GRID) + (1 - GRID) * np.log(M * q)
    J = from_uniform + to_uniform
    k = np.sum(J * (np.log(M) + from_uniform - losses)) / np.sum(J**2)
    fit = fit_clean_rate(GRID, losses, M, "gamma")
    assert_allclose(fit.estimate, kappa_inverse(k, M), rtol=1e-12)


@pytest.mark.parametrize("assumption", ASSUMPTIONS)
def test_standard_error_is_the_scatter_over_repeats(assumption):
    M, a = 5, 0.7
    rng = np.random.default_rng(3)
    repeats = loss(GRID, a, M, assumption) + rng.normal(0, 0.01, (2000, GRID.size))
    results = [fit_clean_rate(GRID, losses, M, assumption) for losses in repeats]
    estimate, error, rate = np.array(results).T
    exact = memorised_accuracy(a, M, assumption)
    assert_allclose(estimate.mean(), exact, atol=4 * estimate.std() / np.sqrt(2000))
    assert_allclose(np.sqrt(np.mean(error**2)), estimate.std(), rtol=0.06)
    assert_allclose(rate.mean(), a, atol=5 * rate.std() / np.sqrt(2000))


def test_estimates_outside_the_theory_are_reported_not_clipped():
    M = 4
    assert fit_clean_rate(GRID, memorised_loss(GRID, 1, M) - 0.1, M, "alpha").clean_rate > 1
    less_than_any_a_gives = memorised_loss(GRID, 0.1, M)
    chance = fit_clean_rate(GRID, less_than_any_a_gives, M, "beta")
    assert_allclose(chance.estimate, 0.1, rtol=1e-12)
    assert np.isnan(chance.clean_rate)


# ---- parabola -----------------------------------------------------------------------------------


def test_parabola_is_recovered_exactly_and_in_any_order():
    p = np.random.default_rng(0).permutation(np.linspace(0.3, 0.9, 13))
    vertex, status = measured_optimum(p, 2 + 3 * (p - 0.637) ** 2)
    assert_allclose(vertex, 0.637, rtol=1e-10)
    assert status == "ok"


def test_fine_grid_around_a_far_optimum_stays_well_conditioned():
    p = 0.9 + 1e-6 * np.arange(20)
    vertex, _ = measured_optimum(p, 1e6 * (p - 0.9000101) ** 2)
    assert_allclose(vertex, 0.9000101, rtol=0, atol=1e-10)


@pytest.mark.parametrize("assumption", ASSUMPTIONS)
def test_vertex_converges_to_the_optimum_of_the_theory(assumption):
    M, a = 5, 0.6
    best = optimum(a, M, assumption)
    bias = []
    for step in (0.02, 0.01, 0.005):
        p = best + step * (np.arange(-3, 4) + 0.3)
        vertex, status = measured_optimum(p, loss(p, a, M, assumption))
        assert status == "ok"
        bias.append(abs(vertex - best))
    # Second order: halving the step divides the bias by about four.
    assert_allclose(np.divide(bias[:-1], bias[1:]), 4, rtol=0.25)


def test_only_the_lowest_three_have_a_say():
    # Not equally spaced, lopsided, and far losses that would move a wider parabola.
    p, losses = np.array([0.1, 0.4, 0.5, 0.7, 0.9]), np.array([9, 1.02, 1.0, 1.31, 2])
    vertex, _ = measured_optimum(p, losses)
    coefficients = np.polyfit(p[1:4], losses[1:4], 2)
    assert_allclose(vertex, -coefficients[1] / (2 * coefficients[0]), rtol=1e-9)


@pytest.mark.parametrize(
    ("p", "losses", "found", "status"),
    [
        ([0.2, 0.4, 0.6, 0.8], [4, 3, 2, 1], 0.8, "edge"),
        ([0.2, 0.4, 0.6, 0.8], [1, 2, 3, 4], 0.2, "edge"),
        # A divergent loss at p = 1 is no neighbour that would make 0.8 an interior minimum.
        ([0.2, 0.4, 0.6, 0.8, 1.0], [4, 3, 2, 1, np.inf], 0.8, "edge"),
        ([0.2, 0.4, 0.6, 1.0], [4, 2, 3, 1], 1.0, "grid"),
        ([0.2, 0.4, 1.0], [4, 2, 3], 0.4, "grid"),
        ([0.9, 0.95, 1.0, 1.1], [4, 3, 2, 1], 1.1, "grid"),
        ([0.1, 0.2, 0.3, 0.4], [2, 1, 1, 1], 0.2, "ok"),
        ([0.1, 0.2, 0.3, 0.4, 0.5], [9, 1.7, 1, 1.6, 1.5], 0.3, "ok"),
    ],
)
def test_nothing_is_extrapolated(p, losses, found, status):
    vertex, why = measured_optimum(np.array(p), np.array(losses))
    assert why == status
    assert abs(vertex - found) <= (0.05 + 1e-12 if status == "ok" else 0)


def test_no_losses_have_no_optimum():
    vertex, status = measured_optimum(np.array([]), np.array([]))
    assert np.isnan(vertex)
    assert status == "grid"


def test_clean_rate_is_more_precise_than_the_parabola():
    M, a = 10, 0.8
    p = np.linspace(0.5, 0.98, 13)
    rng = np.random.default_rng(5)
    curves = loss(p, a, M, "alpha") + rng.normal(0, 0.01, (400, p.size))
    linear = np.array([fit_clean_rate(p, losses, M, "alpha").clean_rate for losses in curves])
    vertices = np.array([measured_optimum(p, losses)[0] for losses in curves])
    assert_allclose(linear.mean(), a, atol=4 * linear.std() / 20)
    assert vertices.std() > 5 * linear.std()


# ---- refusals -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: fit_clean_rate([0.5, 0.5], [1, 1], 2, "alpha"), "is 0, of 2; allowed: 2 or more"),
        (lambda: fit_clean_rate([1.0, 1.5], [1, 1], 3, "beta"), "is 0, of 2; allowed"),
        (lambda: fit_clean_rate([0.6, 0.5], [1, 1], 2, "gamma"), "is 1, of 2; allowed"),
        (lambda: fit_clean_rate([], [], 2, "alpha"), "is 0, of 0; allowed"),
        (lambda: fit_clean_rate([0.6, 0.7], [1], 2, "alpha"), r"\(2,\), \(1,\); allowed: \(n,\)"),
        (lambda: fit_clean_rate(0.6, 1, 2, "alpha"), r"p and loss are \(\), \(\); allowed"),
        (lambda: fit_clean_rate([0.6, np.nan], [1, 1], 2, "alpha"), "p is nan; allowed: a finite"),
        (lambda: fit_clean_rate([0.6, 0.7], [1, np.inf], 2, "alpha"), "loss at p = 0.7 is inf;"),
        (lambda: fit_clean_rate([0.6, 0.7], [1, 1], 1, "alpha"), "M is 1; allowed: an integer"),
        (lambda: fit_clean_rate([0.6, 0.7], [1, 1], 2, "delta"), "assumption is 'delta'; allowed"),
        (lambda: measured_optimum([0.5, 0.6], [1, 2, 3]), r"p and loss are \(2,\), \(3,\)"),
        (lambda: measured_optimum([0.1, 0.2, 0.3], [1, np.nan, 1]), "loss at p = 0.2 is nan"),
        (lambda: measured_optimum([0.1, np.inf, 0.3], [1, 1, 1]), "p is inf; allowed: a finite"),
    ],
)
def test_unusable_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
