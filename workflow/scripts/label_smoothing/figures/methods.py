"""Loss and accuracy of all methods over p, side by side."""

from collections import Counter
from collections.abc import Collection

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from label_smoothing.analysis.intervals import mean_interval
from label_smoothing.figures.kit import (
    draw_legend,
    draw_title,
    error_bars,
    identified,
    mean_of,
    of_noise,
    panel_grid,
    rate_title,
)
from label_smoothing.figures.style import (
    METHODS,
    OPEN,
    SMOOTHING,
    STRIP,
    STRIP_TEXT,
    WHITE,
    house_style,
)

_SCORES = {"test_loss": "test loss (nats)", "test_accuracy": "test accuracy"}
_HIGHEST_LOSS = 2.0  # of the axis, in units of log M
_BESIDE = 0.006  # of p, between the points of two methods
_BEYOND_P = 0.05  # of p, in the strip right of the curves, between the methods without p


def numbers(tables: pd.DataFrame, over_p: Collection[str]) -> pd.DataFrame:
    """
    Return loss and accuracy over p: of each method, as scored and uncorrected, where that differs.

    Diverged seeds are counted and left out; intervals of accuracies are cut at 0 and 1. `over_p`
    names the methods that depend on p; the others have one network for all p.
    """
    rows = []
    for method, of_method in tables.groupby("method", sort=False):
        for output, prefix in (("scored", ""), ("uncorrected", "uncorrected_")):
            for score in _SCORES:
                column = prefix + score
                if prefix and of_method[column].equals(of_method[score]):
                    continue
                for (a, p), cell in of_method.groupby(["a", "p"]):
                    diverged = int((cell["diverged_epoch"] > 0).sum())
                    key = (method, output, score, method in over_p, a, p)
                    mean, low, high, n = mean_interval(cell[column])
                    if score == "test_accuracy":
                        low, high = np.clip([low, high], 0, 1)
                    rows.append((*key, mean, low, high, n, diverged))
    columns = ["method", "output", "score", "over_p", "a", "p"]
    columns += ["value", "low", "high", "seeds", "diverged"]
    names = ("dataset", "noise", "assumption", "classes")
    return identified(pd.DataFrame(rows, columns=columns), tables, *names)


@house_style()
def draw(numbers: pd.DataFrame, study: str) -> plt.Figure:
    """Draw loss and accuracy of all methods over p, a column for each clean rate."""
    rates = sorted(numbers["a"].unique())
    size = 1.4 + 4.0 * len(rates), 7.6
    figure, panels = panel_grid(len(_SCORES), len(rates), size, sharey="row")
    for row, (score, label) in zip(panels, _SCORES.items(), strict=True):
        here = numbers[numbers["score"] == score]
        top = _set_frame(row[0], score, here)
        for panel, a in zip(row, rates, strict=True):
            _draw_panel(panel, here[here["a"] == a], top)
        row[0].set_ylabel(label)
    for panel, a in zip(panels[0], rates, strict=True):
        panel.set_title(rate_title(numbers, a), fontsize=10)
    for panel in panels[-1]:
        panel.set_xlabel(SMOOTHING)
    if not numbers["over_p"].all():
        ends = panels[0, 0].get_xlim()
        for panel in panels.flat:
            _draw_strip(panel, numbers["p"].max() + _BEYOND_P / 2, ends)
    draw_legend(figure, 4)
    text = f"methods, {of_noise(numbers)}, {mean_of(numbers['seeds'])}"
    draw_title(figure.suptitle, study, text)
    return figure


