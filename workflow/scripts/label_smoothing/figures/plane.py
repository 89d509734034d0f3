"""The plane of clean rate and smoothing parameter, with its measured cells."""

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.colors import BoundaryNorm, Colormap, Normalize
from matplotlib.ticker import MaxNLocator

from label_smoothing.figures.style import BEYOND

HIGHEST_LOSS = 1.6  # of the colour scale, in units of log M
MARK: dict[str, Any] = {
    "ls": "none",
    "marker": "o",
    "ms": 6.5,
    "mfc": "white",
    "mec": "black",
    "clip_on": False,
}
LOSS_COLOURS = plt.cm.viridis.with_extremes(over=BEYOND)
SHARE_COLOURS = plt.cm.cividis


def cell_means(cells: pd.DataFrame, score: str) -> pd.DataFrame:
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


def best_values(values: pd.DataFrame, highest: bool, by: list[str]) -> pd.DataFrame:
    """Return the rows of the best value in each group, several where they are equally good."""
    best = values.groupby(by)["value"].transform("max" if highest else "min")
    return values[np.isclose(values["value"], best)]


def cell_edges(centres: np.ndarray) -> np.ndarray:
    """Return the borders half-way between neighbours, and as far beyond the first and the last."""
    centres = np.asarray(centres, dtype=float)
    middle = (centres[1:] + centres[:-1]) / 2
    return np.concatenate([[2 * centres[0] - middle[0]], middle, [2 * centres[-1] - middle[-1]]])


def loss_scale(losses: pd.Series, M: int) -> BoundaryNorm:
    """Return steps of colour from 0 to the highest loss that leaves something to compare, nats."""
    # Far above the loss of the uniform output, log M, nothing is left.
    top = np.fmin(losses.max(), HIGHEST_LOSS * np.log(M))  # nan if everything diverged
    return BoundaryNorm(MaxNLocator(20).tick_values(0, top), LOSS_COLOURS.N, extend="max")


def draw_cells(panel: plt.Axes, means: pd.DataFrame, colours: Colormap, norm: Normalize | None):
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
