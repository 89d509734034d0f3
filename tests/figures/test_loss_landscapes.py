"""Landscapes show the measured cells as they are, the theory's divergence, and the best p."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from samples import P, cells, match

from label_smoothing.analysis.prediction import predicted_loss
from label_smoothing.figures import landscape_figures as figures

RATES = (0.6, 0.8, 1.0)


def slices(assumption="alpha", noise=0.001):
    """Return a study whose accuracy is best at p = 0.5, and at p = 0.35 when stopped early."""
    measured = pd.concat([cells(assumption, a, noise=noise) for a in RATES], ignore_index=True)
    measured["test_accuracy"] -= 0.1 * abs(measured["p"] - 0.5)
    measured["oracle_stop_accuracy"] = measured["test_accuracy"] + 0.2 * (measured["p"] == 0.35)
    return measured


def diverge(measured, p):
    where = (measured["p"] == p) & (measured["seed"] == 0)
    scores = ["test_loss", "test_accuracy", "oracle_stop_accuracy"]
    measured.loc[where, scores], measured.loc[where, "diverged_epoch"] = np.nan, 3
    return measured


def legend(figure):
    return [text.get_text() for box in figure.legends for text in box.get_texts()]


def test_cells_meet_half_way():
    assert_allclose(figures.cell_edges([0.2, 0.4, 1.0]), [0.1, 0.3, 0.7, 1.3])


@pytest.fixture(scope="module")
def loss_numbers():
    return figures.loss_landscapes_numbers(
        pd.concat([slices(assumption) for assumption in ("alpha", "beta", "gamma")])
    )


@pytest.mark.parametrize("assumption", ["alpha", "beta", "gamma"])
def test_theory_and_measurement_stand_in_one_table(loss_numbers, assumption):
    here = loss_numbers[loss_numbers["noise"] == assumption]
    theory = here[here["quantity"] == "theory"]
    assert np.isinf(theory["value"][(theory["p"] == 1) & (theory["a"] < 1)]).all()
    assert np.isfinite(theory["value"][theory["p"] < 1]).all()
    row = theory[(theory["p"] < 1) & (theory["a"] < 0.9)].iloc[-1]
    expected = predicted_loss(row["p"], match(row["a"], assumption), 10, assumption)
    assert_allclose(row["value"], expected)
    measured = here[here["quantity"] == "mean"]
    assert set(zip(measured["a"], measured["p"], strict=True)) == {(a, p) for a in RATES for p in P}
    lowest = here[here["quantity"] == "lowest"]
    for a, value in zip(lowest["a"], lowest["value"], strict=True):
        assert value == measured["value"][measured["a"] == a].min()


def test_loss_landscapes_share_scale_and_draw_the_cells(loss_numbers):
    figure = figures.draw_loss_landscapes(loss_numbers, "a study")
    meshes = [m for panel in figure.axes for m in panel.collections if hasattr(m, "get_array")]
    meshes = [
        mesh for mesh in meshes if mesh.get_array() is not None and mesh.norm.boundaries.any()
    ]
    assert len({tuple(mesh.norm.boundaries) for mesh in meshes}) == 1
    drawn = figure.axes[3].collections[0].get_array().compressed()
    means = loss_numbers[(loss_numbers["quantity"] == "mean") & (loss_numbers["noise"] == "alpha")]
    assert_allclose(np.sort(drawn), np.sort(means["value"]))
    assert legend(figure) == ["theory: loss = ∞", "theory's best p", "lowest measured loss"]
    assert "3 seeds" in figure.get_suptitle()


def test_each_score_has_its_best_p():
    numbers = figures.loss_and_accuracy_numbers(slices())
    best = numbers[numbers["quantity"] == "best"].pivot(index="a", columns="score", values="p")
    assert (best["test_accuracy"] == 0.5).all()
    assert (best["oracle_stop_accuracy"] == 0.35).all()
    assert best["test_loss"].tolist() == [0.65, 0.8, 1.0]
    seeds = numbers[numbers["quantity"] == "seed's best"]
    assert seeds.groupby(["score", "a"]).size().eq(3).all()


def test_equally_good_p_are_all_marked():
    measured = slices()
    measured["test_accuracy"] = 0.9
    numbers = figures.loss_and_accuracy_numbers(measured)
    accuracy = numbers[numbers["score"] == "test_accuracy"]
    for quantity, count in (("best", len(P)), ("seed's best", 3 * len(P))):
        assert accuracy[accuracy["quantity"] == quantity].groupby("a").size().eq(count).all()


def test_loss_and_accuracy_figure_marks_seeds_within_their_cell():
    figure = figures.draw_loss_and_accuracy(
        figures.loss_and_accuracy_numbers(slices(noise=0.2)), "a study"
    )
    titles = [panel.get_title() for panel in figure.axes[:3]]
    assert titles == ["test loss", "test accuracy", "accuracy at early stopping"]
    for panel in figure.axes[:3]:
        _, singles = panel.get_lines()
        assert len(singles.get_xdata()) == 9
        assert (np.abs(np.subtract.outer(singles.get_xdata(), RATES)).min(axis=1) < 0.1).all()


def test_error_numbers():
    numbers = figures.error_numbers(slices(), [0.6, 1.0])
    curve = numbers[numbers["quantity"] == "curve"]
    assert set(curve["a"]) == {0.6, 1.0}
    at = curve[(curve["a"] == 0.6) & (curve["p"] == 0.5)].iloc[0]
    assert_allclose(at[["value", "low", "high"]].astype(float), 0.4)
    minima = numbers[numbers["quantity"] == "minimum"]
    assert minima["a"].tolist() == list(RATES)
    assert (minima["p"] == 0.5).all()


def test_errors_over_p_are_of_p_that_ask_for_the_label():
    measured = slices()
    low = measured[measured["p"] == 0.5].assign(p=0.05, test_accuracy=0.01)
    numbers = figures.error_numbers(pd.concat([measured, low]), [0.6])
    p = numbers.groupby("quantity")["p"].min()
    assert p.to_dict() == {"mean": 0.05, "curve": 0.2, "minimum": 0.5}


def test_errors_of_a_study_below_one_over_m_are_drawn_all_the_same():
    measured = slices()
    measured["p"] /= 20
    numbers = figures.error_numbers(measured, [0.6])
    assert set(numbers["p"]) == {p / 20 for p in P}
    figures.draw_error(numbers, "a study")


def test_error_figure_tells_resolved_minima_from_noise():
    measured = slices()
    at = (measured["p"] == 0.9) & (measured["a"] == 0.6)
    measured.loc[at, "test_accuracy"] += 0.04
    figure = figures.draw_error(figures.error_numbers(measured, [0.6]), "a study")
    assert "local minimum, barrier beyond the noise" in legend(figure)
    assert "local minimum, barrier within the noise" not in legend(figure)
    measured.loc[at & (measured["seed"] == 0), "test_accuracy"] -= 0.1
    figure = figures.draw_error(figures.error_numbers(measured, [0.6]), "a study")
    assert "local minimum, barrier beyond the noise" not in legend(figure)


def test_errors_are_framed_by_their_intervals_unless_those_are_far_longer():
    numbers = figures.error_numbers(slices(), [0.6])
    curve = numbers["quantity"] == "curve"
    spread = np.ptp(numbers.loc[curve, "value"])
    for length, framed in ((2 * spread, True), (50 * spread, False)):
        numbers.loc[curve, "high"] = numbers.loc[curve, "value"] + length
        panel = figures.draw_error(numbers, "a study").axes[-1]
        assert panel.get_title() == "clean rate a = 0.6"
        assert (panel.get_ylim()[1] > numbers.loc[curve, "high"].max()) == framed
        assert panel.get_ylim()[1] < numbers.loc[curve, "value"].max() + 5 * spread


@pytest.mark.parametrize("all_of_them", [False, True])
def test_diverged_cells_are_marked(all_of_them):
    measured = diverge(slices(), 1.0)
    if all_of_them:
        measured[["test_loss", "test_accuracy", "oracle_stop_accuracy"]] = np.nan
        measured["diverged_epoch"] = 1
    for numbers, draw in (
        (figures.loss_landscapes_numbers(measured), figures.draw_loss_landscapes),
        (figures.loss_and_accuracy_numbers(measured), figures.draw_loss_and_accuracy),
        (figures.error_numbers(measured, list(RATES)), figures.draw_error),
    ):
        cell = numbers[(numbers["quantity"] == "mean") & (numbers["p"] == 1)]
        assert (cell["seeds"] == (0 if all_of_them else 2)).all()
        assert "a seed diverged" in legend(draw(numbers, "a study"))
