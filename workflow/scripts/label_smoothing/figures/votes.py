"""The votes seen directly: the share of the true class in the outputs, against both theories."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.special import betainc

from label_smoothing.analysis.intervals import mean_interval
from label_smoothing.analysis.predictions import votes_of_study
from label_smoothing.analysis.shares import CENTRES, WIDTH
from label_smoothing.figures.kit import (
    by_quantity,
    draw_legend,
    draw_means,
    draw_title,
    identified,
    mean_of,
    panel_grid,
    vote_label,
    votes_rows,
)
from label_smoothing.figures.style import MEASURED, PALE, PREDICTED, VOTES, house_style
from label_smoothing.theory.rates import compose_clean_rates

_MOST_P = 4
_SHARE = "share of the true class"
_TICKS = (0, 0.01, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1)


def numbers(shares: pd.DataFrame, votes: pd.DataFrame, tables: pd.DataFrame) -> pd.DataFrame:
    """
    Return parts of the test images, for each clean rate and at most four p from first to last.

    "measured" (in the bin about each share; memorised says whether all seeds did) and "distance" of
    the mean from a theory (Kolmogorov's: the largest of the distribution functions, at the edges of
    the bins). For each clean rate, "paper" (0 and 1 alone) and "voted" (Beta, where votes have a k
    and a purity). `shares` are histograms of `shares.count_shares`.
    """
    found = votes_of_study(votes)
    M = int(tables["classes"].iloc[0])
    all_memorised = tables.groupby(["a", "p"])["memorised"].all()
    rows = []
    for a, of_rate in shares.groupby("a"):
        theories = {"paper": np.where(CENTRES == 0, 1 - a, 0) + np.where(CENTRES == 1, a, 0)}
        if found.known:
            own = float(compose_clean_rates(a, found.purity.mean, M=M))
            theories["voted"] = _beta_bins(own, found.k.mean)
        for theory, parts in theories.items():
            for share, part in zip(CENTRES, parts, strict=True):
                rows.append((theory, a, np.nan, "", share, part, np.nan, np.nan, 0, True))
        for p in _spread_evenly(of_rate):
            cell = of_rate[of_rate["p"] == p]
            counts = cell.pivot(index="seed", columns="share", values="images")
            parts = counts.div(counts.sum(axis=1).replace(0, np.nan), axis=0)
            memorised = bool(all_memorised[a, p])
            for share in parts:
                interval = mean_interval(parts[share])
                rows.append(("measured", a, p, "", share, *interval, memorised))
            mean, seeds = parts.mean().to_numpy(), int(parts.notna().all(axis=1).sum())
            for theory, expected in theories.items():
                distance = np.abs((mean - expected).cumsum()).max()
                row = ("distance", a, p, theory, np.nan, distance, np.nan, np.nan, seeds)
                rows.append((*row, memorised))
    columns = ["quantity", "a", "p", "theory", "share", "value", "low", "high", "seeds"]
    table = pd.DataFrame(rows, columns=[*columns, "memorised"])
    table = pd.concat([table, *votes_rows(found)], ignore_index=True)
    return identified(table, shares, "dataset", "transition", "method")


def _beta_bins(t: float, k: float) -> np.ndarray:
    """Return the part of Beta((k - 1) t, (k - 1)(1 - t)) in each bin."""
    n = max(k - 1, 1e-9)  # one label: nearly all at the ends
    edges = np.append(CENTRES, CENTRES[-1] + WIDTH) - WIDTH / 2
    return np.diff(betainc(n * t, n * (1 - t), edges.clip(0, 1)))


def _spread_evenly(cells: pd.DataFrame) -> list[float]:
    """Return at most four p, of those that tell shares if any does."""
    images = cells.groupby("p")["images"].sum()
    p = list(images.index[images > 0] if images.any() else images.index)
    steps = np.linspace(0, len(p) - 1, min(_MOST_P, len(p)))
    return [p[round(step)] for step in steps]


@house_style()
def draw(numbers: pd.DataFrame, study: str) -> plt.Figure:
    """Draw the histograms, a row of panels a clean rate, a column a p."""
    measured = numbers[numbers["quantity"] == "measured"]
    rates = sorted(measured["a"].unique())
    columns = int(measured.groupby("a")["p"].nunique().max())
    size = 1.2 + 2.9 * columns, 1.4 + 2.2 * len(rates)
    figure, panels = panel_grid(len(rates), columns, size, sharey="row")
    label = vote_label(numbers)
    for row, a in zip(panels, rates, strict=True):
        by = by_quantity(numbers[numbers["a"] == a])
        cells = by["measured"].groupby("p")
        for panel, (p, cell) in zip(row, cells, strict=False):
            _draw_panel(panel, cell, by["paper"], by["voted"], label)
            _name_panel(panel, cell, by["distance"][by["distance"]["p"] == p])
        for panel in row[cells.ngroups :]:
            panel.set_visible(False)
        row[0].set_ylabel("part of the test images")
    for panel in panels[-1]:
        panel.set_xlabel(_SHARE)
    draw_legend(figure, 3)
    text = f"{_SHARE} in the outputs, {mean_of(measured['seeds'])}"
    draw_title(figure.suptitle, study, text)
    return figure


def _draw_panel(panel, cell, paper, voted, label):
    edges = np.append(CENTRES, CENTRES[-1] + WIDTH) - WIDTH / 2
    measured = cell["value"].fillna(0)  # everything diverged
    panel.stairs(measured, edges, fill=True, color=PALE, lw=0, label="measured")
    bars = cell[cell["value"] > 0].assign(low=cell["low"].clip(lower=0))
    style = {"fmt": "none", "ecolor": MEASURED, "capsize": 0, "elinewidth": 1.0}
    draw_means(panel, bars, "share", "value", **style)
    ends = paper[paper["value"] > 0]
    panel.vlines(
        ends["share"], 0, ends["value"], color=PREDICTED, lw=1.5, label="paper's theory: 0 or 1"
    )
    panel.plot(ends["share"], ends["value"], "D", ms=4, color=PREDICTED)
    if len(voted):
        inside = voted[(voted["share"] > -WIDTH / 2) & (voted["share"] < 1 + WIDTH / 2)]
        panel.plot(inside["share"], inside["value"], **VOTES, label=label)
    # Square roots show single images beside halves of them all.
    panel.set_yscale("function", functions=(_root, np.square))
    panel.set_yticks(_TICKS, [f"{tick:g}" for tick in _TICKS])
    panel.set_ylim(0, 1)


def _name_panel(panel, cell, distances):
    first = cell.iloc[0]
    memorised = "" if first["memorised"] else ", not memorised"
    panel.set_title(f"a = {first['a']:g}, p = {first['p']:g}{memorised}", fontsize=10)
    lines = [
        f"distance {row.value:.2f} ({'votes' if row.theory == 'voted' else 'paper'})"
        for row in distances.dropna(subset="value").itertuples()
    ]
    panel.text(0.03, 0.97, "\n".join(lines), transform=panel.transAxes, va="top", fontsize=8)


def _root(values):
    return np.sqrt(np.maximum(values, 0))
