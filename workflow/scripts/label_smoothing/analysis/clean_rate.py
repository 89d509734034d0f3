"""
The clean rate from corrupted test labels alone: what share of the labels is right, and how sure.

No right label enters. The noise is uniform, and the test labels are as noisy as those of the
training (the paper's beta). Notation as in `label_smoothing.theory.votes`. Four estimates that rest
on different things, and a bound: docs/votes.md compares them.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.optimize import brentq
from scipy.special import stdtrit

from label_smoothing.analysis.intervals import binomial_limits
from label_smoothing.theory.rates import clean_rate_from_beta
from label_smoothing.theory.votes import share_loss

# Where the curves are computed: angles whose sine is kappa(a), close together where a is close to
# 1, and log(k - 1); and how fine the grid between is, by splines.
_ANGLES = np.linspace(0, np.pi / 2, 33)
_LOG_EXCESS = np.linspace(np.log(1e-4), np.log(1e4), 61)
_RATES, _VOTES = 601, 201
_LARGEST_DEVIATION = 10.0  # nats
_REPLICATES = 100  # of a bootstrap that only gives a standard deviation
_TWO_SIDED = float(stdtrit(np.inf, 0.975))


class RateEstimate(NamedTuple):
    """
    A clean rate and its 95 % interval.

    Attributes
    ----------
    estimate, low, high : float
        nan where the measurements say nothing.
    k, k_low, k_high : float
        Labels that a network draws on, where they are fitted too; 1 and inf where the losses set no
        limit.
    deviation : float
        What the theory leaves unexplained, standard deviation in nats; the interval includes it.
    """

    estimate: float
    low: float = np.nan
    high: float = np.nan
    k: float = np.nan
    k_low: float = np.nan
    k_high: float = np.nan
    deviation: float = np.nan


def covariance_of_mean(values: np.ndarray) -> np.ndarray:
    """
    Return the covariance of a mean over seeds and test images, both of which are samples.

    Parameters
    ----------
    values : ndarray, shape (S, N, P)
        P values for each of S seeds on the same N images. The seeds may share their labels or have
        their own.

    Returns
    -------
    ndarray, shape (P, P)
        The variances of images, of seeds and of what is left, each divided by its own number: what
        all seeds share on an image does not become less with more seeds. With one seed, the
        differences between seeds are missing.
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


def rate_of_votes(p: np.ndarray, losses: np.ndarray, M: int) -> RateEstimate:
    """
    Fit clean rate and k to the losses against corrupted labels over p.

    Parameters
    ----------
    p : ndarray, shape (P,)
        In (1/M, 1).
    losses : ndarray, shape (S, N, P)
        Of each seed and test image, minus the log output of its corrupted label, in nats.
    M : int
        Number of classes.

    Returns
    -------
    RateEstimate
        nan for fewer than three p, which leave nothing to judge the fit by. With images whose
        neighbours are of other classes, what is found is less than the clean rate, see
        docs/votes.md.

    Notes
    -----
    The means over seeds and images are taken as normal, with `covariance_of_mean` plus a variance
    of what the theory does not explain, the same at each p: as large as makes the sum of
    standardised squares P - 2. Limits are those of the profile likelihood, with Student's quantile
    for P - 2 degrees of freedom where that variance is not 0.
    """
    count = len(p) - 2
    if count < 1:
        return RateEstimate(np.nan)
    rates, votes, curves = _theory(tuple(p), M)
    variances, directions = np.linalg.eigh(covariance_of_mean(losses))
    variances = np.clip(variances, 1e-12, None)
    apart = curves - losses.mean(axis=(0, 1))[:, None]
    squares = (directions.T @ apart) ** 2  # uncorrelated

    def standardised(deviation):
        return np.tensordot(squares, 1 / (variances + deviation**2), axes=(1, 0))

    def excess(deviation):
        return standardised(deviation).min() - count

    explained = excess(0.0) <= 0
    deviation = 0.0 if explained else brentq(excess, 0, _LARGEST_DEVIATION, xtol=1e-4)
    found = standardised(deviation)
    quantile = _TWO_SIDED if explained else stdtrit(count, 0.975)
    rate, low, high = _profile(found.min(axis=0), rates, quantile)
    k, k_low, k_high = _profile(found.min(axis=1), votes, quantile)
    return RateEstimate(rate, low, high, k, k_low, k_high, deviation)


def _profile(
    squares: np.ndarray, values: np.ndarray, quantile: float
) -> tuple[float, float, float]:
    """Return the value with the least squares, and the first and the last that are as likely."""
    within = np.flatnonzero(squares - squares.min() <= quantile**2)
    return float(values[squares.argmin()]), float(values[within[0]]), float(values[within[-1]])


