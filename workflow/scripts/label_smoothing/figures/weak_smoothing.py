"""What weak smoothing adds to the accuracy, which in theory does not depend on p."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from label_smoothing.analysis.intervals import mean_interval
from label_smoothing.figures.kit import (
    by_quantity,
    draw_legend,
    draw_means,
    draw_title,
    identified,
    labels_given,
    mean_of,
    of_noise,
    rate_axis,
)
from label_smoothing.figures.style import CLAIMED, MEASURED, PREDICTED, SKY, house_style

WEAK = (0.95, 0.9)
_CLAIMED = (0.9, 1.0)  # clean rates for which the paper says that weak smoothing helps
_BESIDE = 0.004  # of the clean rate, between points that would hide each other


def numbers(tables: pd.DataFrame) -> pd.DataFrame:
    """
    Return the accuracy at each p of `WEAK` minus that at p = 1, in percentage points.

    Quantity "mean" (over seeds, of the paired differences) and "seed" (one difference each).
    """
    accuracy = tables.set_index(["a", "seed", "p"])["test_accuracy"].astype(float).unstack("p")
    rows = []
    for p in (p for p in WEAK if p in accuracy):
        gain = 100 * (accuracy[p] - accuracy[1.0])
        for a, by_seed in gain.groupby("a"):
            rows.append(("mean", a, p, np.nan, *mean_interval(by_seed)))
            for (_, seed), value in by_seed.dropna().items():
                rows.append(("seed", a, p, seed, value, np.nan, np.nan, 1))
    columns = ["quantity", "a", "p", "seed", "gain", "low", "high", "seeds"]
    names = ("dataset", "noise", "assumption", "method")
    return identified(pd.DataFrame(rows, columns=columns), tables, *names)


@house_style()
def draw(numbers: pd.DataFrame, study: str) -> plt.Figure:
    """Draw what weak smoothing adds to the accuracy over the clean rate."""
    by = by_quantity(numbers)
    means, seeds = by["mean"], by["seed"]
    highest = max(1.0, 1.6 * seeds["gain"].abs().max())  # nan if everything diverged: 1
    figure, panel = plt.subplots(figsize=(7.6, 4.6), layout="constrained")
    low, high = _CLAIMED
    if not labels_given(numbers):
        ends, label = (low - 4 * _BESIDE, high + 4 * _BESIDE), "paper: weak smoothing helps here"
        panel.axvspan(*ends, color=CLAIMED, zorder=0, label=label)
    panel.axhline(0, color=PREDICTED, lw=1.8, label="theory: no difference")
    for p, fmt, colour, side in ((0.95, "o", MEASURED, -1), (0.9, "s", SKY, 1)):
        points, single = means[means["p"] == p], seeds[seeds["p"] == p]
        if points.empty:
            continue
        style = {"fmt": fmt, "color": colour, "ms": 6, "label": f"p = {p:g}"}
        draw_means(panel, points, "a", "gain", _BESIDE * side, **style)
        places, label = single["a"] + 2.5 * _BESIDE * side, f"p = {p:g}, single seeds"
        panel.plot(places, single["gain"], fmt, color=colour, ms=2.5, label=label)
    panel.set_ylim(-highest, highest)
    panel.set_xlabel(rate_axis(numbers))
    panel.set_ylabel("accuracy minus that at p = 1\n(percentage points)")
    draw_legend(figure, 3)
    text = mean_of(means["seeds"], "paired 95 % t-interval")
    text = f"weak smoothing, {of_noise(numbers)},\n{text}"
    draw_title(panel.set_title, study, text, fontsize=10)
    return figure
