"""The embedded digits, .npz files, subsets and the file format."""

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from label_smoothing.data import sources
from label_smoothing.data.datasets import (
    Dataset,
    number_of_classes,
    read_dataset,
    read_labels,
    write_dataset,
)
from label_smoothing.data.sources import load_dataset, load_digits


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
    whole = path.read_bytes()
    for _ in range(5):
        write_dataset(path, digits)
        assert path.read_bytes() == whole
    y_train, y_test = read_labels(path)
    assert_array_equal(y_train, digits.y_train)
    assert_array_equal(y_test, digits.y_test)


def test_one_wrong_byte_is_noticed_or_means_nothing(tmp_path):
    path = tmp_path / "data.safetensors"
    x = np.arange(12, dtype=np.uint8).reshape(3, 2, 2, 1)
    written = Dataset(x, np.array([0, 1, 1]), x[:2], np.array([1, 0]))
    write_dataset(path, written)
    whole = path.read_bytes()
    for position in range(len(whole)):
        for flip in (1, 255):
            path.write_bytes(
                whole[:position] + bytes([whole[position] ^ flip]) + whole[position + 1 :]
            )
            try:
                dataset = read_dataset(path)
            except ValueError as error:
                assert str(error).startswith(f"{path} is damaged: ")
            else:
                for read, array in zip(dataset, written, strict=True):
                    assert_array_equal(read, array)
                    assert read.dtype == array.dtype


def test_labels_alone_are_checked_alone(digits, tmp_path):
    path = tmp_path / "digits.safetensors"
    write_dataset(path, digits)
    content = bytearray(path.read_bytes())
    image = digits.x_train.tobytes()
    content[content.index(image[:640])] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match="is damaged: x_train is not what was written; delete it"):
        read_dataset(path)
    assert_array_equal(read_labels(path)[1], digits.y_test)


def test_features_come_back(tmp_path):
    path = tmp_path / "features.safetensors"
    features = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    write_dataset(path, Dataset(features, np.array([0, 1, 0, 1]), features[:2], np.array([0, 1])))
    assert_array_equal(read_dataset(path).x_train, features)
    assert read_dataset(path).x_train.dtype == np.float32


def arrays(classes=3, train=12, test=6, shape=(5, 4), labels=(-1,)):
    """Return what a small .npz holds; labels (-1, 1) is Keras's way for CIFAR."""
    rng = np.random.default_rng(0)
    return {
        "x_train": rng.integers(0, 256, (train, *shape), np.uint8),
        "y_train": (np.arange(train) % classes).astype(np.uint8).reshape(labels),
        "x_test": rng.integers(0, 256, (test, *shape), np.uint8),
        "y_test": (np.arange(test) % classes).astype(np.int32).reshape(labels),
    }


@pytest.mark.parametrize("shape", [(5, 4), (5, 4, 3)])
@pytest.mark.parametrize("labels", [(-1,), (-1, 1)])
def test_npz_in_the_shapes_of_keras(tmp_path, shape, labels):
    content = arrays(shape=shape, labels=labels)
    np.savez(tmp_path / "mine.npz", **content, more=np.arange(3))
    dataset = load_dataset("npz", path=tmp_path / "mine.npz")
    assert dataset.x_train.shape == (12, 5, 4, 3 if len(shape) == 3 else 1)
    assert_array_equal(dataset.x_test.reshape(6, *shape), content["x_test"])
    assert_array_equal(dataset.y_train, content["y_train"].ravel())
    assert dataset.y_train.dtype == dataset.y_test.dtype == np.int64
    assert dataset.classes == 3


