"""The effective match probability and the accuracy: numbers that are known for what was put in."""

import pandas as pd
import pytest
from drawn import legend
from numpy.testing import assert_allclose
from samples import cells, match
from vote_studies import votes_table

from label_smoothing.analysis.theory_fits import compare_with_theory
from label_smoothing.figures import effective_clean_rate as module
from label_smoothing.theory.votes import vote_accuracy


def match_of_votes(a, k, assumption, purity):
    clean = vote_accuracy(a, k, 10, purity)
    return clean if assumption == "alpha" else clean * a + (1 - clean) * (1 - a) / 9


ACCURACY = ("measured_accuracy", "measured_accuracy_low", "measured_accuracy_high")


@pytest.fixture
def fits():
    return pd.concat(
        compare_with_theory(pd.concat([cells(assumption, a, noise=0.01) for a in (0.6, 0.8, 1.0)]))
        for assumption in ("alpha", "beta")
    )


@pytest.mark.parametrize("purity", [1.0, 0.5])
def test_theory_of_the_effective_rate_is_the_match_probability(fits, purity):
    numbers = module.numbers(fits, votes_table(1.9, purity=purity))
    for assumption in ("alpha", "beta"):
        line = numbers[(numbers["quantity"] == "theory") & (numbers["noise"] == assumption)]
        assert_allclose(line["value"], match(line["a"], assumption), atol=1e-12)
        fitted = numbers[(numbers["quantity"] == "fitted match") & (numbers["noise"] == assumption)]
        assert_allclose(fitted["value"], match(fitted["a"], assumption), atol=0.02)
        assert (fitted["low"] < fitted["high"]).all()
        voted = numbers[
            (numbers["quantity"] == "voted accuracy") & (numbers["noise"] == assumption)
        ]
        row = voted.iloc[10]
        assert_allclose(row["value"], match_of_votes(row["a"], 1.9, assumption, purity), rtol=1e-9)
    accuracy = numbers[numbers["quantity"] == "measured accuracy"]
    assert_allclose(accuracy[["value", "low", "high"]], fits[list(ACCURACY)])


def test_effective_rate_figure_has_a_panel_a_noise_type(fits):
    figure = module.draw(module.numbers(fits, votes_table()), "a study")
    assert [panel.get_title().split(":")[0] for panel in figure.axes] == ["alpha", "beta"]
    assert "3 seeds" in figure.get_suptitle()
    assert legend(figure) == [
        "paper's theory, no fit (both alike)",
        "accuracy of the votes, k = 1.90 [1.80, 2.00], purity 1.00",
        "measured accuracy",
        "match probability fitted to the losses",
    ]
