"""
The statistics of the accuracy, at the end and at early stopping.

Each p is chosen on the other seeds, or noise alone would win.
"""

import numpy as np
import pandas as pd

from label_smoothing.analysis.cells import curves_over_p
from label_smoothing.analysis.claims.measured import (
    TIE,
    Measured,
    NotTestableError,
    above_chance,
    at_rates,
    each_rate,
    means_of_others,
    minima,
    more_right_than_chance,
    one_part,
    require_others,
    require_rates,
    tied_maximum,
    values_of_rates,
)


def worth_of_smaller_p(cells: pd.DataFrame) -> Measured:
    """
    Return how many points the accuracy gains at the best p below the loss's.

    Both p are chosen on the other seeds. Where theirs are accurate to 0.7, 0.8, 0.6 at three p and
    their loss is lowest at the third, a seed with 0.71, 0.76, 0.72 gains 0.76 - 0.72: 4 points.
    """
    cells = above_chance(cells[cells["a"] < 1])
    losses, accuracies = curves_over_p(cells, "test_loss"), curves_over_p(cells, "test_accuracy")
    require_rates(accuracies, 1, "clean rates below 1")
    require_others(accuracies)
    gains = 100 * each_rate(_gain_of_smaller_p, accuracies, losses)
    apart = (minima(losses) - each_rate(tied_maximum, accuracies)).mean(axis=1)
    note = at_rates("p* of the loss minus p* of the accuracy", apart)
    return Measured(one_part(gains.mean()), note)


def _gain_of_smaller_p(p, accuracy, loss):
    gained = []
    choices = zip(means_of_others(loss).argmin(axis=0), means_of_others(accuracy).T, strict=True)
    for seed, (lowest, others) in enumerate(choices):
        # Where none is below, the loss's own p: it gains 0.
        smaller = others[: max(lowest, 1)]
        best = np.flatnonzero(smaller >= smaller.max() - TIE)
        gained.append(accuracy[best, seed].mean() - accuracy[lowest, seed])
    return gained


def gain_of_weak_smoothing(cells: pd.DataFrame) -> Measured:
    """
    Return the points that p = 0.9 and 0.95 gain over p = 1, and cost at lower a.

    With accuracies 0.80, 0.84 at p = 0.9, 0.95 and 0.81 at p = 1, smoothing gains 1 point there.
    """
    cells = more_right_than_chance(cells)
    p = cells["p"]
    none = curves_over_p(cells[p == 1], "test_accuracy", 1).droplevel("p")
    weak = curves_over_p(cells[p.isin([0.9, 0.95])], "test_accuracy", 1).groupby("a").mean()
    if none.empty or weak.empty:
        raise NotTestableError("no p = 1, or neither p = 0.9 nor 0.95, that every seed has")
    gain = 100 * (weak - none).dropna()
    near = gain.index >= 0.9
    if not near.any() or near.all():
        raise NotTestableError("no clean rate from 0.9 on or none between 1/M and 0.9")
    inside, elsewhere = gain[near].mean(), gain[~near].mean()
    means = gain[~near].mean(axis=1)
    note = (
        f"gain {inside.mean():+.1f} points from a = 0.9 on, {elsewhere.mean():+.1f} below, "
        f"at worst {means.min():+.1f} at a = {means.idxmin():g}"
    )
    return Measured(pd.DataFrame({"the gain": inside, "the cost": -elsewhere}), note)


