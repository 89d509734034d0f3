"""Matrices of targets and of label noise: smoothed, optimal, and their one-parameter approximation.

They need nothing but numpy, so that a training can use them.
"""

import numpy as np
from numpy.typing import ArrayLike

# Matrices come from files with rounded decimals and from products of floats.
SUM_TOLERANCE = 1e-8
_LARGEST_CONDITION = 1e8


def in_range(name, value, low=0.0, high=1.0):
    """Return value as float array, or raise ValueError unless all of it is in [low, high]."""
    value = np.asarray(value, dtype=float)
    # Written so that nan fails too.
    bad = ~((value >= low) & (value <= high))
    if bad.any():
        worst = np.broadcast_to(value, bad.shape)[bad].flat[0]
        raise ValueError(f"{name} is {worst}; allowed: {np.min(low):g} to {np.max(high):g}")
    return value


def check_classes(M):
    """Return M as float array, or raise ValueError unless it holds integers >= 2."""
    M = np.asarray(M, dtype=float)
    bad = ~((M >= 2) & np.isfinite(M) & (np.floor(M) == M))
    if bad.any():
        raise ValueError(f"M is {M[bad].flat[0]:g}; allowed: an integer >= 2")
    return M


def _square_of_probabilities(name, value):
    value = np.asarray(value, dtype=float)
    if value.ndim != 2 or value.shape[0] != value.shape[1] or value.shape[0] < 2:
        raise ValueError(f"{name}: the shape is {value.shape}; allowed: (M, M) with M >= 2")
    bad = np.argwhere(~((value >= 0) & (value <= 1 + SUM_TOLERANCE)))
    if bad.size:
        i, j = bad[0]
        raise ValueError(f"{name}: entry [{i}, {j}] is {value[i, j]}; allowed: 0 to 1")
    return value


def column_stochastic(name, value):
    """Return value as float array, or raise ValueError unless its columns are distributions."""
    value = _square_of_probabilities(name, value)
    sums = value.sum(axis=0)
    worst = int(np.abs(sums - 1).argmax())
    if abs(sums[worst] - 1) > SUM_TOLERANCE:
        raise ValueError(f"{name}: column {worst} sums to {sums[worst]:.10g}; allowed: 1")
    return value


def _sums_to_one(name, value):
    if abs(value.sum() - 1) > SUM_TOLERANCE:
        raise ValueError(f"{name}: the sum is {value.sum():.10g}; allowed: 1")
    return value


def check_joint(J):
    """Return J as float array, or raise ValueError unless all of it is one distribution."""
    return _sums_to_one("J", _square_of_probabilities("J", J))


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
