"""The p with the lowest loss and the p with the highest accuracy over the clean rate."""

from functools import partial

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from label_smoothing.analysis.cells import rates_known
from label_smoothing.analysis.intervals import mean_interval
from label_smoothing.analysis.predictions import (
    match_over_a,
    predicted_optimum,
    unsmoothed_from,
    voted_optimum,
    votes_of_noise,
)
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
from label_smoothing.theory.rates import epsilon_from_p, p_from_epsilon

# An interval that leaves less of the grid out knows nothing of the best p.
_NO_INFORMATION, _LONGEST = "no information", 0.5


def numbers(fits: pd.DataFrame, tables: pd.DataFrame, votes: pd.DataFrame) -> pd.DataFrame:
    """
    Return the numbers of the figure.

    Parameters
    ----------
    fits : DataFrame
        Tables of `theory_fits.compare_with_theory` for the noise types of one data set and method.
    tables : DataFrame
        The slices that they were made of.
    votes : DataFrame
        Table of `vote_fits.fit_vote_table` of the data set and method.

    Returns
    -------
    DataFrame
        The p with the lowest test loss: rows with quantity "measured" and "fitted" (mean over seeds
        with 95 % t-interval; status says how the measured one was found) and "predicted" (the
        theory's optimum on a fine grid, where the clean rate is known), and where the noise is
        uniform "voted" (the vote theory's, whose k and purity of all noise types are the p of the
        rows "k" and "purity") and "threshold" (alpha: the a from which it is 1, if that is below
        1). The p of the grid with
        the highest accuracy against the
        noise type's test labels: rows with quantity "seed" (several where several p are equally
        good) and "accuracy" (mean over seeds, a seed counting with the mean of its best p; status
        is "no information" if the interval is as long as half the grid). Limits are cut at what is
        possible: at 1/M and 1, or where the grid goes beyond.
    """
    rows = []
    for noise, table in fits.groupby("noise", sort=False):
        assumption, M = table["assumption"].iloc[0], int(table["M"].iloc[0])
        names = (noise, assumption)
        cells = tables[tables["noise"] == noise]
        ends = min(1 / M, cells["p"].min()), max(1.0, cells["p"].max())
        for quantity in ("measured", "fitted"):
            for fit in table.to_dict("records"):
                limits = (fit[f"{quantity}_optimum{end}"] for end in ("", "_low", "_high"))
                limits = np.clip(list(limits), *ends)
                status = fit["optimum_status"] if quantity == "measured" else ""
                rows.append((*names, quantity, fit["a"], *limits, fit["seeds"], status))
        grid = np.linspace(table["a"].min(), 1, 401) if rates_known(table) else np.empty(0)
        match = match_over_a(table, grid)
        for a, p in zip(grid, predicted_optimum(match, M, assumption), strict=True):
            rows.append((*names, "predicted", a, p, np.nan, np.nan, 0, ""))
        rows += [(*names, *row) for row in _voted(votes_of_noise(votes, cells), table, M)]
        longest = _LONGEST * np.ptp(cells["p"])
        best = _most_accurate(cells)
        for a, at_rate in best.groupby("a"):
            per_seed = at_rate.groupby("seed")["p"].mean()
            p, low, high, n = mean_interval(per_seed)
            limits = np.clip([low, high], *ends)
            status = _NO_INFORMATION if high - low >= longest > 0 else ""
            rows.append((*names, "accuracy", a, p, *limits, n, status))
            rows += [(*names, "seed", a, p, np.nan, np.nan, 1, "") for p in at_rate["p"]]
    columns = ["noise", "assumption", "quantity", "a", "p", "low", "high", "seeds", "status"]
    return identified(pd.DataFrame(rows, columns=columns), fits, "dataset", "method", "M")


def _voted(found, table, M):
    """Yield the rows of the vote theory from the quantity on."""
    if not found.known:
        return
    assumption = table["assumption"].iloc[0]
    for name, interval in found._asdict().items():
        yield (name, np.nan, *interval, "")
    grid = np.linspace(table["a"].min(), 1, 101)
    for a, p in zip(grid, voted_optimum(grid, found, M, assumption), strict=True):
        yield ("voted", a, p, np.nan, np.nan, 0, "")
    threshold = unsmoothed_from(found.k.mean, M, found.purity.mean)
    if assumption == "alpha" and np.isfinite(threshold):
        yield ("threshold", threshold, 1.0, np.nan, np.nan, 0, "")


