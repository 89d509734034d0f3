"""The measured against the predicted test loss of each network."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from label_smoothing.analysis.intervals import mean_interval
from label_smoothing.analysis.predictions import (
    explained_share,
    predicted_loss,
    unscaled,
    voted_loss,
    votes_of_noise,
)
from label_smoothing.figures.kit import (
    draw_legend,
    draw_title,
    graded_colours,
    identified,
    noise_panels,
    vote_label,
    votes_rows,
)
from label_smoothing.figures.style import OPEN, PREDICTED, VOTES, house_style

_PAPER, _VOTES = "paper", "votes"  # the theories
_VALUES = ["quantity", "value", "low", "high"]


def numbers(tables: pd.DataFrame, votes: pd.DataFrame) -> pd.DataFrame:
    """
    Return the losses of each network by theory, "paper" and, under uniform noise, "votes".

    Quantity "loss", one row a network: predicted (nan for p > 1), measured (nan if the training
    diverged) and memorised. For each noise type, rows with a value: "R2" (with a t-interval of
    -log(1 - R²)), "RMSE" and "mean deviation" (measured minus predicted) over the networks that put
    the theory to the test (see `prediction.explained_share`), the number of those ("tested") and,
    among all, of those that are "shown", that "diverged", and that are "without prediction".
    """
    parts = []
    for noise, group in tables.groupby("noise", sort=False):
        assumption, M = group["assumption"].iloc[0], int(group["classes"].iloc[0])
        group = group.assign(predicted=np.nan, measured=group["test_loss"], quantity="loss")
        foreseen = group["p"] <= 1
        p, match, a = (
            group.loc[foreseen, name].to_numpy()
            for name in ("p", "match_probability", "expected_clean_rate")
        )
        names = {"noise": noise, "assumption": assumption}
        group.loc[foreseen, "predicted"] = predicted_loss(p, match, M, assumption)
        values = pd.DataFrame(_agreement(group), columns=_VALUES)
        parts += [group.assign(theory=_PAPER), values.assign(theory=_PAPER, **names)]
        found = votes_of_noise(votes, group)
        if found.known:
            group.loc[foreseen, "predicted"] = voted_loss(p, a, found, M, assumption)
            values = pd.DataFrame(_agreement(group, found), columns=_VALUES)
            rows = [group, *votes_rows(found), values]
            parts += [part.assign(theory=_VOTES, **names) for part in rows]
    table = pd.concat(parts, ignore_index=True)
    columns = ["theory", "noise", "assumption", "quantity", "a", "p", "seed"]
    columns += ["predicted", "measured", "memorised", *_VALUES[1:]]
    columns += [name for name in table if name.startswith(("k", "purity"))]
    return identified(table[columns], tables, "dataset", "method")


def _agreement(losses, found=None):
    finite = np.isfinite(losses["predicted"])
    explained = explained_share(losses, found)
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
    """Draw the measured over the predicted loss of each network, by noise type and theory."""
    losses = numbers[np.isfinite(numbers["predicted"]) & numbers["measured"].notna()]
    # At p = 1 alone the votes expect several times any other loss of noisy test labels.
    smoothed = losses[(losses["p"] < 1) | (losses["a"] == 1)]
    top = 1.05 * smoothed[["predicted", "measured"]].to_numpy().max(initial=0.1)
    colours = graded_colours(sorted(numbers["a"].dropna().unique()))
    theories = list(dict.fromkeys(numbers["theory"]))
    figure, panels = noise_panels(numbers, len(theories), 1.0 + 3.6 * len(theories))
    for row, theory in zip(panels, theories, strict=True):
        by_noise = numbers.groupby("noise", sort=False)
        style = {"color": PREDICTED, "lw": 1.4} if theory == _PAPER else VOTES
        for panel, (_, rows) in zip(row, by_noise, strict=True):
            here = rows[rows["theory"] == theory]
            if here.empty:
                text = "no vote theory: the noise is not uniform"
                panel.text(0.5, 0.5, text, transform=panel.transAxes, ha="center", fontsize=9)
                continue
            label = "measured = predicted by the " + ("paper" if theory == _PAPER else "votes")
            panel.plot([0, top], [0, top], **style, zorder=3, label=label)
            shown = here[np.isfinite(here["predicted"]) & here["measured"].notna()]
            _draw_networks(panel, shown, colours)
            text = _agreement_text(here)
            if beyond := int((shown[["predicted", "measured"]] > top).any(axis=1).sum()):
                text += f"\n{beyond} at p = 1 beyond the frame"
            panel.text(0.04, 0.97, text, transform=panel.transAxes, va="top", fontsize=9)
            panel.set(xlim=(0, top), ylim=(0, top), aspect="equal")
    for panel, theory in zip(panels[:, 0], theories, strict=True):
        name = "paper's theory, no fit" if theory == _PAPER else "vote theory, one fit for all"
        panel.set_ylabel(f"{name}\nmeasured test loss (nats)")
    for panel in panels[-1]:
        panel.set_xlabel("predicted test loss (nats)")
    draw_legend(figure, 4)
    text = "measured against predicted test loss, one point a network"
    draw_title(figure.suptitle, study, text)
    return figure


def _draw_networks(panel: plt.Axes, losses: pd.DataFrame, colours: dict) -> None:
    for a, group in losses.groupby("a"):
        for memorised, points in group.groupby("memorised"):
            style = {"mec": colours[a], "mfc": colours[a] if memorised else OPEN, "ms": 4.5}
            label = f"a = {a:g}" if memorised else "not memorised (open)"
            panel.plot(points["predicted"], points["measured"], "o", label=label, **style)


def _agreement_text(numbers: pd.DataFrame) -> str:
    values = numbers.set_index("quantity")
    lines = []
    if values.loc["tested", "value"]:
        share = values.loc["R2"]
        limits = f" [{share['low']:.2f}, {share['high']:.2f}]" if pd.notna(share["low"]) else ""
        lines = [
            f"R² = {share['value']:.2f}{limits}, n = {values.loc['tested', 'value']:.0f}",
            f"RMSE = {values.loc['RMSE', 'value']:.2f} nats",
            f"mean deviation = {values.loc['mean deviation', 'value']:+.2f} nats",
        ]
    if votes := vote_label(numbers):
        lines.insert(0, votes.removeprefix("votes, "))
    if beyond := int(values.loc["without prediction", "value"]):
        lines += [f"{beyond} at p ≥ 1 not shown:", "no finite prediction"]
    if diverged := int(values.loc["diverged", "value"]):
        lines.append(f"{diverged} not shown: diverged")
    return "\n".join(lines)
