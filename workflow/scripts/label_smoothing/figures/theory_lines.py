"""The theory's optima as lines over the clean rate, for the figures of the theory alone."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from label_smoothing.figures.style import CLEAN_RATE
from label_smoothing.theory.gamma import gamma_transition
from label_smoothing.theory.memorising import optimum

CLASSES = (2, 3, 5, 10, 100, 1000)
BEST = "optimum p*"
MIRROR = {"ls": ":", "lw": 1.8}


def rates_of_optimum(M: int) -> np.ndarray:
    """Return clean rates that resolve where gamma's optimum leaves 1/M, infinitely steeply."""
    a_c = gamma_transition(M).a_c
    return np.concatenate(
        [np.linspace(0, a_c, 151), a_c + (1 - a_c) * np.linspace(0, 1, 101)[1:] ** 2]
    )


def two_class_optimum(assumption: str) -> pd.DataFrame:
    """
    Return p* over a for two classes.

    Returns
    -------
    DataFrame
        Columns quantity, noise, classes, a, p. Rows with quantity "optimum" and, for gamma where it
        is another p, "mirrored optimum" (1 - p*, equally good).
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
    panel.set(xlim=(0, 1), ylim=(-0.02, 1.02), xlabel=CLEAN_RATE, ylabel=BEST)
