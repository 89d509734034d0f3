"""Each image of a training part is held out once, with its share of each class."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from label_smoothing.data.datasets import Dataset
from label_smoothing.data.folds import fold_places, take_fold
from label_smoothing.data.sources import load_dataset, rows_of_subset


@given(st.lists(st.integers(2, 40), min_size=2, max_size=5), st.data())
@settings(max_examples=100, deadline=None)
def test_folds_are_a_stratified_partition(counts, data):
    folds, seed = data.draw(st.integers(2, min(counts))), data.draw(st.integers(0, 9))
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))
    places = fold_places(labels, folds, seed)
    assert sorted(np.concatenate(places)) == list(range(len(labels)))
    for label, count in enumerate(counts):
        held_out = [int((labels[fold] == label).sum()) for fold in places]
        assert min(held_out) >= count // folds
        assert max(held_out) <= -(-count // folds)
    again = fold_places(labels, folds, seed)
    assert all(np.array_equal(one, other) for one, other in zip(places, again, strict=True))


def test_another_seed_is_another_split():
    labels = np.arange(60) % 3
    assert not np.array_equal(fold_places(labels, 5, 0)[0], fold_places(labels, 5, 1)[0])


def test_a_fold_is_held_out_and_its_images_keep_their_labels():
    y = np.arange(30) % 3
    x = np.arange(30, dtype=np.uint8).reshape(30, 1, 1, 1)
    whole = Dataset(x, y, x[:3] + 100, y[:3])
    for number, places in enumerate(fold_places(y, 4, 7), 1):
        fold = take_fold(whole, number, 4, 7)
        assert fold.x_test.ravel().tolist() == places.tolist()
        assert sorted([*fold.x_train.ravel(), *fold.x_test.ravel()]) == list(range(30))
        for images, labels in ((fold.x_train, fold.y_train), (fold.x_test, fold.y_test)):
            assert np.array_equal(labels, images.ravel() % 3)


@pytest.mark.parametrize("size", [None, 9, 50, 60])
def test_the_rows_are_those_that_the_data_set_has(tmp_path, size):
    y = np.random.default_rng(0).permutation(np.arange(60) % 3)
    x = np.arange(60)[:, None].astype(np.float32)
    np.savez(tmp_path / "mine.npz", x_train=x, y_train=y, x_test=x[:9], y_test=np.arange(9) % 3)
    taken = load_dataset("npz", path=tmp_path / "mine.npz", train_size=size, split_seed=3)
    rows = rows_of_subset("train_size", size, y, 3)
    assert np.array_equal(rows, taken.x_train[:, 0])
    assert np.array_equal(y[rows], taken.y_train)
