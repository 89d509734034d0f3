"""Figures over the plane of clean rate and smoothing parameter, with its measured cells."""

from collections import defaultdict

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.colors import BoundaryNorm
from matplotlib.ticker import MaxNLocator

from label_smoothing.analysis.fits import asks_for_label
from label_smoothing.analysis.intervals import mean_interval
from label_smoothing.analysis.local_minima import local_minima
from label_smoothing.analysis.prediction import match_over_a, predicted_loss, predicted_optimum
from label_smoothing.figures.style import (
    BEYOND,
    MEASURED,
    PREDICTED,
    STYLE,
    TEST_SETS,
    count_range,
    draw_legend,
    error_bars,
)

_A, _P = "clean rate a", "smoothing parameter p"
_HIGHEST_LOSS = 1.6  # of the colour scale, in units of log M
_PLANE = {**STYLE, "axes.grid": False}
_PALE = "#b9d6e8"  # measured, for intervals so long that they would hide the points
_MARK = {"ls": "none", "marker": "o", "ms": 6.5, "mfc": "white", "mec": "black", "clip_on": False}
_SEED_MARK = {**_MARK, "ms": 3.5, "mfc": "black", "mec": "white", "mew": 0.5, "zorder": 4}
_LOSS_COLOURS = plt.cm.viridis.with_extremes(over=BEYOND)
_SHARE_COLOURS = plt.cm.cividis


def _cell_means(cells: pd.DataFrame, score: str) -> pd.DataFrame:
    """Return the mean over seeds of each cell; diverged seeds are counted and left out."""
    return pd.DataFrame(
        [
            {
                "quantity": "mean",
                "score": score,
                "a": a,
                "p": p,
                "value": cell[score].astype(float).mean(),
                "seeds": int(cell[score].notna().sum()),
                "diverged": int((cell["diverged_epoch"] > 0).sum()),
            }
            for (a, p), cell in cells.groupby(["a", "p"])
        ]
    )


def _best(values: pd.DataFrame, highest: bool, by: list[str]) -> pd.DataFrame:
    """Return the rows of the best value in each group, several where they are equally good."""
    best = values.groupby(by)["value"].transform("max" if highest else "min")
    return values[np.isclose(values["value"], best)]


def _identified(numbers: pd.DataFrame, cells: pd.DataFrame, columns: tuple[str, ...]):
    for column in reversed(columns):
        numbers.insert(0, column, cells[column].iloc[0])
    return numbers


def _by_quantity(numbers: pd.DataFrame) -> dict[str, pd.DataFrame]:
    # Where everything diverged, some have no rows.
    groups = dict(list(numbers.groupby("quantity")))
    return defaultdict(lambda: numbers.iloc[:0], groups)


def cell_edges(centres: np.ndarray) -> np.ndarray:
    """Return the borders half-way between neighbours, and as far beyond the first and the last."""
    centres = np.asarray(centres, dtype=float)
    middle = (centres[1:] + centres[:-1]) / 2
    return np.concatenate([[2 * centres[0] - middle[0]], middle, [2 * centres[-1] - middle[-1]]])


def _loss_norm(losses: pd.Series, M: int) -> BoundaryNorm:
    # Far above the loss of the uniform output, log M, nothing is left to compare.
    top = np.fmin(losses.max(), _HIGHEST_LOSS * np.log(M))  # nan if everything diverged
    return BoundaryNorm(MaxNLocator(20).tick_values(0, top), _LOSS_COLOURS.N, extend="max")


def _draw_cells(panel: plt.Axes, means: pd.DataFrame, colours, norm):
    """Draw one rectangle for each measured cell, as wide and high as the grid is fine there."""
    field = means.pivot(index="p", columns="a", values="value")
    mesh = panel.pcolormesh(
        cell_edges(field.columns),
        cell_edges(field.index),
        np.ma.masked_invalid(field.to_numpy(float)),
        cmap=colours,
        norm=norm,
        edgecolors="white",
        lw=0.4,
    )
    diverged = means[means["diverged"] > 0]
    if not diverged.empty:
        panel.plot(diverged["a"], diverged["p"], "kx", ms=6, label="a seed diverged")
    return mesh


# ---- theory and measurement ---------------------------------------------------------------------


