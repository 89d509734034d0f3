"""Figures that set the training methods side by side."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from label_smoothing.figure_style import (
    BLUE,
    STYLE,
    TEST_SETS,
    count_range,
    draw_legend,
    error_bars,
)
from label_smoothing.statistics import mean_interval

# Okabe and Ito's without those of theory and fit.
_COLOURS = (BLUE, "#E69F00", "#CC79A7", "#000000", "#56B4E9", "#8a6d00", "#999999")
_SCORES = {"test_loss": "test loss (nats)", "test_accuracy": "test accuracy"}
_BESIDE = 0.006  # of p, between the points of two methods
_BEYOND_P = 0.05  # of p, right of the curves, between the methods that do not depend on p


def methods_numbers(cells: pd.DataFrame) -> pd.DataFrame:
    """
    Return the numbers of `draw_methods`.

    Parameters
    ----------
    cells : DataFrame
        Slices of several methods on one data set and noise type, see
        `comparison.compare_with_theory`.

    Returns
    -------
    DataFrame
        One row for each method, output ("scored", and "uncorrected" where it differs), score
        (test_loss in nats, test_accuracy), a and p: mean over seeds, 95 % t-interval, n seeds,
        number of diverged ones, which are left out, and whether the method depends on p.
    """
    rows = []
    for method, of_method in cells.groupby("method", sort=False):
        over_p = of_method["p"].nunique() > 1
        for output, prefix in (("scored", ""), ("uncorrected", "uncorrected_")):
            for score in _SCORES:
                column = prefix + score
                if prefix and of_method[column].equals(of_method[score]):
                    continue
                for (a, p), cell in of_method.groupby(["a", "p"]):
                    diverged = int((cell["diverged_epoch"] > 0).sum())
                    key = (method, output, score, over_p, a, p)
                    rows.append((*key, *mean_interval(cell[column]), diverged))
    columns = ["method", "output", "score", "over_p", "a", "p"]
    columns += ["value", "low", "high", "seeds", "diverged"]
    numbers = pd.DataFrame(rows, columns=columns)
    for column in ("classes", "assumption", "noise", "dataset"):
        numbers.insert(0, column, cells[column].iloc[0])
    return numbers


def draw_methods(numbers: pd.DataFrame, study: str) -> plt.Figure:
    """Draw loss and accuracy of all methods over p, a column for each clean rate."""
    rates, first = sorted(numbers["a"].unique()), numbers.iloc[0]
    with plt.rc_context(STYLE):
        figure, panels = plt.subplots(
            len(_SCORES),
            len(rates),
            figsize=(1.4 + 4.0 * len(rates), 7.6),
            sharex=True,
            sharey="row",
            squeeze=False,
            layout="constrained",
        )
        for row, (score, label) in zip(panels, _SCORES.items(), strict=True):
            here = numbers[numbers["score"] == score]
            if score == "test_loss":
                row[0].set_yscale("log")
            for panel, a in zip(row, rates, strict=True):
                _draw_panel(panel, here[here["a"] == a])
            row[0].set_ylabel(label)
            _frame(row[0], here["value"], score == "test_loss")
        for panel, a in zip(panels[0], rates, strict=True):
            panel.set_title(f"clean rate a = {a:g}", fontsize=10)
        for panel in panels[-1]:
            panel.set_xlabel("smoothing parameter p")
        draw_legend(figure, 4, frameon=False)
        figure.suptitle(
            f"{study}: methods, {first['noise']} ({TEST_SETS[first['assumption']]}), "
            f"mean of {count_range(numbers['seeds'])} seeds with 95 % t-interval"
        )
    return figure


def _draw_panel(panel: plt.Axes, numbers: pd.DataFrame) -> None:
    methods = list(dict.fromkeys(numbers["method"]))
    over_p = list(dict.fromkeys(numbers["method"][numbers["over_p"]]))
    last = numbers["p"].max()
    places = iter(last + _BEYOND_P * np.arange(1, 1 + len(numbers)))
    for (method, output), line in numbers.groupby(["method", "output"], sort=False):
        colour = _COLOURS[methods.index(method) % len(_COLOURS)]
        corrected = output == "scored"
        style = {"color": colour, "lw": 1.4, "ms": 4.5, "capsize": 2, "elinewidth": 0.9}
        style |= {"mfc": colour if corrected else "white"}
        style |= {"label": method if corrected else f"{method}, uncorrected"}
        if method in over_p:
            style["fmt"] = "o-" if corrected else "o--"
            where = line["p"] + _BESIDE * (over_p.index(method) - (len(over_p) - 1) / 2)
        else:
            # One network for every p: a line across, and its interval beside the curves.
            style["fmt"] = "s-" if corrected else "s--"
            where = [next(places)]
            panel.axhline(
                line["value"].iloc[0], color=colour, lw=1, ls="-." if corrected else ":", zorder=1
            )
        panel.errorbar(where, line["value"], yerr=error_bars(line, "value"), **style)
        diverged = line[line["diverged"] > 0]
        if not diverged.empty:
            panel.plot(
                np.asarray(where)[line["diverged"] > 0],
                np.ones(len(diverged)),
                "x",
                color=colour,
                ms=7,
                transform=panel.get_xaxis_transform(),
                clip_on=False,
                label="a seed diverged",
            )
    panel.set_xticks([tick for tick in panel.get_xticks() if numbers["p"].min() <= tick <= last])


def _frame(panel: plt.Axes, means: pd.Series, logarithmic: bool) -> None:
    """Set the frame by the means: an interval of two seeds may be a hundred times as long."""
    low, high = means.min(), means.max()
    if logarithmic and low > 0:
        panel.set_ylim(low / 1.3, high * 1.3)
    elif not logarithmic and high >= low:
        panel.set_ylim(low - 0.05, min(high + 0.05, 1.02))
