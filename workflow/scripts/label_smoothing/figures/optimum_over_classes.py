"""The theory's optimum p of alpha and beta over the number of classes (Figure 3 of the paper)."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from label_smoothing.figures.kit import draw_legend, graded_colours
from label_smoothing.figures.landscapes import CLASSES, unit_square
from label_smoothing.figures.style import BLACK, CLEAN_RATE, VERMILLION, house_style
from label_smoothing.theory.memorising import optimum


def numbers() -> pd.DataFrame:
    """Return p* over a: columns noise, classes (inf: beta's limit), a, p, above_limit = p - a^2."""
    a = np.linspace(0, 1, 201)
    parts = [
        pd.DataFrame({"noise": noise, "classes": M, "a": a, "p": optimum(a, M, noise)})
        for noise in ("alpha", "beta")
        for M in CLASSES
    ]
    parts.append(pd.DataFrame({"noise": "beta", "classes": np.inf, "a": a, "p": a**2}))
    table = pd.concat(parts, ignore_index=True)
    # (1 - a)^2/(M - 1) for beta, but the difference is what the figure says it shows.
    table["above_limit"] = table["p"] - table["a"] ** 2
    return table


@house_style()
def draw(numbers: pd.DataFrame) -> plt.Figure:
    """Draw p*(a) of alpha and beta for several M, and how far beta is from its limit."""
    alpha, beta = (numbers[numbers["noise"] == noise] for noise in ("alpha", "beta"))
    classes = [M for M in beta["classes"].unique() if np.isfinite(M)]
    figure, (panel, distance) = plt.subplots(
        1, 2, figsize=(10.4, 5.2), sharex=True, layout="constrained"
    )
    one_line = alpha[["a", "p"]].drop_duplicates()
    panel.plot(one_line["a"], one_line["p"], color=BLACK, lw=2, label="alpha, every M")
    for M, colour in graded_colours(classes).items():
        line = beta[beta["classes"] == M]
        panel.plot(line["a"], line["p"], color=colour, lw=1.8, label=f"beta, M = {M:g}")
        above = line[line["a"] < 1]
        distance.plot(above["a"], above["above_limit"], color=colour, lw=1.8)
    limit = beta[np.isinf(beta["classes"])]
    panel.plot(limit["a"], limit["p"], ":", color=VERMILLION, lw=2.2, label="beta, M → ∞: a²")
    unit_square(panel)
    draw_legend(figure, 4)
    panel.set_title("alpha and beta")
    distance.set_yscale("log")
    distance.set_ylim(1e-6, 2)
    distance.set_xlabel(CLEAN_RATE)
    distance.set_ylabel("p* - a²")
    distance.set_title("beta: distance to its limit, 0 at a = 1")
    figure.suptitle("Theory: best smoothing over the number of classes M")
    return figure
