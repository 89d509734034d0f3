"""Each claim meets a study where it holds, one where it does not and one that cannot tell."""

import claim_studies as made
import numpy as np
import pandas as pd
import pytest
from claim_studies import SURFACES, P, cells, judge
from numpy.testing import assert_allclose

BELOW = (made.ALPHA_PLACE, made.BETA_PLACE, made.NOT_NEEDED, made.FORWARD)


@pytest.mark.parametrize("claim", SURFACES)
def test_claim_that_holds_is_supported(claim):
    row = judge(claim, cells(claim))
    assert row["verdict"] == "supported"
    assert row["low"] < row["value"] < row["high"]
    assert row["high"] < row["threshold"] if claim in BELOW else row["threshold"] < row["low"]
    assert row["n"] == 4
    assert row["figure"].startswith("d/methods_" if claim == made.FORWARD else "d/smoothing/")


@pytest.mark.parametrize("claim", SURFACES)
def test_claim_that_does_not_hold_is_not_supported(claim):
    row = judge(claim, cells(claim, holds=lambda seed: False))
    assert row["verdict"] == "not supported"
    assert row["low"] < row["value"] < row["high"]
    assert row["threshold"] < row["low"] if claim in BELOW else row["high"] < row["threshold"]


@pytest.mark.parametrize("claim", SURFACES)
def test_claim_that_holds_in_some_of_the_seeds_is_undecided(claim):
    every = 4 if claim == made.SCATTER else 2  # one seed that scatters is far from the others
    row = judge(claim, cells(claim, holds=lambda seed: seed % every == 0))
    assert row["verdict"] == "undecided"
    assert row["reason"].startswith("interval contains")
    assert row["low"] < row["threshold"] < row["high"]


@pytest.mark.parametrize("claim", SURFACES)
def test_one_seed_decides_nothing(claim):
    row = judge(claim, cells(claim, seeds=1))
    assert row["verdict"] == "undecided"
    assert "one seed" in row["reason"]


@pytest.mark.parametrize(
    ("claim", "lack", "reason"),
    [
        (made.ALPHA_HEIGHT, {"rates": [1.0]}, "no clean rate below 1"),
        (made.BETA_SHAPE, {"grid": [0.1, 0.5, 0.9, 1.0]}, "fewer than 3 p"),
        (made.ALPHA_PLACE, {"grid": [0.5, 1.0]}, "fewer than 3 p"),
        (made.GROWTH, {"rates": [0.5, 0.7, 1.0]}, "2 clean rates below 1"),
        (made.ACCURACY_GROWTH, {"rates": [0.5, 0.7, 1.0]}, "2 clean rates below 1"),
        (made.BETA_BELOW, {"rates": [1.0]}, "0 clean rates between 1/M and 1"),
        (made.APART, {"rates": [1.0]}, "0 clean rates below 1"),
        (made.GAMMA, {"rates": [0.3, 0.4, 0.5, 1.0]}, "1 clean rates below 1"),
        (made.WEAK, {"grid": P[:-1]}, "no p = 1"),
        (made.WEAK, {"grid": [0.2, 0.5, 0.97, 1.0]}, "neither p = 0.9 nor 0.95"),
        (made.WEAK, {"rates": [0.1, 0.9, 1.0]}, "none between 1/M and 0.9"),
        (made.MINIMA, {"rates": [0.9, 1.0]}, "0 clean rates up to 0.85"),
        (made.MINIMA, {"grid": [0.6, 0.8, 0.9, 1.0]}, "a p up to 0.5"),
        (made.MINIMA, {"grid": P[:-1]}, "p = 1"),
        (made.SCATTER, {"rates": [0.5, 0.7, 1.0]}, "3 clean rates"),
        (made.NOT_NEEDED, {"grid": P[:-1]}, "and p = 1"),
        (made.FORWARD, {"grid": [0.2, 0.35, 1.0]}, "no clean rate below 1 with p = a"),
    ],
)
def test_study_that_is_too_small_says_what_it_lacks(claim, lack, reason):
    row = judge(claim, cells(claim, **lack))
    assert (row["verdict"], row["n"]) == ("not testable here", 0)
    assert reason in row["reason"]
    assert np.isnan(row["value"])


@pytest.mark.parametrize("claim", [made.ON_TRAINING, made.FORETELLS])
def test_trainings_without_the_loss_on_training_images_are_named(claim):
    for table in (
        cells(claim).drop(columns="empirical_loss"),
        cells(claim).assign(empirical_loss=np.nan),
    ):
        row = judge(claim, table)
        assert row["verdict"] == "not testable here"
        assert "did not record the loss on the training images" in row["reason"]