def loss_landscapes_numbers(cells: pd.DataFrame) -> pd.DataFrame:
    """
    Return the numbers of `draw_loss_landscapes`.

    Parameters
    ----------
    cells : DataFrame
        Slices of all noise types of one data set and method, see `comparison.compare_with_theory`.

    Returns
    -------
    DataFrame
        Test losses in nats. Rows with quantity "mean" (over the seeds of a measured cell), "lowest"
        (the p of the lowest mean at each measured clean rate), "theory" (on a fine grid; inf at
        p = 1 where it diverges) and "theory's optimum" (p* over a).
    """
    parts = []
    for _, of_noise in cells.groupby("noise", sort=False):
        assumption, M = of_noise["assumption"].iloc[0], int(of_noise["classes"].iloc[0])
        means = _cell_means(of_noise, "test_loss")
        lowest = _best(means, highest=False, by=["a"]).assign(quantity="lowest")
        rates = np.linspace(means["a"].min(), 1, 81)
        match = match_over_a(of_noise, rates)
        bottom = min(means["p"].min(), 1 / M)
        # Finer towards p = 1, where the loss grows without bound.
        grid = 1 - (1 - bottom) * np.linspace(1, 0, 81) ** 2
        a, p = (plane.ravel() for plane in np.meshgrid(rates, grid, indexing="ij"))
        loss = predicted_loss(p, np.repeat(match, len(grid)), M, assumption)
        theory = pd.DataFrame({"quantity": "theory", "a": a, "p": p, "value": loss})
        best = predicted_optimum(match, M, assumption)
        loss = predicted_loss(best, match, M, assumption)
        optimum = pd.DataFrame({"quantity": "theory's optimum", "a": rates, "p": best})
        numbers = pd.concat([means, lowest, theory, optimum.assign(value=loss)])
        numbers["score"] = "test_loss"
        columns = ("dataset", "noise", "assumption", "method", "classes")
        parts.append(_identified(numbers, of_noise, columns))
    return pd.concat(parts, ignore_index=True)


def draw_loss_landscapes(numbers: pd.DataFrame, study: str) -> plt.Figure:
    """Draw the theory's loss above the measured one, a column a noise type, one colour scale."""
    types = list(dict.fromkeys(numbers["noise"]))
    measured = numbers[numbers["quantity"] == "mean"]
    norm = _loss_norm(measured["value"], int(numbers["classes"].iloc[0]))
    with plt.rc_context(_PLANE):
        figure, panels = plt.subplots(
            2,
            len(types),
            figsize=(1.4 + 3.3 * len(types), 6.6),
            sharex=True,
            sharey=True,
            squeeze=False,
            layout="constrained",
        )
        for (above, below), noise in zip(panels.T, types, strict=True):
            here = numbers[numbers["noise"] == noise]
            by = _by_quantity(here)
            _draw_theory(above, by["theory"], norm)
            mesh = _draw_cells(below, by["mean"], _LOSS_COLOURS, norm)
            for panel in (above, below):
                _draw_optimum(panel, by["theory's optimum"])
            below.plot(by["lowest"]["a"], by["lowest"]["p"], **_MARK, label="lowest measured loss")
            above.set_title(f"{noise}: {TEST_SETS[here['assumption'].iloc[0]]}", fontsize=10)
            below.set_xlabel(_A)
        # As far as there is a theory; the outer cells are cut.
        rates = measured["a"]
        margin = 0.02 * np.ptp(rates)
        panels[0, 0].set_xlim(rates.min() - margin, rates.max() + margin)
        # Room below 1/M, which is gamma's best p at low clean rates.
        panels[0, 0].set_ylim(bottom=numbers["p"].min() - 0.02)
        for panel, what in zip(panels[:, 0], ("theory, no fit", "measured"), strict=True):
            panel.set_ylabel(f"{what}\n{_P}")
        bar = figure.colorbar(mesh, ax=panels, pad=0.01)
        bar.set_label("test loss (nats); grey: more")
        draw_legend(figure, 4, frameon=False)
        figure.suptitle(
            f"{study}: test loss, theory and mean of {count_range(measured['seeds'])} seeds"
        )
    return figure


def _draw_theory(panel: plt.Axes, losses: pd.DataFrame, norm: BoundaryNorm) -> None:
    field = losses.pivot(index="p", columns="a", values="value")
    filled = panel.contourf(
        field.columns,
        field.index,
        np.ma.masked_invalid(field.to_numpy(float)),
        norm.boundaries,
        cmap=_LOSS_COLOURS,
        norm=norm,
        extend="max",
    )
    filled.set_edgecolor("face")  # no seams between the levels
    at_one = losses[losses["p"] == 1]
    panel.plot(
        at_one["a"],
        np.where(np.isinf(at_one["value"]), 1.0, np.nan),
        color=PREDICTED,
        lw=5,
        solid_capstyle="butt",
        clip_on=False,
        zorder=3,
        label="theory: loss = ∞",
    )


def _draw_optimum(panel: plt.Axes, line: pd.DataFrame) -> None:
    jumps = line["p"].diff().abs() > 0.1
    panel.plot(line["a"], line["p"].mask(jumps), color=PREDICTED, lw=2, label="theory's best p")


# ---- loss and accuracy --------------------------------------------------------------------------

