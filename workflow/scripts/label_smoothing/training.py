"""
The training loop.

The whole data set lives on the device as tensors and nothing inside an epoch waits for the device:
running sums stay tensors until the epoch ends.
"""

import logging
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from label_smoothing.datasets import Dataset
from label_smoothing.losses import LOSSES, smoothing_matrix
from label_smoothing.models import build_model
from label_smoothing.optimizers import OPTIMIZERS, SCHEDULES
from label_smoothing.seeding import torch_seed

_log = logging.getLogger(__name__)
_SECONDS_BETWEEN_PROGRESS = 1.0
_EVALUATION_BATCH = 2048


class TrainingResult(NamedTuple):
    """
    What only the training can know.

    Attributes
    ----------
    log_probabilities : ndarray of float32, shape (N_test, M)
        Log softmax of the final network on the test images, in nats.
    train_loss : float
        Final training loss on the corrupted labels, in nats, all weights frozen.
    train_accuracy : float
        Final accuracy on the corrupted training labels: is the network memorising?
    history : list of dict
        One row an epoch: epoch, learning_rate (of its last step), train_loss and train_accuracy
        (running means while the weights move, corrupted labels), test_loss and test_accuracy (clean
        labels), noisy_test_loss and noisy_test_accuracy (corrupted labels), seconds.
    """

    log_probabilities: np.ndarray
    train_loss: float
    train_accuracy: float
    history: list[dict[str, float]]


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


def train_network(
    dataset: Dataset,
    noisy_train: np.ndarray,
    noisy_test: np.ndarray,
    *,
    loss: str,
    p: float,
    seed: int,
    model: Mapping[str, Any],
    optimizer: str,
    learning_rate: float,
    momentum: float,
    schedule: str,
    epochs: int,
    batch_size: int,
    device: str,
) -> TrainingResult:
    """
    Train one network on corrupted labels with smoothed targets.

    Parameters
    ----------
    dataset : Dataset
        Images and clean labels.
    noisy_train, noisy_test : ndarray of int64, shapes (N_train,) and (N_test,)
        Corrupted labels. Only the train labels are trained on.
    loss : str
        A key of `losses.LOSSES`.
    p : float
        Smoothing parameter, see `losses.smoothing_matrix`.
    seed : int
        Seeds the initial weights and the order of the batches, independently.
    model : mapping
        `kind` and the parameters of the network, see `models`.
    optimizer : {"sgd", "adam"}
    learning_rate : float
        The highest learning rate of the schedule.
    momentum : float
        Momentum of SGD, first beta of Adam.
    schedule : {"constant", "one_cycle"}
        "one_cycle" warms up over the first 30 % of the steps and anneals to zero (Smith 2018).
    epochs, batch_size : int
    device : {"cpu", "cuda"}

    Raises
    ------
    FloatingPointError
        If the loss stops being finite.
    """
    mean, deviation = dataset.x_train.mean(), dataset.x_train.std()

    def to_device(images: np.ndarray) -> torch.Tensor:
        standardised = (torch.from_numpy(images).to(device, torch.float32) - mean) / deviation
        return standardised.permute(0, 3, 1, 2)  # NHWC in memory is channels_last

    x_train, x_test = to_device(dataset.x_train), to_device(dataset.x_test)
    y_train, y_test, noisy_test = (
        torch.from_numpy(labels).to(device) for labels in (noisy_train, dataset.y_test, noisy_test)
    )
    network = _initialise(model, dataset, torch_seed(seed, "weights"))
    network = network.to(device, memory_format=torch.channels_last)
    batches = torch.Generator(device).manual_seed(torch_seed(seed, "batches"))
    steps = epochs * -(-len(y_train) // batch_size)
    stepper = OPTIMIZERS[optimizer](network.parameters(), momentum)
    rate_at = SCHEDULES[schedule]
    loss_function = LOSSES[loss]
    S = smoothing_matrix(p, dataset.classes).to(device)

    history: list[dict[str, float]] = []
    step = 0
    start = last_report = time.monotonic()
    for epoch in range(1, epochs + 1):
        loss_sum, hits = torch.zeros((), device=device), torch.zeros((), device=device)
        network.train()
        for batch in torch.randperm(len(y_train), generator=batches, device=device).split(
            batch_size
        ):
            logits, labels = network(x_train[batch]), y_train[batch]
            mean_loss = loss_function(logits, labels, S)
            mean_loss.backward()
            rate = learning_rate * rate_at(step, steps)
            stepper.step(rate)
            step += 1
            loss_sum += mean_loss.detach() * len(batch)
            hits += (logits.detach().argmax(1) == labels).sum()
        outputs = _predict(network, x_test)
        row = {
            "epoch": epoch,
            "learning_rate": rate,
            "train_loss": loss_sum.item() / len(y_train),
            "train_accuracy": hits.item() / len(y_train),
            "test_loss": functional.nll_loss(outputs, y_test).item(),
            "test_accuracy": _accuracy(outputs, y_test),
            "noisy_test_loss": functional.nll_loss(outputs, noisy_test).item(),
            "noisy_test_accuracy": _accuracy(outputs, noisy_test),
            "seconds": time.monotonic() - start,
        }
        if not np.isfinite(row["train_loss"]):
            raise FloatingPointError(
                f"the training loss is {row['train_loss']} in epoch {epoch}; "
                f"a lower learning rate than {learning_rate} may help"
            )
        history.append(row)
        if epoch == epochs or time.monotonic() - last_report >= _SECONDS_BETWEEN_PROGRESS:
            last_report = time.monotonic()
            _log.info(
                "epoch %d/%d: train loss %.4f, accuracy %.4f, test accuracy %.4f, %.0f s left",
                epoch,
                epochs,
                row["train_loss"],
                row["train_accuracy"],
                row["test_accuracy"],
                row["seconds"] / epoch * (epochs - epoch),
            )

    train_outputs = _predict(network, x_train)
    train_loss = -(S.T[y_train] * train_outputs).sum(1).mean().item()
    return TrainingResult(
        outputs.cpu().numpy(), train_loss, _accuracy(train_outputs, y_train), history
    )


def _initialise(model: Mapping[str, Any], dataset: Dataset, seed: int) -> nn.Module:
    # torch's layers draw their weights from the global generator; the fork gives it back untouched.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build_model(model, dataset.x_train.shape[1:], dataset.classes)


@torch.no_grad()
def _predict(network: nn.Module, images: torch.Tensor) -> torch.Tensor:
    network.eval()
    return torch.cat(
        [functional.log_softmax(network(part), 1) for part in images.split(_EVALUATION_BATCH)]
    )


def _accuracy(outputs: torch.Tensor, labels: torch.Tensor) -> float:
    return (outputs.argmax(1) == labels).double().mean().item()
