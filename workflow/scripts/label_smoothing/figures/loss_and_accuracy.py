"""Loss, accuracy and early-stopped accuracy over the clean rate and p (Figure 9 of the paper)."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from label_smoothing.figures.kit import (
    by_quantity,
    draw_legend,
    draw_title,
    identified,
    labels_given,
    mean_of,
    of_noise,
    rate_axis,
)
from label_smoothing.figures.plane import (
    LOSS_COLOURS,
    MARK,
    SHARE_COLOURS,
    best_values,
    cell_edges,
    cell_means,
    draw_cells,
    loss_scale,
)
from label_smoothing.figures.style import SMOOTHING, house_style

_SCORES = {
    "test_loss": "test loss",
    "test_accuracy": "test accuracy",
    "oracle_stop_accuracy": "accuracy at early stopping",
    "honest_stop_accuracy": "accuracy at early stopping on these labels",
}
_SEED_MARK = {**MARK, "ms": 3.5, "mfc": "black", "mec": "white", "mew": 0.5, "zorder": 4}


def numbers(tables: pd.DataFrame) -> pd.DataFrame:
    """
    Return the numbers of the figure.

    Parameters
    ----------
    tables : DataFrame
        Slices of one data set, noise type and method, see `comparison.compare_with_theory`.

    Returns
    -------
    DataFrame
        For each score (test_loss in nats, test_accuracy, oracle_stop_accuracy, of given labels
        honest_stop_accuracy against the same) rows with quantity
        "mean" (over the seeds of a cell), "best" (the p of the lowest mean loss or the highest mean
        accuracy at each clean rate) and "seed's best" (the same of one seed); several of equals.
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
    names = ("dataset", "noise", "assumption", "method", "classes")
    return identified(pd.concat(parts, ignore_index=True), tables, *names)


@house_style(grid=False)
def draw(numbers: pd.DataFrame, study: str) -> plt.Figure:
    """Draw the landscapes: loss, accuracy, accuracy at early stopping, with their best p."""
    means = numbers[numbers["quantity"] == "mean"]
    accuracies = means.loc[means["score"] != "test_loss", "value"]
    shares = plt.Normalize(accuracies.min(), accuracies.max())
    losses = means.loc[means["score"] == "test_loss", "value"]
    nats = loss_scale(losses, numbers["classes"].iloc[0])
    scores = means["score"].unique()
    size = (0.4 + 4.0 * len(scores), 4.6)
    figure, panels = plt.subplots(
        1, len(scores), figsize=size, sharex=True, sharey=True, layout="constrained"
    )
    for panel, score in zip(panels, scores, strict=True):
        by = by_quantity(numbers[numbers["score"] == score])
        scale = (LOSS_COLOURS, nats) if score == "test_loss" else (SHARE_COLOURS, shares)
        mesh = draw_cells(panel, by["mean"], *scale)
        panel.plot(by["best"]["a"], by["best"]["p"], **MARK, label="best mean over seeds")
        singles = by["seed's best"]
        places = _beside(singles, by["mean"]["a"].unique())
        panel.plot(places, singles["p"], **_SEED_MARK, label="best of a single seed")
        panel.set_title(_SCORES[score], fontsize=10)
        panel.set_xlabel(rate_axis(numbers))
        if score == "test_loss":
            figure.colorbar(mesh, ax=panel, pad=0.02).set_label("nats; grey: more")
    figure.colorbar(mesh, ax=panels[1:], pad=0.01).set_label("accuracy")
    panels[0].set_ylabel(SMOOTHING)
    draw_legend(figure, 3)
    text = f"{of_noise(numbers)}, {mean_of(means['seeds'], interval='')}"
    draw_title(figure.suptitle, study, text)
    return figure


def _beside(singles: pd.DataFrame, rates: np.ndarray) -> pd.Series:
    """Return where the mark of each seed stands: side by side within its cell."""
    seeds = sorted(singles["seed"].unique())
    half = dict(zip(rates, np.diff(cell_edges(rates)).clip(max=0.1) / 2, strict=True))
    place = dict(zip(seeds, np.linspace(-1, 1, len(seeds) + 2)[1:-1] * 1.2, strict=True))
    return singles["a"] + singles["a"].map(half) * singles["seed"].map(place)