_SCORES = {
    "test_loss": "test loss",
    "test_accuracy": "test accuracy",
    "oracle_stop_accuracy": "accuracy at early stopping",
}


def loss_and_accuracy_numbers(cells: pd.DataFrame) -> pd.DataFrame:
    """
    Return the numbers of `draw_loss_and_accuracy`.

    Parameters
    ----------
    cells : DataFrame
        Slices of one data set, noise type and method, see `comparison.compare_with_theory`.

    Returns
    -------
    DataFrame
        For each score (test_loss in nats, test_accuracy, oracle_stop_accuracy) rows with quantity
        "mean" (over the seeds of a cell), "best" (the p of the lowest mean loss or the highest mean
        accuracy at each clean rate) and "seed's best" (the same of one seed); several of equals.
    """
    parts = []
    for score in _SCORES:
        highest = score != "test_loss"
        means = _cell_means(cells, score)
        single = cells[["a", "p", "seed"]].assign(
            score=score, value=cells[score].astype(float), seeds=1, diverged=0
        )
        best = _best(means, highest, ["a"]).assign(quantity="best")
        of_seed = _best(single, highest, ["a", "seed"]).assign(quantity="seed's best")
        parts += [means, best, of_seed]
    columns = ("dataset", "noise", "assumption", "method", "classes")
    return _identified(pd.concat(parts, ignore_index=True), cells, columns)


def draw_loss_and_accuracy(numbers: pd.DataFrame, study: str) -> plt.Figure:
    """Draw three landscapes: loss, accuracy, accuracy at early stopping, with their best p."""
    first, means = numbers.iloc[0], numbers[numbers["quantity"] == "mean"]
    accuracies = means.loc[means["score"] != "test_loss", "value"]
    scale = plt.Normalize(accuracies.min(), accuracies.max())
    loss_norm = _loss_norm(means.loc[means["score"] == "test_loss", "value"], first["classes"])
    with plt.rc_context(_PLANE):
        figure, panels = plt.subplots(
            1, 3, figsize=(12.4, 4.6), sharex=True, sharey=True, layout="constrained"
        )
        for panel, (score, title) in zip(panels, _SCORES.items(), strict=True):
            here = numbers[numbers["score"] == score]
            by = _by_quantity(here)
            style = (_LOSS_COLOURS, loss_norm) if score == "test_loss" else (_SHARE_COLOURS, scale)
            mesh = _draw_cells(panel, by["mean"], *style)
            panel.plot(by["best"]["a"], by["best"]["p"], **_MARK, label="best mean over seeds")
            singles = by["seed's best"]
            panel.plot(
                _beside(singles, by["mean"]["a"].unique()),
                singles["p"],
                **_SEED_MARK,
                label="best of a single seed",
            )
            panel.set_title(title, fontsize=10)
            panel.set_xlabel(_A)
            if score == "test_loss":
                figure.colorbar(mesh, ax=panel, pad=0.02).set_label("nats; grey: more")
        figure.colorbar(mesh, ax=panels[1:], pad=0.01).set_label("accuracy")
        panels[0].set_ylabel(_P)
        draw_legend(figure, 3, frameon=False)
        figure.suptitle(
            f"{study}: {first['noise']} ({TEST_SETS[first['assumption']]}), "
            f"mean of {count_range(means['seeds'])} seeds"
        )
    return figure


def _beside(singles: pd.DataFrame, rates: np.ndarray) -> pd.Series:
    """Return where the mark of each seed stands: side by side within its cell."""
    seeds = sorted(singles["seed"].unique())
    half = dict(zip(rates, np.diff(cell_edges(rates)).clip(max=0.1) / 2, strict=True))
    place = dict(zip(seeds, np.linspace(-1, 1, len(seeds) + 2)[1:-1] * 1.2, strict=True))
    return singles["a"] + singles["a"].map(half) * singles["seed"].map(place)


# ---- error --------------------------------------------------------------------------------------


def error_numbers(cells: pd.DataFrame, drawn: list[float]) -> pd.DataFrame:
    """
    Return the numbers of `draw_error`.

    Parameters
    ----------
    cells : DataFrame
        Slices of one data set, noise type and method, see `comparison.compare_with_theory`.
    drawn : list of float
        Clean rates whose curve is drawn.

    Returns
    -------
    DataFrame
        Test errors, 1 - accuracy. Rows with quantity "mean" (over the seeds of a cell), "curve"
        (the same at the drawn clean rates, with 95 % t-interval) and "minimum" (see
        `local_minima.local_minima`, whose low and high are the limits of the barrier). The last two
        are of p > 1/M: below, right is what a network avoids.
    """
    cells = cells.assign(test_error=1 - cells["test_accuracy"].astype(float))
    means = _cell_means(cells, "test_error")
    asking = cells[asks_for_label(cells["p"], cells["classes"])]
    cells = cells if asking.empty else asking
    above = means["p"].isin(cells["p"])
    curves = means[means["a"].isin(drawn) & above].assign(quantity="curve")
    groups = cells.groupby(["a", "p"])["test_error"]
    for end in ("low", "high"):
        limits = [
            getattr(mean_interval(groups.get_group(cell)), end)
            for cell in zip(curves["a"], curves["p"], strict=True)
        ]
        curves[end] = limits
    minima = [
        local_minima(at_rate.pivot(index="p", columns="seed", values="test_error")).assign(
            quantity="minimum", score="test_error", a=a
        )
        for a, at_rate in cells.groupby("a")
    ]
    numbers = pd.concat([means, curves, *minima], ignore_index=True)
    return _identified(numbers, cells, ("dataset", "noise", "assumption", "method", "classes"))