OF_THEORY = [
    made.ALPHA_SHAPE,
    made.ALPHA_PLACE,
    made.ALPHA_HEIGHT,
    made.BETA_SHAPE,
    made.BETA_PLACE,
    made.BETA_HEIGHT,
    made.ON_TRAINING,
    made.FORETELLS,
    made.GAMMA,
]


@pytest.mark.parametrize("claim", OF_THEORY)
def test_theory_is_not_judged_on_cells_that_did_not_memorise(claim):
    row = judge(claim, cells(claim).assign(memorised=False))
    assert row["verdict"] == "not testable here"
    assert "memorised" in row["reason"]


@pytest.mark.parametrize("claim", [claim for claim in SURFACES if claim != made.FORWARD])
def test_cell_that_diverged_is_left_out_in_all_seeds(claim):
    table = cells(claim)
    lost = (table["p"] == 0.5) & (table["a"] == 0.7)
    columns = ["a", "verdict", "value", "low", "high"]
    without = judge(claim, table[~lost], a=0.7)[columns]
    table.loc[lost & (table["seed"] == 1), list(made.SCORES)] = np.nan
    table.loc[lost & (table["seed"] == 1), "memorised"] = False
    pd.testing.assert_series_equal(judge(claim, table, a=0.7)[columns], without)
    table[list(made.SCORES)] = np.nan
    assert judge(claim, table.assign(memorised=False))["verdict"] == "not testable here"


def test_trend_and_height_are_judged_apart():
    table = cells(made.ALPHA_SHAPE)  # alpha's losses, 0.3 nats higher
    assert judge(made.ALPHA_SHAPE, table)["value"] > 0.999
    assert judge(made.ALPHA_PLACE, table)["verdict"] == "supported"
    assert judge(made.ALPHA_HEIGHT, table)["verdict"] == "not supported"
    assert "R² of all a" in judge(made.ALPHA_HEIGHT, table)["reason"]


def test_the_share_of_noise_that_is_averaged_away_is_what_the_height_misses():
    table = cells(made.ALPHA_HEIGHT, noise=0)
    a = table["a"] + 0.15 * (1 - table["a"])
    table["test_loss"] = made.alpha(a, table["p"])
    table = table[table["p"] < 1]
    for grid in (P, [0.35, 0.7, 0.95]):
        for rate in (0.5, 0.95):
            row = judge(made.ALPHA_HEIGHT, table[table["p"].isin(grid)], a=rate)
            assert_allclose(row["value"], 0.85)


@pytest.mark.parametrize(
    ("claim", "size", "tolerance"),
    [
        (made.ALPHA_PLACE, 0, 0.05),
        (made.GROWTH, 1, 0.1),
        (made.ACCURACY_GROWTH, 1, 0.1),
        (made.WEAK, 1.05, 0.05),
        (made.APART, 16.2, 0.1),  # mean of (p - 0.35)² with the p of the loss, near a
        (made.MINIMA, 10, 0.1),
        (made.NOT_NEEDED, -0.1, 0.01),  # of p = 0.95
        (made.FORWARD, 0, 0.01),
    ],
)
def test_size_of_an_effect_is_in_its_unit(claim, size, tolerance):
    assert_allclose(judge(claim, cells(claim))["value"], size, atol=tolerance)


def test_p_is_smaller_or_the_accuracy_gains_nothing():
    above = cells(made.APART)
    above["test_accuracy"] -= (above["p"] - 1) ** 2 - (above["p"] - 0.35) ** 2
    row = judge(made.APART, above)
    assert row["verdict"] == "not supported"
    assert "p* of the loss minus p* of the accuracy: -0.50 at a = 0.5" in row["reason"]


def test_two_valleys_with_a_maximum_at_p_1_are_not_what_the_paper_shows():
    table = cells(made.MINIMA)
    table["test_accuracy"] += made.two_valleys(0, table["p"], 0)
    table["test_accuracy"] -= made.valley_barrier_plateau(0, table["p"], 0)
    row = judge(made.MINIMA, table)
    assert row["verdict"] == "not supported"


