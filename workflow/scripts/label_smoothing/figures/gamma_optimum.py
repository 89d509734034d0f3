"""The theory's optimum p of gamma for several numbers of classes (Figure 4 of the paper)."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from label_smoothing.figures.kit import draw_legend, graded_colours
from label_smoothing.figures.landscapes import CLASSES, rates_of_optimum, unit_square
from label_smoothing.figures.style import JUMP, OPEN, house_style
from label_smoothing.theory.gamma import gamma_optimum, gamma_transition


def numbers() -> pd.DataFrame:
    """
    Return p* over a: columns classes, a_c, branch, a, p.

    Branch "below" (p* = 1/M) goes up to a_c, "above" begins there: for M >= 3 the two rows at a_c
    differ, the jump.
    """
    parts = []
    for M in CLASSES:
        transition = gamma_transition(M)
        a = rates_of_optimum(M)
        best = gamma_optimum(a, M)
        learns = a > transition.a_c
        above = {
            "a": np.append(transition.a_c, a[learns]),
            "p": np.append(transition.p_above, best[learns]),
        }
        below = {"a": a[~learns], "p": best[~learns]}
        for branch, line in (("below", below), ("above", above)):
            names = {"classes": M, "a_c": transition.a_c, "branch": branch}
            parts.append(pd.DataFrame({**names, **line}))
    return pd.concat(parts, ignore_index=True)


@house_style()
def draw(numbers: pd.DataFrame) -> plt.Figure:
    """Draw gamma's p*(a) for several M, with the jump of each marked."""
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
            panel.plot([a_c, a_c], ends, "o", ms=5.5, mfc=OPEN, mec=colour, mew=1.5, zorder=3)
    panel.plot([], [], "o--", color=JUMP, mfc=OPEN, label="both ends equally good at $a_c$")
    unit_square(panel)
    draw_legend(figure, 2)
    panel.set_title("Theory: best smoothing for gamma over the number of classes M")
    return figure
