"""The fits of the vote theory find the k that a study was made with, by every way of measuring."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from vote_studies import M, P, study

from label_smoothing.analysis.vote_fits import (
    fit_vote_table,
    fit_votes,
    mean_votes,
    predict,
    votes_of_accuracy,
    votes_of_spread,
)
from label_smoothing.theory.memorising import loss as memorised
from label_smoothing.theory.votes import vote_accuracy, vote_loss


@pytest.mark.parametrize("assumption", ["alpha", "beta", "gamma"])
@pytest.mark.parametrize("k", [1.2, 1.9, 6.0])
def test_k_is_found_at_one_clean_rate(assumption, k):
    loss = vote_loss(P, 0.6, k, M, assumption)
    fit = fit_votes(P, 0.6, loss, M, assumption)
    assert_allclose(fit.k, k, rtol=3e-4)
    assert fit.rmse < 1e-4  # the spline through a few k
    assert fit.points == 6  # of p in (1/M, 1)


def test_one_k_for_several_rates_and_assumptions():
    p, a = np.tile(P[2:8], 4), np.repeat([0.5, 0.5, 0.8, 0.8], 6)
    assumption = np.tile(np.repeat(["alpha", "beta"], 6), 2)
    loss = predict(p, a, 2.4, M, assumption)
    assert_allclose(fit_votes(p, a, loss, M, assumption).k, 2.4, rtol=1e-4)
    assert_allclose(loss[:6], vote_loss(P[2:8], 0.5, 2.4, M, "alpha"))
    assert_allclose(loss[6:12], vote_loss(P[2:8], 0.5, 2.4, M, "beta"))


def test_a_network_that_memorises_has_one_vote():
    loss = memorised(P[2:8], 0.6, M, "alpha")
    fit = fit_votes(P[2:8], 0.6, loss, M, "alpha")
    assert fit.k < 1.001
    assert fit.r2 > 0.9999


def test_purity_is_found_beside_k():
    loss = vote_loss(P, 1.0, 1.9, M, "alpha", purity=0.5)
    fit = fit_votes(P, 1.0, loss, M, "alpha", purity=None)
    assert_allclose((fit.k, fit.purity), (1.9, 0.5), rtol=0.01)


def test_what_cannot_be_fitted_is_refused():
    with pytest.raises(ValueError, match=r"p has no value in \(1/M, 1\)"):
        fit_votes([0.1, 1.0], 0.5, [2.3, 5.0], M, "alpha")
    with pytest.raises(ValueError, match="loss is inf; allowed: finite"):
        fit_votes([0.5, 0.9], 0.5, [2.3, np.inf], M, "alpha")


@pytest.mark.parametrize("k", [1.3, 2.0, 12.0])
def test_spread_and_accuracy_tell_the_same_k(k):
    assert_allclose(votes_of_spread(0.7, 0.7 * 0.3 / k), k)
    assert_allclose(votes_of_accuracy(vote_accuracy(0.4, k, M), 0.4, M), k, rtol=1e-4)


def test_accuracies_that_no_k_explains():
    assert votes_of_accuracy(0.3, 0.5, M) == 1.0
    assert votes_of_accuracy(1.0, 0.5, M) == np.inf
    assert np.isnan(votes_of_accuracy(0.9, 1.0, M))
    assert np.isnan(votes_of_accuracy(0.2, 0.05, M))


def test_the_mean_of_votes_stays_above_one():
    interval = mean_votes([1.01, 1.5, np.nan, 4.0])
    assert 1 < interval.low < interval.mean < interval.high
    assert interval.n == 3
    assert_allclose(mean_votes([2.0, 2.0]).mean, 2.0)


def test_the_table_recovers_k_by_every_source():
    table = fit_vote_table(study(noise=1e-4))
    losses = table[table["source"] == "losses"]
    assert set(losses["noise"]) == {"alpha", "beta", "gamma", "all"}
    assert_allclose(losses["k"], 1.9, rtol=0.02)
    assert (losses["r2"] > 0.999).all()
    assert (losses["k_low"] < losses["k_high"]).all()
    # Of both clean rates below 1, each alone and together.
    assert len(losses) == 4 * 3
    for source in ("spread", "accuracy"):
        rows = table[table["source"] == source]
        assert list(rows["a"]) == [0.5, 0.7]
        assert_allclose(rows["k"], 1.9, rtol=1e-3)


def test_purity_of_the_table_on_hard_data():
    table = fit_vote_table(study(purity=0.6))
    both = table[table["source"] == "losses and purity"]
    # At one clean rate gamma's losses hardly tell the two apart.
    both = both[(both["assumption"] != "gamma") | both["a"].isna()]
    assert len(both) == 7
    assert_allclose(both["purity"], 0.6, atol=0.01)
    assert_allclose(both["k"], 1.9, rtol=0.03)


def test_two_losses_do_not_tell_two_numbers():
    cells = study(rates=(0.5,))
    two = cells[(cells["noise"] == "alpha") & cells["p"].isin([0.5, 0.9])]
    assert set(fit_vote_table(two)["source"]) == {"losses", "spread", "accuracy"}
    three = cells[(cells["noise"] == "alpha") & cells["p"].isin([0.35, 0.5, 0.9])]
    assert "losses and purity" in set(fit_vote_table(three)["source"])


def test_what_did_not_memorise_diverged_or_is_not_uniform_is_left_out():
    cells = study()
    wrong = cells["p"] == 0.9
    cells.loc[wrong, "test_loss"] = 50.0
    cells.loc[wrong & (cells["seed"] == 0), "memorised"] = False
    cells.loc[wrong & (cells["seed"] > 0), "diverged_epoch"] = 3
    other = study().assign(noise="pairs", expected_agreement=0.4, test_loss=50.0)
    table = fit_vote_table(pd.concat([cells, other]))
    assert "pairs" not in set(table["noise"])
    losses = table[table["source"] == "losses"]
    assert_allclose(losses["k"], 1.9, rtol=1e-3)


def test_a_study_without_anything_to_fit_has_an_empty_table():
    assert fit_vote_table(study(rates=(0.5,)).assign(memorised=False)).empty
    assert fit_vote_table(study(rates=(0.5,)).iloc[:0]).empty
