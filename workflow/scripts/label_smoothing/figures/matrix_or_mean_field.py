"""The loss of the best matrix and of the best single p, and what the second costs."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from label_smoothing.analysis.intervals import mean_interval
from label_smoothing.figures.kit import draw_legend, draw_split, draw_title, mean_of, noise_panels
from label_smoothing.figures.style import BLACK, BLUE, CLEAN_RATE, GREEN, PREDICTED, house_style

# Marker, colour, place beside the clean rate.
_QUANTITIES = {
    "best matrix": ("o", BLUE, -0.24, "loss of the best matrix"),
    "mean field": ("s", GREEN, 0.0, "loss of the best single p (mean field)"),
    "cost": ("^", BLACK, 0.24, "cost of the single p: their difference, paired"),
}


def numbers(tables: pd.DataFrame, matrices: Mapping[str, str]) -> pd.DataFrame:
    """
    Return both losses and their difference for each noise type that has both, and each a.

    Quantity "best matrix", "mean field" and "cost" (the second minus the first, of the same seed):
    predicted, mean over seeds, and how many of the seeds memorised (for the cost: both networks).
    A seed of which one diverged is left out. `matrices` has the matrix of each method.
    """
    tables, rows = tables.assign(matrix=tables["method"].map(matrices)), []
    for (noise, assumption, a), cells in tables.groupby(["noise", "assumption", "a"], sort=False):
        best, mean_field = (
            cells[cells["matrix"] == f"{assumption}_{what}"].groupby("seed").first()
            for what in ("optimal", "mean_field")
        )
        if best.empty or mean_field.empty:
            continue
        columns = ["predicted_loss", "test_loss"]
        best, mean_field = best.dropna(subset=columns[1]), mean_field.dropna(subset=columns[1])
        cost = (mean_field[columns].astype(float) - best[columns].astype(float)).dropna()
        both = (best["memorised"] & mean_field["memorised"]).reindex(cost.index)
        parts = (best, mean_field, cost.assign(memorised=both))
        for quantity, part in zip(_QUANTITIES, parts, strict=True):
            predicted = part["predicted_loss"].astype(float).mean()
            key = (cells["dataset"].iloc[0], noise, assumption, quantity, a)
            interval = mean_interval(part["test_loss"])
            rows.append((*key, predicted, *interval, int(part["memorised"].sum())))
    columns = ["dataset", "noise", "assumption", "quantity", "a", "predicted"]
    columns += ["value", "low", "high", "seeds", "memorised"]
    return pd.DataFrame(rows, columns=columns)


@house_style()
def draw(numbers: pd.DataFrame, study: str) -> plt.Figure:
    """Draw both losses and their difference over the clean rate, a panel for each noise type."""
    figure, panels = noise_panels(numbers, 1, 4.6)
    rates = sorted(numbers["a"].unique())
    places = numbers["a"].map(rates.index)
    for panel, (_, here) in zip(panels[0], numbers.groupby("noise", sort=False), strict=True):
        for quantity, (fmt, colour, beside, label) in _QUANTITIES.items():
            points = here[here["quantity"] == quantity].assign(place=places)
            ends = points["place"] + beside - 0.1, points["place"] + beside + 0.1
            line = {"color": PREDICTED, "lw": 2.5, "label": "predicted, if networks memorise"}
            panel.hlines(points["predicted"], *ends, **line)
            memorised = points["memorised"] == points["seeds"]
            labels = (label, f"{label}, not all seeds memorised")
            style = {"fmt": fmt, "color": colour}
            draw_split(panel, points, memorised, labels, "place", "value", beside, **style)
        panel.set_xticks(range(len(rates)), [f"{a:g}" for a in rates])
        panel.set_xlim(-0.5, len(rates) - 0.5)
        panel.set_xlabel(CLEAN_RATE)
        panel.grid(axis="x", visible=False)
    panels[0, 0].set_ylim(bottom=min(0, np.nanmin([*numbers["low"], *numbers["value"], 0])))
    panels[0, 0].set_ylabel("nats")
    draw_legend(figure, 2)
    text = f"matrix or mean field, {mean_of(numbers['seeds'])}"
    draw_title(figure.suptitle, study, text)
    return figure
