"""k of several data sets and methods, in the order of the config."""

import numpy as np
import pandas as pd
import pytest
from drawn import visible
from numpy.testing import assert_allclose
from vote_studies import study

from label_smoothing.analysis.vote_fits import fit_vote_table
from label_smoothing.figures import votes_of_networks as module

VOTES = {"wide": 3.0, "narrow": 1.5}


@pytest.fixture(scope="module")
def votes():
    return pd.concat(
        fit_vote_table(study(k, rates=(0.5, 0.7)).assign(dataset=name)) for name, k in VOTES.items()
    )


def test_each_network_has_its_own_k_by_every_source(votes):
    numbers = module.numbers(votes, [0.5, 0.7])
    assert len(numbers) == 2 * 2 * 3
    assert list(dict.fromkeys(numbers["dataset"])) == ["wide", "narrow"]
    for name, k in VOTES.items():
        assert_allclose(numbers.loc[numbers["dataset"] == name, "value"], k, rtol=2e-3)
    assert set(numbers.loc[numbers["quantity"] == "losses", "noise"]) == {"alpha"}
    assert set(module.numbers(votes, [0.7])["a"]) == {0.7}


def test_the_networks_stand_side_by_side_in_each_panel(votes):
    panels = visible(module.draw(module.numbers(votes, [0.5, 0.7]), "a study"))
    assert [panel.get_title() for panel in panels] == ["clean rate a = 0.5", "clean rate a = 0.7"]
    for panel in panels:
        assert [tick.get_text() for tick in panel.get_xticklabels()] == ["wide", "narrow"]


def test_methods_are_named_where_there_are_several(votes):
    forward = votes[votes["dataset"] == "wide"].assign(method="forward")
    numbers = module.numbers(pd.concat([votes, forward]), [0.5])
    (panel,) = visible(module.draw(numbers, "a study"))
    assert [tick.get_text() for tick in panel.get_xticklabels()] == [
        "wide, label_smoothing",
        "narrow, label_smoothing",
        "wide, forward",
    ]


def test_a_network_without_a_finite_k_has_no_marker(votes):
    lost = votes.copy()
    lost.loc[(lost["dataset"] == "wide") & (lost["source"] == "accuracy"), "k"] = np.inf
    numbers = module.numbers(lost, [0.5])
    assert set(numbers.loc[numbers["dataset"] == "wide", "quantity"]) == {"losses", "spread"}


def test_a_study_that_memorised_nothing_is_drawn_all_the_same(votes):
    numbers = module.numbers(votes.iloc[:0], [0.5])
    assert numbers.empty
    module.draw(numbers, "a study")
