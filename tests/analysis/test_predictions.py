"""Predictions at the match probability of any noise, and the curves that they are held against."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from samples import cells, match
from vote_studies import M, P, study, votes_table

from label_smoothing.analysis.cells import curves_over_p
from label_smoothing.analysis.predictions import (
    explained_share,
    match_over_a,
    predicted_loss,
    predicted_optimum,
    unscaled,
    unsmoothed_from,
    voted_accuracy,
    voted_loss,
    voted_optimum,
    votes_of_noise,
    votes_of_study,
)
from label_smoothing.analysis.vote_fits import fit_vote_table
from label_smoothing.theory.checks import ASSUMPTIONS
from label_smoothing.theory.matrices import alpha_joint, beta_joint, smoothing_matrix
from label_smoothing.theory.memorising import loss, matrix_loss, optimum
from label_smoothing.theory.noise import match_probabilities, pair_flip_transition, scale_transition
from label_smoothing.theory.rates import compose_clean_rates
from label_smoothing.theory.votes import (
    smoothing_helps_below,
    vote_accuracy,
    vote_loss,
    vote_optimum,
)


@pytest.mark.parametrize("assumption", ASSUMPTIONS)
def test_uniform_noise_is_predicted_by_its_clean_rate(assumption):
    p, a = np.array([0.3, 0.6, 0.9]), 0.7
    found = predicted_loss(p, match(a, assumption), 10, assumption)
    assert_allclose(found, loss(p, a, 10, assumption), rtol=1e-14)
    best = predicted_optimum(match(a, assumption), 10, assumption)
    assert_allclose(best, optimum(a, 10, assumption), rtol=1e-14)


def test_other_noise_is_predicted_by_its_matrix():
    T = pair_flip_transition(0.7, 5)
    agreement = match_probabilities(T, np.full(5, 0.2))
    for assumption, joint in (("alpha", alpha_joint), ("beta", beta_joint)):
        found = predicted_loss(0.8, agreement[assumption], 5, assumption)
        assert_allclose(found, matrix_loss(smoothing_matrix(0.8, 5), joint(T)), rtol=1e-12)


def test_curves_hold_the_p_that_all_seeds_share():
    table = pd.concat([cells("alpha", 0.6), cells("alpha", 0.8)])
    assert curves_over_p(table, "test_loss").shape == (14, 3)
    short = table[~((table["a"] == 0.6) & (table["p"] > 0.35) & (table["seed"] == 1))]
    assert set(curves_over_p(short, "test_loss").index.get_level_values("a")) == {0.8}
    assert curves_over_p(short, "test_loss", fewest=2).loc[0.6].index.tolist() == [0.2, 0.35]
    # Of the sample, p = 0.2 is what nobody memorised.
    memorised = curves_over_p(table, "test_loss", memorised=True)
    assert memorised.index.get_level_values("p").min() == 0.35


def test_explained_share_is_one_where_the_theory_is_exact_and_leaves_out_where_it_is_idle():
    table = pd.concat([cells("alpha", a, noise=0.001) for a in (0.6, 0.8, 1.0)])
    explained = explained_share(table)
    assert (unscaled(explained.scaled_shares) > 0.999).all()
    assert explained.rmse < 0.002
    assert set(explained.deviations.index.get_level_values("a")) == {0.6, 0.8}
    assert explained.deviations.index.get_level_values("p").max() < 1
    assert explained.cells == 2 * 3 * 6  # p = 0.2, not memorised, is among them


def test_explained_share_of_a_constant_deviation():
    explained = explained_share(pd.concat([cells("alpha", a, offset=0.1) for a in (0.6, 0.8)]))
    assert_allclose(explained.deviations, 0.1)
    assert_allclose(explained.rmse, 0.1)
    losses = explained.deviations * 0
    for a, p in losses.index:
        losses.loc[a, p] = predicted_loss(p, a, 10, "alpha")
    assert_allclose(unscaled(explained.scaled_shares), 1 - 0.01 / losses.var(ddof=0))


@pytest.mark.parametrize("assumption", ["alpha", "beta", "gamma"])
def test_match_between_the_clean_rates_is_the_one_of_the_noise(assumption):
    # Half of the classes keep their labels: the matrix reaches no clean rate below 0.5.
    T = np.eye(10) - 0.4 * np.diag([1] * 5 + [0] * 5)
    T[[1, 2, 3, 4, 0], range(5)] = 0.4
    prior = np.array([0.02] * 5 + [0.18] * 5)
    rates = [0.5, 0.7, 1.0]
    by_rate = {a: match_probabilities(scale_transition(T, a), prior) for a in (*rates, 0.6)}
    table = pd.DataFrame(
        {
            "a": rates,
            "assumption": assumption,
            "expected_clean_rate": [by_rate[a]["alpha"] for a in rates],
            "match_probability": [by_rate[a][assumption] for a in rates],
        }
    )
    found = match_over_a(table, [0.5, 0.6, 1.0])
    assert_allclose(found, [by_rate[a][assumption] for a in (0.5, 0.6, 1.0)], atol=1e-12)
    assert ((found >= 0) & (found <= 1)).all()


@pytest.mark.parametrize("assumption", ASSUMPTIONS)
def test_a_study_without_noise_shows_none(assumption):
    table = pd.DataFrame(
        {
            "a": [1.0],
            "assumption": [assumption],
            "expected_clean_rate": [1.0],
            "match_probability": [1.0],
        }
    )
    found = match_over_a(table, [0.5, 1.0])
    assert np.isnan(found[0])
    assert predicted_optimum(found[1:], 10, assumption).tolist() == [1.0]


A = np.array([0.5, 0.7, 1.0])
ASSUMPTIONS = ["alpha", "beta", "gamma"]


@pytest.fixture(scope="module")
def hard():
    return study(k=2.4, purity=0.5, rates=tuple(A))


@pytest.fixture(scope="module")
def found(hard):
    return votes_of_study(fit_vote_table(hard))


def test_k_and_purity_are_those_that_the_study_was_made_with(found):
    assert found.known
    assert_allclose([found.k.mean, found.purity.mean], [2.4, 0.5], rtol=2e-3)
    assert found.k.n == found.purity.n == 2


@pytest.mark.parametrize("assumption", ASSUMPTIONS)
def test_the_losses_of_hard_data_are_predicted(hard, found, assumption):
    cells = hard[(hard["noise"] == assumption) & (hard["test_loss"] < 9)]
    predicted = voted_loss(cells["p"], cells["a"], found, M, assumption)
    assert_allclose(predicted, cells["test_loss"], atol=5e-3)


@pytest.mark.parametrize("assumption", ASSUMPTIONS)
def test_loss_optimum_and_accuracy_are_the_theorys_at_purity_one_half(assumption):
    known = votes_of_study(votes_table(2.4, purity=0.5))
    p, a = P[:, None], A[None, :]
    assert_allclose(
        voted_loss(p, a, known, M, assumption), vote_loss(p, a, 2.4, M, assumption, 0.5)
    )
    best = voted_optimum(A, known, M, assumption)
    assert_allclose(best, vote_optimum(A, 2.4, M, assumption, 0.5))
    accuracy = vote_accuracy(compose_clean_rates(A, 0.5, M=M), 2.4, M)
    if assumption == "beta":
        accuracy = compose_clean_rates(accuracy, A, M=M)
    assert_allclose(voted_accuracy(A, known, M, assumption), accuracy)


def test_nothing_is_predicted_above_p_one_or_at_an_unknown_rate(found):
    assert np.isnan(voted_loss([1.2, 0.5], [0.7, np.nan], found, M, "alpha")).all()
    assert np.isnan(voted_accuracy([np.nan], found, M, "alpha")).all()


@pytest.mark.parametrize(("k", "purity"), [(2.5, 1.0), (4.0, 0.5), (9.0, 0.3)])
def test_unsmoothed_from_is_where_smoothing_ceases_to_help(k, purity):
    a = unsmoothed_from(k, M, purity)
    assert 1 / M < a < 1
    assert_allclose(smoothing_helps_below(a, M, purity), k)


def test_no_rate_below_one_is_unsmoothed_where_the_neighbours_err():
    assert np.isnan(unsmoothed_from(2.0, M))
    assert np.isnan(unsmoothed_from(3.0, M, 0.5))
    assert np.isnan(unsmoothed_from(5.0, M, 1 / M))


def test_all_noise_types_count_together_and_one_alone_is_taken_as_it_is(hard):
    table = fit_vote_table(hard)
    of_all = (table["noise"] == "all") & (table["source"] == "losses and purity")
    table.loc[of_all & table["a"].isna(), "k"] = 7.0
    assert votes_of_study(table).k.mean == 7.0
    alone = votes_of_study(fit_vote_table(hard[hard["noise"] == "alpha"]))
    assert_allclose(alone.purity.mean, 0.5, rtol=2e-3)


def test_without_corrupted_labels_or_noise_of_another_kind_nothing_is_known(hard, found):
    clean = votes_of_study(fit_vote_table(hard[hard["a"] == 1]))
    assert not clean.known
    assert np.isnan(voted_loss(P, 0.7, clean, M, "alpha")).all()
    assert np.isnan(voted_optimum(A, clean, M, "alpha")).all()
    assert np.isnan(voted_accuracy(A, clean, M, "beta")).all()
    table = fit_vote_table(hard)
    assert votes_of_noise(table, hard) == found
    assert not votes_of_noise(table, hard.assign(expected_agreement=0.4)).known
