"""
Measure a training step of the library against the loop that everyone writes, on one thread.

All contenders train the same network with the same batch size on the same images, in turns: each
round measures every one of them and the machine's own matrix products once, so that a change of
the machine's speed meets all of them. See benchmarks/README.md.
"""

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader
from torch.utils.flop_counter import FlopCounterMode
from torchvision import transforms
from torchvision.datasets import VisionDataset

from label_smoothing.data.datasets import Dataset
from label_smoothing.theory.matrices import smoothing_matrix
from label_smoothing.theory.rates import epsilon_from_p
from label_smoothing.training.loop import train_network
from label_smoothing.training.losses.base import load_loss
from label_smoothing.training.networks.base import build_network
from label_smoothing.training.recipe import Recipe

SHAPE, CLASSES = (28, 28, 1), 10
KERNEL, POOL, HIDDEN = 5, 2, 500
RATE, MOMENTUM, P = 0.01, 0.9, 0.8
TEST_IMAGES = 10  # the library scores them in the time of its epoch; so few cost nothing
MATRIX = 1024


class PlainImages(VisionDataset):
    """Images as torchvision's MNIST hands them out: one at a time, through PIL and transforms."""

    def __init__(self, images: np.ndarray, labels: np.ndarray, transform: Callable):
        super().__init__("", transform=transform)
        self.images, self.labels = images[..., 0], labels

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        return self.transform(Image.fromarray(self.images[index])), int(self.labels[index])


