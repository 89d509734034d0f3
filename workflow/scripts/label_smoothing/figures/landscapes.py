"""
The theory's loss over the clean rate and p, for two classes (Figure 1 of the paper).

With what the figures of the theory alone share: the lines of its optima.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from label_smoothing.figures.kit import by_quantity, draw_legend
from label_smoothing.figures.style import (
    BEYOND,
    CLEAN_RATE,
    ON_COLOURS,
    SMOOTHING,
    TEST_SETS,
    VERMILLION,
    WHITE,
    house_style,
)
from label_smoothing.theory.checks import ASSUMPTIONS
from label_smoothing.theory.gamma import gamma_transition
from label_smoothing.theory.memorising import loss, optimum

CLASSES = (2, 3, 5, 10, 100, 1000)
MIRROR = {"ls": ":", "lw": 1.8}
_BEST = "optimum p*"

_HIGHEST_LOSS = 2.0  # nats, of the colour scale: near the divergence nothing is left to compare


def rates_of_optimum(M: int) -> np.ndarray:
    """Return clean rates that resolve where gamma's optimum leaves 1/M, infinitely steeply."""
    a_c = gamma_transition(M).a_c
    return np.concatenate(
        [np.linspace(0, a_c, 151), a_c + (1 - a_c) * np.linspace(0, 1, 101)[1:] ** 2]
    )


def two_class_optimum(assumption: str) -> pd.DataFrame:
    """
    Return p* over a for two classes: columns quantity, noise, classes, a, p.

    Quantity "optimum" and, for gamma where it is another p, "mirrored optimum" (1 - p*, equally
    good).
    """
    a = rates_of_optimum(2)
    names = {"quantity": "optimum", "noise": assumption, "classes": 2}
    line = pd.DataFrame({**names, "a": a, "p": optimum(a, 2, assumption)})
    if assumption != "gamma":
        return line
    mirrored = line[a >= gamma_transition(2).a_c].assign(quantity="mirrored optimum")
    mirrored["p"] = 1 - mirrored["p"]
    return pd.concat([line, mirrored])


def unit_square(panel: plt.Axes) -> None:
    """Frame p* over a."""
    panel.set(xlim=(0, 1), ylim=(-0.02, 1.02), xlabel=CLEAN_RATE, ylabel=_BEST)


def numbers() -> pd.DataFrame:
    """
    Return the loss over a and p, and `two_class_optimum` with its loss, of each assumption.

    Columns quantity, noise, classes, a, p, loss (nats; inf where the theory diverges, at p = 0 and
    p = 1).
    """
    rates = np.linspace(0, 1, 101)
    # Finer towards the ends, where the loss grows without bound; 0 and 1 exactly.
    grid = (1 + np.sin(np.pi / 2 * np.linspace(-1, 1, 121))) / 2
    a, p = (values.ravel() for values in np.meshgrid(rates, grid, indexing="ij"))
    parts = []
    for noise in ASSUMPTIONS:
        plane = {"noise": noise, "classes": 2, "a": a, "p": p, "loss": loss(p, a, 2, noise)}
        parts.append(pd.DataFrame({"quantity": "loss", **plane}))
        line = two_class_optimum(noise)
        at_best = loss(line["p"].to_numpy(), line["a"].to_numpy(), 2, noise)
        parts.append(line.assign(loss=at_best))
    return pd.concat(parts, ignore_index=True)


@house_style(grid=False)
def draw(numbers: pd.DataFrame) -> plt.Figure:
    """Draw the loss over a and p, one panel for each assumption, on one colour scale."""
    levels = np.linspace(0, _HIGHEST_LOSS, 21)
    colours = plt.cm.viridis.with_extremes(over=BEYOND)
    figure, panels = plt.subplots(
        1, 3, figsize=(11.4, 4.4), sharex=True, sharey=True, layout="constrained"
    )
    for panel, noise in zip(panels, ASSUMPTIONS, strict=True):
        by = by_quantity(numbers[numbers["noise"] == noise])
        field = by["loss"].pivot(index="p", columns="a", values="loss")
        finite = field.where(np.isfinite(field))
        filled = panel.contourf(
            field.columns, field.index, finite, levels, cmap=colours, extend="max"
        )
        filled.set_edgecolor("face")  # no seams between the levels
        _draw_divergence(panel, by["loss"])
        panel.plot(by["optimum"]["a"], by["optimum"]["p"], color=WHITE, lw=2.2, label=_BEST)
        mirrored = by["mirrored optimum"]
        if not mirrored.empty:
            panel.plot(
                mirrored["a"], mirrored["p"], color=WHITE, label="1 - p*, equally good", **MIRROR
            )
        panel.set_title(f"{noise}: {TEST_SETS[noise]}", fontsize=10)
        panel.set_xlabel(CLEAN_RATE)
    panels[0].set_ylabel(SMOOTHING)
    bar = figure.colorbar(filled, ax=panels, pad=0.01, ticks=levels[::5])
    bar.set_label("test loss (nats); grey: more, up to ∞")
    draw_legend(figure, 3, frameon=True, facecolor=ON_COLOURS, framealpha=1, labelcolor=WHITE)
    figure.suptitle("Theory: test loss of a network that memorises, M = 2 classes")
    return figure


def _draw_divergence(panel: plt.Axes, losses: pd.DataFrame) -> None:
    style = {"lw": 5, "solid_capstyle": "butt", "clip_on": False, "zorder": 3}
    for edge in (0.0, 1.0):
        at_edge = losses[losses["p"] == edge].sort_values("a")
        where = np.where(np.isinf(at_edge["loss"]), edge, np.nan)
        panel.plot(at_edge["a"], where, color=VERMILLION, label="loss = ∞", **style)
