"""The best p over a: of the loss from the fits, of the accuracy from the cells, by seed."""

import numpy as np
import pandas as pd
import pytest
from drawn import legend
from numpy.testing import assert_allclose
from samples import cells
from vote_studies import votes_table

from label_smoothing.analysis.intervals import mean_interval
from label_smoothing.analysis.theory_fits import compare_with_theory
from label_smoothing.figures import optimum_over_a as module
from label_smoothing.theory.votes import vote_optimum

NO_VOTES = votes_table().iloc[:0]
# Best p of each seed; seed 1 has two that are equally good.
BEST = {0: [0.5], 1: [0.8, 0.9], 2: [0.65]}


@pytest.fixture
def slices():
    alpha = [cells("alpha", a, noise=0.02) for a in (0.6, 0.8, 1.0)]
    gamma = [cells("gamma", a, noise=0.02) for a in (0.3, 0.8)]
    table = pd.concat([*alpha, *gamma], ignore_index=True)
    best = [p in BEST[seed] for p, seed in zip(table["p"], table["seed"], strict=True)]
    table["test_accuracy"] = np.where(best, 0.9, 0.8)
    return table


def numbers_of(slices, votes=NO_VOTES):
    fits = [compare_with_theory(group) for _, group in slices.groupby("noise")]
    return module.numbers(pd.concat(fits), slices, votes)


def test_accuracy_optimum_is_a_mean_over_seeds_with_their_interval(slices):
    numbers = numbers_of(slices)
    rows = numbers[(numbers["noise"] == "alpha") & (numbers["a"] == 0.6)]
    mean = rows[rows["quantity"] == "accuracy"].iloc[0]
    expected = mean_interval([0.5, 0.85, 0.65])
    assert_allclose(mean[["p", "low", "high", "seeds"]].astype(float), [*expected[:2], 1.0, 3])
    assert expected.high > 1  # no p is there
    assert sorted(rows[rows["quantity"] == "seed"]["p"]) == [0.5, 0.65, 0.8, 0.9]


def test_noise_types_keep_their_own_accuracy(slices):
    gamma = slices["noise"] == "gamma"
    slices.loc[gamma, "test_accuracy"] = slices.loc[gamma, "p"]
    numbers = numbers_of(slices)
    best = numbers[numbers["quantity"] == "accuracy"].set_index(["noise", "a"])["p"]
    assert best["gamma", 0.8] == 1.0
    assert_allclose(best["alpha"], 2.0 / 3)


def test_noise_types_with_equal_accuracies_have_them_once():
    both = [cells(noise, a, noise=0.02) for noise in ("alpha", "gamma") for a in (0.6, 0.8)]
    numbers = numbers_of(pd.concat(both, ignore_index=True))
    rows = numbers[numbers["quantity"].isin(["accuracy", "seed"])]
    assert set(rows["noise"]) == {"alpha"}
    above, right, below, hidden = module.draw(numbers, "a study").axes
    assert (below.axison, hidden.axison) == (True, False)
    assert (above.get_xlabel(), right.get_xlabel()) == ("", "clean rate a")


def test_the_vote_theory_stops_smoothing_at_its_threshold(slices):
    numbers = numbers_of(slices, votes_table(2.5))
    alpha = numbers[numbers["noise"] == "alpha"].set_index("quantity")
    threshold = alpha.loc["threshold", "a"]
    assert_allclose(threshold, (1 + 9 / 1.5) / 10)  # kappa = 1/(k - 1)
    voted = alpha.loc["voted"]
    assert (voted["p"][voted["a"] > threshold] == 1).all()
    assert (voted["p"][voted["a"] < threshold - 0.01] < 1).all()
    assert "threshold" not in set(numbers["quantity"][numbers["noise"] == "gamma"])
    labels = legend(module.draw(numbers, "a study"))
    assert "votes, k = 2.50 [2.40, 2.60], purity 1.00" in labels
    assert "threshold" not in set(numbers_of(slices, votes_table(1.9))["quantity"])


def test_neighbours_of_other_classes_raise_the_threshold(slices):
    numbers = numbers_of(slices, votes_table(4.0, purity=0.5)).set_index("quantity")
    # The kappas, of which that of the purity is 4/9, multiply to 1/(k - 1).
    assert_allclose(numbers.loc["threshold", "a"], (1 + 9 * 0.75) / 10)
    voted = numbers.loc["voted"]
    for assumption, line in voted.groupby("assumption"):
        assert_allclose(line["p"], vote_optimum(line["a"], 4.0, 10, assumption, 0.5))
    assert "threshold" not in set(numbers_of(slices, votes_table(3.2, purity=0.5))["quantity"])


def test_an_interval_across_the_grid_is_no_information(slices):
    agreed = np.where(slices["a"] == 0.8, slices["p"] == 0.8, slices["test_accuracy"] == 0.9)
    numbers = numbers_of(slices.assign(test_accuracy=agreed.astype(float)))
    accuracy = numbers[numbers["quantity"] == "accuracy"].set_index(["noise", "a"])
    assert accuracy.loc[("alpha", 0.6), "status"] == "no information"
    assert accuracy.loc[("alpha", 0.8), "status"] == ""
    limits = numbers[["low", "high"]].dropna()
    assert ((limits >= 0.1) & (limits <= 1)).all(axis=None)
    figure = module.draw(numbers, "a study")
    assert "no information: the interval is half the grid or more" in legend(figure)
