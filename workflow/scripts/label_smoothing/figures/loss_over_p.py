"""Measured against predicted test loss over p, one panel for each clean rate."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from label_smoothing.analysis.cells import rates_known
from label_smoothing.analysis.intervals import mean_interval
from label_smoothing.analysis.predictions import (
    predicted_loss,
    predicted_optimum,
    voted_loss,
    voted_optimum,
    votes_of_noise,
)
from label_smoothing.figures.kit import (
    by_quantity,
    draw_legend,
    draw_split,
    draw_title,
    fine_smoothing,
    identified,
    label_lowest,
    mean_of,
    of_noise,
    panel_grid,
    rate_title,
    vote_label,
    votes_rows,
    wrapped,
)
from label_smoothing.figures.style import (
    BLACK,
    MEASURED,
    OPEN,
    PREDICTED,
    SMOOTHING,
    VOTES,
    house_style,
)

_COLUMNS = ["quantity", "a", "p", "loss", "low", "high", "seeds", "memorised", "diverged"]
_HIGHEST_LOSS = 1.6  # of the axis, in units of log M


def numbers(tables: pd.DataFrame, votes: pd.DataFrame) -> pd.DataFrame:
    """
    Return the loss over p at each clean rate.

    "measured" says whether all seeds memorised, and how many diverged and are left out. Where the
    clean rate is known, "predicted" and "predicted optimum" are the paper's, "voted" and "voted
    optimum" the vote theory's.
    """
    assumption, M = tables["assumption"].iloc[0], int(tables["classes"].iloc[0])
    grid = fine_smoothing(min(tables["p"].min(), 1 / M), 201)
    found = votes_of_noise(votes, tables)
    parts = votes_rows(found)
    for a, at_rate in tables.groupby("a"):
        rows = []
        for p, cell in at_rate.groupby("p"):
            diverged = int((cell["diverged_epoch"] > 0).sum())
            memorised = bool(cell["memorised"].all())
            rows.append(("measured", a, p, *mean_interval(cell["test_loss"]), memorised, diverged))
        parts.append(pd.DataFrame(rows, columns=_COLUMNS))
        if not rates_known(at_rate):
            continue
        match = at_rate["match_probability"].iloc[0]
        best = predicted_optimum(match, M, assumption)
        lines = [
            ("predicted", grid, predicted_loss(grid, match, M, assumption)),
            ("predicted optimum", [best], [predicted_loss(best, match, M, assumption)]),
        ]
        if found.known:
            rate = at_rate["expected_clean_rate"].iloc[0]
            best = [float(voted_optimum(rate, found, M, assumption))]
            lines += [
                (f"voted{what}", p, voted_loss(p, rate, found, M, assumption))
                for what, p in (("", grid), (" optimum", best))
            ]
        parts += [
            pd.DataFrame(
                {"quantity": name, "a": a, "p": p, "loss": loss, "seeds": 0, "diverged": 0}
            )
            for name, p, loss in lines
        ]
    table = pd.concat(parts, ignore_index=True)
    table = table[[*_COLUMNS, *table.columns.difference(_COLUMNS, sort=False)]]
    return identified(table, tables, "dataset", "noise", "assumption", "method", "classes")


@house_style()
def draw(numbers: pd.DataFrame, study: str) -> plt.Figure:
    """Draw measured and predicted test loss over p, one panel for each clean rate."""
    rates = sorted(numbers["a"].dropna().unique())
    measured = numbers[numbers["quantity"] == "measured"]
    # Far above the loss of the uniform output, log M, nothing is left to compare.
    highest = _HIGHEST_LOSS * np.log(numbers["classes"].iloc[0])
    top = np.fmin(1.12 * measured["loss"].max(), highest)  # nan if everything diverged
    lines, columns = wrapped(len(rates), 4)
    size = 1.0 + 2.9 * columns, 0.9 + 2.9 * lines
    figure, panels = panel_grid(lines, columns, size)
    label = vote_label(numbers)
    for panel, a in zip(panels.flat, rates, strict=False):
        _draw_panel(panel, numbers[numbers["a"] == a], a, top, label)
    for panel in panels[:, 0]:
        panel.set_ylabel("test loss (nats)")
    label_lowest(panels, len(rates), SMOOTHING)
    draw_legend(figure, 2 if len(rates) == 1 else 4)
    draw_title(figure.suptitle, study, f"{of_noise(numbers)}, {mean_of(measured['seeds'])}")
    return figure


def _draw_panel(panel: plt.Axes, numbers: pd.DataFrame, a: float, top: float, votes: str) -> None:
    by = by_quantity(numbers)
    line = by["predicted"].sort_values("p")
    # The divergence is logarithmic: on this scale the curve turns upwards only at p = 1 itself.
    beyond_frame = line["loss"].clip(upper=2 * top)
    if not line.empty:
        label = "paper's theory, no fit"
        panel.plot(line["p"], beyond_frame, color=PREDICTED, lw=1.8, label=label)
    voted = by["voted"].sort_values("p")
    if not voted.empty:
        panel.plot(voted["p"], voted["loss"].clip(upper=2 * top), **VOTES, label=votes)
    if np.isinf(line["loss"]).any():
        panel.axvline(1.0, color=PREDICTED, ls=":", lw=1.2, label="it diverges at p = 1")
        style = {"xytext": (3, -2), "textcoords": "offset points", "va": "top"}
        panel.annotate("↑∞", (1.0, top), color=PREDICTED, **style)
    for quantity, colour, marker, label in (
        ("predicted optimum", PREDICTED, "D", "its optimum"),
        ("voted optimum", VOTES["color"], "s", "optimum of the vote theory"),
    ):
        if not (best := by[quantity]).empty:
            style = {"ms": 6, "mfc": OPEN, "mec": colour, "mew": 1.6, "clip_on": False}
            panel.plot(best["p"], best["loss"], marker, zorder=3, label=label, **style)
    measured = by["measured"]
    labels = ("measured", "measured, not all seeds memorised")
    memorised = measured["memorised"].eq(True)
    draw_split(panel, measured, memorised, labels, "p", "loss", fmt="o", color=MEASURED)
    diverged = measured[measured["diverged"] > 0]
    if not diverged.empty:
        at_top = [top] * len(diverged)
        panel.plot(
            diverged["p"], at_top, "x", ms=7, color=BLACK, clip_on=False, label="a seed diverged"
        )
    for point in measured[measured["loss"] > top].itertuples():
        panel.plot(point.p, top, "^", ms=7, color=MEASURED, clip_on=False, zorder=3)
        style = {"xytext": (0, 5), "textcoords": "offset points", "ha": "center"}
        panel.annotate(f"{point.loss:.1f}", (point.p, top), color=MEASURED, **style)
    # Above the numbers of losses beyond the frame, in all panels alike.
    panel.set_title(rate_title(numbers, a), fontsize=10, pad=16)
    panel.set_ylim(0, top)
    panel.set_xlim(right=1.1)
