"""Where data sets come from: scikit-learn, torchvision or a .npz file."""

import logging
import math
import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from http.client import HTTPException
from pathlib import Path
from tarfile import TarError

import numpy as np

from label_smoothing.data.datasets import Dataset, repeated_rows
from label_smoothing.data.sizes import size_problem
from label_smoothing.files import DAMAGE
from label_smoothing.seeding import seed_stream

# As many as images have in common formats; more pixels than these are no channels.
_MOST_CHANNELS = 4
# What torchvision raises for unpacked files that are too short or of another kind.
_UNREADABLE = (ValueError, TypeError, LookupError, AssertionError)


def load_dataset(
    source: str,
    *,
    train_size: int | None = None,
    test_size: int | None = None,
    split_seed: int | None = None,
    data_dir: str | os.PathLike = "",
    path: str | os.PathLike = "",
) -> Dataset:
    """
    Load a data set from its source, check it, and take stratified subsets.

    Parameters
    ----------
    source : str
        "digits", "npz" or a class of torchvision: "MNIST", "FashionMNIST", "KMNIST", "CIFAR10",
        "CIFAR100", "SVHN".
    train_size, test_size : int, optional
        Numbers of images, stratified by class; all without. The digits need `test_size`.
    split_seed : int, optional
        Seed of the split and of the subsets, needed if there is a size.
    data_dir : path, optional
        Folder of the files of a torchvision source, see `load_torchvision`.
    path : path, optional
        File of the source "npz", see `load_npz`.

    Raises
    ------
    ValueError
        If the data are not a data set, or a size does not fit them; the message names where.
    RuntimeError
        If the files are not there and cannot be downloaded.
    """
    if source == "digits":
        dataset, test_size = load_digits(test_size or 0, split_seed), None
    elif source == "npz":
        dataset = load_npz(path)
    else:
        with _naming(f"{source} in {data_dir}"):
            dataset = _checked(load_torchvision(source, data_dir))
    parts: dict[str, np.ndarray] = {}
    for part, size in (("train", train_size), ("test", test_size)):
        x, y = getattr(dataset, f"x_{part}"), getattr(dataset, f"y_{part}")
        if size not in (None, len(y)):
            rows = rows_of_subset(f"{part}_size", size, y, split_seed)
            x, y = x[rows], y[rows]
        _check_pixels(part, x)
        parts |= {f"x_{part}": x, f"y_{part}": y}
    dataset = Dataset(**parts)
    _warn_of_repeated(dataset)
    return dataset


def _warn_of_repeated(dataset: Dataset) -> None:
    if repeated := int(repeated_rows(dataset).sum()):
        logging.warning(
            "x_test: %d of %d rows also stand in x_train, so that they are not new to a network",
            repeated,
            len(dataset.x_test),
        )


def _check_pixels(part: str, x: np.ndarray) -> None:
    if x.ndim == 2:  # features
        return
    pixels = x.reshape(len(x), -1)
    blank = int((pixels == pixels[:, :1]).all(axis=1).sum())
    if blank > len(x) / 2 and pixels.max() <= 1:
        raise ValueError(
            f"x_{part} holds 0 and 1 alone, and {blank} of {len(x)} images have one value "
            "everywhere; allowed: 0 to 255 (images from 0 to 1: multiply by 255 before the cast)"
        )
    if blank:
        logging.warning(
            "x_%s: %d of %d images have one value everywhere, so that nothing can be seen in them",
            part,
            blank,
            len(x),
        )


def load_torchvision(source: str, data_dir: str | os.PathLike) -> Dataset:
    """
    Return a data set of torchvision, which downloads and verifies what is not there.

    Parameters
    ----------
    source : {"MNIST", "FashionMNIST", "KMNIST", "CIFAR10", "CIFAR100", "SVHN"}
    data_dir : path
        The folder that torchvision calls root. Files that are there need no network.

    Raises
    ------
    ValueError
        If unpacked files are there and cannot be read.
    RuntimeError
        If the download fails. The message names the files that a user can put there.
    """
    # These take seconds to import, which only torchvision's own data sets spend.
    from filelock import FileLock
    from torchvision import datasets

    kind, root = getattr(datasets, source), Path(data_dir).expanduser()
    key = ("split", "train", "test") if hasattr(kind, "split_list") else ("train", True, False)
    try:
        root.mkdir(parents=True, exist_ok=True)
        # Two entries of a study may share a source, and only one of their jobs downloads.
        with FileLock(root / f".{source}.lock") if os.access(root, os.W_OK) else nullcontext():
            parts = [kind(root, download=True, **{key[0]: part}) for part in key[1:]]
    except (*_UNREADABLE, OSError, RuntimeError, HTTPException, TarError) as error:
        reason = " ".join(str(error).split())
        if isinstance(error, _UNREADABLE) or "is invalid for input of size" in reason:
            raise ValueError(
                "the unpacked files cannot be read"
                f"{f' ({reason})' if reason else ''}; allowed: whole ones, or none, which "
                "downloads them"
            ) from None
        files = ", ".join(f"{file} (from {url})" for file, url in _files(kind).items())
        raise RuntimeError(
            f"{source} is not in {root} and could not be downloaded: {reason}; "
            f"allowed: these files put there by hand: {files}"
        ) from None
    if source == "SVHN":  # the only one with channels before pixels
        return Dataset(*(a for p in parts for a in (p.data.transpose(0, 2, 3, 1), p.labels)))
    return Dataset(*(np.asarray(a) for p in parts for a in (p.data, p.targets)))


