"""
Folds of a training part: each of its images is held out once, so that its own label can be judged.

The labels are the given ones, and every fold has its share of each class.
"""

import numpy as np

from label_smoothing.data.datasets import Dataset
from label_smoothing.seeding import seed_stream


def fold_places(labels: np.ndarray, folds: int, seed: int) -> list[np.ndarray]:
    """
    Return the ascending places of the images that each fold holds out.

    Of each class, the folds have equally many images, or one more. With at most as many folds as
    the rarest class has images, every fold has all classes.
    """
    rng = np.random.default_rng(seed_stream(seed, "data_split"))
    order = rng.permutation(len(labels))
    order = order[np.argsort(labels[order], kind="stable")]
    # Dealt out class by class, like cards.
    return [np.sort(order[fold::folds]) for fold in range(folds)]


def take_fold(dataset: Dataset, number: int, folds: int, seed: int) -> Dataset:
    """Return a data set whose test part is fold `number`, from 1, of the training part."""
    held_out = np.zeros(len(dataset.y_train), dtype=bool)
    held_out[fold_places(dataset.y_train, folds, seed)[number - 1]] = True
    return Dataset(
        dataset.x_train[~held_out],
        dataset.y_train[~held_out],
        dataset.x_train[held_out],
        dataset.y_train[held_out],
    )
