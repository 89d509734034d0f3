"""
The statistics behind the verdicts: what a study says of each of the paper's claims.

Each takes the cells of one data set, noise type and method and gives one value for each seed,
turned so that larger speaks for the claim. docs/claims.md states and justifies them.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd

from label_smoothing.analysis.fits import asks_for_label, measured_optimum
from label_smoothing.analysis.intervals import mean_interval
from label_smoothing.analysis.prediction import curves_over_p, explained_share, unscaled
from label_smoothing.theory.gamma import gamma_optimum

# Accuracies are shares of a few hundred images: what differs by less is equal.
TIE = 1e-9


class Measured(NamedTuple):
    """
    What a study says of a claim.

    Attributes
    ----------
    parts : DataFrame
        The statistic: one row a seed, one column a part of the claim.
    note : str
        What a reader should know beside it.
    highest : float
        Where the statistic chooses among p, a wrong choice speaks against the claim; this is then
        the upper limit of the most favourable choice.
    """

    parts: pd.DataFrame
    note: str
    highest: float = -np.inf


class Scale(NamedTuple):
    """On which scale means and limits are taken, and how they come back from it."""

    name: str
    back: Callable[[float], float]


EXPLAINED = Scale("-log(1 - R²)", unscaled)
LOGARITHM = Scale("the logarithm, by the jackknife", np.exp)


class NotTestableError(ValueError):
    """What the study lacks for a claim."""


# ---- the loss and the theory --------------------------------------------------------------------


def share_explained(cells: pd.DataFrame) -> Measured:
    """
    Return the R² of measured against predicted losses, on the scale of `EXPLAINED`.

    Losses 1, 2, 3 that are predicted as 1, 2, 2 lack 1 of the 2 that is their spread: R² = 0.5.
    """
    explained = explained_share(cells)
    _require_rates(explained.deviations, 2, "clean rates below 1 and memorised")
    used = f"{explained.deviations.size} of {explained.cells} cells memorised by every seed"
    return Measured(_one_part(explained.scaled_shares), f"RMSE {explained.rmse:.2f} nats, {used}")


def growth_of_optimum(cells: pd.DataFrame) -> Measured:
    """
    Return the slope of the measured p* of the loss over a, by least squares.

    p* of 0.8, 0.9, 1 at a = 0.5, 0.75, 1 has the slope 0.4.
    """
    curves = curves_over_p(cells, "test_loss")
    _require_rates(curves, 3, "clean rates")
    minima = _minima(curves)
    slope = np.polyfit(minima.index, minima, 1)[0]
    ends = minima.mean(axis=1).iloc[[0, -1]]
    note = " to ".join(f"p* {p:.2f} at a = {a:g}" for a, p in ends.items())
    return Measured(_one_part(pd.Series(slope, minima.columns)), note)


def nearness_of_gamma(cells: pd.DataFrame) -> Measured:
    """
    Return how much nearer gamma's p* are to the measured ones than alpha's and than beta's.

    Measured p* of 0.6, 0.7, 0.8 where gamma says 0.6, 0.6, 0.8 and alpha 0.9, 0.9, 0.9 are 0.06
    from gamma and 0.22 from alpha (root mean squares): gamma is nearer by 0.16.
    """
    cells = cells[cells["a"] < 1]
    curves = curves_over_p(cells, "test_loss", memorised=True)
    _require_rates(curves, 2, "clean rates below 1 and memorised")
    minima = _minima(curves)
    rates = cells.groupby("a").first().loc[minima.index]
    theories = {
        "alpha": rates["expected_clean_rate"],
        "beta": rates["expected_agreement"],
        "gamma": gamma_optimum(rates["expected_clean_rate"], int(rates["classes"].iloc[0])),
    }
    distance = pd.DataFrame(
        {name: np.sqrt((minima.sub(p, axis=0) ** 2).mean()) for name, p in theories.items()}
    )
    note = ", ".join(f"{name} {mean:.2f}" for name, mean in distance.mean().items())
    nearer = distance[["alpha", "beta"]].sub(distance["gamma"], axis=0)
    return Measured(nearer.add_prefix("than "), f"distances: {note}; the paper says it of MNIST")


# ---- the accuracy -------------------------------------------------------------------------------


def worth_of_own_p(cells: pd.DataFrame) -> Measured:
    """
    Return how many points the accuracy gains at its own best p over the best p of the loss.

    Both p are chosen on the other seeds. Where theirs are accurate to 0.7, 0.8, 0.6 at three p and
    their loss is lowest at the third, a seed with 0.71, 0.76, 0.72 gains 0.76 - 0.72: 4 points.
    """
    cells = _above_chance(cells[cells["a"] < 1])
    losses, accuracies = curves_over_p(cells, "test_loss"), curves_over_p(cells, "test_accuracy")
    _require_rates(accuracies, 1, "clean rates below 1")
    _require_others(accuracies)
    gains = 100 * _each_rate(_accuracy_gained, accuracies, losses)
    note = f"largest at a = {gains.mean(axis=1).idxmax():g}"
    most = 100 * np.mean(_values_of_rates(_most_gained, accuracies, losses))
    return Measured(_one_part(gains.mean()), note, most)


def _accuracy_gained(p, accuracy, loss):
    gained = []
    for seed, lowest in enumerate(_lowest_of_others(loss)):
        of_accuracy = np.delete(accuracy, seed, axis=1).mean(axis=1)
        best = of_accuracy >= of_accuracy.max() - TIE
        gained.append(accuracy[best, seed].mean() - accuracy[lowest, seed])
    return gained


def _most_gained(p, accuracy, loss):
    """Return the highest upper limit of what any p gains over the best one for the loss."""
    of_loss = accuracy[_lowest_of_others(loss), range(accuracy.shape[1])]
    return max(mean_interval(gain).high for gain in accuracy - of_loss)


def _lowest_of_others(loss):
    return [np.delete(loss, seed, axis=1).mean(axis=1).argmin() for seed in range(loss.shape[1])]


def gain_of_weak_smoothing(cells: pd.DataFrame) -> Measured:
    """
    Return the points that p from 0.9 to below 1 gains over p = 1, and costs at lower a.

    With accuracies 0.80, 0.84 at p = 0.9, 0.95 and 0.81 at p = 1, smoothing gains 1 point there.
    """
    p = cells["p"]
    none = curves_over_p(cells[p == 1], "test_accuracy", 1).droplevel("p")
    weak = curves_over_p(cells[(p >= 0.9) & (p < 1)], "test_accuracy", 1).groupby("a").mean()
    if none.empty or weak.empty:
        raise NotTestableError("no p = 1 or no p from 0.9 to below 1 that every seed has")
    gain = 100 * (weak - none).dropna()
    near = gain.index >= 0.9
    if not near.any() or near.all():
        raise NotTestableError("no clean rate from 0.9 on or none below it")
    inside, elsewhere = gain[near].mean(), gain[~near].mean()
    means = gain[~near].mean(axis=1)
    note = (
        f"gain {inside.mean():+.1f} points from a = 0.9 on, {elsewhere.mean():+.1f} below, "
        f"at worst {means.min():+.1f} at a = {means.idxmin():g}"
    )
    return Measured(pd.DataFrame({"the gain": inside, "the cost": -elsewhere}), note)


def barrier_between_minima(cells: pd.DataFrame) -> Measured:
    """
    Return how many points the error rises between two minima.

    Errors of 0.2, 0.5, 0.3 at three p have two minima; from the higher one, 0.3, the error rises by
    20 points. Errors of 0.2, 0.3, 0.5 have one: the rise is -20 points. The three p are those where
    the other seeds' mean error rises most.
    """
    errors = 1 - curves_over_p(_above_chance(cells[cells["a"] <= 0.85]), "test_accuracy")
    _require_rates(errors, 1, "clean rates up to 0.85")
    _require_others(errors)
    barriers = 100 * _each_rate(_barrier, errors)
    note = f"highest at a = {barriers.mean(axis=1).idxmax():g}"
    highest = 100 * np.mean(_values_of_rates(_highest_barrier, errors))
    return Measured(_one_part(barriers.mean()), note, highest)


def _barrier(p, error):
    heights = []
    for seed, own in enumerate(error.T):
        others = np.delete(error, seed, axis=1).mean(axis=1)
        triples = [
            (others[:top].argmin(), top, top + 1 + others[top + 1 :].argmin())
            for top in range(1, len(others) - 1)
        ]
        left, top, right = max(
            triples, key=lambda t, curve=others: curve[t[1]] - max(curve[t[0]], curve[t[2]])
        )
        heights.append(own[top] - max(own[left], own[right]))
    return heights


def _highest_barrier(p, error):
    """
    Return the highest barrier that the seeds allow, over all choices of three p.

    With mean errors 0.2, 0.5, 0.3 and upper limits 5 points above each rise, the rises to the top
    are at most 35 points from the left and 25 from the right: the barrier is at most 25 points.
    """
    rises = [[mean_interval(top - foot).high for foot in error] for top in error]
    return max(
        min(max(rise[:top]), max(rise[top + 1 :])) for top, rise in enumerate(rises[1:-1], start=1)
    )


def scatter_at_early_stopping(cells: pd.DataFrame) -> Measured:
    """
    Return how far the best p at early stopping scatters over seeds, on the scale of `LOGARITHM`.

    Best p of 0.3, 0.6, 0.9 in three seeds scatter by 0.3; the grid of these three p, drawn from
    blindly, by 0.24: a share of 1.2. A share has no value a seed, so the jackknife gives one: what
    is lost without the seed.
    """
    cells = _above_chance(cells)
    curves = curves_over_p(cells, "oracle_stop_accuracy")
    _require_rates(curves, 4, "clean rates")
    if curves.shape[1] < 3:
        raise NotTestableError("fewer than 3 seeds: without one of them, two must be left")
    p = curves.index.unique("p").to_numpy()
    best = _each_rate(_tied_maximum, curves)
    # No less than if one of the cells were one p of the grid off: none has no logarithm.
    least = np.diff(np.sort(p)).min() ** 2 / best.size
    blind, n = p.var(), curves.shape[1]

    def scatter(best: pd.DataFrame) -> float:
        return np.log(np.sqrt(max(best.var(axis=1).mean(), least) / blind))

    without = np.array([scatter(best.drop(columns=seed)) for seed in best])
    jackknifed = pd.Series(n * scatter(best) - (n - 1) * without, best.columns)
    of_loss = np.exp(scatter(_minima(curves_over_p(cells, "test_loss"))))
    return Measured(_one_part(jackknifed), f"that of the loss scatters by {of_loss:.2f}")


def _tied_maximum(p, accuracy):
    best = accuracy >= accuracy.max(axis=0) - TIE
    return (p[:, None] * best).sum(axis=0) / best.sum(axis=0)


# ---- shared -------------------------------------------------------------------------------------


def _require_rates(curves: pd.DataFrame, fewest: int, what: str) -> None:
    found = len(curves.index.unique("a"))
    if found < fewest:
        raise NotTestableError(f"{found} {what} with 3 p that every seed has, {fewest} needed")


def _require_others(curves: pd.DataFrame) -> None:
    if curves.shape[1] < 2:
        raise NotTestableError("one seed; p is chosen on one and scored on another")


def _values_of_rates(measure: Callable, *curves: pd.DataFrame) -> list:
    """Return what `measure` makes of p and the curves, arrays (p, seed), at each a."""
    return [
        measure(curves[0].loc[a].index.to_numpy(), *(curve.loc[a].to_numpy() for curve in curves))
        for a in curves[0].index.unique("a")
    ]


def _each_rate(measure: Callable, *curves: pd.DataFrame) -> pd.DataFrame:
    """Return the same as a table, for a `measure` of one value a seed: index a, a column a seed."""
    values = _values_of_rates(measure, *curves)
    return pd.DataFrame(values, curves[0].index.unique("a"), curves[0].columns)


def _above_chance(cells: pd.DataFrame) -> pd.DataFrame:
    return cells[asks_for_label(cells["p"], cells["classes"])]


def _one_part(values: pd.Series) -> pd.DataFrame:
    return values.to_frame("")


def _minima(losses: pd.DataFrame) -> pd.DataFrame:
    """Return the p of the lowest loss: index a, a column a seed."""
    return _each_rate(lambda p, loss: [measured_optimum(p, seed)[0] for seed in loss.T], losses)
