"""The error over the plane, and which of its local minima the noise explains."""

import numpy as np
import pandas as pd
from drawn import legend
from numpy.testing import assert_allclose
from planes import RATES, slices
from vote_studies import votes_table

from label_smoothing.figures import error as module
from label_smoothing.theory.votes import vote_accuracy


def test_error_numbers():
    numbers = module.numbers(slices(), [0.6, 1.0])
    curve = numbers[numbers["quantity"] == "curve"]
    assert set(curve["a"]) == {0.6, 1.0}
    at = curve[(curve["a"] == 0.6) & (curve["p"] == 0.5)].iloc[0]
    assert_allclose(at[["value", "low", "high"]].astype(float), 0.4)
    minima = numbers[numbers["quantity"] == "minimum"]
    assert minima["a"].tolist() == list(RATES)
    assert (minima["p"] == 0.5).all()


def test_both_theories_predict_one_error_for_all_p():
    numbers = module.numbers(slices(), [0.6, 0.8], votes_table(1.9))
    lines = numbers[numbers["quantity"].isin(["paper", "voted"])]
    lines = lines.pivot(index="a", columns="quantity", values="value")
    assert_allclose(lines["paper"], [0.4, 0.2])
    assert_allclose(lines["voted"], 1 - vote_accuracy([0.6, 0.8], 1.9, 10))
    figure = module.draw(numbers, "a study")
    assert {"paper's theory", "votes, k = 1.90 [1.80, 2.00], purity 1.00"} <= set(legend(figure))
    for panel, a in zip(figure.axes[-2:], (0.6, 0.8), strict=True):
        low, high = panel.get_ylim()
        assert low < lines["voted"][a] < lines["paper"][a] < high


def test_errors_over_p_are_of_p_that_ask_for_the_label():
    measured = slices()
    low = measured[measured["p"] == 0.5].assign(p=0.05, test_accuracy=0.01)
    numbers = module.numbers(pd.concat([measured, low]), [0.6])
    p = numbers.groupby("quantity")["p"].min()
    assert p.to_dict() == {"mean": 0.05, "curve": 0.2, "minimum": 0.5}


def test_error_figure_tells_resolved_minima_from_noise():
    measured = slices()
    at = (measured["p"] == 0.9) & (measured["a"] == 0.6)
    measured.loc[at, "test_accuracy"] += 0.03 + 0.0005 * measured["seed"]
    figure = module.draw(module.numbers(measured, [0.6]), "a study")
    assert "local minimum, barrier beyond the noise" in legend(figure)
    assert "local minimum, barrier within the noise" not in legend(figure)
    measured.loc[at & (measured["seed"] == 0), "test_accuracy"] -= 0.1
    figure = module.draw(module.numbers(measured, [0.6]), "a study")
    assert "local minimum, barrier beyond the noise" not in legend(figure)


def test_errors_are_framed_by_their_intervals_unless_those_are_far_longer():
    numbers = module.numbers(slices(), [0.6])
    curve = numbers["quantity"] == "curve"
    spread = np.ptp(numbers.loc[curve, "value"])
    for length, framed in ((2 * spread, True), (50 * spread, False)):
        numbers.loc[curve, "high"] = numbers.loc[curve, "value"] + length
        panel = module.draw(numbers, "a study").axes[-1]
        assert panel.get_title() == "clean rate a = 0.6"
        assert (panel.get_ylim()[1] > numbers.loc[curve, "high"].max()) == framed
        assert panel.get_ylim()[1] < numbers.loc[curve, "value"].max() + 5 * spread
