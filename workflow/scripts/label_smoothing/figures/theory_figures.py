"""Figures of the theory alone. Each is a table of numbers first; the drawing reads nothing else."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from label_smoothing.figures.style import (
    BEYOND,
    BLUE,
    GREEN,
    STYLE,
    TEST_SETS,
    VERMILLION,
    draw_legend,
    graded_colours,
)
from label_smoothing.theory.gamma import gamma_optimum, gamma_transition
from label_smoothing.theory.memorising import loss, optimum
from label_smoothing.theory.rates import ASSUMPTIONS

CLASSES = (2, 3, 5, 10, 100, 1000)
_HIGHEST_LOSS = 2.0  # nats, of the colour scale: near the divergence nothing is left to compare
_A, _P, _BEST = "clean rate a", "smoothing parameter p", "optimum p*"
_LINES = {
    "alpha": {"color": BLUE, "ls": "-", "lw": 2.2},
    "beta": {"color": VERMILLION, "ls": "--", "lw": 2.2},
    "gamma": {"color": GREEN, "ls": "-.", "lw": 2.2},
}
_MIRROR = {"ls": ":", "lw": 1.8}


def _table(**columns):
    return pd.DataFrame(columns)


# ---- loss landscapes ----------------------------------------------------------------------------


def landscapes_numbers() -> pd.DataFrame:
    """
    Return the numbers of `draw_landscapes`, for two classes.

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
        at_grid = loss(p, a, 2, noise)
        parts.append(_table(quantity="loss", noise=noise, a=a, p=p, loss=at_grid))
        line = _two_class_optimum(noise)
        line["loss"] = loss(line["p"].to_numpy(), line["a"].to_numpy(), 2, noise)
        parts.append(line)
    return _with_classes(pd.concat(parts, ignore_index=True), 2)


def _two_class_optimum(noise):
    a = _rates_of_optimum(2)
    line = _table(quantity="optimum", noise=noise, a=a, p=optimum(a, 2, noise))
    if noise != "gamma":
        return line
    mirrored = line[a >= gamma_transition(2).a_c].assign(quantity="mirrored optimum")
    mirrored["p"] = 1 - mirrored["p"]
    return pd.concat([line, mirrored])


def _rates_of_optimum(M):
    a_c = gamma_transition(M).a_c
    # The square resolves the onset of gamma's optimum, where it rises infinitely steeply.
    return np.concatenate(
        [np.linspace(0, a_c, 151), a_c + (1 - a_c) * np.linspace(0, 1, 101)[1:] ** 2]
    )


def _with_classes(numbers, M):
    numbers.insert(2, "classes", M)
    return numbers


def draw_landscapes(numbers: pd.DataFrame) -> plt.Figure:
    """Draw the loss over a and p, one panel for each noise type, on one colour scale."""
    levels = np.linspace(0, _HIGHEST_LOSS, 21)
    colours = plt.cm.viridis.with_extremes(over=BEYOND)
    with plt.rc_context({**STYLE, "axes.grid": False}):
        figure, panels = plt.subplots(
            1, 3, figsize=(11.4, 4.4), sharex=True, sharey=True, layout="constrained"
        )
        for panel, noise in zip(panels, ASSUMPTIONS, strict=True):
            here = numbers[numbers["noise"] == noise]
            by = {quantity: group for quantity, group in here.groupby("quantity")}
            field = by["loss"].pivot(index="p", columns="a", values="loss")
            finite = field.where(np.isfinite(field))
            filled = panel.contourf(
                field.columns, field.index, finite, levels, cmap=colours, extend="max"
            )
            filled.set_edgecolor("face")  # no seams between the levels
            _draw_divergence(panel, by["loss"])
            panel.plot(by["optimum"]["a"], by["optimum"]["p"], color="white", lw=2.2, label=_BEST)
            if "mirrored optimum" in by:
                mirrored = by["mirrored optimum"]
                panel.plot(
                    mirrored["a"],
                    mirrored["p"],
                    color="white",
                    label="1 - p*, equally good",
                    **_MIRROR,
                )
            panel.set_title(f"{noise}: {TEST_SETS[noise]}", fontsize=10)
            panel.set_xlabel(_A)
        panels[0].set_ylabel(_P)
        bar = figure.colorbar(filled, ax=panels, pad=0.01, ticks=levels[::5])
        bar.set_label("test loss (nats); grey: more, up to ∞")
        draw_legend(figure, 3, facecolor="#666666", framealpha=1, labelcolor="white")
        figure.suptitle("Theory: test loss of a network that memorises, M = 2 classes")
    return figure


def _draw_divergence(panel, losses):
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


# ---- optima -------------------------------------------------------------------------------------


def optimum_two_classes_numbers() -> pd.DataFrame:
    """
    Return the numbers of `draw_optimum_two_classes`.

    Returns
    -------
    DataFrame
        Columns quantity, noise, classes, a, p. Rows with quantity "optimum" (p* of each noise type)
        and, for gamma where it is another p, "mirrored optimum" (1 - p*, equally good).
    """
    parts = [_two_class_optimum(noise) for noise in ASSUMPTIONS]
    return _with_classes(pd.concat(parts, ignore_index=True), 2)