def plain_seconds(images: np.ndarray, labels: np.ndarray, channels: list[int], batch: int) -> float:
    """Return the seconds of one epoch of the loop that everyone writes."""
    mean, deviation = images.mean() / 255, images.std() / 255
    transform = transforms.Compose(
        [transforms.ToTensor(), transforms.Normalize((mean,), (deviation,))]
    )
    loader = DataLoader(PlainImages(images, labels, transform), batch_size=batch, shuffle=True)
    model = nn.Sequential(
        nn.Conv2d(SHAPE[2], channels[0], KERNEL, padding=KERNEL // 2),
        nn.ReLU(),
        nn.MaxPool2d(POOL),
        nn.Conv2d(channels[0], channels[1], KERNEL, padding=KERNEL // 2),
        nn.ReLU(),
        nn.MaxPool2d(POOL),
        nn.Flatten(),
        nn.Linear(channels[1] * (SHAPE[0] // POOL**2) * (SHAPE[1] // POOL**2), HIDDEN),
        nn.ReLU(),
        nn.Linear(HIDDEN, CLASSES),
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE, momentum=MOMENTUM)
    smoothing = epsilon_from_p(P, CLASSES)
    start, running_loss = time.perf_counter(), 0.0
    model.train()
    for inputs, targets in loader:
        optimizer.zero_grad()
        loss = functional.cross_entropy(model(inputs), targets, label_smoothing=smoothing)
        loss.backward()
        optimizer.step()
        running_loss += loss.item()
    return time.perf_counter() - start


def library_seconds(
    images: np.ndarray, labels: np.ndarray, channels: list[int], batch: int, precision: str
) -> float:
    """Return the seconds of one epoch of `train_network`, by its own history."""
    recipe = Recipe(
        optimizer="sgd",
        learning_rate=RATE,
        momentum=MOMENTUM,
        schedule="constant",
        milestones=[],
        factor=1.0,
        epochs=1,
        batch_size=batch,
        flip=False,
        crop=0,
        precision=precision,
        compile=False,
    )
    result = train_network(
        Dataset(images, labels, images[:TEST_IMAGES], labels[:TEST_IMAGES]),
        labels,
        labels[:TEST_IMAGES],
        loss=load_loss("label_smoothing"),
        matrix=smoothing_matrix(P, CLASSES),
        model=network(channels),
        recipe=recipe,
        seed=0,
        device="cpu",
    )
    return result.history[0]["seconds"]


def network(channels: list[int]) -> dict[str, Any]:
    """Return the model section of the network."""
    sizes = {"kernel_size": KERNEL, "pool": [POOL, POOL], "hidden": HIDDEN}
    return {"kind": "cnn", "channels": channels, **sizes}


def step_operations(channels: list[int], batch: int) -> int:
    """Return the floating-point operations of a step's convolutions and matrix products."""
    model = build_network(network(channels), SHAPE, CLASSES)
    with FlopCounterMode(display=False) as counter:
        logits = model(torch.zeros(batch, SHAPE[2], *SHAPE[:2]))
        matrix = torch.from_numpy(smoothing_matrix(P, CLASSES)).float()
        load_loss("label_smoothing").mean(
            logits, torch.zeros(batch, dtype=torch.int64), matrix
        ).backward()
    return counter.get_total_flops()


def matrix_rate(dtype: torch.dtype, products: int = 4) -> float:
    """Return the rate of square matrix products, in operations a second."""
    factor = torch.ones(MATRIX, MATRIX, dtype=dtype)
    product = factor @ factor
    start = time.perf_counter()
    for _ in range(products):
        torch.mm(factor, factor, out=product)
    return 2 * MATRIX**3 * products / (time.perf_counter() - start)


def load(path: Path | None, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return `count` images (N, 28, 28, 1) and labels: of a Keras-like file, or random ones."""
    if path is None:
        rng = np.random.default_rng(0)
        images = rng.integers(256, size=(count, *SHAPE), dtype=np.uint8)
        labels = rng.integers(CLASSES, size=count)
        labels[:CLASSES] = np.arange(CLASSES)
        return images, labels
    with np.load(path) as file:
        images, labels = file["x_train"][:count], file["y_train"][:count]
    if len(images) < count:
        raise SystemExit(f"{path} holds {len(images)} images, needed: {count}")
    return images.reshape(count, *SHAPE), labels.astype(np.int64)


def measure(
    images: np.ndarray, labels: np.ndarray, channels: list[int], batch: int, rounds: int
) -> dict[str, Any]:
    """Return medians over the rounds for one pair of widths; ratios are paired by round."""
    data = (images, labels, channels, batch)
    contenders: dict[str, Callable[[], float]] = {
        "plain": lambda: plain_seconds(*data),
        "ours_fp32": lambda: library_seconds(*data, "fp32"),
        "ours_bf16": lambda: library_seconds(*data, "bf16"),
        "matrix_fp32": lambda: matrix_rate(torch.float32),
        "matrix_bf16": lambda: matrix_rate(torch.bfloat16),
    }
    rows: list[dict[str, float]] = []
    for turn in range(rounds + 1):
        row = {name: contender() for name, contender in contenders.items()}
        if turn > 0:  # the first one warms up
            rows.append(row)
    steps, operations = len(images) // batch, step_operations(channels, batch)

    def summary(name: str, precision: str) -> dict[str, Any]:
        rates = [operations * steps / row[name] / row[f"matrix_{precision}"] for row in rows]
        return {
            "ms_per_step": statistics.median(row[name] for row in rows) / steps * 1e3,
            "ms_per_step_of_rounds": [row[name] / steps * 1e3 for row in rows],
            "times_plain": statistics.median(row["plain"] / row[name] for row in rows),
            "share_of_matrix_rate": statistics.median(rates),
        }

    return {
        "channels": channels,
        "gigaflop_per_step": operations / 1e9,
        "matrix_gigaflops": {
            precision: statistics.median(row[f"matrix_{precision}"] for row in rows) / 1e9
            for precision in ("fp32", "bf16")
        },
        "contenders": {
            "plain": summary("plain", "fp32"),
            "ours_fp32": summary("ours_fp32", "fp32"),
            "ours_bf16": summary("ours_bf16", "bf16"),
        },
    }


def machine() -> dict[str, Any]:
    """Describe the machine."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    fields = dict(reversed([[part.strip() for part in x.split(":", 1)] for x in lines if ":" in x]))
    flags = fields.get("flags", "").split()
    return {
        "processor": fields.get("model name", platform.processor()),
        "instructions": [f for f in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if f in flags],
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
    }


def table(report: dict[str, Any]) -> str:
    """Return the report as a Markdown table."""
    lines = [
        "| channels | loop | ms a step | times plain | share of the matrix rate |",
        "| --- | --- | --- | --- | --- |",
    ]
    for result in report["results"]:
        for name, row in result["contenders"].items():
            lines.append(
                f"| {result['channels']} | {name} | {row['ms_per_step']:.1f} | "
                f"{row['times_plain']:.2f} | {row['share_of_matrix_rate']:.0%} |"
            )
        rates = result["matrix_gigaflops"]
        lines.append(
            f"| {result['channels']} | matrix products | {rates['fp32']:.0f} Gflop/s fp32, "
            f"{rates['bf16']:.0f} bf16 | | |"
        )
    return "\n".join(lines)


def main() -> None:
    """Measure, print the table, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--channels", type=int, nargs=2, action="append", metavar=("C1", "C2"))
    parser.add_argument("--steps", type=int, default=20, help="steps of one measurement")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--npz", type=Path, help="x_train, y_train of 28x28 images (else random)")
    parser.add_argument("--json", type=Path, help="where to write the numbers")
    arguments = parser.parse_args()

    torch.set_num_threads(1)
    images, labels = load(arguments.npz, arguments.steps * arguments.batch_size)
    settings = {name: getattr(arguments, name) for name in ("steps", "rounds", "batch_size")}
    results = [
        measure(images, labels, channels, arguments.batch_size, arguments.rounds)
        for channels in arguments.channels or [[32, 64], [20, 50]]
    ]
    report = {"machine": machine(), "settings": settings, "results": results}
    print(table(report))
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
