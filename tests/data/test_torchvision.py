"""Data sets of torchvision: files of its formats, its downloads, what to do if one fails."""

import gzip
import hashlib
import http.server
import pickle
import shutil
import tarfile
import threading
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import scipy.io
from numpy.testing import assert_array_equal
from torchvision import datasets

from label_smoothing.data.sources import load_dataset

DEBIAN = Path("/usr/share/datasets/fashion-mnist")
IDX_FILES = [resource[0].removesuffix(".gz") for resource in datasets.MNIST.resources]
SIZES = {"train": 30, "test": 20}


def images_and_labels(part, classes=10, shape=(28, 28)):
    rng = np.random.default_rng(SIZES[part])
    images = rng.integers(0, 256, (SIZES[part], *shape), np.uint8)
    return images, np.arange(SIZES[part], dtype=np.uint8) % classes


def idx(array):
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">i4").tobytes()
    return header + array.tobytes()


def write_idx(folder):
    folder.mkdir(parents=True)
    contents = [idx(array) for part in SIZES for array in images_and_labels(part)]
    for name, content in zip(IDX_FILES, contents, strict=True):
        (folder / name).write_bytes(content)


def md5(path):
    return hashlib.md5(path.read_bytes()).hexdigest()


def assert_is_what_was_written(dataset, classes=10, shape=(28, 28, 1)):
    for part in SIZES:
        images, labels = images_and_labels(part, classes, shape)
        assert_array_equal(getattr(dataset, f"x_{part}"), images)
        assert_array_equal(getattr(dataset, f"y_{part}"), labels)
    assert dataset.x_train.dtype == np.uint8
    assert dataset.y_train.dtype == np.int64


@pytest.fixture
def server(tmp_path):
    """Serve a folder, and return it with its address."""
    folder = tmp_path / "server"
    folder.mkdir()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            self.server.log.append(self.path)

    with http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(Handler, directory=folder)
    ) as server:
        server.folder, server.log = folder, []
        server.url = f"http://127.0.0.1:{server.server_port}/"
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def mnist_server(server, monkeypatch):
    """Serve tiny archives of MNIST, with their checksums put in the place of the real ones."""
    write_idx(server.folder / "raw")
    resources = []
    for name in IDX_FILES:
        archive = server.folder / f"{name}.gz"
        archive.write_bytes(gzip.compress((server.folder / "raw" / name).read_bytes()))
        resources.append((archive.name, md5(archive)))
    monkeypatch.setattr(datasets.MNIST, "mirrors", [server.url])
    monkeypatch.setattr(datasets.MNIST, "resources", resources)
    return server


@pytest.mark.skipif(not DEBIAN.is_dir(), reason="needs Debian's dataset-fashion-mnist")
def test_real_fashion_mnist_loads_without_network(tmp_path):
    raw = tmp_path / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    for name in IDX_FILES:
        with gzip.open(DEBIAN / f"{name}.gz") as packed, (raw / name).open("wb") as unpacked:
            shutil.copyfileobj(packed, unpacked)
    dataset = load_dataset("FashionMNIST", data_dir=tmp_path)
    assert dataset.x_train.shape == (60000, 28, 28, 1)
    assert dataset.x_test.shape == (10000, 28, 28, 1)
    assert dataset.x_train.dtype == np.uint8
    assert_array_equal(np.bincount(dataset.y_train), [6000] * 10)
    assert_array_equal(dataset.y_train[:5], [9, 0, 0, 3, 0])  # an ankle boot comes first
    assert dataset.x_train.mean() / 255 == pytest.approx(0.2860, abs=5e-5)  # as published

    smaller = load_dataset(
        "FashionMNIST", data_dir=tmp_path, train_size=1000, test_size=200, split_seed=0
    )
    assert_array_equal(np.bincount(smaller.y_train), [100] * 10)
    assert_array_equal(np.bincount(smaller.y_test), [20] * 10)


@pytest.mark.parametrize("source", ["MNIST", "KMNIST"])
def test_idx_files_in_the_folder_are_read(tmp_path, source):
    write_idx(tmp_path / source / "raw")
    assert_is_what_was_written(load_dataset(source, data_dir=tmp_path))


@pytest.mark.parametrize(("source", "classes"), [("CIFAR10", 10), ("CIFAR100", 15)])
def test_cifar_is_unpacked_from_its_archive(tmp_path, monkeypatch, source, classes):
    dataset_class, data = getattr(datasets, source), tmp_path / "data"
    base = tmp_path / dataset_class.base_folder
    base.mkdir()
    data.mkdir()
    labels_key = "labels" if source == "CIFAR10" else "fine_labels"
    for part in SIZES:
        images, labels = images_and_labels(part, classes, (32, 32, 3))
        rows = images.transpose(0, 3, 1, 2).reshape(len(images), -1)
        content = {"data": rows, labels_key: labels.tolist()}
        (base / part).write_bytes(pickle.dumps(content))
        monkeypatch.setattr(dataset_class, f"{part}_list", [[part, md5(base / part)]])
    (base / "meta").write_bytes(pickle.dumps({"names": ["a"] * classes}))
    meta = {"filename": "meta", "key": "names", "md5": md5(base / "meta")}
    monkeypatch.setattr(dataset_class, "meta", meta)
    archive = data / dataset_class.filename
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(base, base.name)
    monkeypatch.setattr(dataset_class, "tgz_md5", md5(archive))
    monkeypatch.setattr(dataset_class, "url", "http://127.0.0.1:9/")
    assert_is_what_was_written(load_dataset(source, data_dir=data), classes, (32, 32, 3))
    archive.unlink()
    assert_is_what_was_written(load_dataset(source, data_dir=data), classes, (32, 32, 3))


