"""Transition matrices of label noise, and how often a noisy label is the one a test set asks for.

The clean rate `a` is the probability that a label stays as it is; a flipped label moves to one of
the M - 1 OTHER classes. (Code bases that resample among all M classes call this clean rate
``1 - noise_rate * (M - 1) / M``.)
"""

import numpy as np

from label_smoothing.theory.checks import SUM_TOLERANCE, column_stochastic
from label_smoothing.theory.matrices import smoothing_matrix


def uniform_transition(a: float, M: int) -> np.ndarray:
    """Return the matrix of symmetric noise: `a` on the diagonal, the rest shared evenly."""
    _check(a, M)
    return smoothing_matrix(a, M)


def pair_flip_transition(a: float, M: int) -> np.ndarray:
    """Return the matrix of pair flips: label `j` moves to `j + 1`, the last to 0."""
    _check(a, M)
    return a * np.eye(M) + (1 - a) * np.roll(np.eye(M), 1, axis=0)


def scale_transition(T: np.ndarray, a: float) -> np.ndarray:
    """Return noise of the shape of `T` with the mean clean rate `a`.

    The matrix ``I + s (T - I)`` keeps where each class's labels go and the proportions of the
    classes' flip rates.

    Raises
    ------
    ValueError
        If `T` has no noise, or some class would have to flip more labels than it has.

    """
    M = len(column_stochastic("the transition matrix", T))
    _check(a, M)
    flipped = 1 - np.trace(T) / M
    if flipped <= 0:
        raise ValueError("the transition matrix is the identity; allowed: one with noise")
    scaled = np.eye(M) + (1 - a) / flipped * (T - np.eye(M))
    worst = int(np.diag(scaled).argmin())
    if scaled[worst, worst] < -SUM_TOLERANCE:
        lowest = 1 - flipped / (1 - T[worst, worst])
        raise ValueError(
            f"clean rate a is {a}, allowed for this matrix: {lowest:.6g} <= a <= 1, "
            f"below which class {worst} would flip more labels than it has"
        )
    return scaled.clip(0)


def transition_matrix(kind: str, a: float, M: int, matrix: np.ndarray | None = None) -> np.ndarray:
    """Return the transition matrix of one kind of noise at one clean rate, shape (M, M).

    Parameters
    ----------
    kind : {"uniform", "pair_flip", "file"}
    a : float
    M : int
    matrix : ndarray, shape (M, M)
        The shape of the noise for the kind "file", see `scale_transition`.

    """
    if kind == "uniform":
        return uniform_transition(a, M)
    if kind == "pair_flip":
        return pair_flip_transition(a, M)
    if kind == "file":
        if matrix is None or matrix.shape != (M, M):
            found = None if matrix is None else matrix.shape
            raise ValueError(f"the transition matrix is {found}, allowed here: ({M}, {M})")
        return scale_transition(matrix, a)
    raise ValueError(f"transition kind is {kind!r}, allowed: file, pair_flip, uniform")


def match_probabilities(T: np.ndarray, prior: np.ndarray) -> dict[str, float]:
    """Return how often a label corrupted by `T` is the one that each kind of test set asks for.

    Parameters
    ----------
    T : ndarray, shape (M, M)
    prior : ndarray, shape (M,)
        Distribution of the clean labels.

    Returns
    -------
    dict
        "alpha" and "gamma": the clean rate averaged over the prior. "beta": the probability that
        two independent corruptions of one label agree. These are the traces of the joint
        distributions of `matrices.alpha_joint` and `beta_joint`; exactly 1 without noise.

    """
    flip, kept = 1 - np.diag(T), np.diag(T)
    # Summed as what is missing from 1, because one rounding error below 1 would be a divergence.
    disagree = flip * (1 + kept) - ((T**2).sum(axis=0) - kept**2)
    clean_rate, agree = np.clip([1 - flip @ prior, 1 - disagree @ prior], 0, 1).tolist()
    return {"alpha": clean_rate, "beta": agree, "gamma": clean_rate}


def _check(a: float, M: int) -> None:
    if not 0 <= a <= 1:
        raise ValueError(f"clean rate a is {a}, allowed: 0 <= a <= 1")
    if M < 2:
        raise ValueError(f"number of classes M is {M}, allowed: M >= 2")
