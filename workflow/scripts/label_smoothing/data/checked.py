"""Right labels of some test images, which somebody has looked at."""

import csv
import os

import numpy as np

UNKNOWN = -1
_COLUMNS = ["index", "label"]


def read_checked(path: str | os.PathLike, N: int, M: int) -> np.ndarray:
    """
    Read the right labels of a checked sample of the test part.

    The sample should be drawn at random: scores on it are estimates of those on all test images.

    Parameters
    ----------
    path : path
        A .csv with the columns ``index``, the place of the image in the test part, from 0, and
        ``label``, its right label.
    N : int
        Number of test images.
    M : int
        Number of classes.

    Returns
    -------
    ndarray of int64, shape (N,)
        The right labels, `UNKNOWN` where none is known.

    Raises
    ------
    ValueError
        If the file is not such a table, or an image is in it twice. The message names the line, not
        the file.
    """
    labels = np.full(N, UNKNOWN, dtype=np.int64)
    with open(path, newline="", encoding="utf-8-sig") as file:
        try:
            rows = list(csv.reader(file))
        except (csv.Error, UnicodeDecodeError) as error:
            raise ValueError(f"no table ({error}); allowed: text with commas") from None
    if not rows or [name.strip() for name in rows[0]] != _COLUMNS:
        first = ",".join(rows[0])[:80] if rows else ""
        raise ValueError(f"the first line is {first!r}; allowed: {','.join(_COLUMNS)}")
    for line, row in enumerate(rows[1:], 2):
        if len(row) != len(_COLUMNS):
            raise ValueError(f"line {line} has {len(row)} values; allowed: {len(_COLUMNS)}")
        index, label = (
            _whole(text, name, line, most)
            for text, name, most in zip(row, _COLUMNS, (N - 1, M - 1), strict=True)
        )
        if labels[index] != UNKNOWN:
            raise ValueError(f"line {line} has the index {index} again; allowed: every image once")
        labels[index] = label
    if (labels == UNKNOWN).all():
        raise ValueError("it holds no label; allowed: one or more")
    return labels


def _whole(text: str, name: str, line: int, most: int) -> int:
    try:
        value = int(text)
    except ValueError:
        value = -1
    if not 0 <= value <= most:
        raise ValueError(f"line {line} has the {name} {text[:40]!r}; allowed: 0 to {most}")
    return value
