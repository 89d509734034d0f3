"""The comparison finds the theory where it holds and says how far off it is where not."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from samples import P, cells, match, of_given_labels

from label_smoothing.analysis.predictions import predicted_loss
from label_smoothing.analysis.theory_fits import compare_with_theory


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
