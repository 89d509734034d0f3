"""Losses and optima of a network that memorises smoothed noisy labels.

For training label i such a network puts out S[:, i]. With one smoothing parameter its test loss is
-c log p - (1 - c) log q, and the three assumptions differ in the match probability c alone:

==========  =========================  ========================  ======  =====================
assumption  test labels                c                         Eq      optimum
==========  =========================  ========================  ======  =====================
alpha       clean                      a                         7, 11   c
beta        corrupted, independently   a^2 + (1 - a)^2/(M - 1)   8, 14   c
gamma       clean, smoothed with p     a p + (1 - a) q           9, 15   `gamma.gamma_optimum`
==========  =========================  ========================  ======  =====================

Eq: arXiv 2010.12648, for two classes (sections 3.1 to 3.3) and for more (4.1 to 4.3).
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import xlog1py, xlogy

from label_smoothing.theory.checks import (
    check_assumption,
    check_classes,
    check_joint,
    column_stochastic,
    float_or_array,
    in_range,
)
from label_smoothing.theory.gamma import gamma_optimum
from label_smoothing.theory.rates import match_probability


def loss(p: ArrayLike, a: ArrayLike, M: ArrayLike, assumption: str):
    """Return the test loss of a network that memorises labels with uniform noise."""
    return memorised_loss(p, match_probability(a, M, assumption, p), M)


def optimum(a: ArrayLike, M: ArrayLike, assumption: str):
    """Return the p that minimises `loss`.

    It is a under alpha, for every M, and (1 - 2a + a^2 M)/(M - 1) under beta, which is 2a^2 - 2a +
    1 at M = 2 and tends to a^2 for many classes. For gamma see `gamma.gamma_optimum`.
    """
    if check_assumption(assumption) == "gamma":
        return gamma_optimum(a, M)
    return match_probability(a, M, assumption)


def memorised_loss(p: ArrayLike, c: ArrayLike, M: ArrayLike):
    """Return the test loss -c log p - (1 - c) log q, the one form that all assumptions share.

    It is inf where the network rules out what happens: p = 1 with c < 1, or p = 0 with c > 0. Here
    p is a probability that a network puts out, so p > 1 is refused.
    """
    p, c, M = in_range("p", p), in_range("c", c), check_classes(M)
    return float_or_array((1 - c) * np.log(M - 1) - xlogy(c, p) - xlog1py(1 - c, -p))


def memorised_accuracy(a: ArrayLike, M: ArrayLike, assumption: str):
    """Return the test accuracy of a network that memorises its labels, for every p > 1/M.

    It is the accuracy on clean labels for alpha and gamma, on corrupted ones for beta. It does not
    depend on p: the theory has no best p for accuracy.
    """
    return match_probability(a, M, "beta" if check_assumption(assumption) == "beta" else "alpha")


def matrix_loss(S: ArrayLike, J: ArrayLike) -> float:
    """Return the test loss -sum J[c, i] log S[c, i] of a network that memorises targets S.

    It is inf where S rules out what happens. Source: Eq 10 (alpha) and 12 (beta).
    """
    S, J = column_stochastic("S", S), check_joint(J)
    if S.shape != J.shape:
        raise ValueError(f"S: the shape is {S.shape}; allowed: that of J, {J.shape}")
    return float(-np.sum(xlogy(J, S)))
