"""The fitted match probability and the accuracy over the clean rate."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from label_smoothing.analysis.cells import rates_known
from label_smoothing.analysis.predictions import match_over_a, voted_accuracy, votes_of_noise
from label_smoothing.figures.kit import (
    by_quantity,
    draw_legend,
    draw_means,
    draw_title,
    identified,
    mean_of,
    noise_panels,
    rate_axis,
    vote_label,
)
from label_smoothing.figures.style import (
    FITTED,
    MEASURED,
    PREDICTED,
    VOTES,
    house_style,
)


def numbers(fits: pd.DataFrame, votes: pd.DataFrame) -> pd.DataFrame:
    """
    Return the numbers of the figure.

    Parameters
    ----------
    fits : DataFrame
        Tables of `theory_fits.compare_with_theory` for the noise types of one data set and method.
    votes : DataFrame
        Table of `vote_fits.fit_vote_table` of the same.

    Returns
    -------
    DataFrame
        Rows with quantity "fitted match" and "measured accuracy" (mean over seeds with 95 %
        t-interval, of accuracies cut at 0 and 1), "theory" (both of a network that memorises, on a
        fine grid of a, where the clean rate is known) and, where the noise is uniform, "voted
        accuracy" (of the vote theory, whose k and purity of the losses of all noise types are the
        values of the rows "k" and "purity").
    """
    rows = []
    for noise, table in fits.groupby("noise", sort=False):
        names = (noise, table["assumption"].iloc[0])
        for quantity in ("fitted match", "measured accuracy"):
            column = quantity.replace(" ", "_")
            for fit in table.to_dict("records"):
                mean, low, high = (fit[f"{column}{end}"] for end in ("", "_low", "_high"))
                if quantity == "measured accuracy":
                    low, high = np.clip([low, high], 0, 1)
                rows.append((*names, quantity, fit["a"], mean, low, high, fit["seeds"]))
        grid = np.linspace(table["a"].min(), 1, 181) if rates_known(table) else np.empty(0)
        for a, match in zip(grid, match_over_a(table, grid), strict=True):
            rows.append((*names, "theory", a, match, np.nan, np.nan, 0))
        M = int(table["M"].iloc[0])
        found = votes_of_noise(votes, table.rename(columns={"M": "classes"}))
        if found.known:
            for name, interval in found._asdict().items():
                rows.append((*names, name, np.nan, *interval))
            grid = np.linspace(table["a"].min(), 1, 61)
            for a, value in zip(grid, voted_accuracy(grid, found, M, names[1]), strict=True):
                rows.append((*names, "voted accuracy", a, value, np.nan, np.nan, 0))
    columns = ["noise", "assumption", "quantity", "a", "value", "low", "high", "seeds"]
    return identified(pd.DataFrame(rows, columns=columns), fits, "dataset", "method")


@house_style()
def draw(numbers: pd.DataFrame, study: str) -> plt.Figure:
    """Draw fitted match probability and accuracy over the clean rate, a panel a noise type."""
    figure, panels = noise_panels(numbers, 1, 4.2)
    for panel, (_, here) in zip(panels[0], numbers.groupby("noise", sort=False), strict=True):
        by = by_quantity(here)
        line = by["theory"]
        label = "paper's theory, no fit (both alike)"
        if not line.empty:
            panel.plot(line["a"], line["value"], color=PREDICTED, lw=1.8, label=label)
        if not (voted := by["voted accuracy"]).empty:
            label = f"accuracy of the {vote_label(here)}"
            panel.plot(voted["a"], voted["value"], **VOTES, label=label)
        for quantity, fmt, colour, beside, label in (
            ("measured accuracy", "o", MEASURED, -0.006, "measured accuracy"),
            ("fitted match", "s", FITTED, 0.006, "match probability fitted to the losses"),
        ):
            style = {"fmt": fmt, "color": colour, "label": label}
            draw_means(panel, by[quantity], "a", "value", beside, **style)
        panel.set_xlabel(rate_axis(numbers))
        panel.set_ylim(0, 1.08)
    panels[0, 0].set_ylabel("match probability c, accuracy")
    draw_legend(figure, 2)
    seeds = numbers.loc[numbers["quantity"] == "fitted match", "seeds"]
    text = f"effective match probability and accuracy, {mean_of(seeds)}"
    draw_title(figure.suptitle, study, text)
    return figure
