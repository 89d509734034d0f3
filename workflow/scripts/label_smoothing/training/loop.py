"""
The training loop.

The whole data set lives on the device as tensors and nothing inside an epoch waits for the device:
running sums stay tensors until the epoch ends.
"""

import contextlib
import ctypes
import logging
import os
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from label_smoothing.data.datasets import Dataset
from label_smoothing.seeding import torch_seed
from label_smoothing.training.checkpoints import Checkpoint
from label_smoothing.training.losses.base import Loss, plain_outputs
from label_smoothing.training.networks.base import build_network, state_tensors
from label_smoothing.training.optimizers import OPTIMIZERS, learning_rate_at

_log = logging.getLogger(__name__)
_PR_SET_PDEATHSIG = 1  # of Linux
_SECONDS_BETWEEN_PROGRESS = 1.0
_EVALUATION_BATCH = 256  # larger ones are slower on processors and take an MNIST cell over 1 GB
_PRECISIONS = {"fp32": None, "bf16": torch.bfloat16}


class TrainingResult(NamedTuple):
    """
    What only the training can know.

    Attributes
    ----------
    log_probabilities : ndarray of float32, shape (N_test, M)
        Log outputs of the final network on the test images, in nats, as its loss saw them: for
        forward correction and logit smoothing the corrected ones. NaN if the training diverged.
    uncorrected_log_probabilities : ndarray of float32, shape (N_test, M)
        Log softmax of the final network; the same array where nothing is corrected.
    train_loss : float
        Final training loss on the corrupted labels, in nats, all weights frozen.
    train_kl : float
        Mean KL divergence of the final log outputs from the targets of the corrupted training
        labels, in nats: 0 for a network that memorises. NaN where the loss has no target.
    train_accuracy : float
        Final accuracy of the log outputs on the corrupted training labels: does the network
        memorise?
    diverged_epoch : int
        The epoch whose training loss or test outputs were not finite, which ended the training; 0
        if there was none.
    history : list of dict
        One row an epoch: epoch, learning_rate (of its last step), train_loss and train_accuracy
        (running means while the weights move, corrupted labels), test_loss and test_accuracy (clean
        labels), noisy_test_loss and noisy_test_accuracy (corrupted labels), uniform_test_loss (all
        labels weighing the same, from which evaluation gets the loss to smoothed labels), seconds.
    """

    log_probabilities: np.ndarray
    uncorrected_log_probabilities: np.ndarray
    train_loss: float
    train_kl: float
    train_accuracy: float
    diverged_epoch: int
    history: list[dict[str, float]]


class Interrupted(Exception):
    """SIGTERM has come, and the checkpoint is written."""


class Recipe(NamedTuple):
    """
    How to train, the same for all cells of a data set.

    Attributes
    ----------
    optimizer : {"sgd", "adam"}
    learning_rate : float
        The highest learning rate of the schedule.
    momentum : float
        Momentum of SGD, first beta of Adam.
    schedule, milestones, factor
        See `optimizers.learning_rate_at`.
    epochs, batch_size : int
    flip : bool
        Whether training images are mirrored at random.
    crop : int
        Pixels of zero padding from which training images are cropped back at random.
    precision : {"fp32", "bf16"}
        "bf16" runs the networks in bfloat16 where torch's autocast deems it safe.
    compile : bool
        Whether torch compiles the network first, which pays on GPUs and takes a minute.
    """

    optimizer: str
    learning_rate: float
    momentum: float
    schedule: str
    epochs: int
    batch_size: int
    # The defaults of the config's schema, which the params of a training leave out.
    milestones: Sequence[int] = ()
    factor: float = 0.5
    flip: bool = False
    crop: int = 0
    precision: str = "fp32"
    compile: bool = False


def choose_device(setting: str, cuda_available: bool) -> str:
    """
    Return the device to train on: `setting`, where "auto" prefers a GPU.

    Raises
    ------
    ValueError
        If "cuda" is asked for where there is none.
    """
    if setting == "auto":
        return "cuda" if cuda_available else "cpu"
    if setting == "cuda" and not cuda_available:
        raise ValueError("device is 'cuda', but no GPU is visible; allowed here: 'cpu', 'auto'")
    return setting


def demand_determinism(device: str) -> None:
    """
    Make torch choose kernels that give the same bits every time; call before any work on a GPU.

    On processors it does so anyway, with one number of threads.
    """
    if device == "cuda":
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        # A network of the user may need a kernel that has no such version: warn, do not stop.
        torch.use_deterministic_algorithms(True, warn_only=True)


