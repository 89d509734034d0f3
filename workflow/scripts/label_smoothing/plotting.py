"""Figures of measurements. Each is a table of numbers first; the drawing reads nothing else."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from label_smoothing.comparison import match_over_a, predicted_loss, predicted_optimum
from label_smoothing.figure_style import (
    FITTED,
    MEASURED,
    PREDICTED,
    STYLE,
    TEST_SETS,
    count_range,
    draw_legend,
    error_bars,
)
from label_smoothing.statistics import mean_interval

_HIGHEST_LOSS = 1.6  # of the axis, in units of log M


def loss_over_p_numbers(cells: pd.DataFrame) -> pd.DataFrame:
    """
    Return the numbers of `draw_loss_over_p`.

    Parameters
    ----------
    cells : DataFrame
        Slices of one data set, noise type and method, see `comparison.compare_with_theory`.

    Returns
    -------
    DataFrame
        Rows with quantity "measured" (mean over seeds, 95 % t-interval, n seeds, whether all of
        them memorised, how many diverged and are left out), "predicted" (the theory's loss, inf at
        p = 1 where it diverges) and "predicted optimum".
    """
    first = cells.iloc[0]
    assumption, M = first["assumption"], int(first["classes"])
    rows = []
    for a, at_rate in cells.groupby("a"):
        for p, cell in at_rate.groupby("p"):
            loss, low, high, n = mean_interval(cell["test_loss"])
            diverged = int((cell["diverged_epoch"] > 0).sum())
            memorised = bool(cell["memorised"].all())
            rows.append(("measured", a, p, loss, low, high, n, memorised, diverged))
        match = at_rate["match_probability"].iloc[0]
        lowest = min(cells["p"].min(), 1 / M)
        # Finer towards p = 1, where the loss grows without bound.
        grid = 1 - (1 - lowest) * np.linspace(1, 0, 201) ** 2
        for p, loss in zip(grid, predicted_loss(grid, match, M, assumption), strict=True):
            rows.append(("predicted", a, p, loss, np.nan, np.nan, 0, None, 0))
        best = predicted_optimum(match, M, assumption)
        loss = predicted_loss(best, match, M, assumption)
        rows.append(("predicted optimum", a, best, loss, np.nan, np.nan, 0, None, 0))
    columns = ["quantity", "a", "p", "loss", "low", "high", "seeds", "memorised", "diverged"]
    numbers = pd.DataFrame(rows, columns=columns)
    for column in ("classes", "method", "assumption", "noise", "dataset"):
        numbers.insert(0, column, first[column])
    return numbers


def draw_loss_over_p(numbers: pd.DataFrame, study: str) -> plt.Figure:
    """Draw measured and predicted test loss over p, one panel for each clean rate."""
    first = numbers.iloc[0]
    rates = sorted(numbers["a"].unique())
    columns = min(4, len(rates))
    lines = -(-len(rates) // columns)
    measured = numbers[numbers["quantity"] == "measured"]
    # Far above the loss of the uniform output, log M, nothing is left to compare.
    highest = _HIGHEST_LOSS * np.log(first["classes"])
    top = np.fmin(1.12 * measured["loss"].max(), highest)  # nan if everything diverged
    with plt.rc_context(STYLE):
        figure, panels = plt.subplots(
            lines,
            columns,
            figsize=(1.0 + 2.9 * columns, 0.9 + 2.9 * lines),
            sharex=True,
            sharey=True,
            squeeze=False,
            layout="constrained",
        )
        for panel in panels.flat[len(rates) :]:
            panel.set_visible(False)
        for panel, a in zip(panels.flat, rates, strict=False):
            _draw_loss_panel(panel, numbers[numbers["a"] == a], a, top)
        for panel in panels[:, 0]:
            panel.set_ylabel("test loss (nats)")
        for panel in panels[-1]:
            panel.set_xlabel("smoothing parameter p")
        draw_legend(figure, 3 if len(rates) <= 3 else 6, frameon=False)
        figure.suptitle(
            f"{study}: {first['noise']} ({TEST_SETS[first['assumption']]}), "
            f"mean of {count_range(measured['seeds'])} seeds with 95 % t-interval"
        )
    return figure


def _draw_loss_panel(panel: plt.Axes, numbers: pd.DataFrame, a: float, top: float) -> None:
    by = {quantity: group for quantity, group in numbers.groupby("quantity")}
    line = by["predicted"].sort_values("p")
    # The divergence is logarithmic: on this scale the curve turns upwards only at p = 1 itself.
    beyond_frame = line["loss"].clip(upper=2 * top)
    panel.plot(line["p"], beyond_frame, color=PREDICTED, lw=1.8, label="theory, no fit")
    if np.isinf(line["loss"]).any():
        panel.axvline(1.0, color=PREDICTED, ls=":", lw=1.2, label="theory diverges at p = 1")
        panel.annotate(
            "↑∞",
            (1.0, top),
            xytext=(3, -2),
            textcoords="offset points",
            va="top",
            color=PREDICTED,
        )
    best = by["predicted optimum"].iloc[0]
    panel.plot(
        best["p"],
        best["loss"],
        "D",
        ms=6,
        mfc="white",
        mec=PREDICTED,
        clip_on=False,
        zorder=3,
        label="theory's optimum",
    )
    for memorised, label in ((True, "measured"), (False, "measured, not all seeds memorised")):
        points = by["measured"][by["measured"]["memorised"] == memorised]
        if points.empty:
            continue
        panel.errorbar(
            points["p"],
            points["loss"],
            yerr=error_bars(points, "loss"),
            fmt="o",
            ms=5,
            mfc=MEASURED if memorised else "white",
            color=MEASURED,
            capsize=2.5,
            lw=1.2,
            label=label,
        )
    diverged = by["measured"][by["measured"]["diverged"] > 0]
    if not diverged.empty:
        at_top = [top] * len(diverged)
        panel.plot(
            diverged["p"], at_top, "x", ms=7, color="black", clip_on=False, label="a seed diverged"
        )
    for point in by["measured"][by["measured"]["loss"] > top].itertuples():
        panel.plot(point.p, top, "^", ms=7, color=MEASURED, clip_on=False, zorder=3)
        panel.annotate(
            f"{point.loss:.1f}",
            (point.p, top),
            xytext=(0, 5),
            textcoords="offset points",
            ha="center",
            color=MEASURED,
        )
    panel.set_title(f"clean rate a = {a:g}", fontsize=10)
    panel.set_ylim(0, top)
    panel.set_xlim(right=1.1)


def optimum_over_a_numbers(fits: pd.DataFrame) -> pd.DataFrame:
    """
    Return the numbers of `draw_optimum_over_a`.

    Parameters
    ----------
    fits : DataFrame
        Tables of `comparison.compare_with_theory` for the noise types of one data set and method.

    Returns
    -------
    DataFrame
        Rows with quantity "measured" and "fitted" (mean over seeds with 95 % t-interval; status
        says how the measured one was found) and "predicted" (the theory's optimum on a fine grid).
    """
    rows = []
    for noise, table in fits.groupby("noise", sort=False):
        assumption, M = table["assumption"].iloc[0], int(table["M"].iloc[0])
        for quantity in ("measured", "fitted"):
            for fit in table.to_dict("records"):
                limits = (fit[f"{quantity}_optimum{end}"] for end in ("", "_low", "_high"))
                status = fit["optimum_status"] if quantity == "measured" else ""
                rows.append((noise, assumption, quantity, fit["a"], *limits, fit["seeds"], status))
        grid = np.linspace(1 / M, 1, 401)
        match = match_over_a(table, grid)
        for a, p in zip(grid, predicted_optimum(match, M, assumption), strict=True):
            rows.append((noise, assumption, "predicted", a, p, np.nan, np.nan, 0, ""))
    columns = ["noise", "assumption", "quantity", "a", "p", "low", "high", "seeds", "status"]
    numbers = pd.DataFrame(rows, columns=columns)
    for column in ("method", "dataset"):
        numbers.insert(0, column, fits[column].iloc[0])
    return numbers


def draw_optimum_over_a(numbers: pd.DataFrame, study: str) -> plt.Figure:
    """Draw the measured and the predicted optimum p over the clean rate, a panel a noise type."""
    types = list(dict.fromkeys(numbers["noise"]))
    with plt.rc_context(STYLE):
        figure, panels = plt.subplots(
            1,
            len(types),
            figsize=(1.0 + 3.3 * len(types), 4.2),
            sharex=True,
            sharey=True,
            squeeze=False,
            layout="constrained",
        )
        for panel, noise in zip(panels.flat, types, strict=True):
            _draw_optimum_panel(panel, numbers[numbers["noise"] == noise])
        panels[0, 0].set_ylabel("p with the lowest test loss")
        draw_legend(figure, 3, frameon=False)
        counts = count_range(numbers[numbers["quantity"] == "measured"]["seeds"])
        figure.suptitle(f"{study}: best smoothing, mean of {counts} seeds with 95 % t-interval")
    return figure


def _draw_optimum_panel(panel: plt.Axes, numbers: pd.DataFrame) -> None:
    by = {quantity: group for quantity, group in numbers.groupby("quantity")}
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
    first = numbers.iloc[0]
    panel.set_title(f"{first['noise']}: {TEST_SETS[first['assumption']]}", fontsize=10)
    panel.set_xlabel("clean rate a")
    panel.set_ylim(0, 1.08)
