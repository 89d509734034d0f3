"""Figures of the test accuracy, which for a network that memorises would not depend on p."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from label_smoothing.analysis.intervals import mean_interval
from label_smoothing.figures.style import (
    MEASURED,
    PREDICTED,
    STYLE,
    TEST_SETS,
    count_range,
    draw_legend,
    error_bars,
)

WEAK = (0.95, 0.9)
_CLAIMED = (0.9, 1.0)  # clean rates for which the paper says that weak smoothing helps
_BESIDE = 0.004  # of the clean rate, between points that would hide each other
_LIGHT_BLUE = "#56B4E9"


def weak_smoothing_numbers(cells: pd.DataFrame) -> pd.DataFrame:
    """
    Return the numbers of `draw_weak_smoothing`.

    Parameters
    ----------
    cells : DataFrame
        Slices of one data set, noise type and method with cells at p = 1 and at a p of `WEAK`.

    Returns
    -------
    DataFrame
        Accuracy at p minus accuracy at p = 1, in percentage points, against the test labels of the
        noise type. Rows with quantity "mean" (over seeds, with 95 % t-interval of the paired
        differences, n seeds) and "seed" (one difference each).
    """
    first = cells.iloc[0]
    accuracy = cells.set_index(["a", "seed", "p"])["test_accuracy"].astype(float).unstack("p")
    rows = []
    for p in (p for p in WEAK if p in accuracy):
        gain = 100 * (accuracy[p] - accuracy[1.0])
        for a, by_seed in gain.groupby("a"):
            rows.append(("mean", a, p, np.nan, *mean_interval(by_seed)))
            for (_, seed), value in by_seed.dropna().items():
                rows.append(("seed", a, p, seed, value, np.nan, np.nan, 1))
    columns = ["quantity", "a", "p", "seed", "gain", "low", "high", "seeds"]
    numbers = pd.DataFrame(rows, columns=columns)
    for column in ("method", "assumption", "noise", "dataset"):
        numbers.insert(0, column, first[column])
    return numbers


def draw_weak_smoothing(numbers: pd.DataFrame, study: str) -> plt.Figure:
    """Draw what weak smoothing adds to the accuracy over the clean rate."""
    first, seeds = numbers.iloc[0], numbers[numbers["quantity"] == "seed"]
    means = numbers[numbers["quantity"] == "mean"]
    highest = max(1.0, 1.6 * seeds["gain"].abs().max())  # nan if everything diverged: 1
    with plt.rc_context(STYLE):
        figure, panel = plt.subplots(figsize=(7.6, 4.6), layout="constrained")
        low, high = _CLAIMED
        panel.axvspan(
            low - 4 * _BESIDE,
            high + 4 * _BESIDE,
            color="#eeeeee",
            zorder=0,
            label="paper: weak smoothing helps here",
        )
        panel.axhline(0, color=PREDICTED, lw=1.8, label="theory: no difference")
        for p, fmt, colour, side in ((0.95, "o", MEASURED, -1), (0.9, "s", _LIGHT_BLUE, 1)):
            points, single = means[means["p"] == p], seeds[seeds["p"] == p]
            if points.empty:
                continue
            panel.errorbar(
                points["a"] + _BESIDE * side,
                points["gain"],
                yerr=error_bars(points, "gain"),
                fmt=fmt,
                color=colour,
                ms=6,
                capsize=2.5,
                lw=1.2,
                label=f"p = {p:g}",
            )
            panel.plot(
                single["a"] + 2.5 * _BESIDE * side,
                single["gain"],
                fmt,
                color=colour,
                ms=2.5,
                label=f"p = {p:g}, single seeds",
            )
        panel.set_ylim(-highest, highest)
        panel.set_xlabel("clean rate a")
        panel.set_ylabel("accuracy minus that at p = 1\n(percentage points)")
        panel.set_title(
            f"{study}: weak smoothing, {first['noise']} ({TEST_SETS[first['assumption']]}),\n"
            f"mean of {count_range(means['seeds'])} seeds with paired 95 % t-interval",
            fontsize=10,
        )
        draw_legend(figure, 3, frameon=False)
    return figure