def stop_with_parent() -> None:
    """
    Have this process sent a SIGTERM when its parent dies, as a killed Snakemake does.

    A training that ran on would hold its GPU, and the next run would train the same cell.
    """
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def device_uuids() -> list[str]:
    """Return the UUIDs of the GPUs that this process sees; takes no memory on any of them."""
    return [
        str(torch.cuda.get_device_properties(index).uuid)
        for index in range(torch.cuda.device_count())
    ]


def train_network(
    dataset: Dataset,
    noisy_train: np.ndarray,
    noisy_test: np.ndarray,
    *,
    loss: Loss,
    matrix: np.ndarray,
    model: Mapping[str, Any],
    recipe: Recipe,
    seed: int,
    device: str,
    checkpoint: Checkpoint | None = None,
) -> TrainingResult:
    """
    Train one network on corrupted labels.

    Parameters
    ----------
    dataset : Dataset
        Images and clean labels.
    noisy_train, noisy_test : ndarray of int64, shapes (N_train,) and (N_test,)
        Corrupted labels. Only the train labels are trained on.
    loss : Loss
        See `losses.base.load_loss`.
    matrix : ndarray, shape (M, M)
        The matrix that the loss takes, see `methods.method_matrix`.
    model : mapping
        `kind` and the parameters of the network, see `networks.base.build_network`.
    recipe : Recipe
    seed : int
        Seeds the initial weights and the order of the batches, independently.
    device : {"cpu", "cuda"}
    checkpoint : Checkpoint, optional
        Where to keep the state and, in the end, the result. A training that finds its own state
        there goes on from it, and ends with the same result, bit for bit, as one that was never
        interrupted; one that finds its own result returns it. The caller removes the file.

    Raises
    ------
    ValueError
        If the matrix does not suit the loss.
    Interrupted
        On SIGTERM, after the state was written to `checkpoint`.
    """
    saved = checkpoint.load() if checkpoint else None
    if saved and "log_probabilities" in saved[0]:
        _log.info("this training has finished before: nothing is trained")
        arrays = {name: tensor.numpy() for name, tensor in saved[0].items()}
        return TrainingResult(**arrays, **saved[1])
    # torch's layers draw from its global generators, and so may a network of the user: seeded here,
    # given back untouched.
    gpus = [torch.cuda.current_device()] if device == "cuda" else []
    with torch.random.fork_rng(devices=gpus):
        torch.manual_seed(torch_seed(seed, "weights"))
        last_batch = len(noisy_train) % recipe.batch_size or recipe.batch_size
        network = build_network(
            model, dataset.x_train.shape[1:], dataset.classes, batch=min(last_batch, 2)
        )
        training = _Training(
            dataset, noisy_train, noisy_test, loss, matrix, network, recipe, device
        )
        training.batches.manual_seed(torch_seed(seed, "batches"))
        if saved:
            training.restore(*saved)
        result = training.run(checkpoint)
    if checkpoint:
        fields = result._asdict()
        arrays = {k: torch.tensor(v) for k, v in fields.items() if isinstance(v, np.ndarray)}
        checkpoint.save(arrays, {k: v for k, v in fields.items() if k not in arrays})
    return result


