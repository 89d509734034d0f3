"""What a statistic says of a claim, and the pieces that the statistics share."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd

from label_smoothing.analysis.theory_fits import measured_optimum
from label_smoothing.theory.rates import asks_for_label

# Accuracies are shares of a few hundred images: what differs by less is equal.
TIE = 1e-9


class Measured(NamedTuple):
    """
    What a study says of a claim.

    Attributes
    ----------
    parts : DataFrame
        The statistic: one row a seed; one column a part of the claim, or a clean rate.
    note : str or dict
        What a reader should know beside it, or that by clean rate.
    paper : DataFrame, optional
        Of the vote theory's claims: the same with k = 1.
    """

    parts: pd.DataFrame
    note: str | dict[float, str]
    paper: pd.DataFrame | None = None


class NotTestableError(ValueError):
    """What the study lacks for a claim; more seeds would not help."""


class TooFewSeedsError(ValueError):
    """What the statistic of a claim needs several seeds for."""


def one_part(values: pd.Series) -> pd.DataFrame:
    """Return the statistic of a claim that has no parts as `Measured` takes it."""
    return values.to_frame("")


def require_rates(table: pd.DataFrame, fewest: int, what: str) -> None:
    """Raise NotTestableError unless a table of curves has so many clean rates."""
    found = len(table.index.unique("a"))
    if found < fewest:
        raise NotTestableError(f"{found} {what} with 3 p that every seed has, {fewest} needed")


def require_others(curves: pd.DataFrame) -> None:
    """Raise TooFewSeedsError unless there are other seeds to choose p on."""
    if curves.shape[1] < 2:
        raise TooFewSeedsError("one seed: p is chosen on one and scored on another")


def above_chance(cells: pd.DataFrame) -> pd.DataFrame:
    """Return the cells with p > 1/M, where a network is asked for its label."""
    return cells[asks_for_label(cells["p"], cells["classes"])]


def more_right_than_chance(cells: pd.DataFrame) -> pd.DataFrame:
    """Return the cells with a > 1/M."""
    return cells[asks_for_label(cells["a"], cells["classes"])]


def minima(losses: pd.DataFrame) -> pd.DataFrame:
    """Return the p of the lowest loss: index a, a column a seed."""
    return each_rate(lambda p, loss: [measured_optimum(p, seed)[0] for seed in loss.T], losses)


def tied_maximum(p: np.ndarray, accuracy: np.ndarray) -> np.ndarray:
    """Return for each seed the p with the highest accuracy, the mean of equals."""
    best = accuracy >= accuracy.max(axis=0) - TIE
    return (p[:, None] * best).sum(axis=0) / best.sum(axis=0)


def each_rate(measure: Callable, *curves: pd.DataFrame) -> pd.DataFrame:
    """Return what `measure` makes of p and the curves, arrays (p, seed), with index a."""
    values = values_of_rates(measure, *curves)
    return pd.DataFrame(values, curves[0].index.unique("a"), curves[0].columns)


def values_of_rates(measure: Callable, *curves: pd.DataFrame) -> list:
    """Return the same as a list, an entry a clean rate."""
    return [
        measure(curves[0].loc[a].index.to_numpy(), *(curve.loc[a].to_numpy() for curve in curves))
        for a in curves[0].index.unique("a")
    ]


def means_of_others(curve: np.ndarray) -> np.ndarray:
    """Return for each seed the mean over the other seeds, (p, seed)."""
    seeds = range(curve.shape[1])
    return np.stack([np.delete(curve, seed, axis=1).mean(axis=1) for seed in seeds], axis=1)


def at_rates(what: str, values: pd.Series) -> str:
    """Return a note with a value at each clean rate."""
    return f"{what}: " + ", ".join(f"{value:.2f} at a = {a:g}" for a, value in values.items())


def note_of_each(text: str, values: pd.Series) -> dict[float, str]:
    """Return a note for each clean rate."""
    return {a: text.format(value) for a, value in values.items()}