def draw_error(numbers: pd.DataFrame, study: str) -> plt.Figure:
    """Draw the test error over a and p, and over p at some clean rates with its local minima."""
    first = numbers.iloc[0]
    by = _by_quantity(numbers)
    rates = sorted(by["curve"]["a"].unique())
    columns = min(len(rates), 2)
    lines = -(-len(rates) // columns)
    with plt.rc_context(STYLE):
        figure = plt.figure(figsize=(11.4, 1.2 + 2.7 * max(lines, 1.6)), layout="constrained")
        left, right = figure.subfigures(1, 2, width_ratios=(5, 6))
        plane = left.subplots()
        plane.grid(False)
        mesh = _draw_cells(plane, by["mean"], _SHARE_COLOURS, None)
        left.colorbar(mesh, ax=plane, pad=0.02).set_label("test error")
        for kind, points in _kinds_of_minima(by["minimum"]):
            if kind != _WITHIN_NOISE:
                plane.plot(points["a"], points["p"], **_MINIMA[kind], label=kind)
        plane.set(xlabel=_A, ylabel=_P)
        panels = right.subplots(lines, columns, sharex=True, squeeze=False)
        for panel in panels.flat[len(rates) :]:
            panel.set_visible(False)
        for panel, a in zip(panels.flat, rates, strict=False):
            curve, minima = (by[kind][by[kind]["a"] == a] for kind in ("curve", "minimum"))
            panel.errorbar(
                curve["p"],
                curve["value"],
                yerr=error_bars(curve, "value"),
                fmt="o-",
                ms=4,
                color=MEASURED,
                lw=1.2,
                elinewidth=3,
                ecolor=_PALE,
                label="mean with 95 % t-interval",
            )
            for kind, points in _kinds_of_minima(minima):
                panel.plot(points["p"], points["value"], **_MINIMA[kind], label=kind)
            panel.set_title(f"clean rate a = {a:g}", fontsize=10)
            _frame(panel, curve)
        for panel in panels[:, 0]:
            panel.set_ylabel("test error")
        for panel in panels.flat[len(rates) - columns : len(rates)]:
            panel.set_xlabel(_P)
            panel.tick_params(labelbottom=True)  # the last of its column
        draw_legend(figure, 4, frameon=False)
        figure.suptitle(
            f"{study}: {first['noise']} ({TEST_SETS[first['assumption']]}), "
            f"mean of {count_range(by['mean']['seeds'])} seeds"
        )
    return figure


_MARGINS = 4  # highest margin of a curve, in ranges of its means
_WITHIN_NOISE = "local minimum, barrier within the noise"
_MINIMA = {
    "lowest": {**_MARK, "zorder": 5},
    "local minimum, barrier beyond the noise": {
        **_MARK,
        "marker": "v",
        "mfc": "black",
        "mec": "white",
        "zorder": 5,
    },
    _WITHIN_NOISE: {**_MARK, "marker": "v", "zorder": 5},
}


def _kinds_of_minima(minima: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    beyond = minima["low"] > 0
    lowest = minima["lowest"].astype(bool)
    masks = (lowest, beyond & ~lowest, ~beyond & ~lowest)
    return [(kind, minima[mask]) for kind, mask in zip(_MINIMA, masks, strict=True) if mask.any()]


def _frame(panel: plt.Axes, curve: pd.DataFrame) -> None:
    """
    Set the frame by the intervals, but to a few times the range of the means at most.

    The interval of two seeds may be a hundred times as long.
    """
    lowest, highest = curve["value"].min(), curve["value"].max()
    if np.isfinite(lowest):
        margin = max(highest - lowest, 0.01)
        bottom = np.fmin(curve["low"].min(), lowest) - 0.1 * margin
        top = np.fmax(curve["high"].max(), highest) + 0.1 * margin
        panel.set_ylim(
            max(bottom, lowest - _MARGINS * margin, 0), min(top, highest + _MARGINS * margin)
        )