def draw_optimum_two_classes(numbers: pd.DataFrame) -> plt.Figure:
    """Draw p*(a) of the three noise types for two classes."""
    with plt.rc_context(STYLE):
        figure, panel = plt.subplots(figsize=(6.4, 5.2), layout="constrained")
        for noise in ASSUMPTIONS:
            line = numbers[(numbers["noise"] == noise) & (numbers["quantity"] == "optimum")]
            panel.plot(line["a"], line["p"], label=f"{noise}: {TEST_SETS[noise]}", **_LINES[noise])
        mirrored = numbers[numbers["quantity"] == "mirrored optimum"]
        panel.plot(
            mirrored["a"],
            mirrored["p"],
            color=GREEN,
            label="gamma: 1 - p*, equally good",
            **_MIRROR,
        )
        _unit_square(panel)
        draw_legend(figure, 2, frameon=False)
        panel.set_title("Theory: best smoothing, M = 2 classes")
    return figure


def optimum_over_classes_numbers() -> pd.DataFrame:
    """
    Return the numbers of `draw_optimum_over_classes`.

    Returns
    -------
    DataFrame
        Columns noise, classes (inf for the limit, beta only), a, p and above_limit = p - a^2.
    """
    a = np.linspace(0, 1, 201)
    parts = [
        _table(noise=noise, classes=M, a=a, p=optimum(a, M, noise))
        for noise in ("alpha", "beta")
        for M in CLASSES
    ]
    parts.append(_table(noise="beta", classes=np.inf, a=a, p=a**2))
    numbers = pd.concat(parts, ignore_index=True)
    # (1 - a)^2/(M - 1) for beta, but the difference is what the figure says it shows.
    numbers["above_limit"] = numbers["p"] - numbers["a"] ** 2
    return numbers


def draw_optimum_over_classes(numbers: pd.DataFrame) -> plt.Figure:
    """Draw p*(a) of alpha and beta for several M, and how far beta is from its limit."""
    alpha, beta = (numbers[numbers["noise"] == noise] for noise in ("alpha", "beta"))
    classes = [M for M in beta["classes"].unique() if np.isfinite(M)]
    with plt.rc_context(STYLE):
        figure, (panel, distance) = plt.subplots(
            1, 2, figsize=(10.4, 5.2), sharex=True, layout="constrained"
        )
        one_line = alpha[["a", "p"]].drop_duplicates()
        panel.plot(one_line["a"], one_line["p"], color="black", lw=2, label="alpha, every M")
        for M, colour in graded_colours(classes).items():
            line = beta[beta["classes"] == M]
            panel.plot(line["a"], line["p"], color=colour, lw=1.8, label=f"beta, M = {M:g}")
            above = line[line["a"] < 1]
            distance.plot(above["a"], above["above_limit"], color=colour, lw=1.8)
        limit = beta[np.isinf(beta["classes"])]
        panel.plot(limit["a"], limit["p"], ":", color=VERMILLION, lw=2.2, label="beta, M → ∞: a²")
        _unit_square(panel)
        draw_legend(figure, 4, frameon=False)
        panel.set_title("alpha and beta")
        distance.set_yscale("log")
        distance.set_ylim(1e-6, 2)
        distance.set_xlabel(_A)
        distance.set_ylabel("p* - a²")
        distance.set_title("beta: distance to its limit, 0 at a = 1")
        figure.suptitle("Theory: best smoothing over the number of classes M")
    return figure


def gamma_optimum_numbers() -> pd.DataFrame:
    """
    Return the numbers of `draw_gamma_optimum`.

    Returns
    -------
    DataFrame
        Columns classes, a_c, branch, a, p. Rows with branch "below" (p* = 1/M, up to a_c) and
        "above" (from a_c on). At a_c both have a row, and for M >= 3 the two differ: the jump.
    """
    parts = []
    for M in CLASSES:
        transition = gamma_transition(M)
        a = _rates_of_optimum(M)
        best = gamma_optimum(a, M)
        learns = a > transition.a_c
        above = {
            "a": np.append(transition.a_c, a[learns]),
            "p": np.append(transition.p_above, best[learns]),
        }
        below = {"a": a[~learns], "p": best[~learns]}
        for branch, line in (("below", below), ("above", above)):
            parts.append(_table(classes=M, a_c=transition.a_c, branch=branch, **line))
    return pd.concat(parts, ignore_index=True)


def draw_gamma_optimum(numbers: pd.DataFrame) -> plt.Figure:
    """Draw gamma's p*(a) for several M, with the jump of each marked."""
    with plt.rc_context(STYLE):
        figure, panel = plt.subplots(figsize=(6.8, 6.0), layout="constrained")
        for M, colour in graded_colours(numbers["classes"].unique()).items():
            here = numbers[numbers["classes"] == M]
            below, above = (here[here["branch"] == branch] for branch in ("below", "above"))
            a_c = here["a_c"].iloc[0]
            ends = [below["p"].iloc[-1], above["p"].iloc[0]]
            panel.plot(below["a"], below["p"], color=colour, lw=1.8)
            kind = "jump" if ends[1] > ends[0] else "no jump, onset"
            label = f"M = {M}: {kind} at $a_c$ = {a_c:.4f}"
            panel.plot(above["a"], above["p"], color=colour, lw=1.8, label=label)
            if ends[1] > ends[0]:
                panel.plot([a_c, a_c], ends, color=colour, ls=(0, (2, 2)), lw=1.1)
                panel.plot(
                    [a_c, a_c], ends, "o", ms=5.5, mfc="white", mec=colour, mew=1.5, zorder=3
                )
        panel.plot(
            [], [], "o--", color="#444444", mfc="white", label="both ends equally good at $a_c$"
        )
        _unit_square(panel)
        draw_legend(figure, 2, frameon=False)
        panel.set_title("Theory: best smoothing for gamma over the number of classes M")
    return figure


def _unit_square(panel):
    panel.set(xlim=(0, 1), ylim=(-0.02, 1.02), xlabel=_A, ylabel=_BEST)
