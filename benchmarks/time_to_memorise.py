"""
Measure what networks cost that memorise corrupted labels, one thread, `train_network` itself.

The theory speaks of networks that memorise, so what counts is the processor time to a train
accuracy of 0.99 on the CORRUPTED labels, in the cells where that is hardest. See
benchmarks/README.md.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import yaml
from machine import ROOT, machine

from label_smoothing.data.corrupt import corrupt_labels
from label_smoothing.data.datasets import Dataset
from label_smoothing.data.sources import load_dataset
from label_smoothing.seeding import seed_stream
from label_smoothing.theory.matrices import smoothing_matrix
from label_smoothing.theory.noise import transition_matrix
from label_smoothing.training.checkpoints import Checkpoint
from label_smoothing.training.loop import train_network
from label_smoothing.training.losses.base import load_loss
from label_smoothing.training.recipe import Recipe, TrainingResult

STUDY = ROOT / "studies" / "reproduction.yaml"
# Pairs of a and p. Hardest is neither the lowest a nor p = 1: where most labels are right, a wrong
# one has more neighbours against it.
HARDEST = [(0.3, 0.15), (0.5, 0.3), (0.7, 0.3), (0.7, 1.0), (0.85, 0.3)]
MEMORISED_AT = 0.99
OTHER = {"fp32": "bf16", "bf16": "fp32"}


class Contender(NamedTuple):
    """A network and how it is trained: sections `models` and `training` of a config."""

    model: dict[str, Any]
    recipe: dict[str, Any]


def contenders(study: dict[str, Any], dataset: str) -> dict[str, Contender]:
    """Return what is measured: the network and recipe of a data set, and changes of either."""
    settings = study["datasets"][dataset]
    model, recipe = study["models"][settings["model"]], study["training"][settings["training"]]

    def changed(model_keys: dict[str, Any], recipe_keys: dict[str, Any]) -> Contender:
        return Contender(model | model_keys, recipe | recipe_keys)

    pooled = {"channels": [16, 32], "pool": [2, 2], "hidden": 512}
    return {
        "study": changed({}, {}),
        "other precision": changed({}, {"precision": OTHER[recipe.get("precision", "fp32")]}),
        "20 epochs": changed({}, {"epochs": 20}),
        "momentum 0.9, rate 0.003": changed({}, {"momentum": 0.9, "learning_rate": 0.003}),
        "batch 256": changed({}, {"batch_size": 256}),
        "hidden 512": changed({"hidden": 512}, {}),
        "pooled twice": changed({"pool": [2, 2]}, {}),
        "pooled twice, channels 16, 32, hidden 512": changed(pooled, {}),
        "linear layers": Contender({"kind": "mlp", "hidden": [1024, 1024]}, recipe),
    }


def train_cell(
    dataset: Dataset,
    contender: Contender,
    a: float,
    p: float,
    seed: int,
    device: str = "cpu",
    checkpoint: Checkpoint | None = None,
) -> TrainingResult:
    """Train one network on labels with uniform noise."""
    M = dataset.classes
    T = transition_matrix("uniform", a, M)
    noisy = {
        part: corrupt_labels(y, T, np.random.default_rng(seed_stream(seed, f"{part}_labels")))
        for part, y in (("train", dataset.y_train), ("test", dataset.y_test))
    }
    return train_network(
        dataset,
        noisy["train"],
        noisy["test"],
        loss=load_loss("label_smoothing"),
        matrix=smoothing_matrix(p, M),
        model=contender.model,
        recipe=Recipe(**contender.recipe),
        seed=seed,
        device=device,
        checkpoint=checkpoint,
    )


def train(dataset: Dataset, contender: Contender, a: float, p: float, seed: int) -> dict[str, Any]:
    """Train one network and return its processor seconds and accuracies."""
    start = time.process_time()
    result = train_cell(dataset, contender, a, p, seed)
    return {
        "a": a,
        "p": p,
        "processor_seconds": time.process_time() - start,
        "train_accuracy": result.train_accuracy,
        "test_accuracy": result.history[-1]["test_accuracy"],
        "test_loss": result.history[-1]["test_loss"],
    }


def table(rows: list[dict[str, Any]]) -> str:
    """Return the rows as a Markdown table; bold is what memorises."""
    lines = [
        "| contender | a | p | processor s | train accuracy | test accuracy | test loss |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        train_accuracy = f"{row['train_accuracy']:.4f}"
        if row["train_accuracy"] >= MEMORISED_AT:
            train_accuracy = f"**{train_accuracy}**"
        lines.append(
            f"| {row['contender']} | {row['a']} | {row['p']} | {row['processor_seconds']:.1f} | "
            f"{train_accuracy} | {row['test_accuracy']:.3f} | {row['test_loss']:.3f} |"
        )
    return "\n".join(lines)


def pair(text: str) -> tuple[float, float]:
    """Return `a` and `p` of "a,p"."""
    a, p = map(float, text.split(","))
    return a, p


def main() -> None:
    """Measure, print the table, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", default="mnist-10000", help="one of studies/reproduction.yaml")
    parser.add_argument("--data", type=Path, metavar="FILE.npz", help="instead of its source")
    parser.add_argument("--contenders", nargs="+", help="some of those in the table")
    parser.add_argument("--cells", nargs="+", type=pair, default=HARDEST, metavar="A,P")
    parser.add_argument("--seed", type=int, default=100, help="one outside the studies (100)")
    parser.add_argument("--json", type=Path, help="where to write the numbers")
    arguments = parser.parse_args()

    study = yaml.safe_load(STUDY.read_text())
    if arguments.dataset not in study["datasets"]:
        allowed = ", ".join(study["datasets"])
        parser.error(f"--dataset is {arguments.dataset}; allowed: {allowed}")
    known = contenders(study, arguments.dataset)
    names = arguments.contenders or list(known)
    if unknown := set(names) - set(known):
        parser.error(f"--contenders is {sorted(unknown)}; allowed: {', '.join(known)}")
    torch.set_num_threads(1)
    settings = study["datasets"][arguments.dataset]
    keys = ("source", "data_dir", "path", "train_size", "test_size", "split_seed")
    chosen = {key: settings[key] for key in keys if key in settings}
    if arguments.data:
        chosen |= {"source": "npz", "path": arguments.data}
    dataset = load_dataset(**chosen)
    report: dict[str, Any] = {"machine": machine(), "dataset": arguments.dataset, "rows": []}
    for contender in names:
        for a, p in arguments.cells:
            row = train(dataset, known[contender], a, p, arguments.seed)
            report["rows"].append({"contender": contender} | row)
            if arguments.json:  # after each network, because all of them take long
                arguments.json.write_text(json.dumps(report, indent=2) + "\n")
    print(table(report["rows"]))


if __name__ == "__main__":
    main()
