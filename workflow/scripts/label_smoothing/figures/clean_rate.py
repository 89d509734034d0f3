"""The clean rate estimated from corrupted labels over the true one."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from label_smoothing.figures.kit import (
    draw_legend,
    draw_means,
    draw_title,
    labels_given,
    rate_axis,
)
from label_smoothing.figures.style import FITTED, MEASURED, PREDICTED, house_style

# Colour, marker and label of a source, in the order of the table.
_SOURCES = {
    "votes": (FITTED, "s", "vote theory, a and k from the losses over p"),
    "shares": (MEASURED, "o", "mean share of the corrupted label"),
    "early stopping": ("#000000", "^", "early stopping: a lower bound"),
    "effective clean rate": (PREDICTED, "D", "the paper's effective clean rate, k = 1"),
    "cleanlab": ("#CC79A7", "v", "cleanlab's confident joint"),
}
_TRUTH = "true share of right test labels"


def numbers(estimates: pd.DataFrame) -> pd.DataFrame:
    """
    Return the numbers of the figure.

    Parameters
    ----------
    estimates : DataFrame
        Tables of `clean_rate.estimate_clean_rate` for the clean rates of one data set, noise type
        and method.

    Returns
    -------
    DataFrame
        Its estimates, and how far each and its limits are above the truth, if that is known.
    """
    table = estimates.sort_values("a", kind="stable").reset_index(drop=True)
    for end in ("estimate", "low", "high"):
        table[f"{end}_minus_truth"] = table[end] - table["truth"]
    return table.drop(columns="note")


@house_style()
def draw(numbers: pd.DataFrame, study: str) -> plt.Figure:
    """
    Draw estimates over the truth with their intervals, and beside it what they are off.

    Where the labels are given and the truth unknown, over the clean rate of the noise added.
    """
    endings = ("",) if labels_given(numbers) else ("", "_minus_truth")
    x = "a" if labels_given(numbers) else "truth"
    figure, panels = plt.subplots(
        1,
        len(endings),
        figsize=(0.4 + 5.0 * len(endings), 4.8),
        squeeze=False,
        layout="constrained",
    )
    spread = max(float(np.ptp(numbers[x])), 0.05)
    ends = numbers[x].min() - 0.15 * spread, numbers[x].max() + 0.08 * spread
    whole, *apart = panels[0]
    if apart:
        whole.plot(ends, ends, color="#888888", lw=1)
        apart[0].axhline(0, color="#888888", lw=1)
        apart[0].set_ylabel("estimated minus true clean rate")
    for place, (source, (colour, marker, label)) in enumerate(_SOURCES.items()):
        here = numbers[numbers["source"] == source]
        beside = 0.012 * spread * (place - (len(_SOURCES) - 1) / 2)
        for panel, ending in zip(panels[0], endings, strict=True):
            points = here.assign(low=here[f"low{ending}"], high=here[f"high{ending}"])
            if source == "early stopping":
                points["high"] = points[f"estimate{ending}"]
            style = {"fmt": marker, "color": colour, "label": label, "zorder": 2.5}
            draw_means(panel, points, x, f"estimate{ending}", beside, **style)
    for panel in panels[0]:
        panel.set_xlim(*ends)
        panel.set_xlabel(_TRUTH if apart else rate_axis(numbers))
    whole.set_ylabel("estimated clean rate")
    draw_legend(figure, 2)
    kind = "given" if labels_given(numbers) else "corrupted"
    text = f"clean rate from {kind} test labels alone, 95 % intervals"
    draw_title(figure.suptitle, study, text)
    return figure
