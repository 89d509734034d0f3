"""
Label noise: transition matrices and the sampling of corrupted labels.

Notation: ``T[i, j]`` is the probability of the noisy label `i` given the clean label `j`, so the
columns of `T` sum to 1. The clean rate `a` is the probability that a label stays as it is; a
flipped label moves to one of the M - 1 OTHER classes. (Code bases that resample among all M classes
call this clean rate ``1 - noise_rate * (M - 1) / M``.)
"""

import numpy as np


def uniform_transition(a: float, M: int) -> np.ndarray:
    """
    Return the transition matrix of symmetric noise.

    Parameters
    ----------
    a : float
        Clean rate, in [0, 1].
    M : int
        Number of classes, at least 2.

    Returns
    -------
    ndarray, shape (M, M)
        `a` on the diagonal and ``(1 - a) / (M - 1)`` elsewhere.

    Raises
    ------
    ValueError
        If `a` or `M` is out of range.
    """
    if not 0 <= a <= 1:
        raise ValueError(f"clean rate a is {a}, allowed: 0 <= a <= 1")
    if M < 2:
        raise ValueError(f"number of classes M is {M}, allowed: M >= 2")
    T = np.full((M, M), (1 - a) / (M - 1))
    np.fill_diagonal(T, a)
    return T


_TRANSITIONS = {"uniform": uniform_transition}


def transition_matrix(kind: str, a: float, M: int) -> np.ndarray:
    """Return the transition matrix of the named `kind` of noise, shape (M, M)."""
    if kind not in _TRANSITIONS:
        raise ValueError(f"transition kind is {kind!r}, allowed: {', '.join(sorted(_TRANSITIONS))}")
    return _TRANSITIONS[kind](a, M)


def corrupt_labels(labels: np.ndarray, T: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """
    Draw one noisy label for each clean label.

    Two uniform numbers per sample are drawn whatever `T` is: the first decides whether the label
    flips, the second where to. So with equally seeded generators the flips are nested over the
    clean rate: a label that flips at some clean rate also flips at every lower one, and to the same
    class as long as the off-diagonal proportions are the same.

    Parameters
    ----------
    labels : ndarray of int, shape (N,)
        Clean labels in 0..M-1.
    T : ndarray, shape (M, M)
        Column-stochastic transition matrix.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of int64, shape (N,)
    """
    flip, target = rng.random((2, len(labels)))
    moves = T.astype(float)
    np.fill_diagonal(moves, 0.0)
    cumulative = moves.cumsum(axis=0)
    # The total is read off the same sums that are searched, so that rounding never leads past M-1.
    threshold = (target * cumulative[-1, labels])[None, :]
    moved = (cumulative[:, labels] <= threshold).sum(axis=0)
    return np.where(flip < np.diag(T)[labels], labels, moved).astype(np.int64)
