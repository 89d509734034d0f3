"""Matrices of targets and of label noise: smoothed, optimal, and their one-parameter approximation.

They need nothing but numpy, so that a training can use them.
"""

import numpy as np
from numpy.typing import ArrayLike

from label_smoothing.theory.checks import (
    SUM_TOLERANCE,
    _sums_to_one,
    check_classes,
    check_joint,
    column_stochastic,
    in_range,
)

_LARGEST_CONDITION = 1e8


def smoothing_matrix(p: float, M: int) -> np.ndarray:
    """Return S_p, shape (M, M), with p on the diagonal and q = (1 - p)/(M - 1) elsewhere.

    Below p = 1/M it is anti-smoothing, above p = 1 negative smoothing.
    """
    M = int(check_classes(M))
    S = np.full((M, M), (1 - p) / (M - 1))
    np.fill_diagonal(S, p)
    return S


def transition_and_prior(T, prior):
    """Return a noise matrix and a prior of its classes, checked; without a prior, an even one."""
    T = column_stochastic("T", T)
    M = len(T)
    if prior is None:
        prior = np.full(M, 1 / M)
    prior = in_range("an entry of prior", prior, 0.0, 1.0 + SUM_TOLERANCE)
    if prior.shape != (M,):
        raise ValueError(f"prior: the shape is {prior.shape}; allowed: ({M},), one entry a class")
    return T, _sums_to_one("prior", prior)


def alpha_joint(T: ArrayLike, prior: ArrayLike | None = None) -> np.ndarray:
    """Return J of clean test and noisy training label, D_prior T^t. Source: Eq 10."""
    T, prior = transition_and_prior(T, prior)
    return prior[:, None] * T.T


def beta_joint(T: ArrayLike, prior: ArrayLike | None = None) -> np.ndarray:
    """Return J of two independent corruptions of one label, T D_prior T^t. Source: Eq 12."""
    T, prior = transition_and_prior(T, prior)
    return (T * prior) @ T.T


def optimal_matrix(J: ArrayLike) -> np.ndarray:
    """Return the S that minimises `memorising.matrix_loss`: P(test label | training label).

    These are the normalised columns of J. A training label that never occurs has a uniform column.
    Source: Eq 10 (alpha: T^t for doubly stochastic T and uniform prior) and 13 (beta: T T^t).
    """
    J = check_joint(J)
    n = J.sum(axis=0)
    return np.divide(J, n, out=np.full_like(J, 1 / len(J)), where=n > 0)


def mean_field_p(J: ArrayLike) -> float:
    """Return the best single p for all labels, trace(J).

    It is sum_c prior_c T[c, c] for alpha, trace(T D_prior T^t) for beta. Source: Eq 11 and 17.
    """
    return min(float(np.trace(check_joint(J))), 1.0)


def inverse(T: np.ndarray) -> np.ndarray:
    """Return the inverse of a matrix, shape (M, M).

    Its columns are the targets of backward correction: their mean over the noise of `T` is the
    one-hot clean label. A condition above 1e8 is refused. Source: Patrini et al. 2017, theorem 1.
    """
    condition = np.linalg.cond(T)
    if condition > _LARGEST_CONDITION:
        raise ValueError(
            f"a matrix of condition {condition:.3g} cannot be inverted; allowed: up to "
            f"{_LARGEST_CONDITION:g} (for S_p: p other than 1/M)"
        )
    return np.linalg.inv(T)
