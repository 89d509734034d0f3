"""The plane of clean rate and p with its measured cells, and accuracies over the clean rate."""

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.colors import BoundaryNorm, Colormap, Normalize
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from label_smoothing.analysis.predictions import match_over_a, voted_accuracy, votes_of_noise
from label_smoothing.figures.kit import votes_rows
from label_smoothing.figures.style import BEYOND, BLACK, OPEN, WHITE

PAPER = "paper's theory"
HIGHEST_LOSS = 1.6  # of the colour scale, in units of log M
MARK: dict[str, Any] = dict(ls="none", marker="o", ms=6.5, mfc=OPEN, mec=BLACK, clip_on=False)
LOSS_COLOURS = plt.cm.viridis.with_extremes(over=BEYOND)
SHARE_COLOURS = plt.cm.cividis


def predicted_accuracies(
    tables: pd.DataFrame, votes: pd.DataFrame | None, rates: ArrayLike
) -> pd.DataFrame:
    """
    Return the accuracies that the theories predict at some clean rates, alike for all p > 1/M.

    Quantity "paper" (of a network that memorises), "voted" and "votes", where there is a theory.
    """
    if votes is None or votes.columns.empty:
        return pd.DataFrame({"quantity": [], "a": [], "value": []}, dtype=float)
    first, rates = tables.iloc[0], np.asarray(rates, dtype=float)
    lines = {"paper": match_over_a(tables, rates)}
    found = votes_of_noise(votes, tables)
    if found.known:
        M = int(first["classes"])
        lines["voted"] = voted_accuracy(rates, found, M, first["assumption"])
    rows = [
        pd.DataFrame({"quantity": name, "a": rates, "value": line, "seeds": 0})
        for name, line in lines.items()
    ]
    return pd.concat([*rows, *votes_rows(found)], ignore_index=True)


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


def cell_width(rates: pd.Series) -> float:
    """Return how wide the cells of these clean rates are: as far as the two nearest are apart."""
    return float(np.diff(np.unique(rates)).min())


def draw_cells(panel: plt.Axes, means: pd.DataFrame, colours: Colormap, norm: Normalize | None):
    """
    Draw a column of cells at each measured clean rate; between columns nothing was measured.

    A cell is as high as the grid of p is fine there. Return what a colour bar needs.
    """
    field = means.pivot(index="p", columns="a", values="value")
    if norm is None:
        norm = Normalize(means["value"].min(), means["value"].max())
    half = cell_width(means["a"]) / 2
    style = {"cmap": colours, "norm": norm, "edgecolors": WHITE, "lw": 0.4}
    for a, column in field.items():
        values = np.ma.masked_invalid(column.to_numpy(float)[:, np.newaxis])
        mesh = panel.pcolormesh([a - half, a + half], cell_edges(field.index), values, **style)
    diverged = means[means["diverged"] > 0]
    if not diverged.empty:
        panel.plot(diverged["a"], diverged["p"], "x", color=BLACK, ms=6, label="a seed diverged")
    return mesh
