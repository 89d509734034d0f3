"""The k and purity that figures take from a study, and the theory at both."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from vote_studies import M, P, study, votes_table

from label_smoothing.analysis.predictions import (
    unsmoothed_from,
    voted_accuracy,
    voted_loss,
    voted_optimum,
    votes_of_noise,
    votes_of_study,
)
from label_smoothing.analysis.vote_fits import fit_vote_table
from label_smoothing.theory.rates import compose_clean_rates
from label_smoothing.theory.votes import (
    smoothing_helps_below,
    vote_accuracy,
    vote_loss,
    vote_optimum,
)

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
