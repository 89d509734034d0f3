"""The number of labels k over the clean rate and over p, by every way of measuring it."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from label_smoothing.analysis.intervals import Interval
from label_smoothing.analysis.predictions import votes_of_study
from label_smoothing.analysis.vote_fits import (
    fit_seed,
    mean_votes,
    votes_of_accuracy,
    votes_of_spread,
)
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
from label_smoothing.theory.rates import asks_for_label, match_probability
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
        Rows with quantity "losses", "spread" and "accuracy": k as each tells it with the purity of
        the row "purity", mean over seeds with 95 % t-interval, both of log(k - 1), of the networks
        that memorised. Those without p are of all p of a clean rate (spread: below 1), the others
        of one p > 1/M, losses below p = 1. Losses are those on clean labels, if there are any.
        "threshold" is the k from which p = 1 has the lowest loss on clean labels, over a; "k" and
        "purity" fit all losses of the study (without such a fit, nan, and the purity is taken to be
        1).
    """
    noise, assumption = min(
        tables.groupby("noise")["assumption"].first().items(), key=lambda item: item[1]
    )
    cells = tables[tables["noise"] == noise]
    M = int(cells["classes"].iloc[0])
    found = votes_of_study(votes)
    purity = found.purity.mean if found.known else 1.0
    rows = [(name, np.nan, np.nan, *interval) for name, interval in found._asdict().items()]
    asking = cells[asks_for_label(cells["p"], M)]
    for a, of_rate in asking.groupby("a"):
        groups = [(np.nan, of_rate), *of_rate.groupby("p")]
        for p, part in groups:
            rows += [(source, a, p, *k) for source, k in _votes_of(part, M, purity)]
    grid = np.linspace(cells["a"].min(), 1, 61)
    for a, limit in zip(grid, smoothing_helps_below(grid, M, purity), strict=True):
        rows.append(("threshold", a, np.nan, limit, np.nan, np.nan, 0))
    columns = ["quantity", "a", "p", "value", "low", "high", "seeds"]
    table = pd.DataFrame(rows, columns=columns).assign(noise=noise, assumption=assumption)
    return identified(table, cells, "dataset", "method")


def _votes_of(cells: pd.DataFrame, M: int, purity: float) -> list[tuple[str, Interval]]:
    """Return k of one clean rate, with its source, as far as its networks tell it."""
    rate = cells["expected_clean_rate"].iloc[0]
    own = match_probability(rate, M, "gamma", purity)  # kappas multiply
    cells = cells[cells["memorised"].astype(bool) & (cells["diverged_epoch"] == 0)]
    fits = [fit_seed(of_seed, purity=purity) for _, of_seed in cells.groupby("seed")]
    below = cells["p"] < 1
    spread = cells[below if below.any() else slice(None)].astype({"share_variance": float})
    spread = spread.groupby("seed")["share_variance"].mean()
    accuracies = cells.groupby("seed")["clean_test_accuracy"].mean()
    ways: dict[str, ArrayLike] = {
        "losses": [fit.k for fit in fits if fit is not None],
        "spread": votes_of_spread(own, spread),
        "accuracy": [votes_of_accuracy(accuracy, own, M) for accuracy in accuracies],
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
    k, label = by["k"].iloc[0], vote_label(numbers)
    for panel in (first, *others[: len(rates)]):
        scale_votes(panel, measured["value"])
        if np.isfinite(k["value"]):
            panel.axhline(k["value"], zorder=1.5, **VOTES, label=f"all losses: {label}")
            if np.isfinite(k["low"]):
                panel.axhspan(k["low"], k["high"], color=VOTES["color"], alpha=0.15, lw=0)
    for panel in panels[:, 0]:
        panel.set_ylabel(VOTES_AXIS)
    draw_legend(figure, 3)
    text = f"labels that a network draws on, {mean_of(measured['seeds'])}"
    draw_title(figure.suptitle, study, text)
    return figure
