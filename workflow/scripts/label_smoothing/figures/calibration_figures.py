"""Figures of the confidence in the network's predictions."""

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

_MOST_COLUMNS = 5
SCORES = ("confidence_right", "confidence_wrong", "calibration_error")


def calibration_numbers(cells: pd.DataFrame) -> pd.DataFrame:
    """
    Return the numbers of `draw_calibration`.

    Parameters
    ----------
    cells : DataFrame
        Slices of one data set, noise type and method, see `comparison.compare_with_theory`.

    Returns
    -------
    DataFrame
        Rows with quantity "confidence_right", "confidence_wrong" (mean confidence of the
        predictions that agree and disagree with the noise type's test labels) and
        "calibration_error" (mean over seeds, 95 % t-interval, n seeds), and, on a fine grid from
        p = 1/M on, "predicted confidence" (p, right or wrong) and "predicted error" (|p - c|) of a
        network that memorises.
    """
    first = cells.iloc[0]
    grid = np.linspace(1 / first["classes"], 1, 101)
    rows = []
    for a, at_rate in cells.groupby("a"):
        for score in SCORES:
            for p, values in at_rate.groupby("p")[score]:
                rows.append((score, a, p, *mean_interval(values)))
        error = np.abs(grid - at_rate["match_probability"].iloc[0])
        for quantity, line in (("predicted confidence", grid), ("predicted error", error)):
            for p, value in zip(grid, line, strict=True):
                rows.append((quantity, a, p, value, np.nan, np.nan, 0))
    columns = ["quantity", "a", "p", "value", "low", "high", "seeds"]
    numbers = pd.DataFrame(rows, columns=columns)
    for column in ("method", "assumption", "noise", "dataset"):
        numbers.insert(0, column, first[column])
    return numbers


def draw_calibration(numbers: pd.DataFrame, study: str) -> plt.Figure:
    """Draw confidence and calibration error over p, a column for each clean rate."""
    first, rates = numbers.iloc[0], sorted(numbers["a"].unique())
    bands = -(-len(rates) // _MOST_COLUMNS)
    columns = -(-len(rates) // bands)
    with plt.rc_context(STYLE):
        figure, panels = plt.subplots(
            2 * bands,
            columns,
            figsize=(1.0 + 2.5 * columns, 1.2 + 4.2 * bands),
            height_ratios=[3, 2] * bands,
            sharex=True,
            sharey=True,
            squeeze=False,
            layout="constrained",
        )
        pairs = panels.reshape(bands, 2, columns).swapaxes(1, 2).reshape(-1, 2)
        for a, (above, below) in zip(rates, pairs, strict=False):
            by = {name: group for name, group in numbers[numbers["a"] == a].groupby("quantity")}
            _draw_line(above, by["predicted confidence"], "-", "theory: confidence p")
            _draw_line(below, by["predicted error"], "--", "theory: error |p - c|")
            _draw_points(above, by["confidence_right"], -0.007, "o", MEASURED, "right predictions")
            _draw_points(above, by["confidence_wrong"], 0.007, "o", "white", "wrong predictions")
            _draw_points(below, by["calibration_error"], 0, "s", MEASURED, "calibration error")
            above.set_title(f"clean rate a = {a:g}", fontsize=10)
            above.set_ylim(0, 1.05)
        for above, below in pairs[len(rates) :]:
            above.set_visible(False)
            below.set_visible(False)
        for above, below in pairs[::columns]:
            above.set_ylabel("mean confidence")
            below.set_ylabel("calibration error")
        for panel in panels[-1]:
            panel.set_xlabel("smoothing parameter p")
        draw_legend(figure, 5, frameon=False)
        counts = count_range(numbers.loc[numbers["quantity"] == "calibration_error", "seeds"])
        figure.suptitle(
            f"{study}: confidence, {first['noise']} ({TEST_SETS[first['assumption']]}), "
            f"mean of {counts} seeds with 95 % t-interval"
        )
    return figure


def _draw_line(panel, line, style, label):
    panel.plot(line["p"], line["value"], style, color=PREDICTED, lw=1.8, label=label)


def _draw_points(panel, points, shift, fmt, face, label):
    panel.errorbar(
        points["p"] + shift,
        points["value"],
        yerr=error_bars(points, "value"),
        fmt=fmt,
        color=MEASURED,
        mfc=face,
        ms=5,
        capsize=2.5,
        lw=1.2,
        label=label,
    )
