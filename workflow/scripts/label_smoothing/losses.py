"""
Training losses.

Notation: ``S[k, i]`` is the smoothed target of class `k` when the training label is `i`, so the
columns of `S` sum to 1. All losses are means over the batch, in nats.
"""

import torch
from torch.nn import functional


def smoothing_matrix(p: float, M: int) -> torch.Tensor:
    """
    Return the target matrix of label smoothing.

    Parameters
    ----------
    p : float
        Smoothing parameter: the target of the given label. 1 is no smoothing, 1/M is uniform.
        PyTorch's ``label_smoothing`` is ``M * (1 - p) / (M - 1)``.
    M : int
        Number of classes.

    Returns
    -------
    Tensor, shape (M, M), float32
        `p` on the diagonal and ``(1 - p) / (M - 1)`` elsewhere.
    """
    S = torch.full((M, M), (1 - p) / (M - 1))
    return S.fill_diagonal_(p)


def label_smoothing(logits: torch.Tensor, labels: torch.Tensor, S: torch.Tensor) -> torch.Tensor:
    """
    Return the cross entropy to the smoothed targets, ``-sum_k S[k, i] log softmax(h)_k``.

    Parameters
    ----------
    logits : Tensor, shape (N, M)
    labels : Tensor of int64, shape (N,)
    S : Tensor, shape (M, M)

    References
    ----------
    arXiv 2010.12648, section 3; Szegedy et al. 2016.
    """
    return functional.cross_entropy(logits, S.T[labels])


LOSSES = {"label_smoothing": label_smoothing}
