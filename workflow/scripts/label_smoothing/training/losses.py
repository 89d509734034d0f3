"""
Training losses, each a mean over the batch in nats, and the outputs that each trains.

A loss sees the noise through one matrix, whose columns sum to 1: the targets ``S[k, i]`` of class
`k` for the training label `i`, or the transition ``T[i, j]`` from the clean label `j` to the noisy
label `i`. Below, `h` are the logits, `sigma` is softmax and `i` is the training label.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch.nn import functional

from label_smoothing.theory.matrices import inverse


def soft_target_loss(logits: torch.Tensor, labels: torch.Tensor, S: torch.Tensor) -> torch.Tensor:
    """
    Return the cross entropy to soft targets, ``-sum_k S[k, i] log sigma_k(h)``.

    Parameters
    ----------
    logits : Tensor, shape (N, M)
    labels : Tensor of int64, shape (N,)
    S : Tensor, shape (M, M)
        Columns sum to 1; entries may be negative.

    References
    ----------
    arXiv 2010.12648, section 3; Szegedy et al. 2016.
    """
    return functional.cross_entropy(logits, S.T[labels])


def forward_loss(logits: torch.Tensor, labels: torch.Tensor, T: torch.Tensor) -> torch.Tensor:
    """
    Return the forward-corrected cross entropy, ``-log sum_j T[i, j] sigma_j(h)``.

    Parameters as in `soft_target_loss`; the entries of `T` are probabilities.

    References
    ----------
    Patrini et al. 2017, theorem 2; arXiv 2010.12648, section 6.2.
    """
    # Only the rows of the labels: a noisy label that never occurs has a row of zeros.
    return -(functional.log_softmax(logits, 1) + T.log()[labels]).logsumexp(1).mean()


def forward_outputs(logits: torch.Tensor, T: torch.Tensor) -> torch.Tensor:
    """Return the log of the corrected outputs, ``log T sigma(h)``, shape (N, M)."""
    return (functional.log_softmax(logits, 1)[:, None, :] + T.log()).logsumexp(2)


def logit_loss(logits: torch.Tensor, labels: torch.Tensor, S: torch.Tensor) -> torch.Tensor:
    """
    Return the cross entropy of smoothed logits, ``-log sigma_i(S h)``.

    Parameters as in `soft_target_loss`. With ``S_p`` it is cross entropy at the inverse temperature
    ``p - q``.

    References
    ----------
    arXiv 2010.12648, section 6.2.
    """
    return functional.cross_entropy(logits @ S.T, labels)


def logit_outputs(logits: torch.Tensor, S: torch.Tensor) -> torch.Tensor:
    """Return the log outputs of smoothed logits, ``log sigma(S h)``, shape (N, M)."""
    return functional.log_softmax(logits @ S.T, 1)


def plain_outputs(logits: torch.Tensor, _matrix: torch.Tensor | None = None) -> torch.Tensor:
    """Return the log outputs of the network as they are, ``log sigma(h)``, shape (N, M)."""
    return functional.log_softmax(logits, 1)


class Loss(NamedTuple):
    """
    A training loss.

    Attributes
    ----------
    mean : callable
        (logits, labels, matrix) -> scalar Tensor.
    outputs : callable
        (logits, matrix) -> log outputs that the loss compares with the labels.
    matrix : callable
        Matrix of the method -> matrix that the two functions take.
    has_targets : bool
        Whether the columns of the matrix are what the outputs of a network that memorises equal:
        the smoothed targets and, as T sends the one-hot output e_i there, those of forward
        correction; not the negative targets of backward correction, and not logit smoothing's.
    """

    mean: Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]
    outputs: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
    matrix: Callable[[np.ndarray], np.ndarray]
    has_targets: bool = True

    @property
    def corrects(self) -> bool:
        """Whether `outputs` differ from `plain_outputs`."""
        return self.outputs is not plain_outputs

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


def _as_it_is(matrix: np.ndarray) -> np.ndarray:
    return matrix


def _probabilities(matrix: np.ndarray) -> np.ndarray:
    if not np.all((matrix >= 0) & (matrix <= 1)):
        raise ValueError(
            f"forward_correction got a matrix with entries from {matrix.min():g} to "
            f"{matrix.max():g}, allowed: 0 to 1 (with matrix 'p', p up to 1)"
        )
    return matrix


LOSSES = {
    "label_smoothing": Loss(soft_target_loss, plain_outputs, _as_it_is),
    "matrix_smoothing": Loss(soft_target_loss, plain_outputs, _as_it_is),
    "forward_correction": Loss(forward_loss, forward_outputs, _probabilities),
    "backward_correction": Loss(soft_target_loss, plain_outputs, inverse, has_targets=False),
    "logit_smoothing": Loss(logit_loss, logit_outputs, _as_it_is, has_targets=False),
}
