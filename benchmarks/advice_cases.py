"""
Data sets whose labels are made wrong in many known ways, and the networks that the advice trains.

Each kind of noise is one function in `KINDS`: it takes right labels and returns given ones.
"""

import tempfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import yaml
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict

from label_smoothing.data.corrupt import corrupt_labels
from label_smoothing.data.datasets import Dataset
from label_smoothing.data.sources import load_digits, load_npz
from label_smoothing.files import read_arrays, write_arrays
from label_smoothing.study.advice_study import advice_study
from label_smoothing.theory.matrices import smoothing_matrix
from label_smoothing.theory.noise import pair_flip_transition, uniform_transition
from label_smoothing.training.loop import train_network
from label_smoothing.training.losses.base import load_loss
from label_smoothing.training.recipe import Recipe

NO_CLASS = -1  # the right label of an image that belongs to no class
TRAIN, TEST = "train", "test"
# Method, and whether p = 1 is trained too, as the study of `make advise` has them.
METHODS = (("label_smoothing", True), ("forward_correction", False))
HISTORY = ("noisy_test_accuracy", "noisy_test_loss", "uniform_test_loss", "train_accuracy")


class Part(NamedTuple):
    """Inputs and right labels of both parts together, and which rows are of the training part."""

    x: np.ndarray
    y: np.ndarray
    train: np.ndarray
    rng: np.random.Generator

    @property
    def classes(self) -> int:
        """Number of classes M."""
        return int(self.y.max()) + 1


class Case(NamedTuple):
    """A data set as somebody would bring it, with the right labels that nobody would tell."""

    given: Dataset
    clean_train: np.ndarray
    clean_test: np.ndarray


def _by_matrix(matrix: Callable[[int], np.ndarray]) -> Callable[[Part], Part]:
    def noise(part: Part) -> Part:
        return part._replace(y=corrupt_labels(part.y, matrix(part.classes), part.rng))

    return noise


def _uniform(wrong: float) -> Callable[[Part], Part]:
    return _by_matrix(lambda M: uniform_transition(1 - wrong, M))


def _pair(wrong: float) -> Callable[[Part], Part]:
    return _by_matrix(lambda M: pair_flip_transition(1 - wrong, M))


def _class_conditional(M: int) -> np.ndarray:
    """Return noise of 0 to 50 % by class; most of what is wrong goes to one other class."""
    wrong = 0.5 * np.arange(M) / (M - 1)
    T = np.full((M, M), 0.3 / (M - 1)) * wrong
    T[np.arange(M), np.arange(M)] = 1 - wrong
    T[(np.arange(M) + min(3, M - 1)) % M, np.arange(M)] += 0.7 * wrong
    return T / T.sum(axis=0)


def _asymmetric(M: int) -> np.ndarray:
    """Return noise of four classes, to one that looks like them, as Patrini et al. do."""
    T = np.eye(M)
    for right, given in ((7, 1), (2, 7), (5, 6), (3, 8)):
        T[right % M, right % M], T[given % M, right % M] = 0.6, 0.4
    return T


def _hard(wrong: float) -> Callable[[Part], Part]:
    """Call the images of lowest margin what they look like."""

    def noise(part: Part) -> Part:
        flat = part.x.reshape(len(part.x), -1) / 255
        model = LogisticRegression(C=0.1, max_iter=300)
        shares = cross_val_predict(model, flat, part.y, cv=5, method="predict_proba")
        own = np.arange(len(part.y)), part.y
        right = shares[own].copy()
        shares[own] = -1
        hardest = np.argsort(right - shares.max(axis=1))[: round(wrong * len(part.y))]
        y = part.y.copy()
        y[hardest] = shares.argmax(axis=1)[hardest]
        return part._replace(y=y)

    return noise


def _annotator(share: float) -> Callable[[Part], Part]:
    """Let one annotator, whose photos are darker, call three of the classes another one."""

    def noise(part: Part) -> Part:
        hers = part.rng.random(len(part.y)) < share
        x, y = part.x.copy(), part.y.copy()
        x[hers] = (x[hers] * 0.6).astype(x.dtype)
        y[hers & np.isin(part.y, (3, 5, 9))] = 8
        return part._replace(x=x, y=y)

    return noise


def _one_way(share: float) -> Callable[[Part], Part]:
    """Call a share of the 4s a 9."""

    def noise(part: Part) -> Part:
        wrong = (part.y == 4) & (part.rng.random(len(part.y)) < share)
        return part._replace(y=np.where(wrong, 9, part.y))

    return noise


def _missed(share: float) -> Callable[[Part], Part]:
    """Miss a share of the positives, 8 and 9, among two classes."""

    def noise(part: Part) -> Part:
        missed = (part.y == 1) & (part.rng.random(len(part.y)) < share)
        return part._replace(y=np.where(missed, 0, part.y))

    return noise


def _open_set(part: Part) -> Part:
    """Give the images of the last class, as of no class, any label of the others."""
    M = part.classes
    drawn = part.rng.integers(0, M - 1, len(part.y))
    return part._replace(y=np.where(part.y == M - 1, drawn, part.y))


