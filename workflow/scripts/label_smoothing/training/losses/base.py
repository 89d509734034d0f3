"""
What every training loss is: a mean over the batch in nats, and the outputs that it trains.

A loss sees the noise through one matrix, whose columns sum to 1: the targets ``S[k, i]`` of class
`k` for the training label `i`, or the transition ``T[i, j]`` from the clean label `j` to the noisy
label `i`. In all of the losses `h` are the logits, `sigma` is softmax and `i` is the training
label.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from torch.nn import functional

from label_smoothing.training.by_name import find, names


def plain_outputs(logits: torch.Tensor, _matrix: torch.Tensor | None = None) -> torch.Tensor:
    """Return the log outputs of the network as they are, ``log sigma(h)``, shape (N, M)."""
    return functional.log_softmax(logits, 1)


def unchanged(matrix: np.ndarray) -> np.ndarray:
    """Return the matrix of the method, for losses that take it as it is."""
    return matrix


class Loss(NamedTuple):
    """
    A training loss.

    Attributes
    ----------
    mean : callable
        (logits, labels, matrix) -> scalar Tensor. Parameters of its own are keywords without a
        default, which `load_loss` binds.
    outputs : callable
        (logits, matrix) -> log outputs that the loss compares with the labels.
    matrix : callable
        Matrix of the method -> matrix that the two functions take.
    has_targets : bool
        Whether the columns of the matrix are what the outputs of a network that memorises equal:
        the smoothed targets and, as T sends the one-hot output e_i there, those of forward
        correction; not the negative targets of backward correction, and not logit smoothing's.
    warm_up_epochs : int
        First epochs in which plain cross entropy to the given labels is minimised instead.
    """

    mean: Callable[..., torch.Tensor]
    outputs: Callable[[torch.Tensor, torch.Tensor], torch.Tensor] = plain_outputs
    matrix: Callable[[np.ndarray], np.ndarray] = unchanged
    has_targets: bool = True
    warm_up_epochs: int = 0

    @property
    def corrects(self) -> bool:
        """Whether `outputs` differ from `plain_outputs`."""
        return self.outputs is not plain_outputs

    def minimised(
        self, epoch: int
    ) -> Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]:
        """Return what is minimised in an epoch, counted from 1: a function like `mean`."""
        return _cross_entropy if epoch <= self.warm_up_epochs else self.mean

    def divergence(
        self, outputs: torch.Tensor, labels: torch.Tensor, matrix: torch.Tensor
    ) -> torch.Tensor:
        """Return the mean of KL(target || output) in nats; NaN without targets, or for p > 1."""
        targets = matrix.T[labels]
        if not self.has_targets or (matrix < 0).any():
            return outputs.new_tensor(torch.nan)
        # A target of 0 asks nothing of an output, not even of one that is exactly 0.
        log_ratio = torch.where(targets > 0, targets.log() - outputs, 0.0)
        return (targets * log_ratio).sum(1).mean()


def load_loss(name: str, *, warm_up_epochs: int = 0, **parameters: float) -> Loss:
    """
    Return the training loss of a module of this package, with its own parameters bound.

    Raise ValueError if there is no such loss.
    """
    if name not in (known := names(__package__)):
        raise ValueError(f"loss is {name!r}; allowed: {', '.join(known)}")
    loss: Loss = find(__package__, name, "LOSS")
    mean = partial(loss.mean, **parameters) if parameters else loss.mean
    return loss._replace(mean=mean, warm_up_epochs=warm_up_epochs)


def _cross_entropy(
    logits: torch.Tensor, labels: torch.Tensor, _matrix: torch.Tensor
) -> torch.Tensor:
    return functional.cross_entropy(logits, labels)
