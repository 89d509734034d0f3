"""The clean rate from corrupted labels, over the true one."""

import numpy as np
import pandas as pd
from numpy.testing import assert_allclose
from samples import clean_rate_estimates

from label_smoothing.figures.clean_rate import draw, numbers


def test_numbers_say_how_far_each_estimate_and_its_limits_are_off():
    estimates = clean_rate_estimates((0.9, 0.5, 0.6))
    table = numbers(estimates)
    assert len(table) == len(estimates)
    assert list(table["a"].unique()) == [0.5, 0.6, 0.9]
    for end in ("estimate", "low", "high"):
        assert_allclose(table[f"{end}_minus_truth"], table[end] - table["truth"])


def test_every_source_is_named_once_and_both_panels_hold_all_points():
    table = numbers(clean_rate_estimates())
    figure = draw(table, "a study")
    (legend,) = figure.legends
    assert len(legend.get_texts()) == table["source"].nunique() == 5
    whole, apart = figure.axes
    for panel, column in ((whole, "estimate"), (apart, "estimate_minus_truth")):
        low, high = panel.get_ylim()
        shown = table[column].dropna()
        assert low < shown.min()
        assert shown.max() < high
        left, right = panel.get_xlim()
        assert left < table["truth"].min()
        assert table["truth"].max() < right


def test_one_clean_rate_whose_estimates_are_all_missing_is_drawn():
    table = numbers(clean_rate_estimates((0.6,)))
    table[["estimate", "low", "high"]] = np.nan
    table[[c for c in table if c.endswith("_minus_truth")]] = np.nan
    assert len(draw(pd.DataFrame(table), "a study").axes) == 2
