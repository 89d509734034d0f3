"""Peers of the noise model: other estimates of the clean rate from noisy labels alone."""

from functools import lru_cache

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.optimize import brentq
from scipy.special import stdtrit

from label_smoothing.analysis.advice.limits import UNKNOWN, Limits, covariance_of_mean
from label_smoothing.analysis.advice.networks import Networks
from label_smoothing.analysis.intervals import binomial_limits
from label_smoothing.theory.rates import asks_for_label, clean_rate_from_beta, informative
from label_smoothing.theory.votes import share_loss

# Where the curves of the vote theory are computed: angles whose sine is kappa(a), and log(k - 1);
# and how fine the grid between is, by splines.
_ANGLES = np.linspace(0, np.pi / 2, 33)
_LOG_EXCESS = np.linspace(np.log(1e-4), np.log(1e4), 61)
_RATES, _VOTES = 601, 201
_LARGEST_DEVIATION = 10.0  # nats
_WORST_DEVIATION = 0.2  # nats that the vote theory may leave unexplained
_REPLICATES = 100
_TWO_SIDED = float(stdtrit(np.inf, 0.975))


def vote_theory(networks: Networks, memorised: np.ndarray) -> Limits:
    """
    Return the clean rate that with some k fits the losses against noisy labels over p.

    The means over seeds and images are taken as normal, with `covariance_of_mean` plus a variance
    of what the theory does not explain, the same at each p: as large as makes the sum of
    standardised squares P - 2. Limits are those of the profile likelihood, with Student's quantile
    for P - 2 degrees of freedom where that variance is not 0. Unknown for fewer than three p at
    which all networks memorised (`memorised`, shape (S, P)), or where much is left unexplained.
    """
    p, M = np.asarray(networks.p), networks.classes
    at = networks.at(
        informative(p, M) & asks_for_label(p, M) & networks.finite() & memorised.all(axis=0)
    )
    if (count := len(at.p) - 2) < 1:
        return UNKNOWN
    losses = at.losses()
    rates, curves = _curves(tuple(at.p), M)
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
    if deviation > _WORST_DEVIATION:
        return UNKNOWN
    quantile = _TWO_SIDED if explained else stdtrit(count, 0.975)
    found = standardised(deviation).min(axis=0)
    within = np.flatnonzero(found - found.min() <= quantile**2)
    return Limits(*(float(rates[i]) for i in (found.argmin(), within[0], within[-1])))


@lru_cache(maxsize=8)
def _curves(p, M):
    """Return rates, and the losses of the vote theory, shape (votes, p, rates)."""
    at = 1 / M + (1 - 1 / M) * np.sin(_ANGLES)
    grid = np.array(p)[:, None]
    nodes = np.stack([share_loss(grid, at, at, 1 + np.exp(x), M) for x in _LOG_EXCESS])
    angles = np.linspace(_ANGLES[0], _ANGLES[-1], _RATES)
    x = np.linspace(_LOG_EXCESS[0], _LOG_EXCESS[-1], _VOTES)
    curves = CubicSpline(_LOG_EXCESS, CubicSpline(_ANGLES, nodes, axis=2)(angles))(x)
    return 1 / M + (1 - 1 / M) * np.sin(angles), curves


def cleanlab(log_probabilities: np.ndarray, labels: np.ndarray) -> Limits:
    """
    Return the trace of cleanlab's joint distribution of given and right labels, mean of the seeds.

    Limits by a bootstrap of images and seeds (fixed random numbers). Northcutt, Jiang and Chuang
    2021, Confident Learning, JAIR 70.

    Parameters
    ----------
    log_probabilities : ndarray, shape (S, N, M)
        Outputs on the test images, which no network has been trained on.
    labels : ndarray of int, shape (S, N)
    """
    from cleanlab.count import estimate_joint  # takes seconds

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
    return Limits(mean, max(mean - half, 0.0), min(mean + half, 1.0))


def nearest_neighbours(
    x_train: np.ndarray, y_train: np.ndarray, x_test: np.ndarray, y_test: np.ndarray, M: int
) -> Limits:
    """
    Return the clean rate at which nearest neighbours agree as often as they do.

    Two independent labels of one class agree with the beta match probability, so that neighbours of
    other classes lower the estimate.

    Parameters
    ----------
    x_train, x_test : ndarray, shapes (N_train, ...) and (N_test, ...)
        The nearest, by Euclidean distance, of the training images of each test image counts; of
        more than 2,000 test images, the first.
    y_train, y_test : ndarray of int
        Given labels.
    M : int
    """
    train = x_train.reshape(len(x_train), -1).astype(np.float32)
    test = x_test[:2000].reshape(min(len(x_test), 2000), -1).astype(np.float32)
    mean = train.mean(axis=0)
    train, test = train - mean, test - mean
    if x_train.ndim == 2:  # features, each on its own scale
        scale = train.std(axis=0)
        scale[scale == 0] = np.inf
        train, test = train / scale, test / scale
    squares = (train**2).sum(axis=1)
    nearest = np.concatenate(
        [(squares - 2 * part @ train.T).argmin(axis=1) for part in np.array_split(test, 20)]
    )
    agree = int((y_train[nearest] == y_test[: len(test)]).sum())
    limits = [max(c, 1 / M) for c in binomial_limits(agree, len(test))]
    return Limits(*(float(clean_rate_from_beta(c, M)) for c in limits))
