"""Confidence of right and wrong predictions beside that of a network that memorises."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from label_smoothing.analysis.intervals import mean_interval
from label_smoothing.figures import calibration as module


def cells(rates=(0.6, 1.0)):
    rows = [
        (a, p, seed, 0.9 * p + 0.01 * seed, 0.5 * p if a < 1 else np.nan, abs(p - a))
        for a in rates
        for p in (0.05, 0.5, 1.0)
        for seed in range(3)
    ]
    columns = ["a", "p", "seed", "confidence_right", "confidence_wrong", "calibration_error"]
    table = pd.DataFrame(rows, columns=columns)
    names = {"dataset": "d", "noise": "alpha", "assumption": "alpha", "method": "m"}
    return table.assign(
        classes=10, match_probability=table["a"], expected_clean_rate=table["a"], **names
    )


def test_scores_are_means_over_seeds():
    numbers = module.numbers(cells())
    right = numbers[(numbers["quantity"] == "confidence_right") & (numbers["a"] == 0.6)]
    assert list(right["p"]) == [0.05, 0.5, 1.0]
    wanted = mean_interval([0.45, 0.46, 0.47])
    assert_allclose(right[["value", "low", "high", "seeds"]].iloc[1].astype(float), wanted)
    # Without a wrong prediction there is no confidence in wrong ones.
    wrong = numbers[(numbers["quantity"] == "confidence_wrong") & (numbers["a"] == 1.0)]
    assert wrong["value"].isna().all()
    assert (wrong["seeds"] == 0).all()


def test_theory_is_calibrated_where_p_is_the_match_probability():
    numbers = module.numbers(cells([0.55]))
    theory = numbers[numbers["quantity"] == "predicted confidence"]
    assert_allclose(theory["value"], theory["p"])
    assert theory["p"].min() == pytest.approx(0.1)
    error = numbers[numbers["quantity"] == "predicted error"].set_index("p")["value"]
    assert error.idxmin() == pytest.approx(0.55)
    assert error.min() == pytest.approx(0, abs=1e-12)
    assert error[1.0] == pytest.approx(0.45)