def _draw_panel(panel: plt.Axes, numbers: pd.DataFrame, top: float) -> None:
    methods = list(dict.fromkeys(numbers["method"]))
    over_p = list(dict.fromkeys(numbers["method"][numbers["over_p"]]))
    last = numbers["p"].max()
    places = iter(last + _BEYOND_P * np.arange(1, 1 + len(numbers)))
    beyond: list[tuple[float, float, float, str]] = []
    for (method, output), line in numbers.groupby(["method", "output"], sort=False):
        colour = METHODS[methods.index(method) % len(METHODS)]
        corrected = output == "scored"
        style = {"color": colour, "lw": 1.4, "ms": 4.5, "capsize": 2, "elinewidth": 0.9}
        style |= {"mfc": colour if corrected else OPEN}
        style |= {"label": method if corrected else f"{method}, uncorrected"}
        if method in over_p:
            style["fmt"] = "o-" if corrected else "o--"
            where = line["p"].to_numpy() + _BESIDE * (over_p.index(method) - (len(over_p) - 1) / 2)
        else:
            # One network for every p: a line across, and its interval beside the curves.
            style["fmt"] = "s-" if corrected else "s--"
            where = np.array([next(places)])
            panel.axhline(
                line["value"].iloc[0], color=colour, lw=1, ls="-." if corrected else ":", zorder=1
            )
        above = line["value"].to_numpy() > top
        bars = np.where(above, 0, error_bars(line, "value"))
        panel.errorbar(where, line["value"], yerr=bars, **style)
        columns = line["p"].to_numpy() if method in over_p else where
        points = np.stack([columns, where, line["value"]])[:, above]
        beyond += [(*point, colour) for point in points.T]
        diverged = line[line["diverged"] > 0]
        if not diverged.empty:
            at_top = where[line["diverged"] > 0], np.ones(len(diverged))
            style = {"ms": 7, "clip_on": False, "transform": panel.get_xaxis_transform()}
            panel.plot(*at_top, "x", color=colour, label="a seed diverged", **style)
    _draw_beyond(panel, beyond, top)
    panel.set_xticks([tick for tick in panel.get_xticks() if numbers["p"].min() <= tick <= last])


def _draw_strip(panel: plt.Axes, left: float, ends: tuple[float, float]) -> None:
    """Set the methods without p apart from the axis of p, whose ends stay where they are."""
    panel.axvspan(left, ends[1], color=STRIP, lw=0, zorder=0)
    panel.set_xlim(*ends)
    place = {"xycoords": panel.get_xaxis_transform(), "xytext": (0, 4), "ha": "center"}
    place |= {"textcoords": "offset points", "rotation": "vertical", "va": "bottom"}
    panel.annotate("without p", ((left + ends[1]) / 2, 0), fontsize=8, color=STRIP_TEXT, **place)


def _draw_beyond(
    panel: plt.Axes, points: list[tuple[float, float, float, str]], top: float
) -> None:
    """Mark points (p, place, mean, colour) above the frame, their means one below the other."""
    at_p: Counter[float] = Counter()
    for p, place, value, colour in points:
        panel.plot(place, top, "^", color=colour, ms=6, clip_on=False, zorder=3)
        panel.annotate(
            f"{value:.2g}",
            (p, top),
            xytext=(0, -6 - 9 * at_p[p]),
            textcoords="offset points",
            ha="center",
            va="top",
            fontsize=8,
            color=colour,
            bbox={"fc": WHITE, "ec": "none", "pad": 0.5, "alpha": 0.8},
        )
        at_p[p] += 1


def _set_frame(panel: plt.Axes, score: str, numbers: pd.DataFrame) -> float:
    """Set the frame by the means, whose intervals may be far longer; return its upper end."""
    low, high = numbers["value"].min(), numbers["value"].max()
    if score == "test_accuracy":
        top = np.fmin(high + 0.05, 1.02)  # nan if everything diverged
        bottom = np.fmax(low - 0.05, 0)
    else:
        # A loss that is not bounded from below leaves test losses a million times another's.
        top = np.fmin(1.12 * high, _HIGHEST_LOSS * np.log(numbers["classes"].iloc[0]))
        bottom = 0
    panel.set_ylim(bottom, top)
    return top
