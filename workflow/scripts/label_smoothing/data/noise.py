"""
Label noise: transition matrices and the sampling of corrupted labels.

Notation: ``T[i, j]`` is the probability of the noisy label `i` given the clean label `j`, so the
columns of `T` sum to 1. The clean rate `a` is the probability that a label stays as it is; a
flipped label moves to one of the M - 1 OTHER classes. (Code bases that resample among all M classes
call this clean rate ``1 - noise_rate * (M - 1) / M``.)
"""

import os
import warnings
from pathlib import Path

import numpy as np

from label_smoothing.theory.checks import SUM_TOLERANCE, column_stochastic
from label_smoothing.theory.matrices import smoothing_matrix


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
    _check(a, M)
    return smoothing_matrix(a, M)


def pair_flip_transition(a: float, M: int) -> np.ndarray:
    """
    Return the transition matrix of pair flips: label `j` moves to `j + 1`, the last to 0.

    Parameters and errors as in `uniform_transition`, which it equals for two classes.

    Returns
    -------
    ndarray, shape (M, M)
    """
    _check(a, M)
    return a * np.eye(M) + (1 - a) * np.roll(np.eye(M), 1, axis=0)


def read_matrix(path: str | os.PathLike) -> np.ndarray:
    """
    Read a matrix whose columns are distributions, from .csv (commas, no header) or .npy.

    Returns
    -------
    ndarray, shape (M, M)

    Raises
    ------
    ValueError
        If the file cannot be read as such a matrix: not square, entries outside [0, 1], or columns
        that do not sum to 1 within 1e-8. The message names the file.
    """
    path = Path(path)
    try:
        T = _read_numbers(path)
    except ValueError as error:
        raise ValueError(f"matrix {path}: {error}") from None
    return column_stochastic(f"matrix {path}", T)


def _read_numbers(path: Path) -> np.ndarray:
    if path.suffix == ".npy":
        try:
            with path.open("rb") as file:
                T = np.lib.format.read_array(file, allow_pickle=False)
        except OSError:
            raise
        except Exception:  # numpy parses the header as Python and passes on what breaks there
            raise ValueError("no whole array of numbers, allowed: what numpy.save writes") from None
        if T.dtype.kind not in "fiu":
            raise ValueError(f"the type is {T.dtype}, allowed: real numbers")
        return T.astype(float)
    if path.suffix == ".csv":
        try:
            with warnings.catch_warnings(action="ignore"):  # about an empty file
                return np.loadtxt(path, delimiter=",", ndmin=2)
        except ValueError as error:
            problem = str(error).partition("; use")[0].rstrip(".")  # advice on loadtxt follows
            raise ValueError(f"{problem}, allowed: numbers and commas, M in each row") from None
    raise ValueError(f"the ending is {path.suffix!r}, allowed: .csv, .npy")


def read_transition(path: str | os.PathLike) -> np.ndarray:
    """
    Read a transition matrix, ``T[i, j]`` = P(noisy label i | clean label j), see `read_matrix`.

    Raises
    ------
    ValueError
        As `read_matrix`, and if the matrix is the identity, which no clean rate but 1 can scale.
    """
    T = read_matrix(path)
    if np.trace(T) == len(T):
        raise ValueError(f"matrix {path}: it is the identity, allowed: one with noise")
    return T


def scale_transition(T: np.ndarray, a: float) -> np.ndarray:
    """
    Return noise of the shape of `T` with another clean rate.

    The matrix ``I + s (T - I)`` keeps where each class's labels go and the proportions of the
    classes' flip rates; `s` is such that the mean of its diagonal is `a`.

    Parameters
    ----------
    T : ndarray, shape (M, M)
        Column-stochastic and not the identity.
    a : float
        Clean rate averaged over the classes, in [0, 1].

    Raises
    ------
    ValueError
        If some class would have to flip more labels than it has.
    """
    M = len(T)
    _check(a, M)
    scaled = np.eye(M) + (1 - a) / (1 - np.trace(T) / M) * (T - np.eye(M))
    worst = int(np.diag(scaled).argmin())
    if scaled[worst, worst] < -SUM_TOLERANCE:
        lowest = 1 - (1 - np.trace(T) / M) / (1 - T[worst, worst])
        raise ValueError(
            f"clean rate a is {a}, allowed for this matrix: {lowest:.6g} <= a <= 1, "
            f"below which class {worst} would flip more labels than it has"
        )
    return scaled.clip(0)


def transition_matrix(kind: str, a: float, M: int, matrix: np.ndarray | None = None) -> np.ndarray:
    """
    Return the transition matrix of one kind of noise at one clean rate, shape (M, M).

    Parameters
    ----------
    kind : {"uniform", "pair_flip", "file"}
    a : float
        Clean rate, in [0, 1].
    M : int
        Number of classes.
    matrix : ndarray, shape (M, M)
        The shape of the noise for the kind "file", see `scale_transition`.
    """
    if kind == "uniform":
        return uniform_transition(a, M)
    if kind == "pair_flip":
        return pair_flip_transition(a, M)
    if kind == "file":
        if matrix.shape != (M, M):  # type: ignore[union-attr]
            raise ValueError(f"the transition matrix is {matrix.shape}, allowed here: ({M}, {M})")  # type: ignore[union-attr]
        return scale_transition(matrix, a)  # type: ignore[arg-type]
    raise ValueError(f"transition kind is {kind!r}, allowed: file, pair_flip, uniform")


def _check(a: float, M: int) -> None:
    if not 0 <= a <= 1:
        raise ValueError(f"clean rate a is {a}, allowed: 0 <= a <= 1")
    if M < 2:
        raise ValueError(f"number of classes M is {M}, allowed: M >= 2")


def match_probabilities(T: np.ndarray, prior: np.ndarray) -> dict[str, float]:
    """
    Return how often a label corrupted by `T` is the one that each kind of test set asks for.

    Parameters
    ----------
    T : ndarray, shape (M, M)
        Column-stochastic transition matrix.
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
