"""
What all figures share: colours, style, wording, and how a figure and its numbers are written.

Colours are Okabe and Ito's, which colour-blind readers can tell apart.
"""

import os
from collections.abc import Sequence

import matplotlib
import numpy as np
import pandas as pd

from label_smoothing.files import replacing

matplotlib.use("agg")
import matplotlib.pyplot as plt

BLUE, VERMILLION, GREEN = "#0072B2", "#D55E00", "#009E73"
MEASURED, PREDICTED, FITTED = BLUE, VERMILLION, GREEN
BEYOND = "#d0d0d0"  # above a colour scale
STYLE = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
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


def write_figure(figure: plt.Figure, numbers: pd.DataFrame, svg: os.PathLike, csv: os.PathLike):
    """Write a figure as SVG and the numbers in it as CSV."""
    for text in figure.texts:
        text.set_parse_math(False)  # the study's title may hold dollars
    with plt.rc_context(STYLE), replacing(svg) as temporary:
        figure.savefig(temporary, metadata={"Date": None}, bbox_inches="tight")
    with replacing(csv) as temporary:
        numbers.to_csv(temporary, index=False, float_format="%.10g")
    plt.close(figure)


def draw_legend(figure: plt.Figure, columns: int, **style) -> None:
    """Draw one legend below all panels. Panels differ in what they show; each label stands once."""
    entries = {
        label: handle
        for panel in figure.axes
        for handle, label in zip(*panel.get_legend_handles_labels(), strict=True)
    }
    figure.legend(
        entries.values(),
        entries.keys(),
        loc="outside lower center",
        ncols=min(columns, len(entries)),
        **style,
    )


def error_bars(points: pd.DataFrame, column: str) -> np.ndarray:
    """Return the lengths of the bars from `column` to the columns low and high, shape (2, n)."""
    bars = np.stack([points[column] - points["low"], points["high"] - points[column]])
    return np.nan_to_num(bars)  # one seed has no interval


def count_range(counts: pd.Series) -> str:
    """Return "3", or "2 to 3" where counts differ."""
    low, high = int(counts.min()), int(counts.max())
    return str(low) if low == high else f"{low} to {high}"


def graded_colours(values: Sequence) -> dict:
    """Return a colour for each of some ordered values, at equal steps."""
    # Dark to light, without the yellow end, which is lost on white.
    return dict(zip(values, plt.cm.viridis(np.linspace(0, 0.82, len(values))), strict=True))


def noise_panels(numbers: pd.DataFrame, rows: int, height: float) -> tuple[plt.Figure, np.ndarray]:
    """Return a figure of `height` inches and its panels, shape (rows, noise types), with titles."""
    types = numbers[["noise", "assumption"]].drop_duplicates()
    figure, panels = plt.subplots(
        rows,
        len(types),
        figsize=(1.0 + 3.3 * len(types), height),
        sharex=True,
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    for panel, noise, assumption in zip(
        panels[0], types["noise"], types["assumption"], strict=True
    ):
        panel.set_title(f"{noise}: {TEST_SETS[assumption]}", fontsize=10)
    return figure, panels
