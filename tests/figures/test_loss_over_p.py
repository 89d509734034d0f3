"""Figures draw the numbers in their tables and nothing finite where the theory diverges."""

import numpy as np
import pandas as pd
import pytest
from drawn import legend, visible
from numpy.testing import assert_allclose
from samples import cells
from vote_studies import study, votes_table

from label_smoothing.figures import loss_over_p as module
from label_smoothing.theory.rates import compose_clean_rates
from label_smoothing.theory.votes import vote_loss, vote_optimum


@pytest.fixture
def slices():
    return pd.concat([cells("alpha", a, noise=0.02) for a in (0.6, 0.8, 1.0)])


def test_loss_numbers(slices):
    numbers = module.numbers(slices, votes_table())
    predicted = numbers[(numbers["quantity"] == "predicted") & (numbers["p"] == 1)]
    assert dict(zip(predicted["a"], predicted["loss"], strict=True)) == {
        0.6: np.inf,
        0.8: np.inf,
        1.0: 0.0,
    }
    measured = numbers[numbers["quantity"] == "measured"]
    assert len(measured) == 21
    assert np.isfinite(measured["loss"]).all()
    assert (measured["seeds"] == 3).all()
    assert (measured["memorised"] == (measured["p"] > 0.2)).all()
    one = measured[(measured["a"] == 0.6) & (measured["p"] == 0.5)].iloc[0]
    raw = slices[(slices["a"] == 0.6) & (slices["p"] == 0.5)]["test_loss"]
    assert_allclose(one["loss"], raw.mean())
    best = numbers[numbers["quantity"] == "predicted optimum"].set_index("a")["p"]
    assert_allclose(best, [0.6, 0.8, 1.0])


def test_loss_figure_draws_its_numbers(slices):
    numbers = module.numbers(slices, votes_table())
    figure = module.draw(numbers, "a study")
    panels = visible(figure)
    assert [panel.get_title() for panel in panels] == [
        "clean rate a = 0.6",
        "clean rate a = 0.8",
        "clean rate a = 1",
    ]
    for panel, a in zip(panels, (0.6, 0.8, 1.0), strict=True):
        drawn = {
            point for bars in panel.containers for point in zip(*bars[0].get_data(), strict=True)
        }
        wanted = numbers[(numbers["quantity"] == "measured") & (numbers["a"] == a)]
        assert drawn == set(zip(wanted["p"], wanted["loss"], strict=True))
        assert any("∞" in text.get_text() for text in panel.texts) == (a < 1)
    assert "3 seeds" in figure.get_suptitle()
    assert "95 %" in figure.get_suptitle()


@pytest.mark.parametrize("purity", [1.0, 0.5])
def test_the_vote_curve_is_that_of_the_one_k_and_purity_and_finite_at_p_one(purity):
    exact = study(k=1.9, rates=(0.6,), purity=purity).query("noise == 'alpha'")
    numbers = module.numbers(exact, votes_table(1.9, purity=purity))
    voted = numbers[numbers["quantity"] == "voted"].set_index("p")["loss"]
    measured = numbers[numbers["quantity"] == "measured"].set_index("p")["loss"]
    assert_allclose(voted[1.0], measured[1.0], rtol=1e-9)
    assert_allclose(np.interp(measured.index, voted.index, voted), measured, rtol=1e-3)
    assert_allclose(voted, vote_loss(voted.index, 0.6, 1.9, 10, "alpha", purity))
    best = numbers[numbers["quantity"] == "voted optimum"].iloc[0]
    assert_allclose(best["p"], vote_optimum(0.6, 1.9, 10, "alpha", purity))
    assert compose_clean_rates(0.6, purity, M=10) < best["p"] < 1
    assert best["loss"] <= voted.min() + 1e-12
    figure = module.draw(numbers, "a study")
    assert f"votes, k = 1.90 [1.80, 2.00], purity {purity:.2f}" in legend(figure)
