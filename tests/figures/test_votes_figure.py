"""Shares of the true class against the theories: a study made by one of them is its own."""

import numpy as np
import pandas as pd
import pytest
from drawn import legend, visible
from numpy.testing import assert_allclose
from vote_studies import shares_table, votes_table

from label_smoothing.figures import votes as module


def numbers_of(shares, votes, memorised=True):
    """Return the numbers of networks of which all memorised, or none."""
    tables = shares[["a", "p", "seed"]].drop_duplicates()
    tables = tables.assign(memorised=memorised, classes=10)
    return module.numbers(shares, votes, tables)


def distances(numbers):
    rows = numbers[numbers["quantity"] == "distance"]
    return rows.pivot(index=["a", "p"], columns="theory", values="value")


def test_shares_made_by_the_vote_theory_are_near_it_and_far_from_the_paper():
    found = distances(numbers_of(shares_table(k=1.9), votes_table(1.9)))
    assert (found["voted"] < 0.03).all()
    assert (found["paper"] > 0.2).all()
    other = distances(numbers_of(shares_table(k=1.9), votes_table(8.0)))
    assert (other["voted"] > 0.1).all()


def test_shares_of_hard_data_are_near_the_theory_with_their_purity():
    found = distances(numbers_of(shares_table(2.4, purity=0.5), votes_table(2.4, purity=0.5)))
    assert (found["voted"] < 0.03).all()
    other = distances(numbers_of(shares_table(2.4, purity=0.5), votes_table(2.4)))
    assert (other["voted"] > 0.1).all()


def test_parts_of_the_images_are_means_over_seeds():
    numbers = numbers_of(shares_table(k=1.9), votes_table(1.9))
    measured = numbers[numbers["quantity"] == "measured"]
    assert_allclose(measured.groupby(["a", "p"])["value"].sum(), 1)
    assert (measured["seeds"] == 3).all()
    inner = measured[measured["share"] == 0.5]
    assert (inner["low"] < inner["value"]).all()


def test_at_most_four_p_are_drawn_the_first_and_the_last_among_them():
    table = shares_table(p=(0.2, 0.3, 0.4, 0.5, 0.6, 0.7))
    numbers = numbers_of(table, votes_table())
    p = numbers.loc[numbers["quantity"] == "measured", "p"].unique()
    assert p.tolist() == [0.2, 0.4, 0.5, 0.7]
    figure = module.draw(numbers, "a study")
    panels = visible(figure)
    assert [panel.get_title() for panel in panels[:2]] == ["a = 0.6, p = 0.2", "a = 0.6, p = 0.4"]
    assert len(panels) == 8
    assert legend(figure)[-1] == "votes, k = 1.90 [1.80, 2.00], purity 1.00"


@pytest.mark.parametrize("lost", [0.5, None])
def test_what_tells_no_shares_is_passed_over_unless_there_is_nothing_else(lost):
    table = shares_table(p=(0.5, 0.9))
    table.loc[(table["p"] == lost) | (lost is None), "images"] = 0
    numbers = numbers_of(table, votes_table(), memorised=lost is not None)
    measured = numbers[numbers["quantity"] == "measured"]
    assert set(measured["p"]) == ({0.5, 0.9} if lost is None else {0.9})
    assert measured["value"].isna().all() == (lost is None)
    titles = {panel.get_title() for panel in visible(module.draw(numbers, "a study"))}
    assert ("a = 0.6, p = 0.9, not memorised" in titles) == (lost is None)


def test_seeds_that_diverged_leave_the_mean_to_the_others():
    table = shares_table(p=(0.5,))
    numbers = numbers_of(table[table["seed"] > 0], votes_table())
    table.loc[table["seed"] == 0, "images"] = 0
    pd.testing.assert_frame_equal(numbers_of(table, votes_table()), numbers)
    assert np.isfinite(numbers.loc[numbers["quantity"] == "measured", "low"]).all()
