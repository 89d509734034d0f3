"""Cross entropy to the soft targets of label smoothing."""

import torch
from torch.nn import functional

from label_smoothing.training.losses.base import Loss


def soft_target_loss(logits: torch.Tensor, labels: torch.Tensor, S: torch.Tensor) -> torch.Tensor:
    """
    Return the cross entropy to soft targets, ``-sum_k S[k, i] log sigma_k(h)``.

    Entries of `S` may be negative.

    Source: arXiv 2010.12648, Eq 1 (section 1); Szegedy et al. 2016.
    """
    return functional.cross_entropy(logits, S.T[labels])


LOSS = Loss(soft_target_loss)