def _most_accurate(cells: pd.DataFrame) -> pd.DataFrame:
    """Return the cells with the highest accuracy of their clean rate and seed, with all equals."""
    highest = cells.groupby(["a", "seed"])["test_accuracy"].transform("max")
    return cells[cells["test_accuracy"] == highest]


@house_style()
def draw(numbers: pd.DataFrame, study: str) -> plt.Figure:
    """Draw the best p over the clean rate: of the loss above, of the accuracy below."""
    figure, panels = noise_panels(numbers, 2, 7.0)
    by_noise = numbers.groupby("noise", sort=False)
    for (above, below), (_, here) in zip(panels.T, by_noise, strict=True):
        by = by_quantity(here)
        _draw_loss_optimum(above, by, vote_label(here, "p"))
        _draw_accuracy_optimum(below, by)
        below.set_xlabel(rate_axis(numbers))
    panels[0, 0].set_ylim(0, 1.08)
    panels[0, 0].set_ylabel("p with the lowest test loss")
    panels[1, 0].set_ylabel("p with the highest test accuracy")
    M = int(numbers["M"].iloc[0])
    to_epsilon, to_p = partial(epsilon_from_p, M=M), partial(p_from_epsilon, M=M)
    for panel in panels[:, -1]:
        axis = panel.secondary_yaxis("right", functions=(to_epsilon, to_p))
        axis.set_ylabel("PyTorch's label_smoothing")
    draw_legend(figure, 3)
    seeds = numbers.loc[numbers["quantity"] == "measured", "seeds"]
    draw_title(figure.suptitle, study, f"best smoothing, {mean_of(seeds)}")
    return figure


def _draw_loss_optimum(panel: plt.Axes, by: dict[str, pd.DataFrame], votes: str) -> None:
    line = by["predicted"].sort_values("a")
    jumps = np.flatnonzero(line["p"].diff() > 0.1)
    a, p = line["a"].to_numpy(), line["p"].to_numpy()
    parts = zip(np.split(a, jumps), np.split(p, jumps), strict=True) if len(a) else ()
    for part_a, part_p in parts:
        panel.plot(part_a, part_p, color=PREDICTED, lw=1.8, label="paper's theory, no fit")
    if not (voted := by["voted"].sort_values("a")).empty:
        broken = voted["p"].mask(voted["p"].diff() > 0.1)
        panel.plot(voted["a"], broken, **VOTES, label=votes)
    if not (threshold := by["threshold"]).empty:
        panel.axvline(
            threshold["a"].iloc[0],
            color=VOTES["color"],
            ls=":",
            lw=1.5,
            label="vote theory: from here on p = 1 is best",
        )
    for jump in jumps:
        ends = slice(jump - 1, jump + 1)
        label = "jump of the theory's optimum"
        panel.plot(a[ends], p[ends], color=PREDICTED, ls=":", lw=1.2, label=label)
    vertex = by["measured"]["status"] == "ok"
    measured = {"fmt": "o", "color": MEASURED}
    for points, style, beside, label in (
        (by["measured"][vertex], measured, -0.006, "measured: parabola"),
        (
            by["measured"][~vertex],
            {**measured, "mfc": "white"},
            -0.006,
            "measured: lowest p of the grid in some seed",
        ),
        (
            by["fitted"],
            {"fmt": "s", "color": FITTED},
            0.006,
            "paper's theory with fitted match probability",
        ),
    ):
        if not points.empty:
            draw_means(panel, points, "a", "p", beside, label=label, **style)


def _draw_accuracy_optimum(panel: plt.Axes, by: dict[str, pd.DataFrame]) -> None:
    points, single = by["accuracy"], by["seed"]
    if points.empty:  # everything diverged
        return
    panel.plot(
        single["a"] + 0.006,
        single["p"],
        "_",
        ms=7,
        color="black",
        label="highest accuracy of one seed",
        zorder=3,
    )
    unknown = points["status"] == _NO_INFORMATION
    style = {"fmt": "D", "color": MEASURED, "label": "measured: highest accuracy"}
    if not unknown.all():
        draw_means(panel, points[~unknown], "a", "p", -0.006, **style)
    if unknown.any():
        label = "no information: the interval is half the grid or more"
        where = points.loc[unknown, "a"]
        panel.plot(where, [0.03] * len(where), "x", color="#777777", ms=6, label=label)
