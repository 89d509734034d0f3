"""The clean rate estimated from corrupted labels over the true one."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from label_smoothing.figures.kit import draw_legend, draw_means, draw_title
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
        Its estimates, and how far each and its limits are above the truth.
    """
    table = estimates.sort_values("a", kind="stable").reset_index(drop=True)
    for end in ("estimate", "low", "high"):
        table[f"{end}_minus_truth"] = table[end] - table["truth"]
    return table.drop(columns="note")


@house_style()
def draw(numbers: pd.DataFrame, study: str) -> plt.Figure:
    """Draw estimates over the truth with their intervals, and beside it what they are off."""
    figure, (whole, apart) = plt.subplots(1, 2, figsize=(10.4, 4.8), layout="constrained")
    truth = numbers["truth"]
    spread = max(float(np.ptp(truth)), 0.05)
    ends = truth.min() - 0.15 * spread, truth.max() + 0.08 * spread
    whole.plot(ends, ends, color="#888888", lw=1)
    apart.axhline(0, color="#888888", lw=1)
    for place, (source, (colour, marker, label)) in enumerate(_SOURCES.items()):
        here = numbers[numbers["source"] == source]
        beside = 0.012 * spread * (place - (len(_SOURCES) - 1) / 2)
        for panel, ending in ((whole, ""), (apart, "_minus_truth")):
            points = here.assign(low=here[f"low{ending}"], high=here[f"high{ending}"])
            if source == "early stopping":
                points["high"] = points[f"estimate{ending}"]
            style = {"fmt": marker, "color": colour, "label": label, "zorder": 2.5}
            draw_means(panel, points, "truth", f"estimate{ending}", beside, **style)
    for panel in (whole, apart):
        panel.set_xlim(*ends)
        panel.set_xlabel(_TRUTH)
    whole.set_ylabel("estimated clean rate")
    apart.set_ylabel("estimated minus true clean rate")
    draw_legend(figure, 2)
    text = "clean rate from corrupted test labels alone, 95 % intervals"
    draw_title(figure.suptitle, study, text)
    return figure
