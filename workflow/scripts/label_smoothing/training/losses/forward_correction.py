"""Forward correction: cross entropy of outputs that pass through the noise."""

import numpy as np
import torch
from torch.nn import functional

from label_smoothing.training.losses.base import Loss


def forward_loss(logits: torch.Tensor, labels: torch.Tensor, T: torch.Tensor) -> torch.Tensor:
    """
    Return the forward-corrected cross entropy, ``-log sum_j T[i, j] sigma_j(h)``.

    Source: Patrini et al. 2017, theorem 2; arXiv 2010.12648, section 6.2.
    """
    # Only the rows of the labels: a noisy label that never occurs has a row of zeros.
    return -(functional.log_softmax(logits, 1) + T.log()[labels]).logsumexp(1).mean()


def forward_outputs(logits: torch.Tensor, T: torch.Tensor) -> torch.Tensor:
    """Return the log of the corrected outputs, ``log T sigma(h)``, shape (N, M)."""
    return (functional.log_softmax(logits, 1)[:, None, :] + T.log()).logsumexp(2)


def _probabilities(matrix: np.ndarray) -> np.ndarray:
    if not np.all((matrix >= 0) & (matrix <= 1)):
        raise ValueError(
            f"forward_correction got a matrix with entries from {matrix.min():g} to "
            f"{matrix.max():g}; allowed: 0 to 1 (with matrix 'p', p up to 1)"
        )
    return matrix


LOSS = Loss(forward_loss, forward_outputs, _probabilities)