def test_a_damaged_file_is_refused_with_what_to_do(digits, tmp_path):
    path = tmp_path / "digits.safetensors"
    write_dataset(path, digits)
    whole = path.read_bytes()
    for content in (whole[:-1], whole[:100], b""):
        path.write_bytes(content)
        for read in (read_dataset, read_labels):
            with pytest.raises(ValueError, match=r"digits\.safetensors is damaged: .*; delete it"):
                read(path)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("x_train", np.zeros((12, 0)), r"x_train has the type float64; allowed: .* \(N, D\)"),
        ("x_train", np.zeros((12, 5), complex), r"x_train has the type complex128; allowed: uint8"),
        ("x_test", np.zeros((6, 5)), r"x_test has the type float64; allowed: uint8 as in x_train"),
        (
            "x_test",
            np.zeros((0, 5, 4), np.uint8),
            r"x_test has the shape \(0, 5, 4\); allowed: .* n",
        ),
        ("y_train", np.zeros(12), r"y_train has the type float64; allowed: integers"),
        (
            "y_train",
            np.eye(12, dtype=int),
            r"y_train has the shape \(12, 12\); allowed: \(12,\) or",
        ),
        ("y_train", np.arange(12) - 1, r"y_train holds the label -1; allowed: 0 to M - 1"),
        ("y_train", np.arange(12) % 3 * 2, r"y_train holds no label 1; allowed: each of 0 to 4"),
        (
            "y_train",
            np.zeros(12, int),
            r"y_train holds the label 0 only; allowed: two classes or m",
        ),
        ("y_test", np.arange(6), r"y_test holds the label 5; allowed: 0 to 2 as in y_train"),
        ("y_test", np.arange(6) % 2, r"y_test holds no label 2; allowed: each of 0 to 2"),
    ],
)
def test_bad_npz_is_refused_with_file_key_and_what_is_allowed(tmp_path, key, value, message):
    content = {**arrays(), key: value}
    np.savez(tmp_path / "mine.npz", **{k: v for k, v in content.items() if v is not None})
    with pytest.raises(ValueError, match=rf"mine\.npz: {message}") as error:
        load_dataset("npz", path=tmp_path / "mine.npz")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_features_in_a_npz(tmp_path, dtype):
    x = np.random.default_rng(0).normal(size=(18, 7)).astype(dtype)
    content = {**arrays(), "x_train": x[:12], "x_test": x[12:]}
    np.savez(tmp_path / "mine.npz", **content)
    dataset = load_dataset("npz", path=tmp_path / "mine.npz", train_size=6, split_seed=0)
    assert dataset.x_train.shape == (6, 7)
    assert dataset.x_train.dtype == dataset.x_test.dtype == np.float32
    assert_array_equal(dataset.x_test, x[12:].astype(np.float32))
    inspected = sources.inspect_npz(tmp_path / "mine.npz")
    assert inspected.x_train.shape == (12, 7)
    assert not inspected.x_train.any()


@pytest.mark.parametrize(
    ("value", "shown"), [(np.nan, "nan"), (-np.inf, "-inf"), (1e39, r"1e\+39")]
)
def test_features_that_are_not_finite_are_named(tmp_path, value, shown):
    x = np.zeros((12, 7))
    x[3, 5] = value
    np.savez(tmp_path / "mine.npz", **{**arrays(), "x_train": x, "x_test": np.zeros((6, 7))})
    with pytest.raises(ValueError, match=rf"x_train\[3, 5\] is {shown}; allowed: finite numbers"):
        load_dataset("npz", path=tmp_path / "mine.npz")


def test_numbers_of_features_agree(tmp_path):
    np.savez(
        tmp_path / "mine.npz",
        **{**arrays(), "x_train": np.zeros((12, 7)), "x_test": np.zeros((6, 8))},
    )
    with pytest.raises(ValueError, match=r"x_test has features of the shape \(8,\); allowed: \(7,"):
        load_dataset("npz", path=tmp_path / "mine.npz")


def test_subsets_are_stratified_and_fixed_by_their_seed(tmp_path):
    path = tmp_path / "mine.npz"
    content = arrays(train=90, test=30)
    content["x_train"][:, 0, 0] = np.arange(90)
    np.savez(path, **content)
    subset = partial(load_dataset, "npz", path=path, train_size=30, test_size=6)
    dataset = subset(split_seed=0)
    assert_array_equal(np.bincount(dataset.y_train), [10] * 3)
    assert_array_equal(np.bincount(dataset.y_test), [2] * 3)
    chosen = dataset.x_train[:, 0, 0, 0]
    assert len(set(chosen)) == 30
    assert_array_equal(dataset.x_train[..., 0], content["x_train"][chosen])
    assert_array_equal(dataset.y_train, content["y_train"][chosen])
    assert_array_equal(subset(split_seed=0).x_train, dataset.x_train)
    assert not np.array_equal(subset(split_seed=1).x_train, dataset.x_train)
    whole = load_dataset("npz", path=path, train_size=90, split_seed=0)
    assert_array_equal(whole.x_train[..., 0], content["x_train"])


def test_a_smaller_training_set_keeps_the_test_set(digits):
    smaller = load_dataset("digits", train_size=100, test_size=500, split_seed=0)
    assert_array_equal(smaller.x_test, digits.x_test)
    assert_array_equal(np.bincount(smaller.y_train), [10] * 10)


def test_digits_and_npz_do_not_import_torchvision(tmp_path):
    np.savez(tmp_path / "mine.npz", **arrays())
    code = (
        "import sys; from label_smoothing.data.sources import load_dataset; "
        "load_dataset('digits', test_size=500, split_seed=0); "
        "load_dataset('npz', path='mine.npz'); sys.exit('torch' in sys.modules)"
    )
    scripts = Path(sources.__file__).parents[2]
    subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(scripts)},
    )


def test_images_that_show_nothing_are_told(tmp_path, caplog):
    content = arrays()
    np.savez(tmp_path / "mine.npz", **content)
    load_dataset("npz", path=tmp_path / "mine.npz")
    assert not caplog.records
    content["x_train"][:2] = [[[0]], [[7]]]
    np.savez(tmp_path / "mine.npz", **content)
    load_dataset("npz", path=tmp_path / "mine.npz")
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert record.getMessage().startswith("x_train: 2 of 12 images have one value everywhere")
