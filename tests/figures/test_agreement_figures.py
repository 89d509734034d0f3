"""Agreement of measurement and theory: numbers that are known for what was put in."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from samples import cells, match

from label_smoothing.analysis.comparison import compare_with_theory
from label_smoothing.figures.agreement_figures import (
    draw_effective_clean_rate,
    draw_measured_against_predicted,
    effective_clean_rate_numbers,
    measured_against_predicted_numbers,
)

ACCURACY = ("measured_accuracy", "measured_accuracy_low", "measured_accuracy_high")


def agreement(table):
    numbers = measured_against_predicted_numbers(table)
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


def test_clean_labels_have_a_prediction_at_p_one():
    _, values = agreement(cells("alpha", 1.0))
    assert (values["shown"], values["without prediction"], values["tested"]) == (21, 0, 0)


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
    draw_measured_against_predicted(measured_against_predicted_numbers(table), "a study")


def test_figure_draws_every_finite_pair_and_says_what_is_missing():
    studies = (("alpha", 0.6), ("alpha", 1.0), ("beta", 0.6))
    table = pd.concat([cells(*study, noise=1e-4) for study in studies])
    figure = draw_measured_against_predicted(measured_against_predicted_numbers(table), "a study")
    alpha, beta = figure.axes
    drawn = [
        sum(len(line.get_xdata()) for line in panel.get_lines()[1:]) for panel in (alpha, beta)
    ]
    assert drawn == [18 + 21, 18]
    assert "3 at p ≥ 1 not shown" in alpha.texts[0].get_text()
    # Without noise every theory is right: nothing is tested.
    assert "R² = 1.00 [1.00, 1.00], n = 15" in alpha.texts[0].get_text()
    # p = 0.2 was not memorised: open points.
    open_points = {
        len(line.get_xdata())
        for line in beta.get_lines()
        if line.get_label() == "not memorised (open)" and line.get_markerfacecolor() == "white"
    }
    assert open_points == {3}


@pytest.fixture
def fits():
    return pd.concat(
        compare_with_theory(pd.concat([cells(assumption, a, noise=0.01) for a in (0.6, 0.8, 1.0)]))
        for assumption in ("alpha", "beta")
    )


def test_theory_of_the_effective_rate_is_the_match_probability(fits):
    numbers = effective_clean_rate_numbers(fits)
    for assumption in ("alpha", "beta"):
        line = numbers[(numbers["quantity"] == "theory") & (numbers["noise"] == assumption)]
        assert_allclose(line["value"], match(line["a"], assumption), atol=1e-12)
        fitted = numbers[(numbers["quantity"] == "fitted match") & (numbers["noise"] == assumption)]
        assert_allclose(fitted["value"], match(fitted["a"], assumption), atol=0.02)
        assert (fitted["low"] < fitted["high"]).all()
    accuracy = numbers[numbers["quantity"] == "measured accuracy"]
    assert_allclose(accuracy[["value", "low", "high"]], fits[list(ACCURACY)])


def test_effective_rate_figure_has_a_panel_a_noise_type(fits):
    figure = draw_effective_clean_rate(effective_clean_rate_numbers(fits), "a study")
    assert [panel.get_title().split(":")[0] for panel in figure.axes] == ["alpha", "beta"]
    assert "3 seeds" in figure.get_suptitle()
    assert len(figure.axes[0].containers) == 2