def _files(kind) -> dict[str, str]:
    """Return the archives of a data set of torchvision, and where each comes from."""
    if hasattr(kind, "split_list"):
        return {file: url for url, file, _ in (kind.split_list["train"], kind.split_list["test"])}
    if hasattr(kind, "resources"):
        return {f"{kind.__name__}/raw/{file}": kind.mirrors[0] + file for file, _ in kind.resources}
    return {kind.filename: kind.url}


def load_digits(test_size: int, seed: int | None) -> Dataset:
    """
    Return scikit-learn's embedded digits, 1,797 images of 8x8 pixels, in a stratified split.

    Raises
    ------
    ValueError
        If the train or the test part would lack a class.
    """
    from sklearn.datasets import load_digits as load
    from sklearn.model_selection import train_test_split

    digits = load()
    if problem := size_problem(test_size, np.bincount(digits.target).tolist()):
        raise ValueError(f"test_size is {test_size}{problem}")
    x_train, x_test, y_train, y_test = train_test_split(
        digits.images.astype(np.uint8)[..., None],
        digits.target.astype(np.int64),
        test_size=test_size,
        stratify=digits.target,
        random_state=_split_state(seed),
    )
    return Dataset(x_train, y_train, x_test, y_test)


def load_npz(path: str | os.PathLike) -> Dataset:
    """
    Read a data set from a .npz file with the keys of Keras's files.

    Parameters
    ----------
    path : path
        Holds ``x_train`` and ``x_test``, images, uint8 of shape (N, H, W) or (N, H, W, C), or
        features, float32 or float64 of shape (N, D), and ``y_train`` and ``y_test``, integers of
        shape (N,) or (N, 1). Pickled objects are refused.

    Raises
    ------
    ValueError
        If the file is not such a data set, in which each of the labels 0..M-1 occurs in both
        parts. The message names the file and the key.
    """
    with _naming(os.fspath(path)):
        dataset = _checked(_read_npz(path, dict.fromkeys(Dataset._fields, _array)))
        return dataset._replace(
            x_train=_single_precision("x_train", dataset.x_train),
            x_test=_single_precision("x_test", dataset.x_test),
        )


def inspect_npz(path: str | os.PathLike) -> Dataset:
    """
    Return the data set of a .npz file with black images or features of 0, which are not read.

    Whatever `load_npz` refuses is refused here, except damaged bytes and features that are not
    finite.

    Raises
    ------
    ValueError
        As `load_npz`, but the message does not name the file.
    OSError
        If the file cannot be opened.
    """
    readers = {"x_train": _black, "y_train": _array, "x_test": _black, "y_test": _array}
    return _checked(_read_npz(path, readers))


def _read_npz(path, readers):
    with open(path, "rb") as file:
        if not zipfile.is_zipfile(file):
            raise ValueError("not a whole .npz file; allowed: what numpy.savez writes")
        try:
            with np.load(file, allow_pickle=False) as archive:
                for key in readers:
                    if key not in archive:
                        raise ValueError(
                            f"{key} is missing, the keys are {', '.join(archive) or 'none'}; "
                            f"allowed: {', '.join(readers)}"
                        )
                return Dataset(**{key: read(archive, key) for key, read in readers.items()})
        except DAMAGE as error:
            raise ValueError(f"damaged: {error or 'it ends too early'}") from None


def _array(archive, key):
    _header(archive, key)
    return archive[key]


def _black(archive, key):
    shape, dtype = _header(archive, key)
    return np.broadcast_to(np.zeros((), dtype), shape)


def _header(archive, key):
    """Return shape and type of an array, if its entry is as long as they say."""
    if f"{key}.npy" not in archive.zip.namelist():
        raise ValueError(f"{key} is no array; allowed: {key}.npy, as numpy.savez writes it")
    entry = archive.zip.getinfo(f"{key}.npy")
    with archive.zip.open(entry.filename) as file:
        try:
            version = np.lib.format.read_magic(file)
            read = {
                (1, 0): np.lib.format.read_array_header_1_0,
                (2, 0): np.lib.format.read_array_header_2_0,
            }[version]
            shape, _, dtype = read(file)
        except DAMAGE:
            raise
        except Exception:  # numpy parses the header as Python and passes on what breaks there
            raise ValueError(
                f"{key} cannot be read (it has no header of numpy's); allowed: an array of numbers"
            ) from None
        if dtype.hasobject:
            raise ValueError(f"{key} has the type {dtype}; allowed: numbers, not pickled objects")
        # Before anything of that size is made: 30 bytes can ask for all memory.
        wanted, there = math.prod(shape) * dtype.itemsize, entry.file_size - file.tell()
        if min(shape, default=0) < 0 or wanted != there:
            raise ValueError(
                f"{key} has the shape {shape} of {dtype}, but {there} bytes; allowed: {wanted}"
            )
    return shape, dtype


