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
    """Return S_p, with p on the diagonal and q = (1 - p)/(M - 1) elsewhere.

    Parameters
    ----------
    p : float
        Target of the label; below 1/M it is anti-smoothing, above 1 negative smoothing.
    M : int, >= 2
        Number of classes.

    Returns
    -------
    ndarray, shape (M, M)

    Raises
    ------
    ValueError
        If M is out of range.

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
    """Joint distribution of clean test label and noisy training label, D_prior T^t.

    Parameters
    ----------
    T : array_like, shape (M, M)
        ``T[i, j]`` = P(noisy label i | clean label j).
    prior : array_like, shape (M,), optional
        Distribution of the clean labels; uniform if not given.

    Returns
    -------
    ndarray, shape (M, M)
        ``J[k, i]`` = P(test label k, training label i).

    Raises
    ------
    ValueError
        If T is not square, a column of T or the prior is not a distribution, or shapes differ.

    Notes
    -----
    Source: arXiv 2010.12648, Eq 10 (section 4.1).

    """
    T, prior = transition_and_prior(T, prior)
    return prior[:, None] * T.T


def beta_joint(T: ArrayLike, prior: ArrayLike | None = None) -> np.ndarray:
    """Joint distribution of two independently corrupted labels of one sample, T D_prior T^t.

    Parameters
    ----------
    T : array_like, shape (M, M)
        ``T[i, j]`` = P(noisy label i | clean label j).
    prior : array_like, shape (M,), optional
        Distribution of the clean labels; uniform if not given.

    Returns
    -------
    ndarray, shape (M, M)
        ``J[k, i]`` = P(test label k, training label i).

    Raises
    ------
    ValueError
        If T is not square, a column of T or the prior is not a distribution, or shapes differ.

    Notes
    -----
    Source: arXiv 2010.12648, Eq 12 (section 4.2).

    """
    T, prior = transition_and_prior(T, prior)
    return (T * prior) @ T.T


def optimal_matrix(J: ArrayLike) -> np.ndarray:
    """Return the S that minimises `memorising.matrix_loss`: P(test label k | training label i).

    Parameters
    ----------
    J : array_like, shape (M, M)
        Joint distribution of test and training label.

    Returns
    -------
    ndarray, shape (M, M)
        J with columns normalised. A training label that never occurs leaves its column free; it is
        set to uniform.

    Raises
    ------
    ValueError
        If J is not square or not a distribution.

    Notes
    -----
    Source: arXiv 2010.12648, Eq 10 (alpha, T^t for doubly stochastic T and uniform prior) and 13
    (beta, T T^t likewise).

    """
    J = check_joint(J)
    n = J.sum(axis=0)
    return np.divide(J, n, out=np.full_like(J, 1 / len(J)), where=n > 0)


def mean_field_p(J: ArrayLike) -> float:
    """Best single smoothing parameter for all labels: trace(J).

    Parameters
    ----------
    J : array_like, shape (M, M)
        Joint distribution of test and training label.

    Returns
    -------
    float, in [0, 1]
        sum_c prior_c T[c, c] for alpha, trace(T D_prior T^t) for beta.

    Raises
    ------
    ValueError
        If J is not square or not a distribution.

    Notes
    -----
    Source: arXiv 2010.12648, Eq 11 (section 4.1) and 17 (4.4).

    """
    return min(float(np.trace(check_joint(J))), 1.0)


def inverse(T: np.ndarray) -> np.ndarray:
    """Return the inverse of a matrix.

    Its columns are backward correction's targets, whose mean over the noise of `T` is the one-hot
    clean label.

    Parameters
    ----------
    T : ndarray, shape (M, M)

    Returns
    -------
    ndarray, shape (M, M)
        Columns sum to 1 if those of `T` do.

    Raises
    ------
    ValueError
        If the condition of `T` is above 1e8.

    Notes
    -----
    Source: Patrini et al. 2017, theorem 1.

    """
    condition = np.linalg.cond(T)
    if condition > _LARGEST_CONDITION:
        raise ValueError(
            f"a matrix of condition {condition:.3g} cannot be inverted; allowed: up to "
            f"{_LARGEST_CONDITION:g} (for S_p: p other than 1/M)"
        )
    return np.linalg.inv(T)
