"""
Folds of a training part: each of its images is held out once, so that its own label can be judged.

The labels are the given ones, and every fold has its share of each class.
"""

import os
import tempfile
from pathlib import Path

import numpy as np

from label_smoothing.data.datasets import Dataset
from label_smoothing.data.sources import load_dataset
from label_smoothing.seeding import seed_stream

_BASE = 4096  # of row numbers as features: float32 holds neither all of them nor more digits


def fold_places(labels: np.ndarray, folds: int, seed: int) -> list[np.ndarray]:
    """
    Return the places of the images that each fold holds out.

    Parameters
    ----------
    labels : ndarray of int, shape (N,)
        Given labels. Of each class, the folds have equally many images, or one more.
    folds : int
        Number of folds, at most the images of the rarest class: then every fold has all classes.
    seed : int
        Seed of the split.

    Returns
    -------
    list of ndarray of int
        Ascending places in `labels`, each in one fold.
    """
    rng = np.random.default_rng(seed_stream(seed, "data_split"))
    order = rng.permutation(len(labels))
    order = order[np.argsort(labels[order], kind="stable")]
    # Dealt out class by class, like cards.
    return [np.sort(order[fold::folds]) for fold in range(folds)]


def take_fold(dataset: Dataset, number: int, folds: int, seed: int) -> Dataset:
    """
    Return a data set whose test part is one fold of the training part, and no other image of it.

    Parameters
    ----------
    dataset : Dataset
        Its test part is left out.
    number : int
        Of the fold, from 1.
    folds, seed : int
        See `fold_places`.
    """
    held_out = np.zeros(len(dataset.y_train), dtype=bool)
    held_out[fold_places(dataset.y_train, folds, seed)[number - 1]] = True
    return Dataset(
        dataset.x_train[~held_out],
        dataset.y_train[~held_out],
        dataset.x_train[held_out],
        dataset.y_train[held_out],
    )


def rows_of_subset(
    labels: np.ndarray, train_size: int | None, split_seed: int | None
) -> np.ndarray:
    """
    Return which rows of a file the training part of `sources.load_dataset` has, in its order.

    Parameters
    ----------
    labels : ndarray of int, shape (N,)
        All of ``y_train`` of the file.
    train_size, split_seed : int, optional
        As `sources.load_dataset` takes them.

    Returns
    -------
    ndarray of int, shape (train_size,)
    """
    rows = np.arange(len(labels))
    if train_size is None:
        return rows
    # It is asked itself, with numbers of rows in place of images.
    x = np.stack(np.divmod(rows, _BASE), axis=1).astype(np.float32)
    with tempfile.TemporaryDirectory() as folder:
        path: os.PathLike = Path(folder) / "rows.npz"
        np.savez(path, x_train=x, y_train=labels, x_test=x, y_test=labels)
        taken = load_dataset("npz", path=path, train_size=train_size, split_seed=split_seed)
    high, low = taken.x_train.astype(np.int64).T
    return _BASE * high + low