def two_minima_of_error(cells: pd.DataFrame) -> Measured:
    """
    Return how deep the valley at small p lies below p = 1, and how high the barrier between is.

    Errors of 0.2, 0.5, 0.3 at p = 0.3, 0.7 and 1: the depth is 10 points, the barrier 20. Errors
    of 0.2, 0.3, 0.5 have the depth 30 and the barrier -20. The p are chosen on the other seeds.
    """
    cells = more_right_than_chance(above_chance(cells[cells["a"] <= 0.85]))
    errors = 1 - curves_over_p(cells[cells["p"] <= 1], "test_accuracy")
    errors = errors.groupby("a").filter(_reaches_from_small_p_to_1)
    require_rates(errors, 1, "clean rates up to 0.85, and p = 1, a p up to 0.5 and one between,")
    require_others(errors)
    valleys = values_of_rates(_valley, errors)
    depth, barrier = 100 * np.mean(valleys, axis=0)
    parts = pd.DataFrame({"the depth": depth, "the barrier": barrier}, errors.columns)
    best = errors.mean(axis=1).groupby("a").idxmin()
    note = at_rates("lowest error at p", pd.Series([p for _, p in best], best.index))
    return Measured(parts, note)


def _reaches_from_small_p_to_1(curve):
    p = curve.index.get_level_values("p")
    return p[0] <= 0.5 and len(p) >= 3 and p[-1] == 1


def _valley(p, error):
    """Return the depths and the barriers, a value a seed."""
    small = np.count_nonzero(p <= 0.5)
    depths, barriers = [], []
    for own, others in zip(error.T, means_of_others(error).T, strict=True):
        # A top must fit between the valley and p = 1.
        foot = others[: min(small, len(p) - 2)].argmin()
        top = foot + 1 + others[foot + 1 : -1].argmax()
        lowest = others.argmin()
        depths.append(own[lowest if lowest >= small else -1] - own[foot])
        barriers.append(own[top] - own[-1])
    return depths, barriers


def scatter_at_early_stopping(cells: pd.DataFrame) -> Measured:
    """
    Return how far a seed's best p at early stopping lies from that of the other seeds.

    Root mean square over a, as a share of what p drawn blindly from the grid have. With the best
    p 0.3, 0.6, 0.9 in three seeds, the first is 0.45 from the mean of the others; blind draws from
    these three p are 0.30 from it: a share of 1.5.
    """
    cells = above_chance(cells)
    curves = curves_over_p(cells, "oracle_stop_accuracy")
    require_rates(curves, 4, "clean rates")
    require_others(curves)
    n, p = curves.shape[1], curves.index.unique("p").to_numpy()
    best = each_rate(tied_maximum, curves)
    blind = p.std() * np.sqrt(n / (n - 1))
    of_loss = _apart(minima(curves_over_p(cells, "test_loss"))).mean() / blind
    note = f"that of the loss scatters by {of_loss:.2f}"
    return Measured(one_part(_apart(best) / blind), note)


def _apart(best):
    """Return the root mean square distance of each seed's p from the other seeds' mean."""
    others = pd.DataFrame(means_of_others(best.to_numpy()), best.index, best.columns)
    return np.sqrt(((best - others) ** 2).mean())


def gain_at_early_stopping(cells: pd.DataFrame) -> Measured:
    """
    Return how many points the best p below 1 gains over p = 1 at early stopping.

    The p is chosen on the other seeds. Where their early-stopped accuracies are 0.90, 0.93, 0.92 at
    p = 0.5, 0.8 and 1, a seed with 0.91, 0.92, 0.93 gains 0.92 - 0.93: -1 point.
    """
    cells = more_right_than_chance(above_chance(cells[cells["a"] < 1]))
    curves = curves_over_p(cells[cells["p"] <= 1], "oracle_stop_accuracy")
    curves = curves.groupby("a").filter(lambda curve: curve.index[-1][1] == 1)
    require_rates(curves, 1, "clean rates below 1, and p = 1,")
    require_others(curves)
    gains = 100 * each_rate(_gain_over_none, curves)
    note = at_rates("gain in points", gains.mean(axis=1))
    return Measured(one_part(gains.mean()), note)


def _gain_over_none(p, accuracy):
    gained = []
    for own, others in zip(accuracy.T, means_of_others(accuracy[:-1]).T, strict=True):
        gained.append(own[:-1][others >= others.max() - TIE].mean() - own[-1])
    return gained
