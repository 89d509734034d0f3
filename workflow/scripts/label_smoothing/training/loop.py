"""
The training loop.

The whole data set lives on the device as tensors. Nothing inside an epoch waits for the device:
running sums stay tensors until the epoch ends.
"""

import contextlib
import logging
import math
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from label_smoothing.data.datasets import Dataset
from label_smoothing.seeding import torch_seed
from label_smoothing.training.augmentation import augment
from label_smoothing.training.checkpoints import Checkpoint
from label_smoothing.training.losses.base import Loss, plain_outputs
from label_smoothing.training.networks.base import build_network, state_tensors
from label_smoothing.training.optimizers import OPTIMIZERS, learning_rate_at
from label_smoothing.training.process import Interrupted, sigterm_noted
from label_smoothing.training.recipe import Recipe, TrainingResult

_log = logging.getLogger(__name__)
_SECONDS_BETWEEN_PROGRESS = 1.0
_EVALUATION_BATCH = 256  # larger ones are slower on processors and take an MNIST cell over 1 GB
_PRECISIONS = {"fp32": None, "bf16": torch.bfloat16}


class _Outputs(NamedTuple):
    """Log outputs (N, M) as the loss sees them, and as the network gives them."""

    corrected: torch.Tensor
    plain: torch.Tensor


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
    clean_labels_known: bool = True,
) -> TrainingResult:
    """
    Return what one network, trained on corrupted labels, gives.

    Parameters
    ----------
    noisy_train, noisy_test : ndarray of int64, shapes (N_train,) and (N_test,)
        Corrupted labels. Only the train labels are trained on.
    matrix : ndarray, shape (M, M)
        What the loss takes, see `methods.method_matrix`.
    model : mapping
        See `networks.base.build_network`.
    seed : int
        Seeds the initial weights and the order of the batches, independently.
    checkpoint : Checkpoint, optional
        Where to keep the state and, in the end, the result. A training that finds its own state
        goes on from there, with the same bits as one that was never interrupted. One that finds
        its own result returns it. The caller removes the file.
    clean_labels_known : bool
        Whether the labels of `dataset` are the right ones. If not, nothing is scored against them.

    Raise ValueError if the matrix does not suit the loss, or the network or the augmentation the
    data; Interrupted on SIGTERM, after the state was written to `checkpoint`.
    """
    saved = checkpoint.load() if checkpoint else None
    if saved and "log_probabilities" in saved[0]:
        _log.info("this training has finished before: nothing is trained")
        fields: dict[str, Any] = {name: tensor.numpy() for name, tensor in saved[0].items()}
        return TrainingResult(**fields, **saved[1])
    # Layers draw from torch's global generators: seeded here, given back untouched.
    with _random_state_kept(device):
        torch.manual_seed(torch_seed(seed, "weights"))
        network = build_network(model, dataset.x_train.shape[1:], dataset.classes)
        training = _Training(
            dataset,
            noisy_train,
            noisy_test,
            loss=loss,
            matrix=matrix,
            network=network,
            recipe=recipe,
            device=device,
            clean_labels_known=clean_labels_known,
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

    def __init__(
        self,
        dataset: Dataset,
        noisy_train: np.ndarray,
        noisy_test: np.ndarray,
        *,
        loss: Loss,
        matrix: np.ndarray,
        network: nn.Module,
        recipe: Recipe,
        device: str,
        clean_labels_known: bool,
    ):
        if dataset.x_train.ndim == 2 and (recipe.flip or recipe.crop):
            raise ValueError(
                f"flip is {recipe.flip} and crop is {recipe.crop}; allowed with features: "
                "False and 0, which are for images"
            )
        self.recipe, self.device = recipe, device
        self.loss = loss
        self.matrix = torch.from_numpy(self.loss.matrix(matrix)).to(device, torch.float32)
        self.x_train, self.x_test = _standardised(dataset.x_train, dataset.x_test, device)

        def labels(array: np.ndarray) -> torch.Tensor:
            return torch.from_numpy(array).to(device)

        self.noisy_train, self.noisy_test = labels(noisy_train), labels(noisy_test)
        self.clean_train = labels(dataset.y_train) if clean_labels_known else None
        self.clean_test = labels(dataset.y_test) if clean_labels_known else None
        self.network = network.to(device).to(memory_format=torch.channels_last)
        self.forward = torch.compile(self.network) if recipe.compile else self.network
        self.optimizer = OPTIMIZERS[recipe.optimizer](self.network.parameters(), recipe.momentum)
        self.batches = torch.Generator(device)
        self.steps_per_epoch = -(-len(noisy_train) // recipe.batch_size)
        self.epoch, self.step_in_epoch, self.seconds = 1, 0, 0.0
        self.order = torch.empty(0, dtype=torch.int64, device=device)
        self.sums = torch.zeros(2, device=device)
        self.history: list[dict[str, float]] = []

    def run(self, checkpoint: Checkpoint | None) -> TrainingResult:
        recipe = self.recipe
        start, last_report = time.monotonic() - self.seconds, time.monotonic()
        with sigterm_noted() as terminated:
            while True:
                # Train: all batches of an epoch, or those that an interrupted one has left.
                if self.step_in_epoch == 0:
                    self._shuffle()
                self.network.train()
                for batch in self.order.split(recipe.batch_size)[self.step_in_epoch :]:
                    self._step(batch)
                    if terminated:
                        self.seconds = time.monotonic() - start
                        if checkpoint:
                            checkpoint.save(*self.save())
                        raise Interrupted(f"SIGTERM in epoch {self.epoch}")
                # Score: the test set, in the last epoch and in each of a stride.
                epoch, last = self.epoch, self.epoch == recipe.epochs
                scored = last or epoch % recipe.score_every == 0
                outputs = self._predict(self.x_test) if scored else None
                row = self._close_epoch(outputs and outputs.corrected)
                row["seconds"] = self.seconds = time.monotonic() - start
                # Stop: where a number is not finite.
                if not _is_finite(row if scored else {"train_loss": row["train_loss"]}):
                    return self._diverged(epoch)
                # Tell and keep: one line a second at most, the state every few epochs.
                reports = time.monotonic() - last_report >= _SECONDS_BETWEEN_PROGRESS
                if last or (scored and reports):
                    last_report = time.monotonic()
                    self._report(row)
                if last and outputs:
                    break
                if checkpoint and epoch % checkpoint.every == 0:
                    checkpoint.save(*self.save())
        scores = self._score_training()
        if not (_is_finite(scores) and outputs.plain.isfinite().all()):
            return self._diverged(recipe.epochs)
        return TrainingResult(
            log_probabilities=outputs.corrected.cpu().numpy(),
            uncorrected_log_probabilities=outputs.plain.cpu().numpy(),
            **scores,
            diverged_epoch=0,
            history=self.history,
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
        kept = ("epoch", "step_in_epoch", "seconds", "history")
        return tensors, {name: getattr(self, name) for name in kept}

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

    def _shuffle(self) -> None:
        self.order = torch.randperm(
            len(self.noisy_train), generator=self.batches, device=self.device
        )
        self.sums = torch.zeros(2, device=self.device)

    def _step(self, batch: torch.Tensor) -> None:
        # Forward, loss, backward, update.
        recipe, labels = self.recipe, self.noisy_train[batch]
        images = augment(self.x_train[batch], self.batches, flip=recipe.flip, crop=recipe.crop)
        logits = self._logits(images)
        mean_loss = self.loss.minimised(self.epoch)(logits, labels, self.matrix)
        mean_loss.backward()
        self.optimizer.step(self._learning_rate(self.step_in_epoch))
        # Running sums; softmax does not change which class is largest.
        ranked = logits.detach()
        if self.loss.corrects:
            ranked = self.loss.outputs(ranked, self.matrix)
        hits = (ranked.argmax(1) == labels).sum()
        self.sums += torch.stack([mean_loss.detach() * len(batch), hits])
        self.step_in_epoch += 1

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

    def _close_epoch(self, outputs: torch.Tensor | None) -> dict[str, float]:
        train_loss, hits = self.sums.tolist()
        row = {
            "epoch": self.epoch,
            "learning_rate": self._learning_rate(self.step_in_epoch - 1),
            "train_loss": train_loss / len(self.noisy_train),
            "train_accuracy": hits / len(self.noisy_train),
            **self._score_test(outputs),
        }
        self.history.append(row)
        self.epoch, self.step_in_epoch = self.epoch + 1, 0
        return row

    def _score_test(self, outputs: torch.Tensor | None) -> dict[str, float]:
        labels_of = {"": self.clean_test, "noisy_": self.noisy_test}
        scores = {
            f"{kind}test_{name}": math.nan if outputs is None else score(outputs, labels)
            for kind, labels in labels_of.items()
            if labels is not None
            for name, score in (("loss", _cross_entropy), ("accuracy", _accuracy))
        }
        scores["uniform_test_loss"] = math.nan if outputs is None else -outputs.mean().item()
        return scores

    def _logits(self, images: torch.Tensor) -> torch.Tensor:
        dtype = _PRECISIONS[self.recipe.precision]
        with torch.autocast(self.device, dtype=dtype) if dtype else contextlib.nullcontext():
            return self.forward(images).float()

    @torch.no_grad()
    def _predict(self, images: torch.Tensor) -> _Outputs:
        self.network.eval()
        logits = torch.cat([self._logits(part) for part in images.split(_EVALUATION_BATCH)])
        uncorrected = plain_outputs(logits)
        if not self.loss.corrects:
            return _Outputs(uncorrected, uncorrected)
        return _Outputs(self.loss.outputs(logits, self.matrix), uncorrected)

    @torch.no_grad()
    def _score_training(self) -> dict[str, Any]:
        self.network.eval()
        total, divergence, hits, parts = 0.0, 0.0, 0, []
        for images, labels in zip(
            self.x_train.split(_EVALUATION_BATCH),
            self.noisy_train.split(_EVALUATION_BATCH),
            strict=True,
        ):
            logits = self._logits(images)
            outputs = self.loss.outputs(logits, self.matrix)
            total += self.loss.mean(logits, labels, self.matrix).item() * len(labels)
            divergence += self.loss.divergence(outputs, labels, self.matrix).item() * len(labels)
            hits += int((outputs.argmax(1) == labels).sum())
            parts.append(outputs)
        N, outputs = len(self.noisy_train), torch.cat(parts).double()
        clean = self.clean_train
        return {
            "train_loss": total / N,
            "train_kl": divergence / N,
            "train_accuracy": hits / N,
            "uniform_train_loss": -outputs.mean().item(),
            "clean_train_loss": None if clean is None else _cross_entropy(outputs, clean),
            "clean_train_accuracy": None if clean is None else _accuracy(outputs, clean),
            "class_train_losses": None if clean is None else _class_losses(outputs, clean),
        }

    def _diverged(self, epoch: int) -> TrainingResult:
        _log.warning("diverged: the loss is not finite in epoch %d", epoch)
        M = len(self.matrix)
        nothing = np.full((len(self.x_test), M), np.nan, dtype=np.float32)
        known = self.clean_train is not None
        return TrainingResult(
            log_probabilities=nothing,
            uncorrected_log_probabilities=nothing,
            train_loss=math.nan,
            train_kl=math.nan,
            train_accuracy=math.nan,
            uniform_train_loss=math.nan,
            clean_train_loss=math.nan if known else None,
            clean_train_accuracy=math.nan if known else None,
            class_train_losses=np.full((M, M), math.nan) if known else None,
            diverged_epoch=epoch,
            history=self.history,
        )

    def _report(self, row: dict[str, float]) -> None:
        left = row["seconds"] / row["epoch"] * (self.recipe.epochs - row["epoch"])
        _log.info(
            "epoch %d/%d: train loss %.4f, accuracy %.4f, test accuracy %.4f, %.0f s left",
            row["epoch"],
            self.recipe.epochs,
            row["train_loss"],
            row["train_accuracy"],
            row.get("test_accuracy", row["noisy_test_accuracy"]),
            left,
        )


def _random_state_kept(device: str) -> contextlib.AbstractContextManager:
    return torch.random.fork_rng(devices=[torch.cuda.current_device()] if device == "cuda" else [])


def _standardised(
    train: np.ndarray, test: np.ndarray, device: str
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return both parts with mean 0 and deviation 1 over the train part; NHWC becomes NCHW."""
    if train.ndim == 2:  # features, each on its own scale; one that never changes becomes 0
        mean, deviation = train.mean(0, dtype=np.float64), train.std(0, dtype=np.float64)
        deviation[np.ptp(train, axis=0) == 0] = np.inf

        def scaled(part: np.ndarray) -> torch.Tensor:
            return torch.from_numpy(((part - mean) / deviation).astype(np.float32)).to(device)
    else:
        mean, deviation = train.mean(), train.std() or 1.0

        def scaled(part: np.ndarray) -> torch.Tensor:
            images = (torch.from_numpy(part).to(device, torch.float32) - mean) / deviation
            return images.permute(0, 3, 1, 2)  # NHWC in memory is channels_last

    return scaled(train), scaled(test)


def _is_finite(scores: Mapping[str, Any]) -> bool:
    return all(
        np.isfinite(score).all() or (name == "train_kl" and np.isnan(score))
        for name, score in scores.items()
        if score is not None
    )


def _cross_entropy(outputs: torch.Tensor, labels: torch.Tensor) -> float:
    return functional.nll_loss(outputs, labels).item()


def _accuracy(outputs: torch.Tensor, labels: torch.Tensor) -> float:
    return (outputs.argmax(1) == labels).double().mean().item()


def _class_losses(outputs: torch.Tensor, labels: torch.Tensor) -> np.ndarray:
    members = functional.one_hot(labels, outputs.shape[1]).to(outputs.dtype)
    return (-(outputs.T @ members) / members.sum(0).clamp(min=1)).cpu().numpy()
