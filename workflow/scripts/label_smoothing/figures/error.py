"""The test error over the clean rate and p, and its local minima (Figure 10 of the paper)."""

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from label_smoothing.analysis.intervals import mean_interval
from label_smoothing.analysis.local_minima import local_minima
from label_smoothing.figures.kit import (
    by_quantity,
    draw_legend,
    draw_title,
    error_bars,
    identified,
    label_lowest,
    mean_of,
    of_noise,
    rate_axis,
    rate_title,
    vote_label,
    wrapped,
)
from label_smoothing.figures.plane import (
    MARK,
    PAPER,
    SHARE_COLOURS,
    cell_means,
    draw_cells,
    predicted_accuracies,
)
from label_smoothing.figures.style import (
    BLACK,
    MEASURED,
    PALE,
    PREDICTED,
    SMOOTHING,
    VOTES,
    WHITE,
    house_style,
)
from label_smoothing.theory.rates import asks_for_label

_MARGINS = 4  # highest margin of a curve, in ranges of its means
_WITHIN_NOISE = "local minimum, barrier within the noise"
_TRIANGLE: dict[str, Any] = {**MARK, "marker": "v", "zorder": 5}
_MINIMA: dict[str, dict[str, Any]] = {
    "lowest": {**MARK, "zorder": 5},
    "local minimum, barrier beyond the noise": {**_TRIANGLE, "mfc": BLACK, "mec": WHITE},
    _WITHIN_NOISE: _TRIANGLE,
}


def numbers(
    tables: pd.DataFrame, drawn: list[float], votes: pd.DataFrame | None = None
) -> pd.DataFrame:
    """
    Return test errors, 1 - accuracy.

    "mean" is over the seeds of a cell, "curve" the same at the `drawn` clean rates, cut at 0 and 1.
    "minimum": see `local_minima.local_minima`, whose low and high are the limits of the barrier.
    Both are of p > 1/M: below, right is what a network avoids. "paper" and "voted" are the errors
    that the theories predict at the drawn clean rates for all p > 1/M.
    """
    cells = tables.assign(test_error=1 - tables["test_accuracy"].astype(float))
    means = cell_means(cells, "test_error")
    asking = cells[asks_for_label(cells["p"], cells["classes"])]
    cells = cells if asking.empty else asking
    above = means["p"].isin(cells["p"])
    curves = means[means["a"].isin(drawn) & above].assign(quantity="curve")
    groups = cells.groupby(["a", "p"])["test_error"]
    for end in ("low", "high"):
        limits = [
            getattr(mean_interval(groups.get_group(cell)), end)
            for cell in zip(curves["a"], curves["p"], strict=True)
        ]
        curves[end] = np.clip(limits, 0, 1)
    minima = [
        local_minima(at_rate.pivot(index="p", columns="seed", values="test_error")).assign(
            quantity="minimum", score="test_error", a=a
        )
        for a, at_rate in cells.groupby("a")
    ]
    predicted = predicted_accuracies(cells, votes, drawn).assign(score="test_error")
    predicted["value"] = 1 - predicted["value"].astype(float)
    rows = pd.concat([means, curves, *minima, predicted], ignore_index=True)
    return identified(rows, tables, "dataset", "noise", "assumption", "method", "classes")


@house_style()
def draw(numbers: pd.DataFrame, study: str) -> plt.Figure:
    """Draw the test error over a and p, and over p at some clean rates with its local minima."""
    by = by_quantity(numbers)
    rates = sorted(by["curve"]["a"].unique())
    lines, columns = wrapped(len(rates), 2)
    figure = plt.figure(figsize=(11.4, 1.2 + 2.7 * max(lines, 1.6)), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=(5, 6))
    plane = left.subplots()
    plane.grid(False)
    mesh = draw_cells(plane, by["mean"], SHARE_COLOURS, None)
    left.colorbar(mesh, ax=plane, pad=0.02).set_label("test error")
    for kind, points in _kinds_of_minima(by["minimum"]):
        if kind != _WITHIN_NOISE:
            plane.plot(points["a"], points["p"], **_MINIMA[kind], label=kind)
    plane.set(xlabel=rate_axis(numbers), ylabel=SMOOTHING)
    panels = right.subplots(lines, columns, sharex=True, squeeze=False)
    styles = {
        "paper": {"color": PREDICTED, "lw": 1.8, "label": PAPER},
        "voted": {**VOTES, "label": vote_label(numbers)},
    }
    for panel, a in zip(panels.flat, rates, strict=False):
        curve, minima = (by[kind][by[kind]["a"] == a] for kind in ("curve", "minimum"))
        bars, label = error_bars(curve, "value"), "mean with 95 % t-interval"
        style = {"fmt": "o-", "ms": 4, "color": MEASURED, "lw": 1.2, "elinewidth": 3}
        panel.errorbar(curve["p"], curve["value"], bars, ecolor=PALE, label=label, **style)
        for kind, points in _kinds_of_minima(minima):
            panel.plot(points["p"], points["value"], **_MINIMA[kind], label=kind)
        lines = pd.concat([by[kind][by[kind]["a"] == a] for kind in ("paper", "voted")])
        for line in lines.itertuples():
            panel.axhline(line.value, zorder=1.5, **styles[line.quantity])
        panel.set_title(rate_title(numbers, a), fontsize=10)
        _frame(panel, curve, lines["value"])
    for panel in panels[:, 0]:
        panel.set_ylabel("test error")
    label_lowest(panels, len(rates), SMOOTHING)
    draw_legend(figure, 4)
    text = f"{of_noise(numbers)}, {mean_of(by['mean']['seeds'], interval='')}"
    draw_title(figure.suptitle, study, text)
    return figure


def _kinds_of_minima(minima: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    beyond = minima["beyond_noise"].astype(bool)
    lowest = minima["lowest"].astype(bool)
    masks = (lowest, beyond & ~lowest, ~beyond & ~lowest)
    return [(kind, minima[mask]) for kind, mask in zip(_MINIMA, masks, strict=True) if mask.any()]


def _frame(panel: plt.Axes, curve: pd.DataFrame, theories: pd.Series) -> None:
    """
    Set the frame by the intervals, but to a few times the range of means and theories at most.

    The interval of two seeds may be a hundred times as long.
    """
    values = pd.concat([curve["value"], theories])
    lowest, highest = values.min(), values.max()
    if np.isfinite(lowest):
        margin = max(highest - lowest, 0.01)
        bottom = np.fmin(curve["low"].min(), lowest) - 0.1 * margin
        top = np.fmax(curve["high"].max(), highest) + 0.1 * margin
        panel.set_ylim(
            max(bottom, lowest - _MARGINS * margin, 0), min(top, highest + _MARGINS * margin)
        )
