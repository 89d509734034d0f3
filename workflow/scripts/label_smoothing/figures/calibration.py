"""The confidence in right and wrong predictions over p."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from label_smoothing.analysis.cells import rates_known
from label_smoothing.analysis.intervals import mean_interval
from label_smoothing.figures.kit import (
    by_quantity,
    draw_legend,
    draw_means,
    draw_title,
    identified,
    mean_of,
    of_noise,
    panel_grid,
    rate_title,
    wrapped,
)
from label_smoothing.figures.style import MEASURED, OPEN, PREDICTED, SMOOTHING, house_style

_MOST_COLUMNS = 5
_SCORES = ("confidence_right", "confidence_wrong", "calibration_error")


def numbers(tables: pd.DataFrame) -> pd.DataFrame:
    """
    Return confidences and the calibration error over p at each clean rate.

    "confidence_right" and "confidence_wrong" are mean confidences of the predictions that agree and
    disagree with the noise type's test labels. Of a network that memorises: "predicted confidence"
    (p, right or wrong) and, where the clean rate is known, "predicted error" (|p - c|).
    """
    grid = np.linspace(1 / tables["classes"].iloc[0], 1, 101)
    rows = []
    for a, at_rate in tables.groupby("a"):
        for score in _SCORES:
            for p, values in at_rate.groupby("p")[score]:
                mean, low, high, n = mean_interval(values)
                rows.append((score, a, p, mean, *np.clip([low, high], 0, 1), n))
        lines = {"predicted confidence": grid}
        if rates_known(at_rate):
            lines["predicted error"] = np.abs(grid - at_rate["match_probability"].iloc[0])
        for quantity, line in lines.items():
            for p, value in zip(grid, line, strict=True):
                rows.append((quantity, a, p, value, np.nan, np.nan, 0))
    columns = ["quantity", "a", "p", "value", "low", "high", "seeds"]
    names = ("dataset", "noise", "assumption", "method")
    return identified(pd.DataFrame(rows, columns=columns), tables, *names)


@house_style()
def draw(numbers: pd.DataFrame, study: str) -> plt.Figure:
    """Draw confidence and calibration error over p, a column for each clean rate."""
    rates = sorted(numbers["a"].unique())
    bands, columns = wrapped(len(rates), _MOST_COLUMNS)
    size = 1.0 + 2.5 * columns, 1.2 + 4.2 * bands
    figure, panels = panel_grid(2 * bands, columns, size, height_ratios=[3, 2] * bands)
    pairs = panels.reshape(bands, 2, columns).swapaxes(1, 2).reshape(-1, 2)
    for a, (above, below) in zip(rates, pairs, strict=False):
        by = by_quantity(numbers[numbers["a"] == a])
        for panel, quantity, dashes, label in (
            (above, "predicted confidence", "-", "theory: confidence p"),
            (below, "predicted error", "--", "theory: error |p - c|"),
        ):
            line = by[quantity]
            if not line.empty:
                panel.plot(line["p"], line["value"], dashes, color=PREDICTED, lw=1.8, label=label)
        for panel, quantity, beside, fmt, face, label in (
            (above, "confidence_right", -0.007, "o", MEASURED, "right predictions"),
            (above, "confidence_wrong", 0.007, "o", OPEN, "wrong predictions"),
            (below, "calibration_error", 0, "s", MEASURED, "calibration error"),
        ):
            style = {"fmt": fmt, "color": MEASURED, "mfc": face, "label": label}
            draw_means(panel, by[quantity], "p", "value", beside, **style)
        above.set_title(rate_title(numbers, a), fontsize=10)
        above.set_ylim(0, 1.05)
    for panel in pairs[len(rates) :].flat:
        panel.set_visible(False)
    for above, below in pairs[::columns]:
        above.set_ylabel("mean confidence")
        below.set_ylabel("calibration error")
    for panel in panels[-1]:
        panel.set_xlabel(SMOOTHING)
    draw_legend(figure, 5)
    seeds = numbers.loc[numbers["quantity"] == "calibration_error", "seeds"]
    draw_title(figure.suptitle, study, f"confidence, {of_noise(numbers)}, {mean_of(seeds)}")
    return figure
