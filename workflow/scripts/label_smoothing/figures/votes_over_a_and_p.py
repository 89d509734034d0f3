"""The number of labels k over the clean rate and over p, by every way of measuring it."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from label_smoothing.analysis.fits import asks_for_label
from label_smoothing.analysis.intervals import Interval
from label_smoothing.analysis.vote_fits import (
    fit_seed,
    mean_votes,
    votes_of_accuracy,
    votes_of_spread,
)
from label_smoothing.analysis.vote_prediction import votes_of_study
from label_smoothing.figures.kit import (
    by_quantity,
    draw_legend,
    draw_title,
    identified,
    mean_of,
    vote_label,
    wrapped,
)
from label_smoothing.figures.style import CLEAN_RATE, SMOOTHING, VOTES, house_style
from label_smoothing.figures.votes_measured import (
    SOURCES,
    VOTES_AXIS,
    draw_sources,
    scale_votes,
)
from label_smoothing.theory.votes import smoothing_helps_below

_MOST_COLUMNS = 4
_LIMIT = "from here on p = 1 has the lowest loss"


def numbers(tables: pd.DataFrame, votes: pd.DataFrame) -> pd.DataFrame:
    """
    Return the numbers of the figure.

    Parameters
    ----------
    tables : DataFrame
        Slices of one data set and method with uniform noise and clean rates below 1.
    votes : DataFrame
        Table of `vote_fits.fit_vote_table` of the same.

    Returns
    -------
    DataFrame
        Rows with quantity "losses", "spread" and "accuracy": k as each tells it, mean over seeds
        with 95 % t-interval, both of log(k - 1), of the networks that memorised. Those without p
        are of all p of a clean rate, the others of one p > 1/M, losses below p = 1. Losses are
        those on clean labels, if there are any. "threshold" is the k from which p = 1 has the
        lowest loss on clean labels, over a; "k" that of all losses of the study.
    """
    noise, assumption = min(
        tables.groupby("noise")["assumption"].first().items(), key=lambda item: item[1]
    )
    cells = tables[tables["noise"] == noise]
    M = int(cells["classes"].iloc[0])
    rows = [("k", np.nan, np.nan, *votes_of_study(votes))]
    of_rates = votes[votes["source"].isin(SOURCES) & votes["a"].notna()]
    of_rates = of_rates[(of_rates["source"] != "losses") | (of_rates["noise"] == noise)]
    for row in of_rates.to_dict("records"):
        interval = (row[name] for name in ("k", "k_low", "k_high", "seeds"))
        rows.append((row["source"], row["a"], np.nan, *interval))
    for (a, p), cell in cells.groupby(["a", "p"]):
        if asks_for_label(p, M):
            rows += [(source, a, p, *k) for source, k in _votes_of_cell(cell, M)]
    lowest = cells["a"].min()
    for a in np.linspace(lowest, 1, 61):
        rows.append(("threshold", a, np.nan, smoothing_helps_below(a, M), np.nan, np.nan, 0))
    columns = ["quantity", "a", "p", "value", "low", "high", "seeds"]
    table = pd.DataFrame(rows, columns=columns).assign(noise=noise, assumption=assumption)
    return identified(table, cells, "dataset", "method")


def _votes_of_cell(cell: pd.DataFrame, M: int) -> list[tuple[str, Interval]]:
    """Return k of one clean rate and p, with its source, as far as its networks tell it."""
    cell = cell[cell["memorised"].astype(bool) & (cell["diverged_epoch"] == 0)]
    fits = [fit_seed(network) for _, network in cell.groupby("seed")]
    rates = cell["expected_clean_rate"]
    accuracies = cell["clean_test_accuracy"]
    ways: dict[str, ArrayLike] = {
        "losses": [fit.k for fit in fits if fit is not None],
        "spread": votes_of_spread(rates, cell["share_variance"].astype(float)),
        "accuracy": [
            votes_of_accuracy(accuracy, rate, M)
            for accuracy, rate in zip(accuracies, rates, strict=True)
        ],
    }
    intervals = [(source, mean_votes(values)) for source, values in ways.items()]
    return [(source, interval) for source, interval in intervals if interval.n]


@house_style()
def draw(numbers: pd.DataFrame, study: str) -> plt.Figure:
    """Draw k over a for all p together, and over p in a panel for each clean rate."""
    by = by_quantity(numbers)
    measured = numbers[numbers["quantity"].isin(SOURCES)]
    of_rates, of_cells = measured[measured["p"].isna()], measured[measured["p"].notna()]
    rates = sorted(of_cells["a"].unique())
    lines, columns = wrapped(1 + len(rates), _MOST_COLUMNS)
    figure, panels = plt.subplots(
        lines,
        columns,
        figsize=(1.0 + 3.1 * columns, 1.3 + 3.3 * lines),
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    first, *others = panels.flat
    threshold = by["threshold"]
    threshold = threshold[np.isfinite(threshold["value"])]
    dotted = {"color": "black", "ls": ":", "lw": 1.5, "label": _LIMIT}
    first.plot(threshold["a"], threshold["value"], **dotted)
    draw_sources(first, of_rates, "a", 0.008)
    first.set(xlabel=CLEAN_RATE)
    first.set_title("all p", fontsize=10)
    for panel, a in zip(others, rates, strict=False):
        draw_sources(panel, of_cells[of_cells["a"] == a], "p", 0.012)
        limit = np.interp(a, threshold["a"], threshold["value"])
        panel.axhline(limit, **dotted)
        panel.set(xlabel=SMOOTHING)
        panel.set_title(f"clean rate a = {a:g}", fontsize=10)
    for panel in others[len(rates) :]:
        panel.set_visible(False)
    k = by["k"].iloc[0]
    for panel in (first, *others[: len(rates)]):
        scale_votes(panel, measured["value"])
        if np.isfinite(k["value"]):
            label = vote_label(k["value"], k["low"], k["high"])
            panel.axhline(k["value"], zorder=1.5, **VOTES, label=f"all losses: {label}")
            if np.isfinite(k["low"]):
                panel.axhspan(k["low"], k["high"], color=VOTES["color"], alpha=0.15, lw=0)
    for panel in panels[:, 0]:
        panel.set_ylabel(VOTES_AXIS)
    draw_legend(figure, 3)
    text = f"labels that a network draws on, {mean_of(measured['seeds'])}"
    draw_title(figure.suptitle, study, text)
    return figure