def _checked(dataset: Dataset) -> Dataset:
    """Return the arrays in the shapes of `Dataset`, or name the key that cannot be."""
    inputs, labels = {}, {}
    for part in ("train", "test"):
        x, y = getattr(dataset, f"x_{part}"), getattr(dataset, f"y_{part}")
        features = x.dtype in (np.float32, np.float64) and x.ndim == 2 and x.size > 0
        if x.dtype != np.uint8 and not features:
            raise ValueError(
                f"x_{part} has the type {x.dtype}; allowed: uint8 for images; float32 and float64 "
                "for features, (N, D)"
            )
        if not features and (x.ndim not in (3, 4) or x.size == 0):
            raise ValueError(
                f"x_{part} has the shape {x.shape}; allowed: (N, H, W) or (N, H, W, C), not empty"
            )
        if x.ndim == 4 and x.shape[1] <= _MOST_CHANNELS < x.shape[3]:
            raise ValueError(
                f"x_{part} has the shape {x.shape}, with the channels first; "
                f"allowed: (N, H, W, C), x_{part}.transpose(0, 2, 3, 1)"
            )
        if y.dtype.kind not in "iu":
            raise ValueError(f"y_{part} has the type {y.dtype}; allowed: integers")
        if y.shape not in ((len(x),), (len(x), 1)):
            raise ValueError(
                f"y_{part} has the shape {y.shape}; allowed: ({len(x)},) or ({len(x)}, 1), "
                f"a label for each image of x_{part}"
            )
        inputs[part], labels[part] = x[..., None] if x.ndim == 3 else x, y.reshape(-1)
    if inputs["test"].dtype != inputs["train"].dtype:
        raise ValueError(
            f"x_test has the type {inputs['test'].dtype}; "
            f"allowed: {inputs['train'].dtype} as in x_train"
        )
    if inputs["test"].shape[1:] != inputs["train"].shape[1:]:
        kind = "images" if inputs["train"].ndim == 4 else "features"
        raise ValueError(
            f"x_test has {kind} of the shape {inputs['test'].shape[1:]}; "
            f"allowed: {inputs['train'].shape[1:]} as in x_train"
        )
    largest = int(labels["train"].max())
    for part, y in labels.items():
        classes = np.unique(y)
        if classes[0] < 0:
            raise ValueError(f"y_{part} holds the label {classes[0]}; allowed: 0 to M - 1")
        if largest == 0:
            raise ValueError("y_train holds the label 0 only; allowed: two classes or more")
        if classes[-1] > largest:
            raise ValueError(
                f"y_{part} holds the label {classes[-1]}; allowed: 0 to {largest} as in y_train"
            )
        if len(classes) <= largest:
            absent = np.setdiff1d(np.arange(len(classes) + 1), classes)[0]
            raise ValueError(
                f"y_{part} holds no label {absent}; "
                f"allowed: each of 0 to {largest}, the largest of y_train, at least once"
            )
    return Dataset(
        inputs["train"],
        labels["train"].astype(np.int64),
        inputs["test"],
        labels["test"].astype(np.int64),
    )


def _single_precision(key: str, x: np.ndarray) -> np.ndarray:
    if x.dtype == np.uint8:
        return x
    with np.errstate(over="ignore"):
        features = x.astype(np.float32)
    if not np.isfinite(features).all():
        row, column = np.argwhere(~np.isfinite(features))[0]
        raise ValueError(
            f"{key}[{row}, {column}] is {x[row, column]}; allowed: finite numbers, in float32 too"
        )
    return features


def rows_of_subset(key: str, size: int | None, y: np.ndarray, seed: int | None) -> np.ndarray:
    """
    Return the rows of a stratified subset of `size` images, in its order.

    Parameters
    ----------
    key : str
        Names the size in messages.
    size : int or None
        None takes all rows.
    y : ndarray of int, shape (N,)
        Labels of all rows.
    seed : int or None
        The data set's `split_seed`.

    Raises
    ------
    ValueError
        If a class may be left out.
    """
    rows = np.arange(len(y))
    if size is None or size == len(y):
        return rows
    if problem := size_problem(size, np.bincount(y).tolist()):
        raise ValueError(f"{key} is {size}{problem}")
    from sklearn.model_selection import train_test_split

    state = _split_state(seed)
    return train_test_split(rows, train_size=size, stratify=y, random_state=state)[0]


@contextmanager
def _naming(where: str) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None


def _split_state(seed: int | None) -> int:
    if seed is None:
        raise ValueError("split_seed is missing; allowed: an integer, as there is a size")
    return int(seed_stream(seed, "data_split").generate_state(1)[0])