def test_a_valley_above_a_half_is_not_at_small_p():
    table = cells(made.MINIMA)
    error = np.interp(table["p"], [0.2, 0.5, 0.6, 0.9, 1], [0.3, 0.25, 0.1, 0.4, 0.3])
    table["test_accuracy"] += 1 - error - made.valley_barrier_plateau(0, table["p"], 0)
    row = judge(made.MINIMA, table)
    assert_allclose(row["value"], -15, atol=0.1)
    assert "(the depth)" in row["reason"]
    assert "lowest error at p: 0.60 at a = 0.5" in row["reason"]


@pytest.mark.parametrize("points", [1, 0.1])
def test_accuracy_without_a_best_p_is_not_mistaken_for_two_minima_or_another_p(points):
    rng = np.random.default_rng(0)
    table = cells(made.APART, seeds=10)
    table["test_accuracy"] = 0.8 + points / 100 * rng.normal(size=len(table))
    for row in (judge(made.APART, table), judge(made.MINIMA, table)):
        assert row["verdict"] != "supported"
        assert row["low"] < row["value"] < row["high"]


def noisy_verdicts(claim, accuracy, seeds, points=2, score="test_accuracy", studies=20):
    """Return the verdicts of some studies whose accuracies scatter by so many points."""
    rng = np.random.default_rng(0)
    table = cells(claim, seeds=seeds)
    for _ in range(studies):
        noise = points / 100 * rng.normal(size=len(table))
        table[score] = accuracy(table["a"], table["p"]) + noise
        yield judge(claim, table)["verdict"]


def test_a_claim_that_holds_is_not_refuted_by_noise():
    def weak(a, p):
        return 0.8 + 0.004 * (p < 1) * np.where(a >= 0.9, 1, -1)

    def valley(a, p):
        return 1 - np.interp(p, [0.2, 0.35, 0.7, 1], [0.22, 0.19, 0.21, 0.2])

    assert list(noisy_verdicts(made.WEAK, weak, 30, studies=10)).count("not supported") <= 1
    for seeds in (3, 10):
        for claim, surface, score in (
            (made.MINIMA, valley, "test_accuracy"),
            (made.APART, lambda a, p: 0.8 + (p == 0.35) / 100, "test_accuracy"),
            (made.NOT_NEEDED, lambda a, p: 0.8 + 0 * p, "oracle_stop_accuracy"),
        ):
            found = noisy_verdicts(claim, surface, seeds, score=score, studies=8)
            assert "not supported" not in found


def test_a_best_p_that_jumps_alike_in_every_seed_does_not_scatter():
    def step(a, p):
        return 0.8 - (p - np.where(a < 0.9, 0.35, 1)) ** 2

    found = noisy_verdicts(
        made.SCATTER, step, 10, points=0.5, score="oracle_stop_accuracy", studies=8
    )
    assert set(found) == {"not supported"}


def test_a_best_p_drawn_blindly_scatters():
    found = noisy_verdicts(
        made.SCATTER, lambda a, p: 0.8, 10, score="oracle_stop_accuracy", studies=8
    )
    assert set(found) == {"supported"}


def test_forward_correction_is_compared_at_the_true_matrix_of_uniform_noise():
    table = cells(made.FORWARD)
    of_p = {**made.STUDY["methods"], "forward": {"loss": "forward_correction", "matrix": "p"}}
    study = made.STUDY | {"methods": of_p}
    lacking = "no forward correction with the true matrix"
    assert judge(made.FORWARD, table, study)["reason"] == lacking
    forward = table["method"] == "forward"
    row = judge(made.FORWARD, table.assign(p=table["p"].where(~forward, table["a"])), study)
    assert row["verdict"] == "supported"
    pairs = {"alpha": {"assumption": "alpha", "transition": "pairs"}}
    row = judge(made.FORWARD, table, made.STUDY | {"noise_types": pairs})
    assert (row["verdict"], row["n"]) == ("not testable here", 0)
    assert "not uniform" in row["reason"]
    alone = {"smoothing": made.STUDY["methods"]["smoothing"]}
    table = table[table["method"] == "smoothing"]
    row = judge(made.FORWARD, table, made.STUDY | {"methods": alone})
    assert row["reason"] == lacking


def test_beta_is_compared_with_alpha_on_the_same_transition():
    table = cells(made.BETA_BELOW)
    types = made.STUDY["noise_types"] | {"beta": {"assumption": "beta", "transition": "pairs"}}
    row = judge(made.BETA_BELOW, table, made.STUDY | {"noise_types": types})
    assert row["reason"] == "no noise type with assumption beta and transition uniform"
