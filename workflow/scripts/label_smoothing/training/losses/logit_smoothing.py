"""Logit smoothing: cross entropy of logits that pass through the matrix."""

import torch
from torch.nn import functional

from label_smoothing.training.losses.base import Loss


def logit_loss(logits: torch.Tensor, labels: torch.Tensor, S: torch.Tensor) -> torch.Tensor:
    """
    Return the cross entropy of smoothed logits, ``-log sigma_i(S h)``; `S` may be negative.

    With ``S_p`` it is cross entropy at the inverse temperature ``p - q``.

    Source: arXiv 2010.12648, section 6.2.
    """
    return functional.cross_entropy(logits @ S.T, labels)


def logit_outputs(logits: torch.Tensor, S: torch.Tensor) -> torch.Tensor:
    """Return the log outputs of smoothed logits, ``log sigma(S h)``, shape (N, M)."""
    return functional.log_softmax(logits @ S.T, 1)


LOSS = Loss(logit_loss, logit_outputs, has_targets=False)
