"""Figures of the best p over the clean rate, for the loss and for the accuracy."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from label_smoothing.analysis.intervals import mean_interval
from label_smoothing.analysis.prediction import match_over_a, predicted_optimum
from label_smoothing.figures.style import (
    FITTED,
    MEASURED,
    PREDICTED,
    STYLE,
    count_range,
    draw_legend,
    error_bars,
    noise_panels,
)


def optimum_over_a_numbers(fits: pd.DataFrame, cells: pd.DataFrame) -> pd.DataFrame:
    """
    Return the numbers of `draw_optimum_over_a`.

    Parameters
    ----------
    fits : DataFrame
        Tables of `comparison.compare_with_theory` for the noise types of one data set and method.
    cells : DataFrame
        The slices that they were made of.

    Returns
    -------
    DataFrame
        The p with the lowest test loss: rows with quantity "measured" and "fitted" (mean over seeds
        with 95 % t-interval; status says how the measured one was found) and "predicted" (the
        theory's optimum on a fine grid). The p of the grid with the highest accuracy against the
        noise type's test labels: rows with quantity "seed" (several where several p are equally
        good) and "accuracy" (mean over seeds, a seed counting with the mean of its best p).
    """
    rows = []
    for noise, table in fits.groupby("noise", sort=False):
        assumption, M = table["assumption"].iloc[0], int(table["M"].iloc[0])
        for quantity in ("measured", "fitted"):
            for fit in table.to_dict("records"):
                limits = (fit[f"{quantity}_optimum{end}"] for end in ("", "_low", "_high"))
                status = fit["optimum_status"] if quantity == "measured" else ""
                rows.append((noise, assumption, quantity, fit["a"], *limits, fit["seeds"], status))
        grid = np.linspace(table["a"].min(), 1, 401)
        match = match_over_a(table, grid)
        for a, p in zip(grid, predicted_optimum(match, M, assumption), strict=True):
            rows.append((noise, assumption, "predicted", a, p, np.nan, np.nan, 0, ""))
        best = _most_accurate(cells[cells["noise"] == noise])
        for a, at_rate in best.groupby("a"):
            per_seed = at_rate.groupby("seed")["p"].mean()
            rows.append((noise, assumption, "accuracy", a, *mean_interval(per_seed), ""))
            rows += [(noise, assumption, "seed", a, p, np.nan, np.nan, 1, "") for p in at_rate["p"]]
    columns = ["noise", "assumption", "quantity", "a", "p", "low", "high", "seeds", "status"]
    numbers = pd.DataFrame(rows, columns=columns)
    for column in ("method", "dataset"):
        numbers.insert(0, column, fits[column].iloc[0])
    return numbers


def _most_accurate(cells: pd.DataFrame) -> pd.DataFrame:
    """Return the cells with the highest accuracy of their clean rate and seed, with all equals."""
    highest = cells.groupby(["a", "seed"])["test_accuracy"].transform("max")
    return cells[cells["test_accuracy"] == highest]


def draw_optimum_over_a(numbers: pd.DataFrame, study: str) -> plt.Figure:
    """Draw the best p over the clean rate: of the loss above, of the accuracy below."""
    with plt.rc_context(STYLE):
        figure, panels = noise_panels(numbers, 2, 7.0)
        for (above, below), noise in zip(panels.T, numbers["noise"].unique(), strict=True):
            here = numbers[numbers["noise"] == noise]
            by = {quantity: group for quantity, group in here.groupby("quantity")}
            _draw_loss_optimum(above, by)
            _draw_accuracy_optimum(below, by)
            below.set_xlabel("clean rate a")
        panels[0, 0].set_ylim(0, 1.08)
        panels[0, 0].set_ylabel("p with the lowest test loss")
        panels[1, 0].set_ylabel("p with the highest test accuracy")
        draw_legend(figure, 3, frameon=False)
        counts = count_range(numbers[numbers["quantity"] == "measured"]["seeds"])
        figure.suptitle(f"{study}: best smoothing, mean of {counts} seeds with 95 % t-interval")
    return figure


def _draw_loss_optimum(panel: plt.Axes, by: dict[str, pd.DataFrame]) -> None:
    line = by["predicted"].sort_values("a")
    jump = line["p"].diff() > 0.1
    a, p = line["a"].to_numpy(), line["p"].to_numpy()
    for part_a, part_p in zip(
        np.split(a, np.flatnonzero(jump)), np.split(p, np.flatnonzero(jump)), strict=True
    ):
        panel.plot(part_a, part_p, color=PREDICTED, lw=1.8, label="theory, no fit")
    for where in np.flatnonzero(jump):
        panel.plot(
            a[where - 1 : where + 1],
            p[where - 1 : where + 1],
            color=PREDICTED,
            ls=":",
            lw=1.2,
            label="jump of the theory's optimum",
        )
    vertex = by["measured"]["status"] == "ok"
    for points, style, shift, label in (
        (by["measured"][vertex], {"fmt": "o", "color": MEASURED}, -0.006, "measured: parabola"),
        (
            by["measured"][~vertex],
            {"fmt": "o", "color": MEASURED, "mfc": "white"},
            -0.006,
            "measured: lowest p of the grid in some seed",
        ),
        (
            by["fitted"],
            {"fmt": "s", "color": FITTED},
            0.006,
            "theory with fitted match probability",
        ),
    ):
        if not points.empty:
            panel.errorbar(
                points["a"] + shift,
                points["p"],
                yerr=error_bars(points, "p"),
                ms=5,
                capsize=2.5,
                lw=1.2,
                label=label,
                **style,
            )


def _draw_accuracy_optimum(panel: plt.Axes, by: dict[str, pd.DataFrame]) -> None:
    if "accuracy" not in by:  # everything diverged
        return
    points, single = by["accuracy"], by["seed"]
    panel.plot(
        single["a"] + 0.006,
        single["p"],
        "_",
        ms=7,
        color="black",
        label="highest accuracy of one seed",
        zorder=3,
    )
    panel.errorbar(
        points["a"] - 0.006,
        points["p"],
        yerr=error_bars(points, "p"),
        fmt="D",
        color=MEASURED,
        ms=5,
        capsize=2.5,
        lw=1.2,
        label="measured: highest accuracy",
    )
