"""The case of the vote theory that can be computed: kernels that interpolate their targets.

Such a kernel puts out ``sum_i alpha_i(x) target_i`` with weights that know no labels. With
independent label noise the number of labels that it draws on is ``k(x) = 1/sum_i alpha_i(x)^2``, a
property of the kernel and the images alone (docs/votes.md).
"""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.linalg import solve
from scipy.spatial.distance import cdist
from scipy.stats import beta, ks_1samp
from sklearn.gaussian_process.kernels import RBF, Matern

from label_smoothing.analysis.intervals import Interval, mean_interval
from label_smoothing.analysis.vote_fits import (
    fit_votes,
    mean_votes,
    votes_of_accuracy,
    votes_of_spread,
)
from label_smoothing.theory.rates import asks_for_label, informative

# Of the trace a sample: what a Gaussian kernel needs to be solved, far below what a share shows.
_JITTER = 1e-10
_TINY = np.finfo(float).tiny


def standardised(train: ArrayLike, test: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Return inputs as rows with mean 0 and deviation 1 over the training part, as trainings do.

    Parameters
    ----------
    train, test : array_like, shapes (N, ...) and (L, ...)
        Images, which share one scale, or features of shape (N, D), each on its own.

    Returns
    -------
    tuple of ndarray, shapes (N, D) and (L, D)

    """
    train, test = np.asarray(train, dtype=float), np.asarray(test, dtype=float)
    axis = 0 if train.ndim == 2 else None
    mean, deviation = train.mean(axis), train.std(axis)
    deviation = np.where(np.ptp(train, axis) == 0, np.inf, deviation)  # what never changes is 0
    x_train, x_test = ((part - mean) / deviation for part in (train, test))
    return x_train.reshape(len(train), -1), x_test.reshape(len(test), -1)


def neural_tangent_kernel(x: np.ndarray, z: np.ndarray, layers: int = 1) -> np.ndarray:
    """Return the neural tangent kernel of a wide ReLU network, all layers trained, without biases.

    Parameters
    ----------
    x, z : ndarray, shapes (N, D) and (L, D)
        Inputs; the zero vector is orthogonal to all.
    layers : int, >= 1
        Hidden layers.

    Returns
    -------
    ndarray, shape (N, L)

    Notes
    -----
    Source: Jacot et al. 2018; the arc-cosine kernels of Cho and Saul 2009 in closed form.

    """
    lengths = np.linalg.norm(x, axis=1)[:, None] * np.linalg.norm(z, axis=1)
    lengths = np.maximum(lengths, _TINY)
    covariance = np.clip(x @ z.T / lengths, -1, 1)
    kernel = covariance
    for _ in range(layers):
        angle = np.pi - np.arccos(covariance)
        root = np.sqrt(1 - covariance**2)
        kernel, covariance = kernel * angle / np.pi, (covariance * angle + root) / np.pi
        covariance = np.clip(covariance, -1, 1)
        kernel = kernel + covariance
    return lengths * kernel


def _kernels(x: np.ndarray) -> dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]]:
    """Return the kernels by name; those with a width have it in medians of the distances."""
    some = x[:: max(1, len(x) // 500)]
    width = float(np.median(cdist(some, some))) or 1.0
    return {
        "Gaussian, wide": RBF(0.6 * width),
        "Gaussian, narrow": RBF(0.3 * width),
        "NTK, 1 layer": neural_tangent_kernel,
        "NTK, 3 layers": lambda a, b: neural_tangent_kernel(a, b, 3),
        "Laplace": Matern(width, nu=0.5),
    }


def interpolation_weights(x_train: ArrayLike, x_test: ArrayLike) -> dict[str, np.ndarray]:
    """Return the weights with which interpolators draw on the training samples at each test sample.

    Parameters
    ----------
    x_train, x_test : array_like, shapes (N, D) and (L, D)
        Standardised inputs.

    Returns
    -------
    dict of ndarray, shape (L, N)
        Of each interpolator. Kernel regression has weights of both signs whose sum is near 1;
        inverse distances have positive ones whose sum is 1.

    """
    x_train, x_test = np.asarray(x_train, dtype=float), np.asarray(x_test, dtype=float)
    weights = {}
    for name, kernel in _kernels(x_train).items():
        gram = kernel(x_train, x_train)
        gram[np.diag_indices_from(gram)] += _JITTER * np.trace(gram) / len(gram)
        weights[name] = solve(gram, kernel(x_test, x_train).T, assume_a="pos").T
    distance = np.maximum(cdist(x_test, x_train), _TINY)
    near = (distance.min(axis=1, keepdims=True) / distance) ** 16
    weights["inverse distance"] = near / near.sum(axis=1, keepdims=True)
    return weights


def effective_labels(weights: ArrayLike) -> np.ndarray:
    """Return the number of labels that each output draws on, 1/sum_i alpha_i^2.

    Parameters
    ----------
    weights : array_like, shape (L, N)

    Returns
    -------
    ndarray, shape (L,)

    Notes
    -----
    The mean of k labels, each right with probability t, has the variance t (1 - t)/k; a weighted
    mean has t (1 - t) sum alpha^2.

    """
    return 1 / np.square(weights).sum(axis=1)


def shares(weights: ArrayLike, labels: ArrayLike, M: int) -> np.ndarray:
    """Return the share of each class in the labels that an interpolator draws on.

    Parameters
    ----------
    weights : array_like, shape (L, N)
    labels : array_like of int, shape (N,)
        Training labels, 0 to M - 1.
    M : int

    Returns
    -------
    ndarray, shape (L, M)
        Rows sum to 1: what the weights lack of it is spread evenly, as the kernel falls back to the
        uniform output where no training sample is near.

    """
    weights = np.asarray(weights)
    lacking = 1 - weights.sum(axis=1, keepdims=True)
    return weights @ np.eye(M)[np.asarray(labels)] + lacking / M


def noise_variance(
    weights: ArrayLike, y_train: ArrayLike, y_test: ArrayLike, a: float, M: int
) -> np.ndarray:
    """Return the variance that uniform label noise gives to the share of the true class, exactly.

    Parameters
    ----------
    weights : array_like, shape (L, N)
    y_train, y_test : array_like of int, shapes (N,) and (L,)
        Clean labels.
    a : float, in [0, 1]
        Clean rate.
    M : int

    Returns
    -------
    ndarray, shape (L,)
        sum_i alpha_i^2 t_i (1 - t_i), with t_i = a where sample i has the class of the test sample
        and (1 - a)/(M - 1) elsewhere.

    """
    t = _right(y_train, y_test, a, M)
    return (np.square(weights) * t * (1 - t)).sum(axis=1)


def _right(y_train, y_test, a, M):
    """Return the probability that a training label is the class of a test sample, shape (L, N)."""
    same = np.asarray(y_test)[:, None] == np.asarray(y_train)
    return np.where(same, a, (1 - a) / (M - 1))


# ---- computed and measured k --------------------------------------------------------------------

COLUMNS = [
    "interpolator",
    "a",
    "source",
    "k",
    "k_low",
    "k_high",
    "draws",
    "purity",
    "negative",
    "outside",
    "distance",
]


def compare_votes(
    weights: Mapping[str, ArrayLike],
    y_train: ArrayLike,
    y_test: ArrayLike,
    noisy: Mapping[float, ArrayLike],
    p: ArrayLike,
    M: int,
) -> pd.DataFrame:
    """Return the k that interpolators have by their weights beside what networks are measured by.

    Parameters
    ----------
    weights : mapping of str to array_like, shape (L, N)
        Of each interpolator, as `interpolation_weights` returns them.
    y_train, y_test : array_like of int, shapes (N,) and (L,)
        Clean labels.
    noisy : mapping of float to array_like of int, shape (draws, N)
        For each clean rate, training labels that uniform noise has corrupted, each row anew.
    p : array_like
        Smoothing parameters of the losses.
    M : int

    Returns
    -------
    DataFrame
        One row for each interpolator, clean rate and source:

        - k by "weights", 1/mean(sum_i alpha_i^2), which the noise of all images sees; by "median
          weight", the median of 1/sum_i alpha_i^2; by "noise", the exact variance within images:
          all three computed without any draw, so that k_low and k_high are empty
        - k by "spread within images": about the exact mean of each; by "spread", the variance over
          images, as `votes_of_spread` takes it from a network; by "accuracy"; by "losses" at all
          p in (1/M, 1), on clean labels; by "losses at purity", fitted with the purity beside;
          k_low and k_high are the limits of the 95 % t-interval over draws, which share the images
        - purity: share of the weights on samples of the same class, mean over images; computed
        - negative: share of the absolute weights that is of the negative ones
        - outside: share of the true classes' shares that lie outside [0, 1]
        - distance: Kolmogorov's, of the true classes' shares from the theory's Beta with the k by
          "weights"

    """
    p = np.asarray(p, dtype=float)
    p = p[informative(p, M) & asks_for_label(p, M)]
    y_train, y_test = np.asarray(y_train), np.asarray(y_test)
    rows = []
    for name, alpha in weights.items():
        alpha = np.asarray(alpha)
        votes = effective_labels(alpha)
        computed = 1 / float(np.mean(1 / votes))
        purity = float(np.clip(_expected_share(alpha, y_train, y_test, 1.0, M).mean(), 1 / M, 1))
        negative = float(np.maximum(-alpha, 0).sum() / np.abs(alpha).sum())
        for a, labels in noisy.items():
            drawn = [shares(alpha, row, M) for row in np.asarray(labels)]
            true = np.stack([share[np.arange(len(share)), y_test] for share in drawn])
            shape = {
                "draws": len(true),
                "purity": purity,
                "negative": negative,
                "outside": float(np.mean((true < 0) | (true > 1))),
                "distance": _distance(true, a, computed),
            }
            within = noise_variance(alpha, y_train, y_test, a, M)
            expected = _expected_share(alpha, y_train, y_test, a, M)
            losses = [_losses(share, y_test, p, M) for share in drawn]
            sources = {
                "weights": Interval(computed, np.nan, np.nan, 0),
                "median weight": Interval(float(np.median(votes)), np.nan, np.nan, 0),
                "noise": Interval(float(votes_of_spread(a, within.mean())), np.nan, np.nan, 0),
                "spread within images": _inverse(a, np.square(true - expected).mean(axis=1)),
                "spread": _inverse(a, true.var(axis=1)),
                "accuracy": _of_accuracy(
                    [np.mean(share.argmax(axis=1) == y_test) for share in drawn], a, M
                ),
            }
            for source, of_own in (("losses", 1.0), ("losses at purity", purity)):
                if len(p):
                    fits = [fit_votes(p, a, loss, M, "alpha", purity=of_own) for loss in losses]
                    sources[source] = mean_votes([fit.k for fit in fits])
            for source, (k, low, high, _) in sources.items():
                found = {"source": source, "k": k, "k_low": low, "k_high": high}
                rows.append({"interpolator": name, "a": a, **found, **shape})
    return pd.DataFrame(rows, columns=COLUMNS)


def _expected_share(alpha, y_train, y_test, a, M):
    lacking = 1 - alpha.sum(axis=1)
    return (alpha * _right(y_train, y_test, a, M)).sum(axis=1) + lacking / M


def _distance(true, a, k):
    """Return Kolmogorov's distance from the theory's Beta; with no more than one label, nan."""
    if k <= 1:
        return np.nan
    return float(ks_1samp(true.ravel(), beta((k - 1) * a, (k - 1) * (1 - a)).cdf).statistic)


def _inverse(a, variances):
    """Return the k of the mean variance and of its limits: a large variance is a small k."""
    mean, low, high, n = mean_interval(variances)
    k, k_high, k_low = (
        float(votes_of_spread(a, value)) if not value <= 0 else np.inf
        for value in (mean, low, high)
    )
    return Interval(k, k_low, k_high, n)


def _of_accuracy(accuracies, a, M):
    mean, low, high, n = mean_interval(accuracies)
    return Interval(*(votes_of_accuracy(value, a, M) for value in (mean, low, high)), n)


def _losses(share, y_test, p, M):
    """Return the mean test loss at each p of a network that puts out these shares of targets."""
    share = share.clip(0, 1)
    share = (share / share.sum(axis=1, keepdims=True))[np.arange(len(share)), y_test]
    p = p[:, None]
    q = (1 - p) / (M - 1)
    return -np.log(q + (p - q) * share).mean(axis=1)
