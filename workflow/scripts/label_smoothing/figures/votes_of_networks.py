"""The number of labels k of all networks of a study, side by side."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from label_smoothing.figures.kit import draw_legend, draw_title, label_lowest, mean_of, wrapped
from label_smoothing.figures.style import house_style
from label_smoothing.figures.votes_measured import (
    SOURCES,
    VOTES_AXIS,
    draw_sources,
    scale_votes,
)

_MOST_COLUMNS = 2


def numbers(votes: pd.DataFrame, drawn: list[float]) -> pd.DataFrame:
    """
    Return the numbers of the figure.

    Parameters
    ----------
    votes : DataFrame
        Tables of `vote_fits.fit_vote_table` of all data sets and methods, in the order of the
        config.
    drawn : list of float
        Clean rates of the panels.

    Returns
    -------
    DataFrame
        Rows with quantity "losses" (on clean labels, if there are any), "spread" and "accuracy":
        k as each tells it, mean over seeds with 95 % t-interval, both of log(k - 1). A measurement
        that finds no finite k has no row.
    """
    rows = votes[votes["source"].isin(SOURCES) & votes["a"].isin(drawn) & np.isfinite(votes["k"])]
    rows = rows[rows["noise"] != "all"].assign(order=range(len(rows[rows["noise"] != "all"])))
    names = ["dataset", "method", "source", "a"]
    rows = rows.sort_values("assumption").drop_duplicates(names).sort_values("order")
    columns = {"source": "quantity", "k": "value", "k_low": "low", "k_high": "high"}
    table = rows.rename(columns=columns)
    return table[
        ["dataset", "method", "noise", "quantity", "a", "value", "low", "high", "seeds"]
    ].reset_index(drop=True)


@house_style()
def draw(numbers: pd.DataFrame, study: str) -> plt.Figure:
    """Draw k over the networks, a panel for each clean rate."""
    rates = sorted(numbers["a"].unique())
    names = numbers["dataset"]
    if numbers["method"].nunique() > 1:
        names = names + ", " + numbers["method"]
    order = list(dict.fromkeys(names))
    lines, columns = wrapped(max(len(rates), 1), _MOST_COLUMNS)
    figure, panels = plt.subplots(
        lines,
        columns,
        figsize=(1.4 + max(7.5, columns * max(2.6, 0.55 * len(order))), 1.6 + 3.6 * lines),
        sharex=True,
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    for panel, a in zip(panels.flat, rates, strict=False):
        here = numbers[numbers["a"] == a]
        draw_sources(panel, here.assign(place=names[here.index].map(order.index)), "place", 0.2)
        scale_votes(panel, numbers["value"])
        panel.set_title(f"clean rate a = {a:g}", fontsize=10)
        panel.set_xticks(range(len(order)), order, rotation=40, ha="right")
        panel.set_xlim(-0.5, len(order) - 0.5)
        panel.grid(axis="x", visible=False)
    label_lowest(panels, len(rates), "")
    for panel in panels[:, 0]:
        panel.set_ylabel(VOTES_AXIS)
    draw_legend(figure, 4)
    text = f"labels that networks draw on, {mean_of(numbers['seeds'])}"
    draw_title(figure.suptitle, study, text)
    return figure
