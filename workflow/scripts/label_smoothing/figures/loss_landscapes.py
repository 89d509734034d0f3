"""Predicted and measured test loss over the clean rate and p."""

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.colors import BoundaryNorm

from label_smoothing.analysis.predictions import (
    match_over_a,
    predicted_loss,
    predicted_optimum,
    voted_loss,
    voted_optimum,
    votes_of_noise,
)
from label_smoothing.figures.kit import (
    by_quantity,
    draw_legend,
    draw_title,
    fine_smoothing,
    identified,
    mean_of,
    noise_panels,
    vote_label,
    votes_rows,
)
from label_smoothing.figures.plane import (
    LOSS_COLOURS,
    MARK,
    best_values,
    cell_means,
    draw_cells,
    loss_scale,
)
from label_smoothing.figures.style import CLEAN_RATE, PREDICTED, SMOOTHING, VOTES, house_style


def numbers(tables: pd.DataFrame, votes: pd.DataFrame) -> pd.DataFrame:
    """
    Return the test losses over a and p of each noise type.

    "mean" (over the seeds of a measured cell), "lowest" (the p of the lowest mean at each measured
    clean rate), "theory" (on a fine grid) and "theory's optimum" (p* over a); where the noise is
    uniform, "voted" and "voted optimum" are those of the vote theory.
    """
    parts = []
    for _, cells in tables.groupby("noise", sort=False):
        assumption, M = cells["assumption"].iloc[0], int(cells["classes"].iloc[0])
        means = cell_means(cells, "test_loss")
        lowest = best_values(means, highest=False, by=["a"]).assign(quantity="lowest")
        rates = np.linspace(means["a"].min(), 1, 81)
        match = match_over_a(cells, rates)
        grid = fine_smoothing(min(means["p"].min(), 1 / M), 81)
        a, p = (plane.ravel() for plane in np.meshgrid(rates, grid, indexing="ij"))
        best = predicted_optimum(match, M, assumption)
        lines = [
            ("theory", a, p, predicted_loss(p, np.repeat(match, len(grid)), M, assumption)),
            ("theory's optimum", rates, best, predicted_loss(best, match, M, assumption)),
        ]
        found = votes_of_noise(votes, cells)
        if found.known:
            best = voted_optimum(rates, found, M, assumption)
            lines += [
                (name, a, p, voted_loss(p, a, found, M, assumption))
                for name, a, p in (("voted", a, p), ("voted optimum", rates, best))
            ]
        planes = [
            pd.DataFrame({"quantity": name, "a": a, "p": p, "value": loss})
            for name, a, p, loss in lines
        ]
        rows = pd.concat([means, lowest, *planes, *votes_rows(found)]).assign(score="test_loss")
        names = ("dataset", "noise", "assumption", "method", "classes")
        parts.append(identified(rows, cells, *names))
    return pd.concat(parts, ignore_index=True)


@house_style(grid=False)
def draw(numbers: pd.DataFrame, study: str) -> plt.Figure:
    """Draw the theories' losses above the measured one, a column a noise type, one colour scale."""
    measured = numbers[numbers["quantity"] == "mean"]
    scale = loss_scale(measured["value"], int(numbers["classes"].iloc[0]))
    label = vote_label(numbers)
    rows = 3 if label else 2
    figure, panels = noise_panels(numbers, rows, 0.8 + 2.9 * rows, beside=1.4)
    by_noise = numbers.groupby("noise", sort=False)
    paper = {"color": PREDICTED, "lw": 2, "label": "paper's best p"}
    votes = {**VOTES, "label": "vote theory's best p"}
    for column, (_, here) in zip(panels.T, by_noise, strict=True):
        above, below = column[0], column[-1]
        by = by_quantity(here)
        _draw_theory(above, by["theory"], scale)
        mesh = draw_cells(below, by["mean"], LOSS_COLOURS, scale)
        for panel in (above, below):
            _draw_optimum(panel, by["theory's optimum"], paper)
        if not by["voted"].empty:
            _draw_theory(column[1], by["voted"], scale)
            for panel in column[1:]:
                _draw_optimum(panel, by["voted optimum"], votes)
        elif rows == 3:
            text = "no vote theory:\nthe noise is not uniform"
            column[1].text(0.5, 0.5, text, transform=column[1].transAxes, ha="center", va="center")
        if len(by["lowest"]):  # else everything diverged
            below.plot(by["lowest"]["a"], by["lowest"]["p"], **MARK, label="lowest measured loss")
        below.set_xlabel(CLEAN_RATE)
    # As far as there is a theory; the outer cells are cut.
    rates = measured["a"]
    margin = 0.02 * np.ptp(rates)
    panels[0, 0].set_xlim(rates.min() - margin, rates.max() + margin)
    # Room below 1/M, which is gamma's best p at low clean rates.
    panels[0, 0].set_ylim(bottom=numbers["p"].min() - 0.02)
    names = ["paper's theory, no fit", "measured"]
    if label:
        names.insert(1, label.replace(", purity", ",\npurity"))
    for panel, what in zip(panels[:, 0], names, strict=True):
        panel.set_ylabel(f"{what}\n{SMOOTHING}")
    bar = figure.colorbar(mesh, ax=panels, pad=0.01)
    bar.set_label("test loss (nats); grey: more")
    draw_legend(figure, 4)
    text = f"test loss, theories and {mean_of(measured['seeds'], interval='')}"
    draw_title(figure.suptitle, study, text)
    return figure


def _draw_theory(panel: plt.Axes, losses: pd.DataFrame, scale: BoundaryNorm) -> None:
    field = losses.pivot(index="p", columns="a", values="value")
    finite = np.ma.masked_invalid(field.to_numpy(float))
    style: dict[str, Any] = {"cmap": LOSS_COLOURS, "norm": scale, "extend": "max"}
    filled = panel.contourf(field.columns, field.index, finite, scale.boundaries, **style)
    filled.set_edgecolor("face")  # no seams between the levels
    filled.set_rasterized(True)  # as paths, their thousands of corners take half a megabyte
    at_one = losses[(losses["p"] == 1) & np.isinf(losses["value"])]
    if at_one.empty:
        return
    style = {"lw": 5, "solid_capstyle": "butt", "clip_on": False, "zorder": 3}
    panel.plot(at_one["a"], at_one["p"], color=PREDICTED, label="theory: loss = ∞", **style)


def _draw_optimum(panel: plt.Axes, line: pd.DataFrame, style: dict[str, Any]) -> None:
    jumps = line["p"].diff().abs() > 0.1
    panel.plot(line["a"], line["p"].mask(jumps), **style)
