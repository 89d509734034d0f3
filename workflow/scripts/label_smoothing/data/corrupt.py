"""Corrupted labels, and the files of matrices."""

import os
import warnings
from pathlib import Path

import numpy as np

from label_smoothing.theory.checks import check_labels, column_stochastic


def read_matrix(path: str | os.PathLike) -> np.ndarray:
    """
    Return a matrix whose columns are distributions, read from .csv (commas, no header) or .npy.

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
    """Return ``T[i, j]`` of a file; beyond `read_matrix`, the identity is a ValueError."""
    T = read_matrix(path)
    if np.trace(T) == len(T):
        raise ValueError(f"matrix {path}: it is the identity, allowed: one with noise")
    return T


def corrupt_labels(labels: np.ndarray, T: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """
    Return one noisy label drawn for each clean label, int64 of shape (N,).

    Two uniform numbers per sample are drawn whatever `T` is: the first decides whether the label
    flips, the second where to. So with equally seeded generators the flips are nested over the
    clean rate: a label that flips at some clean rate also flips at every lower one, and to the same
    class as long as the off-diagonal proportions are the same.

    Raises
    ------
    ValueError
        If a label is no integer from 0 to M - 1, or the columns of `T` are no distributions.
    """
    T = column_stochastic("T", T)
    labels = check_labels("labels", labels, len(T))
    flip, target = rng.random((2, len(labels)))
    moves = T.astype(float)
    np.fill_diagonal(moves, 0.0)
    cumulative = moves.cumsum(axis=0)
    # The total is read off the same sums that are searched, so that rounding never leads past M-1.
    threshold = (target * cumulative[-1, labels])[None, :]
    moved = (cumulative[:, labels] <= threshold).sum(axis=0)
    return np.where(flip < np.diag(T)[labels], labels, moved).astype(np.int64)
