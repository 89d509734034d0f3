"""The p with the lowest loss and the p with the highest accuracy over the clean rate."""

from functools import partial

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from label_smoothing.analysis.cells import rates_known
from label_smoothing.analysis.intervals import mean_interval
from label_smoothing.analysis.predictions import (
    FittedVotes,
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
    draw_split,
    draw_title,
    identified,
    mean_of,
    noise_panels,
    rate_axis,
    vote_label,
    votes_rows,
)
from label_smoothing.figures.style import (
    BLACK,
    FITTED,
    MEASURED,
    NO_INFORMATION,
    PREDICTED,
    VOTES,
    house_style,
)
from label_smoothing.theory.rates import epsilon_from_p

# An interval that leaves less of the grid out knows nothing of the best p.
_NO_INFORMATION, _LONGEST = "no information", 0.5
_COLUMNS = ["quantity", "a", "p", "low", "high", "seeds", "status"]


def numbers(fits: pd.DataFrame, tables: pd.DataFrame, votes: pd.DataFrame) -> pd.DataFrame:
    """
    Return the best p of each noise type: of the loss, and of the accuracy.

    The p with the lowest test loss: "measured" (status says how it was found), "fitted",
    "predicted" (where the clean rate is known), "voted" and "threshold" (alpha: the a from which
    the voted one is 1, if that is below 1). The p of the grid with the highest accuracy: "seed"
    (several where several p are equally good) and "accuracy" (mean over seeds, a seed counting with
    the mean of its best p; status is "no information" if the interval is as long as half the grid).
    Noise types with the same accuracies have them once. Limits are cut at what is possible: at 1/M
    and 1, or where the grid goes beyond.
    """
    parts: list[pd.DataFrame] = []
    seen: list[pd.DataFrame] = []
    for noise, table in fits.groupby("noise", sort=False):
        names = {"noise": noise, "assumption": table["assumption"].iloc[0]}
        cells = tables[tables["noise"] == noise]
        found = votes_of_noise(votes, cells)
        rows = _of_the_loss(table, cells, found)
        accuracies = cells[["a", "p", "seed", "test_accuracy"]].reset_index(drop=True)
        if not any(accuracies.equals(others) for others in seen):
            rows += _of_the_accuracy(cells, _possible(table, cells))
            seen.append(accuracies)
        of_noise = [pd.DataFrame(rows, columns=_COLUMNS), *votes_rows(found)]
        parts += [part.assign(**names) for part in of_noise]
    table = pd.concat(parts, ignore_index=True)
    table = table[["noise", "assumption", *table.columns.drop(["noise", "assumption"])]]
    return identified(table, fits, "dataset", "method", "M")


def _possible(table: pd.DataFrame, cells: pd.DataFrame) -> tuple[float, float]:
    return min(1 / table["M"].iloc[0], cells["p"].min()), max(1.0, cells["p"].max())


def _of_the_loss(table: pd.DataFrame, cells: pd.DataFrame, found: FittedVotes) -> list[tuple]:
    assumption, M = table["assumption"].iloc[0], int(table["M"].iloc[0])
    rows: list[tuple] = []
    for quantity in ("measured", "fitted"):
        for fit in table.to_dict("records"):
            limits = [fit[f"{quantity}_optimum{end}"] for end in ("", "_low", "_high")]
            limits = np.clip(limits, *_possible(table, cells))
            status = fit["optimum_status"] if quantity == "measured" else ""
            rows.append((quantity, fit["a"], *limits, fit["seeds"], status))
    lowest, no_limits = table["a"].min(), (np.nan, np.nan, 0, "")
    if rates_known(table):
        grid = np.linspace(lowest, 1, 401)
        best = predicted_optimum(match_over_a(table, grid), M, assumption)
        rows += [("predicted", a, p, *no_limits) for a, p in zip(grid, best, strict=True)]
    if found.known:
        grid = np.linspace(lowest, 1, 101)
        best = voted_optimum(grid, found, M, assumption)
        rows += [("voted", a, p, *no_limits) for a, p in zip(grid, best, strict=True)]
        threshold = unsmoothed_from(found.k.mean, M, found.purity.mean)
        if assumption == "alpha" and np.isfinite(threshold):
            rows.append(("threshold", threshold, 1.0, *no_limits))
    return rows


