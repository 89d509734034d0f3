"""The vote theory's optimum p on clean test labels, for several numbers of labels k."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from label_smoothing.analysis.predictions import unsmoothed_from
from label_smoothing.figures.kit import draw_legend, graded_colours
from label_smoothing.figures.landscapes import unit_square
from label_smoothing.figures.style import BLACK, OPEN, PREDICTED, VOTES, house_style
from label_smoothing.theory.votes import vote_optimum

_CLASSES = (2, 10)
_VOTES = (1.0, 1.2, 1.5, 2.0, 2.5, 4.0)


def numbers() -> pd.DataFrame:
    """
    Return p* over a for several k, under alpha: columns quantity, classes, k, a, p.

    Quantity "optimum" (from a = 1/M on) and "threshold" (the a from which p* = 1, for k > 2).
    """
    parts = []
    for M in _CLASSES:
        a = np.linspace(1 / M, 1, 121)
        for k in _VOTES:
            names = {"classes": M, "k": k}
            p = vote_optimum(a, k, M, "alpha")
            parts.append(pd.DataFrame({"quantity": "optimum", **names, "a": a, "p": p}))
            if k > 2:
                point = {"a": [unsmoothed_from(k, M)], "p": [1.0]}
                parts.append(pd.DataFrame({"quantity": "threshold", **names, **point}))
    return pd.concat(parts, ignore_index=True)


@house_style()
def draw(numbers: pd.DataFrame) -> plt.Figure:
    """Draw p*(a) for several k, a panel a number of classes, with the threshold of each."""
    classes = sorted(numbers["classes"].unique())
    figure, panels = plt.subplots(
        1, len(classes), figsize=(4.9 * len(classes), 5.0), sharey=True, layout="constrained"
    )
    votes = sorted(numbers["k"].unique())
    colours = graded_colours(votes[1:])
    for panel, M in zip(np.atleast_1d(panels), classes, strict=True):
        for k in votes:
            here = numbers[(numbers["classes"] == M) & (numbers["k"] == k)]
            line, threshold = (here[here["quantity"] == name] for name in ("optimum", "threshold"))
            style = (
                {"color": PREDICTED, "lw": 2.2, "label": "k = 1, the paper: p* = a"}
                if k == 1
                else {**VOTES, "color": colours[k], "label": f"k = {k:g}"}
            )
            panel.plot(line["a"], line["p"], **style)
            if len(threshold):
                style = {"mfc": OPEN, "mec": BLACK, "clip_on": False, "zorder": 3}
                style |= {"ms": 7, "label": "from here on p* = 1"}
                panel.plot(threshold["a"], threshold["p"], "o", **style)
        unit_square(panel)
        panel.set_title(f"M = {M} classes")
    draw_legend(figure, 4)
    figure.suptitle("Vote theory: best smoothing on clean labels, a network of k labels")
    return figure
