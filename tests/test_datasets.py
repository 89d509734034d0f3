"""The embedded digits and the file format."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from label_smoothing.datasets import (
    load_digits,
    number_of_classes,
    read_dataset,
    read_labels,
    write_dataset,
)


@pytest.fixture(scope="module")
def digits():
    return load_digits(test_size=500, seed=0)


def test_digits_are_split_and_stratified(digits):
    assert digits.x_train.shape == (1297, 8, 8, 1)
    assert digits.x_test.shape == (500, 8, 8, 1)
    assert digits.x_train.dtype == np.uint8
    assert digits.y_train.dtype == np.int64
    assert digits.classes == number_of_classes(digits.y_test) == 10
    train, test = np.bincount(digits.y_train), np.bincount(digits.y_test)
    assert np.abs(test - (train + test) * 500 / 1797).max() < 1


def test_the_split_is_fixed_by_its_seed(digits):
    again, other = load_digits(500, seed=0), load_digits(500, seed=1)
    assert_array_equal(again.x_test, digits.x_test)
    assert not np.array_equal(other.y_test, digits.y_test)


def test_file_gives_back_what_was_written(digits, tmp_path):
    path = tmp_path / "digits.safetensors"
    write_dataset(path, digits)
    for read, written in zip(read_dataset(path), digits, strict=True):
        assert_array_equal(read, written)
        assert read.dtype == written.dtype
    y_train, y_test = read_labels(path)
    assert_array_equal(y_train, digits.y_train)
    assert_array_equal(y_test, digits.y_test)
