"""
How noisy given labels are, if mistakes do not depend on how an image looks.

Every image has probabilities g of its right label, a network's outputs on images that it has not
seen; a given label is the right one moved by a noise matrix T, ``P(given i | image) = sum_j T_ij
g_j``. What is uncertain in the image is in g, what is wrong with the label in T. The outputs are
right up to a power only, which is fitted too.

Mistakes that a network learns are in g, so that T misses them: the model finds too few.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import softmax

from label_smoothing.theory.matrices import smoothing_matrix

# Share of images whose right label stays open, from which hard images look like wrong labels.
MOST_OPEN = 0.15
_RATES = 401
_POWERS = np.geomspace(0.2, 5, 33)
_HALF_CHI_SQUARE = 1.9207  # 95 % quantile of chi-square with one degree of freedom, halved
_STEPS = 200
_TOLERANCE = 1e-5  # of a matrix entry, in one step
_REPLICATES = 100
_CHUNK = 2_000_000  # numbers at once


class UniformNoise(NamedTuple):
    """
    The clean rate if a wrong label is any other class alike.

    Attributes
    ----------
    rate, high : float
        The most likely clean rate, and the upper end of its 95 % profile likelihood interval.
    power : float
        What the outputs are taken to: below 1 they are too sure.
    """

    rate: float
    high: float
    power: float


class NoiseModel(NamedTuple):
    """
    What is known of the noise of given labels, on the condition of this module.

    Attributes
    ----------
    outputs : ndarray, shape (N, M)
        Probabilities of the right labels.
    T, least : ndarray, shape (M, M)
        ``T[i, j]`` = P(given i | right j), and its lower limits by a bootstrap of the images.
    uniform_rate : float
        The clean rate, if a wrong label is any other class alike.
    most_right : float
        Upper limit of the share of right labels, by either noise.
    still_open : float
        Share of images whose right label stays open.
    """

    outputs: np.ndarray
    T: np.ndarray
    least: np.ndarray
    uniform_rate: float
    most_right: float
    still_open: float

    @property
    def hard(self) -> bool:
        """Whether the images are so hard that they look like wrong labels."""
        return self.still_open > MOST_OPEN


def fit_noise_model(log_outputs: np.ndarray, labels: np.ndarray, seed: int = 0) -> NoiseModel:
    """
    Fit the power of the outputs and the noise matrix.

    Parameters
    ----------
    log_outputs : ndarray, shape (N, M)
        Log probabilities of the right labels, from networks that have not seen these images.
    labels : ndarray of int, shape (N,)
        The given ones.
    seed : int
        Of the bootstrap.
    """
    uniform = uniform_noise(log_outputs, labels)
    outputs = tempered(log_outputs, uniform.power)
    T, N, rng = fit_noise_matrix(outputs, labels), len(labels), np.random.default_rng(seed)
    matrices, rates = [], []
    for _ in range(_REPLICATES):
        rows = rng.integers(N, size=N)
        matrices.append(fit_noise_matrix(outputs[rows], labels[rows], T))
        rates.append(np.diag(matrices[-1]) @ outputs[rows].mean(axis=0))
    least = np.quantile(matrices, 0.025, axis=0)
    most_right = max(uniform.high, float(np.quantile(rates, 0.975)))
    still_open = 1 - float(outputs.max(axis=1).mean())
    return NoiseModel(outputs, T, least, uniform.rate, most_right, still_open)


def tempered(log_outputs: np.ndarray, power: float) -> np.ndarray:
    """Return the probabilities of log outputs, shape (N, M), taken to a power."""
    return softmax(power * log_outputs.astype(np.float64), axis=1)


def uniform_noise(log_outputs: np.ndarray, labels: np.ndarray) -> UniformNoise:
    """Return the clean rate that makes given labels most likely; arguments `fit_noise_model`'s."""
    rates = np.linspace(1 / log_outputs.shape[1], 1, _RATES)
    totals = np.stack(
        [_log_likelihoods(tempered(log_outputs, power), labels, rates) for power in _POWERS]
    )
    profile = totals.max(axis=0)
    best = int(profile.argmax())
    within = np.flatnonzero(profile >= profile[best] - _HALF_CHI_SQUARE)
    power = _POWERS[totals[:, best].argmax()]
    return UniformNoise(float(rates[best]), float(rates[within[-1]]), float(power))


def fit_noise_matrix(
    outputs: np.ndarray, labels: np.ndarray, start: np.ndarray | None = None
) -> np.ndarray:
    """
    Return the noise matrix that makes given labels most likely, by the EM algorithm.

    `outputs` are probabilities of the right labels, shape (N, M). The search begins at `start`,
    shape (M, M). The likelihood is concave, so that this only saves time.
    """
    M = outputs.shape[1]
    T = smoothing_matrix(0.7, M) if start is None else 0.99 * start + 0.01 / M
    members = np.eye(M)[labels]
    for _ in range(_STEPS):
        moved = members.T @ probability_right(outputs, labels, T)
        moved += 1e-9  # a class that no image has keeps a column
        moved /= moved.sum(axis=0)
        done = np.abs(moved - T).max() < _TOLERANCE
        T = moved
        if done:
            break
    return T


def _log_likelihoods(outputs, labels, rates):
    """Of the labels under uniform noise, at each rate."""
    N, M = outputs.shape
    r, own = (1 - rates) / (M - 1), outputs[np.arange(N), labels]
    totals, rows = np.zeros(len(rates)), max(_CHUNK // len(rates), 1)
    with np.errstate(divide="ignore"):  # a label of probability 0 excludes the rate of 1
        for start in range(0, N, rows):
            totals += np.log(r + (rates - r) * own[start : start + rows, None]).sum(axis=0)
    return totals


def probability_right(outputs: np.ndarray, labels: np.ndarray, T: np.ndarray) -> np.ndarray:
    """Return how probable each class is, given image and label, by Bayes' rule; shape (N, M)."""
    right = outputs * T[labels]
    return right / right.sum(axis=1, keepdims=True).clip(1e-300)


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