def test_svhn_has_its_channels_last(tmp_path, monkeypatch):
    split_list = {}
    for part in SIZES:
        images, labels = images_and_labels(part, 10, (32, 32, 3))
        file = tmp_path / f"{part}_32x32.mat"
        y = np.where(labels == 0, 10, labels)[:, None]
        scipy.io.savemat(file, {"X": images.transpose(1, 2, 3, 0), "y": y})
        split_list[part] = ["http://127.0.0.1:9/", file.name, md5(file)]
    monkeypatch.setattr(datasets.SVHN, "split_list", split_list)
    assert_is_what_was_written(load_dataset("SVHN", data_dir=tmp_path), 10, (32, 32, 3))


def test_jobs_that_start_together_download_once(mnist_server, tmp_path):
    data = tmp_path / "new" / "data"
    load = partial(load_dataset, "MNIST", data_dir=data)
    jobs = [threading.Thread(target=load) for _ in range(3)]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    assert {path.name for path in data.rglob("*")} >= set(IDX_FILES)
    assert len(set(mnist_server.log)) == 4
    assert len(mnist_server.log) == 8  # torchvision asks twice for each: where it is, and for it
    assert_is_what_was_written(load())
    assert len(mnist_server.log) == 8


def test_a_truncated_download_is_not_taken_for_good(mnist_server, tmp_path):
    archive, data = mnist_server.folder / f"{IDX_FILES[2]}.gz", tmp_path / "data"
    whole = archive.read_bytes()
    archive.write_bytes(whole[:-9])
    with pytest.raises(RuntimeError, match=r"could not be downloaded: .* corrupted"):
        load_dataset("MNIST", data_dir=data)
    archive.write_bytes(whole)
    assert_is_what_was_written(load_dataset("MNIST", data_dir=data))


@pytest.mark.parametrize(
    ("source", "files"),
    [
        ("MNIST", [f"MNIST/raw/{name}.gz" for name in IDX_FILES]),
        ("KMNIST", [f"KMNIST/raw/{name}.gz" for name in IDX_FILES]),
        ("CIFAR100", ["cifar-100-python.tar.gz"]),
        ("SVHN", ["train_32x32.mat", "test_32x32.mat"]),
    ],
)
def test_a_failed_download_says_in_one_line_what_to_do_by_hand(
    tmp_path, monkeypatch, source, files
):
    dataset_class = getattr(datasets, source)
    nowhere = "http://127.0.0.1:9/"
    if source == "SVHN":
        split_list = {k: [nowhere + v[1], *v[1:]] for k, v in dataset_class.split_list.items()}
        monkeypatch.setattr(dataset_class, "split_list", split_list)
    elif source.startswith("CIFAR"):
        monkeypatch.setattr(dataset_class, "url", nowhere + dataset_class.filename)
    else:
        monkeypatch.setattr(dataset_class, "mirrors", [nowhere, nowhere + "second/"])
    with pytest.raises(RuntimeError) as error:
        load_dataset(source, data_dir=tmp_path)
    line = str(error.value)
    assert line.startswith(f"{source} is not in {tmp_path} and could not be downloaded: ")
    assert "refused" in line
    assert "\n" not in line
    listed = ", ".join(f"{file} (from {nowhere}{Path(file).name})" for file in files)
    assert line.endswith(f"allowed: these files put there by hand: {listed}")


def test_archives_put_there_by_hand_need_no_network(mnist_server, tmp_path, monkeypatch):
    raw = tmp_path / "data/MNIST/raw"
    raw.mkdir(parents=True)
    for name in IDX_FILES:
        shutil.copy(mnist_server.folder / f"{name}.gz", raw)
    monkeypatch.setattr(datasets.MNIST, "mirrors", ["http://127.0.0.1:9/"])
    monkeypatch.chdir(tmp_path)
    assert_is_what_was_written(load_dataset("MNIST", data_dir="data"))


@pytest.mark.parametrize(
    "content", [b"", b"\0\0", b"\1" * 20, idx(np.zeros((30, 28, 28), "u1"))[:-1]]
)
def test_a_truncated_unpacked_file_is_named(tmp_path, content):
    write_idx(tmp_path / "MNIST/raw")
    (tmp_path / "MNIST/raw" / IDX_FILES[0]).write_bytes(content)
    with pytest.raises(
        ValueError, match=rf"MNIST in {tmp_path}: the unpacked files cannot be read"
    ):
        load_dataset("MNIST", data_dir=tmp_path)


def test_files_that_do_not_belong_together_are_refused(tmp_path):
    raw = tmp_path / "MNIST/raw"
    write_idx(raw)
    shutil.copy(raw / IDX_FILES[3], raw / IDX_FILES[1])
    with pytest.raises(ValueError, match=r"y_train has the shape \(20,\); allowed: \(30,\)"):
        load_dataset("MNIST", data_dir=tmp_path)
