"""Samples of a data set before they are split, and what is to be said of them."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np


class Samples(NamedTuple):
    """
    What a converter has read.

    Attributes
    ----------
    x : ndarray, shape (N, ...)
        Images of uint8 or features of float32.
    labels, origins : ndarray of str, shape (N,)
        The name of each class, and where each sample comes from.
    test : ndarray of bool, shape (N,), or None
        The test part, where the source brings a split.
    notes : list of str
        What the user should know.
    groups : ndarray of str, shape (N,), or None
        Samples of one group stay in one part.
    """

    x: np.ndarray
    labels: np.ndarray
    origins: np.ndarray
    test: np.ndarray | None
    notes: list[str]
    groups: np.ndarray | None = None


def first_of(paths: Sequence[Path], folder: Path) -> str:
    """Return the first path, relative to a folder, and how many others there are."""
    others = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
    return f"{paths[0].relative_to(folder)}{others}"


def repeats(samples: Samples, test: np.ndarray) -> list[str]:
    """Return what is to be said of samples that are equal in every value."""
    first_seen: dict[bytes, int] = {}
    rows = np.ascontiguousarray(samples.x)
    # The number of the first sample that is equal, for each.
    first = np.array([first_seen.setdefault(row.tobytes(), i) for i, row in enumerate(rows)])
    notes, origins = [], samples.origins
    again = np.flatnonzero(first != np.arange(len(rows)))
    if again.size:
        one = again[0]
        notes.append(
            f"{again.size} of {len(rows)} samples repeat another one exactly, as "
            f"{origins[one]} does {origins[first[one]]}"
        )
    other = again[samples.labels[again] != samples.labels[first[again]]]
    if other.size:
        one = other[0]
        notes.append(
            f"{other.size} of them have another label: {origins[one]} and {origins[first[one]]}"
        )
    in_both = test & np.isin(first, first[~test])
    if in_both.any():
        one = np.flatnonzero(in_both)[0]
        notes.append(
            f"{in_both.sum()} of {test.sum()} test samples also stand in the training part, as "
            f"{origins[one]}: remove them, or keep groups together (--group)"
        )
    return notes