class _Training:
    """The state of one training; `restore` of what `save` wrote makes it go on as if never left."""

    def __init__(self, dataset, noisy_train, noisy_test, loss, matrix, network, recipe, device):
        self.recipe, self.device = recipe, device
        self.loss: Loss = loss
        self.matrix = torch.from_numpy(self.loss.matrix(matrix)).to(device, torch.float32)
        mean, deviation = dataset.x_train.mean(), dataset.x_train.std()

        def images(array: np.ndarray) -> torch.Tensor:
            standardised = (torch.from_numpy(array).to(device, torch.float32) - mean) / deviation
            return standardised.permute(0, 3, 1, 2)  # NHWC in memory is channels_last

        def labels(array: np.ndarray) -> torch.Tensor:
            return torch.from_numpy(array).to(device)

        self.x_train, self.x_test = images(dataset.x_train), images(dataset.x_test)
        self.y_train = labels(noisy_train)
        self.y_test, self.noisy_test = labels(dataset.y_test), labels(noisy_test)
        self.network: nn.Module = network.to(device, memory_format=torch.channels_last)
        self.forward = torch.compile(self.network) if recipe.compile else self.network
        self.optimizer = OPTIMIZERS[recipe.optimizer](self.network.parameters(), recipe.momentum)
        self.batches = torch.Generator(device)
        self.steps_per_epoch = -(-len(noisy_train) // recipe.batch_size)
        self.epoch, self.step_in_epoch, self.seconds = 1, 0, 0.0
        self.order = torch.empty(0, dtype=torch.int64, device=device)
        self.sums = torch.zeros(2, device=device)
        self.history: list[dict[str, float]] = []

    def run(self, checkpoint: Checkpoint | None) -> TrainingResult:
        start, last_report = time.monotonic() - self.seconds, time.monotonic()
        diverged_epoch = 0
        with _sigterm_noted() as terminated:
            while self.epoch <= self.recipe.epochs:
                for _ in self._steps():
                    if terminated:
                        self.seconds = time.monotonic() - start
                        if checkpoint:
                            checkpoint.save(*self.save())
                        raise Interrupted(f"SIGTERM in epoch {self.epoch}")
                outputs, uncorrected = self._predict(self.x_test)
                row = self._close_epoch(outputs)
                row["seconds"] = self.seconds = time.monotonic() - start
                if not (np.isfinite(row["train_loss"]) and outputs.isfinite().all()):
                    diverged_epoch = row["epoch"]
                    _log.warning("diverged: the loss is not finite in epoch %d", diverged_epoch)
                    break
                last = row["epoch"] == self.recipe.epochs
                if last or time.monotonic() - last_report >= _SECONDS_BETWEEN_PROGRESS:
                    last_report = time.monotonic()
                    self._report(row)
                if checkpoint and not last and row["epoch"] % checkpoint.every == 0:
                    checkpoint.save(*self.save())
        if diverged_epoch:
            nothing = np.full((len(self.y_test), len(self.matrix)), np.nan, dtype=np.float32)
            scores = np.nan, np.nan, np.nan
            return TrainingResult(nothing, nothing, *scores, diverged_epoch, self.history)
        return TrainingResult(
            outputs.cpu().numpy(),
            uncorrected.cpu().numpy(),
            *self._score_training(),
            0,
            self.history,
        )

    def save(self) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
        tensors = self._tensors() | {
            "order": self.order,
            "sums": self.sums,
            "rng.batches": self.batches.get_state(),
            "rng.torch": torch.get_rng_state(),
        }
        if self.device == "cuda":
            tensors["rng.cuda"] = torch.cuda.get_rng_state()
        state = {
            "epoch": self.epoch,
            "step_in_epoch": self.step_in_epoch,
            "seconds": self.seconds,
            "history": self.history,
        }
        return tensors, state

    def restore(self, tensors: dict[str, torch.Tensor], state: dict[str, Any]) -> None:
        with torch.no_grad():
            for name, tensor in self._tensors().items():
                tensor.copy_(tensors[name])
        self.order = tensors["order"].to(self.device)
        self.sums = tensors["sums"].to(self.device)
        self.batches.set_state(tensors["rng.batches"])
        torch.set_rng_state(tensors["rng.torch"])
        if self.device == "cuda":
            torch.cuda.set_rng_state(tensors["rng.cuda"])
        for name, value in state.items():
            setattr(self, name, value)
        _log.info("going on from epoch %d, step %d", self.epoch, self.step_in_epoch)

    def _tensors(self) -> dict[str, torch.Tensor]:
        network = {f"network.{name}": value for name, value in state_tensors(self.network).items()}
        return network | {f"optimizer.{k}": v for k, v in self.optimizer.state().items()}

    def _steps(self) -> Iterator[None]:
        recipe = self.recipe
        if self.step_in_epoch == 0:
            self.order = torch.randperm(
                len(self.y_train), generator=self.batches, device=self.device
            )
            self.sums = torch.zeros(2, device=self.device)
        self.network.train()
        for batch in self.order.split(recipe.batch_size)[self.step_in_epoch :]:
            images, labels = self._augment(self.x_train[batch]), self.y_train[batch]
            logits = self._logits(images)
            mean_loss = self.loss.minimised(self.epoch)(logits, labels, self.matrix)
            mean_loss.backward()
            self.optimizer.step(self._learning_rate(self.step_in_epoch))
            hits = (self._ranked(logits.detach()).argmax(1) == labels).sum()
            self.sums += torch.stack([mean_loss.detach() * len(batch), hits])
            self.step_in_epoch += 1
            yield

    def _ranked(self, logits: torch.Tensor) -> torch.Tensor:
        # Softmax does not change which class is largest.
        return self.loss.outputs(logits, self.matrix) if self.loss.corrects else logits

    def _learning_rate(self, step_in_epoch: int) -> float:
        recipe = self.recipe
        return recipe.learning_rate * learning_rate_at(
            (self.epoch - 1) * self.steps_per_epoch + step_in_epoch,
            self.steps_per_epoch,
            recipe.epochs,
            schedule=recipe.schedule,
            milestones=recipe.milestones,
            factor=recipe.factor,
        )

    def _close_epoch(self, outputs: torch.Tensor) -> dict[str, float]:
        train_loss, hits = self.sums.tolist()
        row = {
            "epoch": self.epoch,
            "learning_rate": self._learning_rate(self.step_in_epoch - 1),
            "train_loss": train_loss / len(self.y_train),
            "train_accuracy": hits / len(self.y_train),
            "test_loss": functional.nll_loss(outputs, self.y_test).item(),
            "test_accuracy": _accuracy(outputs, self.y_test),
            "noisy_test_loss": functional.nll_loss(outputs, self.noisy_test).item(),
            "noisy_test_accuracy": _accuracy(outputs, self.noisy_test),
            "uniform_test_loss": -outputs.mean().item(),
        }
        self.history.append(row)
        self.epoch, self.step_in_epoch = self.epoch + 1, 0
        return row

    def _augment(self, images: torch.Tensor) -> torch.Tensor:
        count, crop = len(images), self.recipe.crop
        if self.recipe.flip:
            mirrored = self._random(2, count).bool()
            images = torch.where(mirrored[:, None, None, None], images.flip(3), images)
        if crop:
            height, width = images.shape[2:]
            padded = functional.pad(images, [crop] * 4)
            rows = self._random(2 * crop + 1, count)[:, None] + self._range(height)
            columns = self._random(2 * crop + 1, count)[:, None] + self._range(width)
            nhwc = padded.permute(0, 2, 3, 1)
            samples = self._range(count)[:, None, None]
            images = nhwc[samples, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)
        return images

    def _random(self, below: int, count: int) -> torch.Tensor:
        return torch.randint(below, (count,), generator=self.batches, device=self.device)

    def _range(self, end: int) -> torch.Tensor:
        return torch.arange(end, device=self.device)

    def _logits(self, images: torch.Tensor) -> torch.Tensor:
        dtype = _PRECISIONS[self.recipe.precision]
        with torch.autocast(self.device, dtype=dtype) if dtype else contextlib.nullcontext():
            return self.forward(images).float()

    @torch.no_grad()
    def _predict(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        self.network.eval()
        logits = torch.cat([self._logits(part) for part in images.split(_EVALUATION_BATCH)])
        uncorrected = plain_outputs(logits)
        if not self.loss.corrects:
            return uncorrected, uncorrected
        return self.loss.outputs(logits, self.matrix), uncorrected

    @torch.no_grad()
    def _score_training(self) -> tuple[float, float, float]:
        self.network.eval()
        total, divergence, hits = 0.0, 0.0, 0
        for part, labels in zip(
            self.x_train.split(_EVALUATION_BATCH),
            self.y_train.split(_EVALUATION_BATCH),
            strict=True,
        ):
            logits = self._logits(part)
            outputs = self.loss.outputs(logits, self.matrix)
            total += self.loss.mean(logits, labels, self.matrix).item() * len(labels)
            divergence += self.loss.divergence(outputs, labels, self.matrix).item() * len(labels)
            hits += int((outputs.argmax(1) == labels).sum())
        return tuple(score / len(self.y_train) for score in (total, divergence, hits))

    def _report(self, row: dict[str, float]) -> None:
        left = row["seconds"] / row["epoch"] * (self.recipe.epochs - row["epoch"])
        _log.info(
            "epoch %d/%d: train loss %.4f, accuracy %.4f, test accuracy %.4f, %.0f s left",
            row["epoch"],
            self.recipe.epochs,
            row["train_loss"],
            row["train_accuracy"],
            row["test_accuracy"],
            left,
        )


@contextlib.contextmanager
def _sigterm_noted() -> Iterator[list[int]]:
    """Yield a list that fills when SIGTERM comes, instead of dying between two steps."""
    received: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: received.append(number))
    try:
        yield received
    finally:
        signal.signal(signal.SIGTERM, before)


def _accuracy(outputs: torch.Tensor, labels: torch.Tensor) -> float:
    return (outputs.argmax(1) == labels).double().mean().item()