@lru_cache(maxsize=8)
def _theory(p, M):
    """Return rates, votes and the losses of the vote theory, shape (votes, p, rates)."""
    at = 1 / M + (1 - 1 / M) * np.sin(_ANGLES)
    grid = np.array(p)[:, None]
    nodes = np.stack([share_loss(grid, at, at, 1 + np.exp(x), M) for x in _LOG_EXCESS])
    angles = np.linspace(_ANGLES[0], _ANGLES[-1], _RATES)
    x = np.linspace(_LOG_EXCESS[0], _LOG_EXCESS[-1], _VOTES)
    curves = CubicSpline(_LOG_EXCESS, CubicSpline(_ANGLES, nodes, axis=2)(angles))(x)
    votes = 1 + np.exp(x)
    votes[[0, -1]] = 1, np.inf
    return 1 / M + (1 - 1 / M) * np.sin(angles), votes, curves


def rate_of_shares(p: np.ndarray, losses: np.ndarray, M: int) -> RateEstimate:
    """
    Return the clean rate at which the mean share of the corrupted label is what it is.

    The mean output of the test image's corrupted label is ``q + (p - q) c``, with the match
    probability c, for every k and every distribution of the shares. Arguments as `rate_of_votes`;
    the mean is over all p.
    """
    p = np.asarray(p)
    if not len(p):
        return RateEstimate(np.nan)
    q = (1 - p) / (M - 1)
    rows = ((np.exp(-losses) - q) / (p - q)).mean(axis=2)
    return _from_match(float(rows.mean()), rows, M)


def _from_match(match, rows, M):
    half = _TWO_SIDED * np.sqrt(covariance_of_mean(rows[..., None])[0, 0])
    limits = (match, match - half, match + half)
    return RateEstimate(*(clean_rate_from_beta(min(max(c, 1 / M), 1.0), M) for c in limits))


def early_stopping_bound(accuracies: np.ndarray, trials: int) -> RateEstimate:
    """
    Return a lower bound: no network is right on more corrupted labels than are clean.

    A network of accuracy g on clean labels agrees with the share ``a g + (1 - a)(1 - g)/(M - 1)``
    of corrupted ones, at most a where a >= 1/M. So it is under uniform noise, and as long as the
    right label is the most frequent one of each class: a network that learns a frequent wrong label
    agrees with more.

    Parameters
    ----------
    accuracies : ndarray, shape (S, ...)
        Of S seeds, against corrupted test labels, at every p and epoch that may be chosen; the same
        one for all seeds. nan is no choice.
    trials : int
        Corrupted test labels that are independent of each other: those of all seeds, or of one if
        all have the same.

    Returns
    -------
    RateEstimate
        The highest mean accuracy; as low, the limit of Clopper and Pearson at 95 %, one-sided and
        for all choices at once (Bonferroni), as the highest of many is too high by chance; as high,
        1: a bound says nothing there.
    """
    choices = accuracies.mean(axis=0).ravel()
    choices = choices[~np.isnan(choices)]
    if not len(choices):
        return RateEstimate(np.nan)
    best = float(choices.max())
    return RateEstimate(best, binomial_limits(best * trials, trials, 0.05 / len(choices))[1], 1.0)


def rate_of_confident_joint(log_probabilities: np.ndarray, labels: np.ndarray) -> RateEstimate:
    """
    Return cleanlab's estimate: the trace of its joint distribution of given and right labels.

    Parameters
    ----------
    log_probabilities : ndarray, shape (S, N, M)
        Outputs on the test images, which no network has been trained on.
    labels : ndarray of int, shape (S, N)
        Their corrupted labels.

    Returns
    -------
    RateEstimate
        The mean over seeds; limits by a bootstrap of images and seeds (fixed random numbers).

    References
    ----------
    Northcutt, Jiang and Chuang 2021, Confident Learning, JAIR 70.
    """
    from cleanlab.count import estimate_joint  # takes seconds, and the other estimates need none

    outputs = np.exp(log_probabilities.astype(np.float64))
    outputs /= outputs.sum(axis=2, keepdims=True)

    def rate(seed, rows):
        return np.trace(estimate_joint(labels[seed, rows], outputs[seed, rows]))

    S, N = labels.shape
    rng = np.random.default_rng(0)
    means = []
    for _ in range(_REPLICATES):
        rows = rng.integers(N, size=N)
        seeds, times = np.unique(rng.integers(S, size=S), return_counts=True)
        means.append(times @ [rate(seed, rows) for seed in seeds] / S)
    mean = float(np.mean([rate(seed, slice(None)) for seed in range(S)]))
    half = _TWO_SIDED * np.std(means, ddof=1)
    return RateEstimate(mean, max(mean - half, 0.0), min(mean + half, 1.0))