def _duplicates(part: Part) -> Part:
    """Let some test images stand in the training part too, with 30 % of the labels wrong."""
    part = _uniform(0.3)(part)
    train, test = np.flatnonzero(part.train), np.flatnonzero(~part.train)
    count = len(test) // 12
    x, y = part.x.copy(), part.y.copy()
    x[test[:count]], y[test[:count]] = x[train[:count]], y[train[:count]]
    return part._replace(x=x, y=y)


def _one_part(where: str) -> Callable[[Part], Part]:
    def noise(part: Part) -> Part:
        noisy = _uniform(0.3)(part).y
        return part._replace(y=np.where(part.train == (where == TRAIN), noisy, part.y))

    return noise


def _none(part: Part) -> Part:
    return part


KINDS: dict[str, Callable[[Part], Part]] = {
    "none": _none,
    "uniform, 5 %": _uniform(0.05),
    "uniform, 15 %": _uniform(0.15),
    "uniform, 30 %": _uniform(0.3),
    "uniform, 50 %": _uniform(0.5),
    "pair flips, 10 %": _pair(0.1),
    "pair flips, 30 %": _pair(0.3),
    "asymmetric, 16 %": _by_matrix(_asymmetric),
    "class-conditional, 25 %": _by_matrix(_class_conditional),
    "hard images, 3 %": _hard(0.03),
    "hard images, 8 %": _hard(0.08),
    "hard images, 15 %": _hard(0.15),
    "annotator, 3 %": _annotator(0.1),
    "annotator, 8 %": _annotator(0.27),
    "annotator, 15 %": _annotator(0.5),
    "4s called 9, 3 %": _one_way(1 / 3),
    "4s called 9, 8 %": _one_way(0.8),
    "missed positives, 4 %": _missed(0.2),
    "open set, 10 %": _open_set,
    "duplicates, 30 %": _duplicates,
    "training part alone, 30 %": _one_part(TRAIN),
    "hold-out alone, 30 %": _one_part(TEST),
}


def make_case(kind: str, clean: Dataset, seed: int) -> Case:
    """Return a data set with one kind of noise; both parts have it, unless its name says so."""
    train = np.repeat([True, False], [len(clean.y_train), len(clean.y_test)])
    x, y = (
        np.concatenate([getattr(clean, f"{axis}_{part}") for part in (TRAIN, TEST)])
        for axis in "xy"
    )
    if kind.startswith("missed"):
        y = (y >= 8).astype(np.int64)
    rng = np.random.default_rng([seed, zlib.crc32(kind.encode())])
    made = KINDS[kind](Part(x, y, train, rng))
    right = np.where(y == y.max(), NO_CLASS, y) if kind.startswith("open") else y
    if kind.startswith("duplicates"):  # the right labels of the rows that took another's image
        count = len(clean.y_test) // 12
        right = right.copy()
        right[len(clean.y_train) :][:count] = y[:count]
    given = Dataset(made.x[train], made.y[train], made.x[~train], made.y[~train])
    return Case(given, right[train], right[~train])


def clean_data(file: Path | None, rows: int, seed: int) -> Dataset:
    """Return scikit-learn's digits as features, or rows of a .npz, split anew for each seed."""
    if file is None:
        digits = load_digits(797, seed)
        flat = {name: getattr(digits, name).reshape(-1, 64).astype(np.float32) for name in _X}
        return digits._replace(**flat)
    whole = load_npz(file)
    rng = np.random.default_rng(seed)
    train, test = (rng.permutation(len(y))[:rows] for y in (whole.y_train, whole.y_test))
    return Dataset(
        whole.x_train[train], whole.y_train[train], whole.x_test[test], whole.y_test[test]
    )


_X = ("x_train", "x_test")


def train_case(case: Case, file: Path) -> dict[str, np.ndarray]:
    """Return the networks of the study that `make advise` would write, kept in a file."""
    if file.exists():
        return read_arrays(file)
    start, given = time.process_time(), case.given
    with tempfile.TemporaryDirectory() as folder:
        np.savez(path := Path(folder) / "mine.npz", **given._asdict())
        study = yaml.safe_load(advice_study(path, "mine.yaml"))
    arrays: dict[str, Any] = {"p": np.array(study["smoothing"])}
    for method, whole in METHODS:
        kept: dict[str, list[Any]] = {}
        grid = study["smoothing"][: None if whole else -1]
        for seed in study["seeds"]:
            for p in grid:
                result = train_network(
                    given,
                    given.y_train,
                    given.y_test,
                    loss=load_loss(method),
                    matrix=smoothing_matrix(p, given.classes),
                    model=study["models"]["network"],
                    recipe=Recipe(**study["training"]["memorise"]),
                    seed=seed,
                    device="cpu",
                    clean_labels_known=False,
                )
                values = {
                    "outputs": result.log_probabilities,
                    "uncorrected": result.uncorrected_log_probabilities,
                    "end_train_accuracy": result.train_accuracy,
                    "train_kl": result.train_kl,
                } | {name: [row[name] for row in result.history] for name in HISTORY}
                for name, value in values.items():
                    kept.setdefault(name, []).append(value)
        for name, values in kept.items():
            shape = len(study["seeds"]), len(grid), *np.shape(values[0])
            arrays[f"{method} {name}"] = np.reshape(values, shape)
    arrays["seconds"] = np.array(time.process_time() - start)
    write_arrays(file, **arrays)
    return arrays
