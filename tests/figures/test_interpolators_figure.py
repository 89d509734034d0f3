"""The k of interpolators beside the network's: order, panels, and what is left out."""

import numpy as np
import pytest
from drawn import legend, visible
from numpy.testing import assert_allclose
from vote_studies import interpolators_table, study

from label_smoothing.analysis.vote_fits import fit_vote_table
from label_smoothing.figures import interpolators as module


@pytest.fixture(scope="module")
def votes():
    return fit_vote_table(study(k=2.2, rates=(0.6, 0.8)))


def test_interpolators_stand_in_the_order_of_the_computed_k_and_the_network_last(votes):
    numbers = module.numbers(interpolators_table(), votes, [0.6, 0.8])
    assert list(dict.fromkeys(numbers["interpolator"])) == ["NTK", "Laplace", "trained network"]
    network = numbers[numbers["interpolator"] == "trained network"]
    assert set(network["source"]) == {"spread", "accuracy", "losses"}
    assert len(network) == 6
    assert_allclose(network["value"], 2.2, atol=0.02)
    computed = numbers[numbers["source"] == "weights"]
    assert_allclose(computed["value"], [4, 7, 4, 7])
    assert set(numbers["train_images"]) == {90}


def test_only_the_drawn_rates_and_finite_k_are_drawn(votes):
    table = interpolators_table()
    table.loc[(table["interpolator"] == "NTK") & (table["source"] == "accuracy"), "k"] = np.inf
    numbers = module.numbers(table, votes, [0.8])
    assert set(numbers["a"]) == {0.8}
    assert set(numbers.loc[numbers["interpolator"] == "NTK", "source"]) == {
        "weights",
        "spread",
        "losses",
    }


def test_a_network_without_a_k_leaves_the_interpolators(votes):
    numbers = module.numbers(interpolators_table(), votes.iloc[:0], [0.6])
    assert set(numbers["interpolator"]) == {"NTK", "Laplace"}
    figure = module.draw(numbers, "a study")
    assert len(visible(figure)) == 1


def test_a_panel_a_rate_on_a_scale_of_k(votes):
    figure = module.draw(module.numbers(interpolators_table(), votes, [0.6, 0.8]), "a study")
    panels = visible(figure)
    assert [panel.get_title() for panel in panels] == ["clean rate a = 0.6", "clean rate a = 0.8"]
    assert panels[0].get_yscale() == "log"
    assert len(legend(figure)) == 6
    assert "90 training images" in figure.get_suptitle()
