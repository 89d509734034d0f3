"""
How noisy given labels are, from outputs that do not follow the noise: a model of the labels alone.

Every image has probabilities g of its right label, a network's outputs on images that it has not
seen; a given label is the right one moved by a noise matrix T, ``P(given i | image) = sum_j T_ij
g_j``. What is uncertain in the image is in g, what is wrong with the label in T: that tells hard
images from wrong labels as far as g is right. So g is taken to a power first, which is fitted too.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import softmax

from label_smoothing.analysis.advice.limits import Limits
from label_smoothing.theory.matrices import smoothing_matrix

NOT_UNIFORM = 0.01  # largest p-value at which noise counts as not uniform
# Share of images whose right label stays open by the noise model, from which it cannot tell hard
# images from labels that are wrong in a pattern that networks learn (docs/advice.md).
MOST_OPEN = 0.15
_RATES = 401
_POWERS = np.geomspace(0.2, 5, 33)
_HALF_CHI_SQUARE = 1.9207  # 95 % quantile of chi-square with one degree of freedom, halved
_STEPS = 200
_TOLERANCE = 1e-5  # of a matrix entry, in one step
_REPLICATES = 100
_CHUNK = 2_000_000  # numbers at once


class RateLikelihood(NamedTuple):
    """
    The clean rate under uniform noise.

    Attributes
    ----------
    rates, log_likelihoods : ndarray
        The profile over the power, 0 at its highest.
    estimate, low, high : float
        Where it is highest, and within 1.92 of it.
    power : float
        What the outputs are taken to: below 1 they are too sure.
    """

    rates: np.ndarray
    log_likelihoods: np.ndarray
    estimate: float
    low: float
    high: float
    power: float


def tempered(log_outputs: np.ndarray, power: float) -> np.ndarray:
    """Return the probabilities of log outputs, shape (N, M), taken to a power."""
    return softmax(power * log_outputs.astype(np.float64), axis=1)


def rate_likelihood(log_outputs: np.ndarray, labels: np.ndarray) -> RateLikelihood:
    """
    Return the clean rate that makes given labels most likely, under uniform noise.

    Arguments as `fit_noise_model`. The limits are those of the profile likelihood, for the sampling
    of the labels: outputs count as right up to a power.
    """
    rates = _rates(log_outputs.shape[1])
    totals = np.stack([_log_likelihoods(tempered(log_outputs, power), labels) for power in _POWERS])
    profile = totals.max(axis=0)
    best = int(profile.argmax())
    within = np.flatnonzero(profile >= profile[best] - _HALF_CHI_SQUARE)
    return RateLikelihood(
        rates,
        profile - profile[best],
        float(rates[best]),
        float(rates[within[0]]),
        float(rates[within[-1]]),
        float(_POWERS[totals[:, best].argmax()]),
    )


def fit_noise_matrix(
    outputs: np.ndarray, labels: np.ndarray, start: np.ndarray | None = None
) -> np.ndarray:
    """
    Return the noise matrix that makes given labels most likely, by the EM algorithm.

    The search begins at `start`, shape (M, M). The likelihood is concave, so that this only saves
    time. Other arguments as `noise_matrix`.
    """
    M = outputs.shape[1]
    T = smoothing_matrix(0.7, M) if start is None else 0.99 * start + 0.01 / M
    members = np.eye(M)[labels]
    for _ in range(_STEPS):
        right = outputs * T[labels]
        right /= right.sum(axis=1, keepdims=True).clip(1e-300)
        moved = members.T @ right + 1e-9  # a class that no image has keeps a column
        moved /= moved.sum(axis=0)
        done = np.abs(moved - T).max() < _TOLERANCE
        T = moved
        if done:
            break
    return T


class NoiseMatrix(NamedTuple):
    """
    A noise matrix without any assumption on its shape, and whether uniform noise would do.

    Attributes
    ----------
    T, low, high : ndarray, shape (M, M)
        ``T[i, j]`` = P(given i | right j), and the limits of a bootstrap of the images.
    clean_rate : Limits
        Share of right labels, and its limits.
    excess : float
        Twice the log likelihood ratio to uniform noise.
    p_value : float
        How often labels with uniform noise have as large an excess.
    """

    T: np.ndarray
    low: np.ndarray
    high: np.ndarray
    clean_rate: Limits
    excess: float
    p_value: float


def noise_matrix(outputs: np.ndarray, labels: np.ndarray, seed: int = 0) -> NoiseMatrix:
    """
    Fit a noise matrix, with limits, and compare it with uniform noise.

    Parameters
    ----------
    outputs : ndarray, shape (N, M)
        Probabilities of the right labels, see `tempered`.
    labels : ndarray of int, shape (N,)
    seed : int
        Of the bootstrap, and of the labels drawn with uniform noise.
    """
    N = len(outputs)
    rng = np.random.default_rng(seed)
    T, uniform = fit_noise_matrix(outputs, labels), _uniform(outputs, labels)
    excess = _excess(outputs, labels, T, uniform)

    def rate(matrix, rows):
        return float(np.diag(matrix) @ outputs[rows].mean(axis=0))

    matrices, rates = [], []
    for _ in range(_REPLICATES):
        rows = rng.integers(N, size=N)
        matrices.append(fit_noise_matrix(outputs[rows], labels[rows], T))
        rates.append(rate(matrices[-1], rows))
    expected = (outputs @ uniform.T).cumsum(axis=1)  # of the given labels, image by image
    larger = 0
    for _ in range(_REPLICATES):
        drawn = (expected < rng.random((N, 1)) * expected[:, -1:]).sum(axis=1)
        refit = fit_noise_matrix(outputs, drawn, uniform)
        larger += _excess(outputs, drawn, refit, _uniform(outputs, drawn)) >= excess
    low, high = np.quantile(matrices, [0.025, 0.975], axis=0)
    return NoiseMatrix(
        T,
        low,
        high,
        Limits(rate(T, slice(None)), *map(float, np.quantile(rates, [0.025, 0.975]))),
        excess,
        (larger + 1) / (_REPLICATES + 1),
    )


def _uniform(outputs, labels):
    """Return the matrix of uniform noise that makes the labels most likely."""
    M = outputs.shape[1]
    best = _log_likelihoods(outputs, labels).argmax()
    return smoothing_matrix(float(_rates(M)[best]), M)


def _rates(M):
    return np.linspace(1 / M, 1, _RATES)


def _log_likelihoods(outputs, labels):
    """Of the labels under uniform noise, at each rate of the grid."""
    N, M = outputs.shape
    rates = _rates(M)
    r, own = (1 - rates) / (M - 1), outputs[np.arange(N), labels]
    totals, rows = np.zeros(_RATES), max(_CHUNK // _RATES, 1)
    with np.errstate(divide="ignore"):  # a label of probability 0 excludes the rate of 1
        for start in range(0, N, rows):
            totals += np.log(r + (rates - r) * own[start : start + rows, None]).sum(axis=0)
    return totals


def _excess(outputs, labels, T, uniform):
    own, other = ((outputs * matrix[labels]).sum(axis=1) for matrix in (T, uniform))
    return float(2 * (np.log(own.clip(1e-300)) - np.log(other.clip(1e-300))).sum())


def probability_right(outputs: np.ndarray, labels: np.ndarray, T: np.ndarray) -> np.ndarray:
    """Return how probable each class is, given image and label, by Bayes' rule; shape (N, M)."""
    right = outputs * T[labels]
    return right / right.sum(axis=1, keepdims=True).clip(1e-300)


