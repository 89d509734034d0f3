"""The k of interpolators, computed and measured, and the k of the trained network beside them."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from label_smoothing.figures.kit import (
    draw_legend,
    draw_means,
    draw_title,
    label_lowest,
    wrapped_panels,
)
from label_smoothing.figures.style import PREDICTED, house_style
from label_smoothing.figures.votes_measured import BLACK, SOURCES, VOTES_AXIS, log_scale

_MOST_COLUMNS = 4
_NETWORK = "trained network"
# Marker, its colour and words; place beside the category. The open ones no network has.
_WITHIN, _AT_PURITY = "spread within images", "losses at purity"
_MEASURED = SOURCES | {
    _WITHIN: (*SOURCES["spread"][:2], "spread, of each image alone"),
    _AT_PURITY: ("^", BLACK, "losses, purity of the neighbours computed"),
}
_BESIDE = {"spread": -0.24, _WITHIN: -0.12, "accuracy": 0.0, "losses": 0.12, _AT_PURITY: 0.24}


def numbers(interpolators: pd.DataFrame, votes: pd.DataFrame, drawn: list[float]) -> pd.DataFrame:
    """
    Return the numbers of the figure.

    Parameters
    ----------
    interpolators : DataFrame
        Table of `interpolators.compare_votes` of one data set, with its numbers of images.
    votes : DataFrame
        Table of `vote_fits.fit_vote_table` of the same data set and one method.
    drawn : list of float
        Clean rates of the panels; those without noise have none.

    Returns
    -------
    DataFrame
        Rows with source "weights" (computed) and with those that measure k (95 % t-intervals) for
        each interpolator, in the order of the computed k, and for the trained network, which has
        none of the first. What is not finite has no row.
    """
    kernels = interpolators[interpolators["source"].isin(["weights", *_MEASURED])]
    kernels = kernels.rename(columns={"k": "value", "k_low": "low", "k_high": "high"})
    order = kernels[kernels["source"] == "weights"].groupby("interpolator")["value"].first()
    rank = {name: place for place, name in enumerate([*order.sort_values().index, _NETWORK])}
    network = votes[(votes["assumption"] == "alpha") & votes["source"].isin(_MEASURED)].rename(
        columns={"k": "value", "k_low": "low", "k_high": "high", "seeds": "draws"}
    )
    network = network.drop_duplicates(["a", "source"]).assign(interpolator=_NETWORK)
    columns = ["a", "interpolator", "source", "value", "low", "high", "draws"]
    table = pd.concat([kernels[columns], network[columns]], ignore_index=True)
    table = table[table["a"].isin(drawn) & np.isfinite(table["value"].astype(float))]
    table["place"] = table["interpolator"].map(rank)
    table = table.sort_values(["a", "place"], kind="stable").drop(columns="place")
    first = interpolators.iloc[0]
    for name in ("test_images", "train_images", "dataset"):
        table.insert(0, name, first[name])
    return table.reset_index(drop=True)


@house_style()
def draw(numbers: pd.DataFrame, study: str) -> plt.Figure:
    """Draw k over the interpolators, a panel for each clean rate."""
    rates = sorted(numbers["a"].unique())
    names = list(dict.fromkeys(numbers["interpolator"]))
    figure, panels = wrapped_panels(len(rates), _MOST_COLUMNS, 3.3, 3.8, beside=1.0, around=1.4)
    for panel, a in zip(panels.flat, rates, strict=False):
        here = numbers[numbers["a"] == a]
        here = here.assign(place=here["interpolator"].map(names.index))
        computed = here[here["source"] == "weights"]
        panel.hlines(
            computed["value"],
            computed["place"] - 0.4,
            computed["place"] + 0.4,
            color=PREDICTED,
            lw=2.5,
            label="computed from the images alone",
        )
        for source, beside in _BESIDE.items():
            fmt, colour, label = _MEASURED[source]
            points = here[here["source"] == source]
            face = colour if source in SOURCES else "white"
            style = {"fmt": fmt, "color": colour, "mfc": face, "label": label}
            draw_means(panel, points, "place", "value", beside, **style)
        log_scale(panel)
        panel.set_title(f"clean rate a = {a:g}", fontsize=10)
        panel.set_xticks(range(len(names)), names, rotation=40, ha="right")
        panel.grid(axis="x", visible=False)
    label_lowest(panels, len(rates), "")
    for panel in panels[:, 0]:
        panel.set_ylabel(VOTES_AXIS)
    draw_legend(figure, 3)
    first = numbers.iloc[0]
    text = f"k of interpolators, {first['train_images']} training images, uniform noise"
    draw_title(figure.suptitle, study, text)
    return figure
