"""The measured against the predicted test loss of each network."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from label_smoothing.analysis.intervals import mean_interval
from label_smoothing.analysis.prediction import explained_share, predicted_loss, unscaled
from label_smoothing.figures.kit import (
    draw_legend,
    draw_title,
    graded_colours,
    identified,
    noise_panels,
)
from label_smoothing.figures.style import PREDICTED, house_style


def numbers(tables: pd.DataFrame) -> pd.DataFrame:
    """
    Return the numbers of the figure.

    Parameters
    ----------
    tables : DataFrame
        Slices of one data set and method, any noise types, see `comparison.compare_with_theory`.

    Returns
    -------
    DataFrame
        Rows with quantity "loss", one a network: predicted and measured (nats; predicted is inf at
        p = 1 where the theory diverges and nan for p > 1, measured is nan if the training diverged)
        and memorised. For each noise type, rows with a value: "R2" (mean over seeds with 95 %
        t-interval, of -log(1 - R²)), "RMSE" and "mean deviation" (measured minus predicted) over
        the networks that put the theory to the test (see `prediction.explained_share`), the number
        of those ("tested") and, among all, of those that are "shown", that "diverged", and that are
        "without prediction".
    """
    parts = []
    for noise, group in tables.groupby("noise", sort=False):
        assumption, M = group["assumption"].iloc[0], int(group["classes"].iloc[0])
        group = group.assign(predicted=np.nan, measured=group["test_loss"], quantity="loss")
        foreseen = group["p"] <= 1
        p, match = group.loc[foreseen, ["p", "match_probability"]].to_numpy().T
        group.loc[foreseen, "predicted"] = predicted_loss(p, match, M, assumption)
        values = pd.DataFrame(_agreement(group), columns=["quantity", "value", "low", "high"])
        parts += [group, values.assign(noise=noise, assumption=assumption)]
    columns = ["noise", "assumption", "quantity", "a", "p", "seed"]
    columns += ["predicted", "measured", "memorised", "value", "low", "high"]
    return identified(pd.concat(parts, ignore_index=True)[columns], tables, "dataset", "method")


def _agreement(losses):
    finite = np.isfinite(losses["predicted"])
    explained = explained_share(losses)
    deviations = explained.deviations.to_numpy()
    *share, _ = mean_interval(explained.scaled_shares)
    values = {
        "RMSE": explained.rmse,
        "mean deviation": deviations.mean() if deviations.size else None,
        "tested": deviations.size,
        "shown": int((finite & losses["measured"].notna()).sum()),
        "diverged": int((finite & losses["measured"].isna()).sum()),
        "without prediction": int((~finite).sum()),
    }
    return [("R2", *unscaled(share)), *((*item, None, None) for item in values.items())]


@house_style()
def draw(numbers: pd.DataFrame, study: str) -> plt.Figure:
    """Draw the measured over the predicted test loss of each network, a panel a noise type."""
    losses = numbers[np.isfinite(numbers["predicted"]) & numbers["measured"].notna()]
    top = 1.05 * losses[["predicted", "measured"]].to_numpy().max(initial=0.1)
    colours = graded_colours(sorted(numbers["a"].dropna().unique()))
    figure, panels = noise_panels(numbers, 1, 4.6)
    for panel, (noise, here) in zip(panels[0], numbers.groupby("noise", sort=False), strict=True):
        panel.plot(
            [0, top], [0, top], color=PREDICTED, lw=1.4, zorder=3, label="measured = predicted"
        )
        for a, group in losses[losses["noise"] == noise].groupby("a"):
            for memorised, points in group.groupby("memorised"):
                panel.plot(
                    points["predicted"],
                    points["measured"],
                    "o",
                    ms=4.5,
                    mec=colours[a],
                    mfc=colours[a] if memorised else "white",
                    label=f"a = {a:g}" if memorised else "not memorised (open)",
                )
        text = _agreement_text(here.set_index("quantity"))
        panel.text(0.04, 0.97, text, transform=panel.transAxes, va="top", fontsize=9)
        panel.set(xlim=(0, top), ylim=(0, top), aspect="equal")
        panel.set_xlabel("predicted test loss (nats)")
    panels[0, 0].set_ylabel("measured test loss (nats)")
    draw_legend(figure, 6)
    text = "measured against predicted test loss, one point a network"
    draw_title(figure.suptitle, study, text)
    return figure


def _agreement_text(values: pd.DataFrame) -> str:
    lines = []
    if values.loc["tested", "value"]:
        share = values.loc["R2"]
        limits = f" [{share['low']:.2f}, {share['high']:.2f}]" if pd.notna(share["low"]) else ""
        lines = [
            f"R² = {share['value']:.2f}{limits}, n = {values.loc['tested', 'value']:.0f}",
            f"RMSE = {values.loc['RMSE', 'value']:.2f} nats",
            f"mean deviation = {values.loc['mean deviation', 'value']:+.2f} nats",
        ]
    if beyond := int(values.loc["without prediction", "value"]):
        lines += [f"{beyond} at p ≥ 1 not shown:", "no finite prediction"]
    if diverged := int(values.loc["diverged", "value"]):
        lines.append(f"{diverged} not shown: diverged")
    return "\n".join(lines)
