"""Measured against predicted loss: numbers that are known for what was put in."""

import numpy as np
import pandas as pd
import pytest
from drawn import lines
from numpy.testing import assert_allclose
from samples import cells
from vote_studies import study, votes_table

from label_smoothing.figures import measured_against_predicted as module
from label_smoothing.figures.style import OPEN

NO_VOTES = votes_table().iloc[:0]


def agreement(table):
    numbers = module.numbers(table, NO_VOTES)
    return numbers, numbers.dropna(subset="value").set_index("quantity")["value"]


def test_exact_theory_agrees():
    numbers, values = agreement(cells("beta", 0.6, noise=1e-6))
    assert_allclose(values[["R2", "RMSE"]], [1, 0], atol=1e-5)
    # p = 1 with corrupted labels has no finite prediction, in each of three seeds; p = 0.2 is not
    # memorised.
    assert (values["shown"], values["without prediction"], values["diverged"]) == (18, 3, 0)
    assert values["tested"] == 15
    losses = numbers[numbers["quantity"] == "loss"]
    assert len(losses) == 21
    assert np.isinf(losses[losses["p"] == 1]["predicted"]).all()


def test_deviation_keeps_its_sign_and_r2_has_no_free_parameter():
    table = cells("alpha", 0.6, offset=-0.3)
    _, values = agreement(table)
    assert_allclose(values[["RMSE", "mean deviation"]], [0.3, -0.3])
    losses = table[(table["p"] < 1) & table["memorised"]]["test_loss"]
    assert_allclose(values["R2"], 1 - 0.3**2 / losses.var(ddof=0))


def test_diverged_and_negatively_smoothed_cells_are_counted():
    table = cells("alpha", 0.6, noise=0.01)
    table.loc[(table["p"] == 0.5) & (table["seed"] == 1), ["test_loss", "diverged_epoch"]] = (
        np.nan,
        3,
    )
    negative = table[table["p"] == 0.9].assign(p=1.2)
    _, values = agreement(pd.concat([table, negative]))
    assert (values["shown"], values["without prediction"], values["diverged"]) == (17, 6, 1)
    assert values["tested"] == 12  # the p that every seed has
    table["test_loss"] = np.nan
    module.draw(module.numbers(table, NO_VOTES), "a study")


def test_figure_draws_every_finite_pair_and_says_what_is_missing():
    studies = (("alpha", 0.6), ("alpha", 1.0), ("beta", 0.6))
    table = pd.concat([cells(*study, noise=1e-4) for study in studies])
    numbers = module.numbers(table, NO_VOTES)
    figure = module.draw(numbers, "a study")
    alpha, beta = figure.axes
    losses = numbers[(numbers["quantity"] == "loss") & np.isfinite(numbers["predicted"])]
    for panel, noise in ((alpha, "alpha"), (beta, "beta")):
        points = [line for line in panel.get_lines() if line.get_marker() == "o"]
        drawn = {pair for line in points for pair in zip(*line.get_data(), strict=True)}
        here = losses[losses["noise"] == noise]
        assert drawn == set(zip(here["predicted"], here["measured"], strict=True))
    assert "3 at p ≥ 1 not shown" in alpha.texts[0].get_text()
    # Without noise every theory is right: nothing is tested.
    assert "R² = 1.00 [1.00, 1.00], n = 15" in alpha.texts[0].get_text()
    (open_points,) = lines(beta, "not memorised (open)")
    assert open_points.get_markerfacecolor() == OPEN
    low = losses[(losses["noise"] == "beta") & (losses["p"] == 0.2)]
    assert sorted(open_points.get_ydata()) == sorted(low["measured"])


@pytest.mark.parametrize("purity", [1.0, 0.5])
def test_the_votes_explain_what_they_made(purity):
    table = study(k=1.9, noise=1e-4, purity=purity)
    numbers = module.numbers(table, votes_table(1.9, purity=purity))
    values = numbers.set_index(["theory", "noise", "quantity"])["value"]
    for noise in ("alpha", "beta", "gamma"):
        assert values["votes", noise, "R2"] > 0.9999
        assert values["votes", noise, "RMSE"] < 1e-3
        assert values["paper", noise, "R2"] < 0.9
        assert values["votes", noise, "tested"] == values["paper", noise, "tested"]
    assert values["votes", "alpha", "without prediction"] == 0
    texts = [panel.texts[0].get_text() for panel in module.draw(numbers, "a study").axes]
    assert all(
        text.startswith(f"k = 1.90 [1.80, 2.00], purity {purity:.2f}\n") for text in texts[3:]
    )
    assert not any("k =" in text for text in texts[:3])


def test_other_noise_has_no_votes():
    table = study(rates=(0.6,), noise=1e-4)
    other = table["noise"] == "beta"
    table.loc[other, "expected_agreement"] = 0.5
    numbers = module.numbers(table, votes_table())
    assert set(numbers["noise"][numbers["theory"] == "votes"]) == {"alpha", "gamma"}
    figure = module.draw(numbers, "a study")
    assert "not uniform" in figure.axes[4].texts[0].get_text()
