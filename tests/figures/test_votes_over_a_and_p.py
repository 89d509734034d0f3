"""k over a and p: a study made by the vote theory has one k everywhere, by every source."""

import numpy as np
import pytest
from drawn import legend, visible
from numpy.testing import assert_allclose
from vote_studies import study, votes_table

from label_smoothing.analysis.vote_fits import fit_vote_table
from label_smoothing.figures import votes_over_a_and_p as module
from label_smoothing.theory.votes import smoothing_helps_below

SOURCES = ["losses", "spread", "accuracy"]


@pytest.fixture(scope="module")
def cells():
    return study(k=1.9, rates=(0.5, 0.7))


@pytest.fixture(scope="module")
def numbers(cells):
    return module.numbers(cells, fit_vote_table(cells))


def test_every_cell_and_source_finds_the_k_of_the_study(numbers):
    measured = numbers[numbers["quantity"].isin(SOURCES)]
    assert_allclose(measured["value"], 1.9, rtol=2e-3)
    counts = measured.groupby(["quantity", "a"])["p"].agg(["count", "size"])
    # Of p above 1/M, losses below 1; and one row for all p together.
    assert (counts["count"] == counts["size"] - 1).all()
    assert counts["count"].groupby("quantity").first().to_dict() == {
        "accuracy": 7,
        "losses": 6,
        "spread": 7,
    }
    (k,) = numbers.loc[numbers["quantity"] == "k", "value"]
    assert_allclose(k, 1.9, rtol=2e-3)


def test_on_hard_data_every_cell_and_source_finds_it_with_the_purity():
    hard = study(k=2.4, purity=0.5, rates=(0.5, 0.7))
    numbers = module.numbers(hard, votes_table(2.4, purity=0.5))
    measured = numbers[numbers["quantity"].isin(SOURCES)]
    assert set(measured["quantity"]) == set(SOURCES)
    assert_allclose(measured["value"], 2.4, rtol=2e-3)
    threshold = numbers[numbers["quantity"] == "threshold"]
    assert_allclose(threshold["value"], smoothing_helps_below(threshold["a"], 10, 0.5))


def test_losses_are_those_on_clean_labels(cells):
    wrong = cells.copy()
    wrong.loc[wrong["noise"] != "alpha", "test_loss"] += 0.5
    losses = module.numbers(wrong, fit_vote_table(cells))
    losses = losses[losses["quantity"] == "losses"]
    assert_allclose(losses["value"], 1.9, rtol=2e-3)
    beta = cells[cells["noise"] == "beta"]
    numbers = module.numbers(beta, fit_vote_table(beta))
    assert set(numbers["noise"]) == {"beta"}
    assert_allclose(numbers.loc[numbers["quantity"] == "losses", "value"], 1.9, rtol=2e-3)


def test_the_threshold_is_that_of_the_theory(numbers):
    threshold = numbers[numbers["quantity"] == "threshold"]
    (purity,) = numbers.loc[numbers["quantity"] == "purity", "value"]
    assert_allclose(purity, 1, atol=1e-3)
    assert_allclose(threshold["value"], smoothing_helps_below(threshold["a"], 10, purity))
    assert threshold["a"].iloc[[0, -1]].tolist() == [0.5, 1.0]


def test_networks_that_did_not_memorise_are_left_out(cells):
    cells = cells.copy()
    cells.loc[cells["p"] == 0.9, "memorised"] = False
    cells.loc[(cells["p"] == 0.5) & (cells["seed"] == 0), "memorised"] = False
    numbers = module.numbers(cells, votes_table())
    assert 0.9 not in set(numbers["p"])
    assert set(numbers.loc[numbers["p"] == 0.5, "seeds"]) == {1}


def test_a_panel_for_all_p_and_one_for_each_clean_rate(numbers):
    figure = module.draw(numbers, "a study")
    titles = [panel.get_title() for panel in visible(figure)]
    assert titles == ["all p", "clean rate a = 0.5", "clean rate a = 0.7"]
    assert set(legend(figure)) == {
        "losses",
        "spread of the outputs",
        "accuracy",
        "paper's theory: k = 1",
        "from here on p = 1 has the lowest loss",
        "all losses: votes, k = 1.90 [1.90, 1.90], purity 1.00",
    }


def test_a_k_of_infinity_does_not_set_the_frame(cells):
    cells = cells.assign(clean_test_accuracy=1.0)
    figure = module.draw(module.numbers(cells, fit_vote_table(cells)), "a study")
    low, high = visible(figure)[0].get_ylim()
    assert low < 1 < 1.9 < high < 10


def test_a_study_that_memorised_nothing_has_an_empty_frame(cells):
    nothing = cells.assign(memorised=False)
    numbers = module.numbers(nothing, fit_vote_table(nothing))
    assert np.isnan(numbers.loc[numbers["quantity"] == "k", "value"]).all()
    panels = visible(module.draw(numbers, "a study"))
    assert [panel.get_title() for panel in panels] == ["all p"]
