"""How a measured number of labels k is drawn, for the figures that compare its measurements."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.ticker import LogLocator, NullFormatter

from label_smoothing.figures.kit import draw_means
from label_smoothing.figures.style import BLUE, GREEN, PREDICTED

BLACK = "#000000"
VOTES_AXIS = "number of labels k"
# Marker and colour of each way of measuring k, and its words.
SOURCES = {
    "spread": ("o", BLUE, "spread of the outputs"),
    "accuracy": ("s", GREEN, "accuracy"),
    "losses": ("^", BLACK, "losses"),
}
_BELOW = 0.93  # of the axis, where k = 1 is to be seen
_ABOVE = 30.0  # of the axis at most: no measurement tells more labels from infinitely many


def draw_sources(panel: plt.Axes, points: pd.DataFrame, x: str, apart: float) -> None:
    """
    Draw the k of each source over x, side by side.

    Parameters
    ----------
    panel : Axes
    points : DataFrame
        Columns quantity (the source), value, low, high, and x.
    x : str
    apart : float
        Distance of the sources, in units of x.
    """
    for place, (source, (marker, colour, label)) in enumerate(SOURCES.items()):
        here = points[points["quantity"] == source]
        if len(here):
            style = {"fmt": marker, "color": colour, "label": label}
            draw_means(panel, here, x, "value", (place - 1) * apart, **style)


def scale_votes(panel: plt.Axes, values: pd.Series) -> None:
    """Give k a logarithmic axis from the paper's k = 1, a line, to the highest of the values."""
    values = values.astype(float)  # of nothing, pandas knows no type
    finite = values[np.isfinite(values) & (values < _ABOVE)]
    top = max(float(finite.max()) if len(finite) else 1.0, 2.5)
    panel.axhline(1, color=PREDICTED, lw=1.8, zorder=1.5, label="paper's theory: k = 1")
    log_scale(panel)
    panel.set_ylim(_BELOW, 1.6 * top)


def log_scale(panel: plt.Axes) -> None:
    """Make the axis of k logarithmic, with few numbers on it."""
    panel.set_yscale("log")
    panel.yaxis.set_major_locator(LogLocator(subs=(1, 2, 3, 5)))
    panel.yaxis.set_major_formatter("{x:g}")
    panel.yaxis.set_minor_formatter(NullFormatter())
