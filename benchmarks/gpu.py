"""
Measure trainings on a GPU: whether they agree with the CPU, how fast they are, whether they resume.

One command, at most 8 minutes. No download: images are random where only the time counts. On a
machine without a GPU, `--device cpu --small` runs the same code. See benchmarks/README.md.
"""

import argparse
import json
import multiprocessing
import os
import resource
import signal
import statistics
import tempfile
import threading
import time
import unittest.mock
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from machine import ROOT, machine
from time_to_memorise import Contender, train_cell

from label_smoothing.data.datasets import Dataset
from label_smoothing.data.sources import load_digits
from label_smoothing.study.grid import Study
from label_smoothing.training.checkpoints import Checkpoint
from label_smoothing.training.process import Interrupted, demand_determinism, library_versions
from label_smoothing.training.recipe import TrainingResult

DIGITS, MNIST = ("config.yaml", "digits"), ("studies/mnist.yaml", "mnist")
EPOCHS = 20  # of the digits, half of their study's
AGREE = 1e-3  # nats between the test losses of CPU and GPU


def of_study(file: str, dataset: str) -> Contender:
    """Return the network and the recipe of a data set of a study."""
    study = Study(yaml.safe_load((ROOT / file).read_text()))
    return Contender(study.model_of(dataset), study.training_of(dataset))


def changed(contender: Contender, **recipe: Any) -> Contender:
    """Return the contender with changes of its recipe."""
    return Contender(contender.model, contender.recipe | recipe)


def random_images(train: int, test: int) -> Dataset:
    """Return random images of MNIST's shape."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (train + test, 28, 28, 1), np.uint8)
    labels = rng.integers(0, 10, train + test)
    return Dataset(images[:train], labels[:train], images[train:], labels[train:])


def train(
    dataset: Dataset, contender: Contender, device: str, checkpoint: Checkpoint | None = None
) -> TrainingResult:
    """Train a network at a = 0.5 and p = 0.3."""
    return train_cell(dataset, contender, 0.5, 0.3, 0, device, checkpoint)


def agreement(device: str) -> dict[str, Any]:
    """
    Return how far the losses of one cell on the CPU and on the device are apart.

    All images are one batch, as each kind of device has an order of its own.
    """
    digits = load_digits(test_size=500, seed=0)
    cell = changed(of_study(*DIGITS), epochs=EPOCHS, batch_size=len(digits.y_train))
    last = [train(digits, cell, kind).history[-1] for kind in ("cpu", device)]
    losses = [row["test_loss"] for row in last]
    apart = abs(losses[0] - losses[1])
    return {"loss on the CPU": losses[0], "apart, nats": apart, "agree": apart <= AGREE}


def resumption(device: str) -> dict[str, Any]:
    """Return whether a training that SIGTERM interrupts ends with the bits of one that ran on."""
    digits, cell = load_digits(test_size=500, seed=0), changed(of_study(*DIGITS), epochs=EPOCHS)
    train(digits, cell, device)  # what happens once
    start = time.perf_counter()
    whole = train(digits, cell, device)
    half = (time.perf_counter() - start) / 2
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = Checkpoint(Path(folder) / "state.safetensors", key="", every=1000)
        alarm = threading.Timer(half, os.kill, (os.getpid(), signal.SIGTERM))
        alarm.start()
        try:
            train(digits, cell, device, checkpoint)
            interrupted = "no: it was faster than before"
        except Interrupted as error:
            interrupted = str(error)
        alarm.cancel()
        resumed = train(digits, cell, device, checkpoint)
    same = np.array_equal(whole.log_probabilities, resumed.log_probabilities)
    return {"interrupted by": interrupted, "same bits after it": same}


def step(device: str, images: int, **changes: Any) -> float:
    """Return the milliseconds of a step of studies/mnist.yaml, by the history of a training."""
    cell = changed(of_study(*MNIST), epochs=3, score_every=3, **changes)
    batch = cell.recipe["batch_size"]
    images -= images % batch  # graphs are of one shape
    history = train(random_images(images, 256), cell, device).history
    # The first epoch compiles, the last one scores.
    seconds = history[-2]["seconds"] - history[-3]["seconds"]
    return 1e3 * seconds / (images // batch)


def steps(device: str, images: int, precisions: Sequence[str]) -> dict[str, float]:
    """Return the milliseconds of a step in each way of running it."""
    found = {}
    for precision in precisions:
        found[f"{precision}, eager"] = step(device, images, precision=precision)
        found[f"{precision}, compiled"] = step(device, images, precision=precision, compile=True)
    plain = torch.compile
    with unittest.mock.patch.object(torch, "compile", partial(plain, mode="reduce-overhead")):
        found["fp32, CUDA graphs"] = step(device, images, compile=True)
    return found


def work(
    device: str, images: tuple[int, int], epochs: int, asked: float, ready: Any
) -> tuple[float, float, float]:
    """Return the seconds to start, those of an epoch beside the other processes, and the bytes."""
    torch.set_num_threads(1)
    demand_determinism(device)
    dataset, cell = random_images(*images), changed(of_study(*MNIST), epochs=epochs)
    train(dataset, changed(cell, epochs=1), device)  # what happens once
    start = time.time() - asked
    ready.wait()
    seconds = train(dataset, cell, device).history[-1]["seconds"]
    if device == "cuda":
        return start, seconds / epochs, torch.cuda.max_memory_reserved()
    return start, seconds / epochs, 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def side_by_side(
    device: str, images: tuple[int, int], epochs: int, processes: int
) -> dict[str, float]:
    """Return networks an hour, what a network takes beside the others, and the memory of one."""
    spawned = multiprocessing.get_context("spawn")
    with spawned.Manager() as manager, spawned.Pool(processes) as pool:
        ready = manager.Barrier(processes, timeout=120)  # if one fails, the others end
        jobs = [(device, images, epochs, time.time(), ready)] * processes
        answers = pool.starmap(work, jobs, chunksize=1)
    start, epoch, peak = map(statistics.median, zip(*answers, strict=True))
    network = start + of_study(*MNIST).recipe["epochs"] * epoch
    hourly = processes * 3600 / network
    return {"networks an hour": hourly, "s an epoch": epoch, "s to start": start, "GB": peak / 1e9}


def main() -> None:
    """Measure, print the tables, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda", choices=("cuda", "cpu"))
    parser.add_argument("--small", action="store_true", help="512 images, fp32, 2 processes")
    parser.add_argument("--json", type=Path, help="where to write the numbers")
    arguments = parser.parse_args()
    device, small = arguments.device, arguments.small
    torch.set_num_threads(1)
    demand_determinism(device)
    images, epochs = ((512, 256), 1) if small else ((60_000, 10_000), 10)
    precisions = ("fp32",) if small else ("fp32", "bf16")
    report = {
        "machine": machine() | {"libraries": library_versions(device)},
        "CPU and device": agreement(device),
        "SIGTERM": resumption(device),
        "ms a step": steps(device, images[0], precisions),
    }
    for processes in (1, 2) if small else (1, 4, 8, 16):
        report[f"{processes} at once"] = side_by_side(device, images, epochs, processes)
    print("| measured | | |\n| --- | --- | --- |")
    for part, rows in report.items():
        for name, value in rows.items():
            shown = f"{value:.4g}" if isinstance(value, float) else value
            print(f"| {part} | {name} | {shown} |")
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=2) + "\n")
    if not (report["CPU and device"]["agree"] and report["SIGTERM"]["same bits after it"]):
        raise SystemExit("the device does not do what the CPU does: see the table")


if __name__ == "__main__":
    main()
