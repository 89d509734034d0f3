"""
Data sets in the one file format that every rule after prepare_dataset reads.

A data set is four arrays: images ``x_*`` of shape (N, H, W, C), uint8, or features of shape (N, D),
float32, and labels ``y_*`` of shape (N,), int64, for ``train`` and ``test``. The file holds a
checksum of each.
"""

import json
import os
from hashlib import blake2b
from typing import NamedTuple

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from label_smoothing.files import checksum, refusing_damage, replacing

# Of the test part of labels to advise on.
MOST_REPEATED, FEWEST_ROWS = 0.1, 100


class Dataset(NamedTuple):
    """
    Inputs and labels of the train and the test part.

    Attributes
    ----------
    x_train, x_test : ndarray
        Images, uint8 of shape (N, H, W, C), or features, float32 of shape (N, D), as they come: the
        training standardises them.
    y_train, y_test : ndarray of int64, shape (N,)
        Labels in 0..M-1.
    """

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray

    @property
    def classes(self) -> int:
        """Number of classes M."""
        return number_of_classes(self.y_train)


def number_of_classes(labels: np.ndarray) -> int:
    """Return M for clean labels 0..M-1 that all occur (`sources.load_dataset` sees to that)."""
    return int(labels.max()) + 1


def repeated_rows(dataset: Dataset) -> np.ndarray:
    """Return which test rows equal a training row in every value, bool of shape (N,)."""

    def hashes(x):
        return [blake2b(row, digest_size=16).digest() for row in np.ascontiguousarray(x)]

    known = set(hashes(dataset.x_train))
    return np.array([row in known for row in hashes(dataset.x_test)], dtype=bool)


def new_test_rows(dataset: Dataset) -> np.ndarray:
    """
    Return the numbers of the test rows that do not stand in the training part.

    A network has memorised the label of a row that does: there every label seems right.

    Raises
    ------
    ValueError
        If more than a tenth of the rows are repeated, or fewer than a hundred are new: early
        stopping, which is judged on all rows, would then mislead.
    """
    repeated = repeated_rows(dataset)
    count, rows = int(repeated.sum()), np.flatnonzero(~repeated)
    if count and (count > MOST_REPEATED * len(repeated) or len(rows) < FEWEST_ROWS):
        raise ValueError(
            f"{count} of {len(repeated)} test rows also stand in the training part; allowed: at "
            f"most {MOST_REPEATED:.0%} of them, and {FEWEST_ROWS} or more that do not"
        )
    return rows


def write_dataset(path: str | os.PathLike, dataset: Dataset) -> None:
    """Write a data set as safetensors."""
    arrays = {name: np.ascontiguousarray(array) for name, array in dataset._asdict().items()}
    checksums = {name: _checksum(array) for name, array in arrays.items()}
    with replacing(path) as temporary:
        # In one entry, because safetensors writes several in an order that changes.
        save_file(arrays, temporary, {"checksums": json.dumps(checksums)})


def read_dataset(path: str | os.PathLike) -> Dataset:
    """
    Read a data set written by `write_dataset`.

    Raises
    ------
    ValueError
        If the file is damaged; the message says what to do.
    """
    return Dataset(*_read(path, Dataset._fields))


def read_labels(path: str | os.PathLike) -> tuple[np.ndarray, np.ndarray]:
    """Return the clean train and test labels without the images; errors as `read_dataset`."""
    y_train, y_test = _read(path, ("y_train", "y_test"))
    return y_train, y_test


def _read(path: str | os.PathLike, names: tuple[str, ...]) -> list[np.ndarray]:
    with refusing_damage(path, SafetensorError), safe_open(path, framework="numpy") as file:
        checksums = json.loads((file.metadata() or {}).get("checksums", "{}"))
        arrays = [file.get_tensor(name) for name in names]
        for name, array in zip(names, arrays, strict=True):
            if checksums.get(name) != _checksum(array):
                raise ValueError(f"{name} is not what was written")
        return arrays


def _checksum(array: np.ndarray) -> str:
    return checksum(f"{array.dtype} {array.shape}", array)
