"""Means over seeds and their intervals."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaincinv, stdtrit


class Interval(NamedTuple):
    """A mean, its confidence limits (nan for fewer than two values) and the number of values."""

    mean: float
    low: float
    high: float
    n: int


def mean_interval(values: ArrayLike, level: float = 0.95) -> Interval:
    """Return the mean of values, one a seed, and its Student t interval; nan is left out."""
    values = np.asarray(values, dtype=float)
    values = values[~np.isnan(values)]
    n = len(values)
    if n == 0:
        return Interval(np.nan, np.nan, np.nan, 0)
    mean = float(values.mean())
    if n == 1:
        return Interval(mean, np.nan, np.nan, 1)
    half = stdtrit(n - 1, (1 + level) / 2) * values.std(ddof=1) / np.sqrt(n)
    return Interval(mean, float(mean - half), float(mean + half), n)


def other_seeds_interval(values: ArrayLike, level: float = 0.95) -> Interval:
    """Return the mean, and where the mean of as many other seeds lies with probability `level`.

    It is √2 times as wide as `mean_interval`, as both means err.
    """
    mean, low, high, n = mean_interval(values, level)
    return Interval(mean, mean - np.sqrt(2) * (mean - low), mean + np.sqrt(2) * (high - mean), n)


def binomial_limits(right: float, trials: int, tail: float = 0.025) -> tuple[float, float, float]:
    """Return a share with the limits of Clopper and Pearson, `tail` beyond each: 95 %."""
    low = betaincinv(right, trials - right + 1, tail) if right > 0 else 0.0
    high = betaincinv(right + 1, trials - right, 1 - tail) if right < trials else 1.0
    return right / trials, float(low), float(high)
