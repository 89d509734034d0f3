"""The theory's loss over the clean rate and p, for two classes (Figure 1 of the paper)."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from label_smoothing.figures.kit import by_quantity, draw_legend
from label_smoothing.figures.style import (
    BEYOND,
    CLEAN_RATE,
    SMOOTHING,
    TEST_SETS,
    VERMILLION,
    house_style,
)
from label_smoothing.figures.theory_lines import BEST, MIRROR, two_class_optimum
from label_smoothing.theory.checks import ASSUMPTIONS
from label_smoothing.theory.memorising import loss

_HIGHEST_LOSS = 2.0  # nats, of the colour scale: near the divergence nothing is left to compare


def numbers() -> pd.DataFrame:
    """
    Return the numbers of the figure.

    Returns
    -------
    DataFrame
        Columns quantity, noise, classes, a, p, loss (nats). Rows with quantity "loss" (a grid over
        a and p; inf where the theory diverges, at p = 0 and p = 1), "optimum" (p* with its loss)
        and, for gamma where it is another p, "mirrored optimum" (1 - p*, equally good).
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
        panel.plot(by["optimum"]["a"], by["optimum"]["p"], color="white", lw=2.2, label=BEST)
        mirrored = by["mirrored optimum"]
        if not mirrored.empty:
            panel.plot(
                mirrored["a"], mirrored["p"], color="white", label="1 - p*, equally good", **MIRROR
            )
        panel.set_title(f"{noise}: {TEST_SETS[noise]}", fontsize=10)
        panel.set_xlabel(CLEAN_RATE)
    panels[0].set_ylabel(SMOOTHING)
    bar = figure.colorbar(filled, ax=panels, pad=0.01, ticks=levels[::5])
    bar.set_label("test loss (nats); grey: more, up to ∞")
    draw_legend(figure, 3, frameon=True, facecolor="#666666", framealpha=1, labelcolor="white")
    figure.suptitle("Theory: test loss of a network that memorises, M = 2 classes")
    return figure


def _draw_divergence(panel: plt.Axes, losses: pd.DataFrame) -> None:
    for edge in (0.0, 1.0):
        at_edge = losses[losses["p"] == edge].sort_values("a")
        where = np.where(np.isinf(at_edge["loss"]), edge, np.nan)
        panel.plot(
            at_edge["a"],
            where,
            color=VERMILLION,
            lw=5,
            solid_capstyle="butt",
            clip_on=False,
            zorder=3,
            label="loss = ∞",
        )