def _of_the_accuracy(cells: pd.DataFrame, possible: tuple[float, float]) -> list[tuple]:
    longest = _LONGEST * np.ptp(cells["p"])
    rows: list[tuple] = []
    for a, at_rate in _most_accurate(cells).groupby("a"):
        p, low, high, n = mean_interval(at_rate.groupby("seed")["p"].mean())
        status = _NO_INFORMATION if high - low >= longest > 0 else ""
        rows.append(("accuracy", a, p, *np.clip([low, high], *possible), n, status))
        rows += [("seed", a, p, np.nan, np.nan, 1, "") for p in at_rate["p"]]
    return rows


def _most_accurate(cells: pd.DataFrame) -> pd.DataFrame:
    """Return the cells with the highest accuracy of their clean rate and seed, with all equals."""
    highest = cells.groupby(["a", "seed"])["test_accuracy"].transform("max")
    return cells[cells["test_accuracy"] == highest]


@house_style()
def draw(numbers: pd.DataFrame, study: str) -> plt.Figure:
    """Draw the best p over the clean rate: of the loss above, of the accuracy below."""
    figure, panels = noise_panels(numbers, 2, 7.0)
    by_noise = numbers.groupby("noise", sort=False)
    shown = numbers["quantity"] == "accuracy"
    for (above, below), (_, here) in zip(panels.T, by_noise, strict=True):
        by = by_quantity(here)
        _draw_loss_optimum(above, by, vote_label(here))
        if shown[here.index].any() or not shown.any():
            _draw_accuracy_optimum(below, by)
            below.set_xlabel(rate_axis(numbers))
        else:
            below.set_axis_off()
            above.tick_params(labelbottom=True)
            above.set_xlabel(rate_axis(numbers))
    panels[0, 0].set_ylim(0, 1.08)
    panels[0, 0].set_ylabel("p with the lowest test loss")
    panels[1, 0].set_ylabel("p with the highest test accuracy")
    M = int(numbers["M"].iloc[0])
    # An axis goes beyond epsilon = 1, which `p_from_epsilon` refuses.
    both_ways = partial(epsilon_from_p, M=M), lambda epsilon: 1 - epsilon * (M - 1) / M
    for row in panels:
        panel = [panel for panel in row if panel.axison][-1]
        axis = panel.secondary_yaxis("right", functions=both_ways)
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
        label = "vote theory: from here on p = 1 is best"
        panel.axvline(threshold["a"].iloc[0], color=VOTES["color"], ls=":", lw=1.5, label=label)
    for jump in jumps:
        ends = slice(jump - 1, jump + 1)
        label = "jump of the theory's optimum"
        panel.plot(a[ends], p[ends], color=PREDICTED, ls=":", lw=1.2, label=label)
    measured, fitted = by["measured"], by["fitted"]
    labels = ("measured: parabola", "measured: lowest p of the grid in some seed")
    style = {"fmt": "o", "color": MEASURED}
    draw_split(panel, measured, measured["status"] == "ok", labels, "a", "p", -0.006, **style)
    label = "paper's theory with fitted match probability"
    draw_means(panel, fitted, "a", "p", 0.006, fmt="s", color=FITTED, label=label)


def _draw_accuracy_optimum(panel: plt.Axes, by: dict[str, pd.DataFrame]) -> None:
    points, single = by["accuracy"], by["seed"]
    if points.empty:  # everything diverged
        return
    style = {"ms": 7, "color": BLACK, "label": "highest accuracy of one seed", "zorder": 3}
    panel.plot(single["a"] + 0.006, single["p"], "_", **style)
    unknown = points["status"] == _NO_INFORMATION
    style = {"fmt": "D", "color": MEASURED, "label": "measured: highest accuracy"}
    if not unknown.all():
        draw_means(panel, points[~unknown], "a", "p", -0.006, **style)
    if unknown.any():
        label = "no information: the interval is half the grid or more"
        where = points.loc[unknown, "a"]
        panel.plot(where, [0.03] * len(where), "x", color=NO_INFORMATION, ms=6, label=label)
