"""Loss, accuracy and early-stopped accuracy over the clean rate and p (Figure 9 of the paper)."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from label_smoothing.figures.kit import (
    by_quantity,
    draw_legend,
    draw_means,
    draw_title,
    identified,
    labels_given,
    mean_of,
    of_noise,
    rate_axis,
    vote_label,
)
from label_smoothing.figures.plane import (
    LOSS_COLOURS,
    MARK,
    PAPER,
    SHARE_COLOURS,
    best_values,
    cell_means,
    cell_width,
    draw_cells,
    loss_scale,
    predicted_accuracies,
)
from label_smoothing.figures.style import (
    BLACK,
    MEASURED,
    OPEN,
    PREDICTED,
    SMOOTHING,
    VOTES,
    WHITE,
    house_style,
)
from label_smoothing.theory.rates import asks_for_label

_SCORES = {
    "test_loss": "test loss",
    "test_accuracy": "test accuracy",
    "oracle_stop_accuracy": "accuracy at early stopping",
    "honest_stop_accuracy": "accuracy at early stopping on these labels",
}
_SEED_MARK = {**MARK, "ms": 3.5, "mfc": BLACK, "mec": WHITE, "mew": 0.5, "zorder": 4}


def numbers(tables: pd.DataFrame, votes: pd.DataFrame | None = None) -> pd.DataFrame:
    """
    Return for each score, over a and p, its means and where it is best.

    Scores are test_loss, test_accuracy and oracle_stop_accuracy, of given labels
    honest_stop_accuracy against the same. "best" is the p of the best mean at each clean rate,
    "seed's best" the same of one seed; several of equals. Of the accuracies, "all p" is the mean of
    these means over p > 1/M, whose low and high are the lowest and the highest; "paper" and "voted"
    are those of the theories.
    """
    stop = "honest_stop_accuracy" if labels_given(tables) else "oracle_stop_accuracy"
    scores = ["test_loss", "test_accuracy", stop]
    if labels_given(tables) and tables[stop].isna().all():  # of checked labels
        scores.remove(stop)
    parts = []
    for score in scores:
        highest = score != "test_loss"
        means = cell_means(tables, score)
        single = tables[["a", "p", "seed"]].assign(
            score=score, value=tables[score].astype(float), seeds=1, diverged=0
        )
        best = best_values(means, highest, ["a"]).assign(quantity="best")
        of_seed = best_values(single, highest, ["a", "seed"]).assign(quantity="seed's best")
        parts += [means, best, of_seed]
        if highest:
            parts.append(_over_all_p(means, tables["classes"].iloc[0]))
    grid = np.linspace(tables["a"].min(), 1, 61)
    parts.append(predicted_accuracies(tables, votes, grid).assign(score="test_accuracy"))
    names = ("dataset", "noise", "assumption", "method", "classes")
    return identified(pd.concat(parts, ignore_index=True), tables, *names)


def _over_all_p(means: pd.DataFrame, M: int) -> pd.DataFrame:
    """Return for each clean rate the mean and the ends of the values at p > 1/M, or at all p."""
    asking = asks_for_label(means["p"], M)
    groups = means[asking if asking.any() else slice(None)].groupby(["score", "a"], sort=False)
    over_p = groups["value"].agg(value="mean", low="min", high="max").reset_index()
    # A mean of equals may be off by its rounding.
    over_p["value"] = over_p["value"].clip(over_p["low"], over_p["high"])
    seeds = groups["seeds"].min().to_numpy()
    return over_p.assign(quantity="all p", seeds=seeds)


@house_style(grid=False)
def draw(numbers: pd.DataFrame, study: str) -> plt.Figure:
    """Draw landscapes of loss and accuracies with their best p, and the accuracies over a."""
    means = numbers[numbers["quantity"] == "mean"]
    accuracies = means.loc[means["score"] != "test_loss", "value"]
    known = accuracies.notna().any()
    shares = plt.Normalize(*(accuracies.min(), accuracies.max()) if known else (0, 1))
    losses = means.loc[means["score"] == "test_loss", "value"]
    nats = loss_scale(losses, numbers["classes"].iloc[0])
    scores = means["score"].unique()
    widths = 4.1 * len(scores), 3.6
    figure = plt.figure(figsize=(sum(widths), 4.6), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=widths)
    panels = left.subplots(1, len(scores), sharex=True, sharey=True)
    for panel, score in zip(panels, scores, strict=True):
        by = by_quantity(numbers[numbers["score"] == score])
        scale = (LOSS_COLOURS, nats) if score == "test_loss" else (SHARE_COLOURS, shares)
        mesh = draw_cells(panel, by["mean"], *scale)
        if len(by["best"]):  # else everything diverged
            panel.plot(by["best"]["a"], by["best"]["p"], **MARK, label="best mean over seeds")
            singles = by["seed's best"]
            places = _beside(singles, cell_width(by["mean"]["a"]))
            panel.plot(places, singles["p"], **_SEED_MARK, label="best of a single seed")
        panel.set_title(_SCORES[score], fontsize=10)
        panel.set_xlabel(rate_axis(numbers))
        if score == "test_loss":
            left.colorbar(mesh, ax=panel, pad=0.02).set_label("nats; grey: more")
    left.colorbar(mesh, ax=panels[1:], pad=0.01).set_label("accuracy")
    panels[0].set_ylabel(SMOOTHING)
    over_a = right.subplots()
    _draw_over_a(over_a, by_quantity(numbers), vote_label(numbers))
    over_a.set(xlabel=rate_axis(numbers), ylabel="accuracy")
    draw_legend(figure, 4)
    text = f"{of_noise(numbers)}, {mean_of(means['seeds'], interval='')}"
    draw_title(figure.suptitle, study, text)
    return figure


def _draw_over_a(panel: plt.Axes, by: dict[str, pd.DataFrame], votes: str) -> None:
    """Draw the accuracies, which no theory lets depend on p, with the range over p as bars."""
    if len(line := by["paper"]):
        panel.plot(line["a"], line["value"], color=PREDICTED, lw=1.8, label=PAPER)
    if len(line := by["voted"]):
        panel.plot(line["a"], line["value"], **VOTES, label=votes)
    for score, points in by["all p"].groupby("score", sort=False):
        at_end = score == "test_accuracy"
        style = {
            "mfc": MEASURED if at_end else OPEN,
            "label": "measured, mean and range over p" if at_end else "the same at early stopping",
        }
        beside = -0.004 if at_end else 0.004
        draw_means(panel, points, "a", "value", beside, fmt="s", color=MEASURED, **style)
    panel.grid(visible=True)
    panel.set_title("accuracy over all p", fontsize=10)


def _beside(singles: pd.DataFrame, width: float) -> pd.Series:
    """Return where the mark of each seed stands: side by side within its cell."""
    seeds = sorted(singles["seed"].unique())
    places = np.linspace(-1, 1, len(seeds) + 2)[1:-1] * 0.6 * min(width, 0.1)
    return singles["a"] + singles["seed"].map(dict(zip(seeds, places, strict=True)))
