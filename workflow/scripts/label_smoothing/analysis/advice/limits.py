"""Means over seeds and test images with their limits, and which of several are the best."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from scipy.special import stdtrit


class Limits(NamedTuple):
    """A value and its 95 % interval; nan where nothing is known."""

    value: float
    low: float = np.nan
    high: float = np.nan

    @property
    def open_sign(self) -> bool:
        """Whether the interval holds 0."""
        return self.low <= 0 <= self.high


UNKNOWN = Limits(np.nan)


def covariance_of_mean(values: np.ndarray) -> np.ndarray:
    """
    Return the covariance of a mean over seeds and test images, both samples, shape (P, P).

    `values` are P for each of S seeds on the same N images, shape (S, N, P). The variances of
    images, of seeds and of the rest are each divided by their own number: what all seeds share on
    an image does not become less with more seeds. With one seed, the differences between seeds are
    missing.
    """
    S, N, P = values.shape
    rows, columns = values.mean(axis=0), values.mean(axis=1)
    total = np.cov(rows, rowvar=False).reshape(P, P) / N
    if S == 1:
        return total
    rest = (values - rows - columns[:, None] + rows.mean(axis=0)).reshape(-1, P)
    rest = rest.T @ rest / ((N - 1) * (S - 1))
    seeds = (np.cov(columns, rowvar=False).reshape(P, P) - rest / N) / S
    sizes, directions = np.linalg.eigh(seeds)  # of few seeds the difference may be negative
    return total + (directions * np.clip(sizes, 0, None)) @ directions.T


def mean_with_limits(values: np.ndarray, choices: int = 1) -> Limits:
    """
    Return a mean over seeds and test images, shape (S, N), with its 95 % limits.

    Student's quantile, with Satterthwaite's degrees of freedom for the variance of images and that
    of seeds. `choices` such intervals shall hold at once (Bonferroni).
    """
    S, N = values.shape
    mean = float(values.mean())
    total = float(covariance_of_mean(values[..., None])[0, 0])
    if total == 0:
        return Limits(mean, mean, mean)
    images = float(values.mean(axis=0).var(ddof=1)) / N
    seeds = max(total - images, 0.0)
    degrees = total**2 / (images**2 / (N - 1) + (seeds**2 / (S - 1) if S > 1 else 0.0))
    half = float(stdtrit(degrees, 1 - 0.025 / choices)) * total**0.5
    return Limits(mean, mean - half, mean + half)


def envelope(estimates: Iterable[Limits]) -> Limits:
    """Return the first estimate, within limits that hold all of them; unknown if there is none."""
    if not (values := np.array(list(estimates))).size:
        return UNKNOWN
    return Limits(float(values[0, 0]), float(values[:, 1].min()), float(values[:, 2].max()))


def envelope_of_shares(estimates: Iterable[Limits]) -> Limits:
    """Return what `envelope` does, between 0 and 1."""
    return Limits(*(float(end) for end in np.clip(envelope(estimates), 0, 1)))


class Choice(NamedTuple):
    """The place of the best p, and of all that these data cannot tell from it."""

    best: int
    tied: np.ndarray


def choose(costs: np.ndarray) -> Choice:
    """
    Return the p of lowest mean cost, and those whose excess may be 0.

    `costs` have the shape (S, N, P), paired over seeds and images. The limits of all excesses hold
    at once.
    """
    P = costs.shape[2]
    best = int(costs.mean(axis=(0, 1)).argmin())
    tied = [
        j == best or mean_with_limits(costs[..., j] - costs[..., best], max(P - 1, 1)).low <= 0
        for j in range(P)
    ]
    return Choice(best, np.flatnonzero(tied))


def choose_by_all(costs: list[np.ndarray]) -> Choice:
    """Return the best p by the first of several costs, and all that any of them ties with."""
    found = [choose(cost) for cost in costs]
    return Choice(found[0].best, np.unique(np.concatenate([choice.tied for choice in found])))
