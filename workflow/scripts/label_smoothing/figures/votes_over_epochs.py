"""The number of labels k while a network is trained: what early stopping does to it."""

import os
from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from label_smoothing.analysis.intervals import mean_interval
from label_smoothing.analysis.vote_fits import fit_votes, mean_votes, votes_of_accuracy
from label_smoothing.figures.kit import (
    by_quantity,
    draw_legend,
    draw_means,
    draw_title,
    identified,
    mean_of,
)
from label_smoothing.figures.style import GREEN, MEASURED, house_style
from label_smoothing.figures.votes_measured import BLACK, SOURCES, VOTES_AXIS, scale_votes
from label_smoothing.files import read_columns
from label_smoothing.theory.rates import asks_for_label, informative

_MOST_EPOCHS = 20
_OFF = 0.1  # nats, from which the theory is off
_COLUMNS = ["quantity", "a", "epoch", "value", "low", "high", "seeds", "rmse"]
_ACCURACIES = {"train_accuracy": (MEASURED, "-"), "test_accuracy": (GREEN, "--")}
_ACCURACY_OF = {"train_accuracy": "corrupted training labels", "test_accuracy": "clean test labels"}


def numbers(
    tables: pd.DataFrame,
    history: Sequence[str | os.PathLike],
    clean_rates: Sequence[float],
    smoothing: Sequence[float],
    seeds: Sequence[int],
) -> pd.DataFrame:
    """
    Return the numbers of the figure.

    Parameters
    ----------
    tables : DataFrame
        Slices of one data set, method and noise type with uniform noise.
    history : sequence of path, length of clean_rates times smoothing times seeds
        Training histories, in the order of these grids, seeds fastest.
    clean_rates, smoothing, seeds : sequence
        Clean rates below 1, smoothing parameters and seeds.

    Returns
    -------
    DataFrame
        At some of the epochs that were scored: rows with quantity "losses" (k fitted to the losses
        on clean test labels, one for all 1/M < p < 1; rmse in nats) and "accuracy" (k of the
        accuracy on clean test labels, mean over these p), mean over seeds with 95 % t-interval,
        both of log(k - 1); and "train_accuracy" and "test_accuracy" (of the corrupted training
        labels and the clean test labels, mean over these p) likewise.
    """
    M, p = int(tables["classes"].iloc[0]), np.asarray(smoothing, dtype=float)
    used = np.flatnonzero(informative(p, M) & asks_for_label(p, M))
    files = np.reshape(np.array(history, dtype=object), (len(clean_rates), len(p), len(seeds)))
    rows = []
    for a, of_rate in zip(clean_rates, files, strict=True):
        runs = [[_scores(file) for file in of_seed] for of_seed in of_rate[used].T]
        for epoch in _some_epochs(runs):
            fits = []
            accuracies: dict[str, list[float]] = {name: [] for name in _ACCURACIES}
            for of_seed in runs:
                now = pd.DataFrame([run.loc[epoch] for run in of_seed if epoch in run.index])
                if len(now) < len(used):  # a network diverged
                    continue
                fits.append(fit_votes(p[used], a, now["test_loss"], M, "alpha"))
                for name, values in accuracies.items():
                    values.append(now[name].mean())
            if not fits:
                continue
            of_accuracy = [votes_of_accuracy(x, a, M) for x in accuracies["test_accuracy"]]
            rmse = float(np.mean([fit.rmse for fit in fits]))
            rows.append(("losses", a, epoch, *mean_votes([fit.k for fit in fits]), rmse))
            rows.append(("accuracy", a, epoch, *mean_votes(of_accuracy), np.nan))
            for name, values in accuracies.items():
                rows.append((name, a, epoch, *mean_interval(values), np.nan))
    return identified(pd.DataFrame(rows, columns=_COLUMNS), tables, "dataset", "method")


def _scores(file):
    """Return the epochs of a network that were scored, and its scores there."""
    table = pd.DataFrame(read_columns(file)).set_index("epoch")
    table = table[["test_loss", *_ACCURACIES]]
    return table[np.isfinite(table["test_loss"])]


def _some_epochs(runs):
    """Return some of the scored epochs, denser at first, where more happens; with the last."""
    epochs = sorted({epoch for of_seed in runs for run in of_seed for epoch in run.index})
    if not epochs:
        return []
    wanted = np.geomspace(epochs[0], epochs[-1], _MOST_EPOCHS)
    return sorted({min(epochs, key=lambda epoch, x=x: abs(epoch - x)) for x in wanted})


@house_style()
def draw(numbers: pd.DataFrame, study: str) -> plt.Figure:
    """Draw k over the epochs, and below it the accuracies, a column for each clean rate."""
    rates = sorted(numbers["a"].unique())
    figure, panels = plt.subplots(
        2,
        max(len(rates), 1),
        figsize=(1.2 + 3.3 * max(len(rates), 1), 6.0),
        height_ratios=(3, 2),
        sharex=True,
        sharey="row",
        squeeze=False,
        layout="constrained",
    )
    measured = numbers[numbers["quantity"].isin(SOURCES)]
    for (above, below), a in zip(panels.T, rates, strict=False):
        by = by_quantity(numbers[numbers["a"] == a])
        losses = by["losses"]
        marker, colour, label = SOURCES["accuracy"]
        draw_means(above, by["accuracy"], "epoch", "value", fmt=marker, color=colour, label=label)
        for points, face, label in (
            (losses[losses["rmse"] <= _OFF], BLACK, "losses"),
            (losses[losses["rmse"] > _OFF], "white", f"losses, off by more than {_OFF:g} nats"),
        ):
            if len(points):
                style: dict[str, Any] = {"fmt": "^", "color": BLACK, "mfc": face, "label": label}
                draw_means(above, points, "epoch", "value", **style)
        above.set_title(f"clean rate a = {a:g}", fontsize=10)
        for name, (colour, dashes) in _ACCURACIES.items():
            line = by[name]
            label = f"accuracy on {_ACCURACY_OF[name]}"
            below.plot(line["epoch"], line["value"], dashes, color=colour, lw=1.8, label=label)
        below.set_ylim(0, 1.05)
    for above, below in panels.T:
        scale_votes(above, measured["value"])
        below.set_xscale("log")
        below.xaxis.set_major_formatter("{x:g}")
        below.set_xlabel("epoch")
    panels[0, 0].set_ylabel(VOTES_AXIS)
    panels[1, 0].set_ylabel("accuracy")
    draw_legend(figure, 3)
    text = f"labels that a network draws on, over its training, {mean_of(measured['seeds'])}"
    draw_title(figure.suptitle, study, text)
    return figure
