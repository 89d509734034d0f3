"""Generalised cross entropy, between cross entropy (q to 0) and the mean absolute error (q = 1)."""

import numpy as np
import torch
from torch.nn import functional

from label_smoothing.training.losses.base import Loss


def generalised_loss(
    logits: torch.Tensor, labels: torch.Tensor, _identity: torch.Tensor, *, q: float
) -> torch.Tensor:
    """
    Return the generalised cross entropy to the given label, ``(1 - sigma_i(h)^q) / q``.

    `q` is in (0, 1]. Larger values weigh a label the less, the less the network believes it.

    Source: Zhang and Sabuncu 2018, Eq 6.
    """
    log_outputs = functional.log_softmax(logits, 1)
    chosen = log_outputs.gather(1, labels[:, None])[:, 0]
    # 1 - exp(x), which for small q keeps the digits that a subtraction would lose.
    return -(q * chosen).expm1().mean() / q


def _identity(matrix: np.ndarray) -> np.ndarray:
    if not np.array_equal(matrix, np.eye(len(matrix))):
        raise ValueError("generalised_cross_entropy got a matrix; allowed: matrix 'identity'")
    return matrix


LOSS = Loss(generalised_loss, matrix=_identity)