def most_suspicious(right: np.ndarray, labels: np.ndarray, count: int) -> np.ndarray:
    """
    Return the places of the labels that are least probably right, at most `count` of them.

    Labels that are the most probable ones do not count. `right` is as `probability_right` has it.
    """
    own = right[np.arange(len(labels)), labels]
    order = np.argsort(own, kind="stable")
    return order[right.argmax(axis=1)[order] != labels[order]][:count]


class NoiseModel(NamedTuple):
    """
    What is known of the noise of given labels.

    Attributes
    ----------
    outputs : ndarray, shape (N, M)
        Probabilities of the right labels, see `tempered`.
    likelihood : RateLikelihood
    matrix : NoiseMatrix or None
        None where wrong labels cannot be told from hard images.
    right : ndarray, shape (N, M), or None
        See `probability_right`.
    still_open : float
        Share of images whose right label stays open.
    """

    outputs: np.ndarray
    likelihood: RateLikelihood
    matrix: NoiseMatrix | None
    right: np.ndarray | None
    still_open: float

    @property
    def tells(self) -> bool:
        """Whether it tells wrong labels from hard images."""
        return self.matrix is not None

    @property
    def uniform(self) -> bool:
        """Whether uniform noise would do."""
        return self.matrix is None or self.matrix.p_value > NOT_UNIFORM

    @property
    def clean_rate(self) -> Limits:
        """The share of right labels and its limits, if it tells."""
        if self.matrix is None or self.uniform:
            return Limits(self.likelihood.estimate, self.likelihood.low, self.likelihood.high)
        return self.matrix.clean_rate


def fit_noise_model(log_outputs: np.ndarray, labels: np.ndarray) -> NoiseModel:
    """
    Fit the clean rate, the power of the outputs and, if wrong labels can be told, the noise matrix.

    `log_outputs`, shape (N, M), are log probabilities of the right labels, from networks that have
    not seen these images; `labels` are the given ones, shape (N,).
    """
    likelihood = rate_likelihood(log_outputs, labels)
    outputs = tempered(log_outputs, likelihood.power)
    still_open = 1 - float(outputs.max(axis=1).mean())
    if still_open > MOST_OPEN:
        return NoiseModel(outputs, likelihood, None, None, still_open)
    matrix, M = noise_matrix(outputs, labels), outputs.shape[1]
    model = NoiseModel(outputs, likelihood, matrix, None, still_open)
    T = smoothing_matrix(likelihood.estimate, M) if model.uniform else matrix.T
    return model._replace(right=probability_right(outputs, labels, T))


def lowest_loss(losses: np.ndarray, log_outputs: np.ndarray) -> tuple[int, np.ndarray]:
    """
    Return which p has the lowest loss on given labels, and its log outputs, the mean of the seeds.

    Parameters
    ----------
    losses : ndarray, shape (P,)
        Not finite where a network diverged; at least one is finite.
    log_outputs : ndarray, shape (S, P, N, M)
        Log probabilities of the right labels.
    """
    place = int(np.where(np.isfinite(losses), losses, np.inf).argmin())
    # The mean of the seeds is better than any of them.
    outputs = np.exp(log_outputs[:, place].astype(np.float64)).mean(axis=0)
    return place, np.log(outputs.clip(1e-30))
