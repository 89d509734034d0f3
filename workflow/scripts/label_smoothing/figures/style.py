"""
What all figures share without drawing it: their look, their colours, their words.

Colours are Okabe and Ito's, which colour-blind readers can tell apart.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt

BLUE, VERMILLION, GREEN = "#0072B2", "#D55E00", "#009E73"
PURPLE, ORANGE, SKY = "#CC79A7", "#E69F00", "#56B4E9"
BLACK, WHITE = "#000000", "#ffffff"
MEASURED, PREDICTED, FITTED = BLUE, VERMILLION, GREEN
PALE = "#b9d6e8"  # measured, where areas or long bars would hide the points
OPEN = WHITE  # the inside of an open marker
METHODS = (BLUE, ORANGE, BLACK, SKY, "#8a6d00", "#999999")  # none of a theory or a fit
VOTES: dict[str, Any] = {"color": PURPLE, "ls": (0, (4, 1.5)), "lw": 2.0}  # the vote theory's lines
BEYOND = "#d0d0d0"  # above a colour scale
STRIP, STRIP_TEXT = "#f0f0f0", "#555555"  # beside an axis
CLAIMED = "#eeeeee"  # where the paper claims something
JUMP, NO_INFORMATION = "#444444", "#777777"
ON_COLOURS = "#666666"  # the ground of a legend of white lines
STYLE = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "svg.hashsalt": "label-smoothing",  # equal figures give equal bytes
}
TEST_SETS = {
    "alpha": "clean test labels",
    "beta": "equally corrupted test labels",
    "gamma": "clean test labels smoothed with p",
}
# Of data sets whose labels are given.
GIVEN_TEST_SETS = {
    "alpha": "checked test labels",
    "beta": "test labels as noisy as the training's",
    "gamma": "checked test labels smoothed with p",
}
CLEAN_RATE, SMOOTHING = "clean rate a", "smoothing parameter p"


@contextmanager
def house_style(grid: bool = True) -> Iterator[None]:
    """Draw or save in the style of this project, with or without a grid; no matplotlibrc counts."""
    with plt.style.context({**STYLE, "axes.grid": grid}, after_reset=True):
        yield
