"""
The data sets of torchvision: read from its folder layout, downloaded into it once.

torchvision takes any unpacked MNIST file for good, however short, and overwrites an archive whose
checksum differs. So downloads go to a folder beside, are read there, and only then moved in.
"""

import fcntl
import http.client
import logging
import os
import shutil
import socket
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

_SECONDS_OF_SILENCE = 60


class _Archive(NamedTuple):
    path: Path  # in the data folder
    urls: list[str]
    md5: str


def load_torchvision(source: str, data_dir: str | os.PathLike) -> tuple[np.ndarray, ...]:
    """
    Return a data set of torchvision, downloaded if its files are not there.

    Parameters
    ----------
    source : {"MNIST", "FashionMNIST", "KMNIST", "CIFAR10", "CIFAR100", "SVHN"}
    data_dir : path
        The folder that torchvision calls root. Unpacked files are read as they are; an archive of
        the right checksum is unpacked; neither needs the network.

    Returns
    -------
    x_train, y_train, x_test, y_test : ndarray
        Images, uint8, (N, H, W) or (N, H, W, C), and integer labels from 0.

    Raises
    ------
    ValueError
        If files are there and cannot be read.
    RuntimeError
        If the download fails. The message says which files to put where by hand, and the folder
        is as it was.
    """
    # torchvision takes seconds to import, which only its own data sets spend.
    from torchvision import datasets

    dataset_class, root = getattr(datasets, source), Path(data_dir).expanduser()
    parts = _read(dataset_class, root) or _download(dataset_class, root)
    return tuple(array for part in parts for array in _arrays(part))


def _arrays(part: Any) -> tuple[np.ndarray, np.ndarray]:
    if hasattr(part, "labels"):  # SVHN, which is also the only one with channels before pixels
        return part.data.transpose(0, 2, 3, 1), part.labels
    return np.asarray(part.data), np.asarray(part.targets)


def _read(dataset_class: type, root: Path, download: bool = False) -> list[Any] | None:
    """Return the train and the test part, or None if files are missing or have wrong checksums."""
    if hasattr(dataset_class, "split_list"):
        choices = [{"split": "train"}, {"split": "test"}]
    else:
        choices = [{"train": True}, {"train": False}]
    try:
        return [dataset_class(root, download=download, **choice) for choice in choices]
    except (RuntimeError, ValueError, TypeError, LookupError, AssertionError) as error:
        if download:
            raise
        if isinstance(error, RuntimeError) and "not found" in str(error):
            return None
        raise ValueError(
            f"the unpacked files cannot be read ({error}); "
            f"allowed: whole ones, or none, which downloads them"
        ) from None


def _download(dataset_class: type, root: Path) -> list[Any]:
    from torchvision.datasets.utils import check_integrity

    name = dataset_class.__name__
    archives = _archives(dataset_class)
    partial = root / f".{name}.partial"
    try:
        root.mkdir(parents=True, exist_ok=True)
        with _alone(root / f".{name}.lock"), _timeout(_SECONDS_OF_SILENCE):
            if parts := _read(dataset_class, root):  # another job was faster
                return parts
            logging.info("downloading %s into %s", name, root)
            _extract_inside_only()
            try:
                shutil.rmtree(partial, ignore_errors=True)  # of a killed job
                partial.mkdir()
                for archive in archives:
                    if check_integrity(root / archive.path, archive.md5):
                        link = partial / archive.path
                        link.parent.mkdir(parents=True, exist_ok=True)
                        link.symlink_to((root / archive.path).resolve())
                parts = _read(dataset_class, partial, download=True)
                for file in sorted(partial.rglob("*")):
                    if file.is_file() and not file.is_symlink():
                        target = root / file.relative_to(partial)
                        target.parent.mkdir(parents=True, exist_ok=True)
                        file.replace(target)
            finally:
                shutil.rmtree(partial, ignore_errors=True)
    except (OSError, RuntimeError, http.client.HTTPException, tarfile.TarError) as error:
        raise RuntimeError(_by_hand(name, root, archives, error)) from None
    return parts  # type: ignore[return-value]


def _extract_inside_only() -> None:
    """Have tarfile refuse members outside the target folder, as it does by itself from 3.14 on."""
    # Pythons before 3.11.4 lack the filter; there the md5 of an archive is the only guard.
    if hasattr(tarfile, "data_filter"):
        tarfile.TarFile.extraction_filter = staticmethod(tarfile.data_filter)


def _archives(dataset_class: type) -> list[_Archive]:
    if hasattr(dataset_class, "split_list"):
        files = [dataset_class.split_list[part] for part in ("train", "test")]
        return [_Archive(Path(name), [url], md5) for url, name, md5 in files]
    if hasattr(dataset_class, "mirrors"):
        folder = Path(dataset_class.__name__, "raw")
        return [
            _Archive(folder / name, [mirror + name for mirror in dataset_class.mirrors], md5)
            for name, md5 in dataset_class.resources  # type: ignore[attr-defined]
        ]
    return [
        _Archive(Path(dataset_class.filename), [dataset_class.url], dataset_class.tgz_md5),  # type: ignore[attr-defined]
    ]


def _by_hand(name: str, root: Path, archives: list[_Archive], error: Exception) -> str:
    lines = [
        f"{name} is not in {root} and could not be downloaded: {' '.join(str(error).split())}",
        "Put these files there by hand and run again:",
    ]
    for path, urls, md5 in archives:
        there = " (the file that is there has another md5)" if (root / path).exists() else ""
        lines.append(f"  {root / path} from {' or '.join(urls)}, md5 {md5}{there}")
    return "\n".join(lines)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    # Two entries of a study may share a source. The file stays, because removing it would take the
    # lock from under a job that has begun to wait.
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def _timeout(seconds: float) -> Iterator[None]:
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
