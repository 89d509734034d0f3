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
    """Test loss of a network that memorises labels of clean rate a, under uniform noise.

    Parameters
    ----------
    p : array_like, in [0, 1]
        Smoothing parameter of the training targets and, under gamma, of the test targets.
    a : array_like, in [0, 1]
        Clean rate of the training labels and, under beta, of the test labels.
    M : array_like of int, >= 2
        Number of classes.
    assumption : {"alpha", "beta", "gamma"}
        What the test labels are.

    Returns
    -------
    float or ndarray
        Loss in nats, shape of p, a, M broadcast together; ends as in `memorised_loss`.

    Raises
    ------
    ValueError
        If an argument is out of range.

    """
    return memorised_loss(p, match_probability(a, M, assumption, p), M)


def optimum(a: ArrayLike, M: ArrayLike, assumption: str):
    """Return the p that minimises `loss`.

    Parameters
    ----------
    a : array_like, in [0, 1]
        Clean rate of the training labels and, under beta, of the test labels.
    M : array_like of int, >= 2
        Number of classes.
    assumption : {"alpha", "beta", "gamma"}
        What the test labels are.

    Returns
    -------
    float or ndarray, in [0, 1]
        a itself under alpha, for every M; (1 - 2a + a^2 M)/(M - 1) under beta, which is
        2a^2 - 2a + 1 at M = 2 and tends to a^2 for many classes.

    Raises
    ------
    ValueError
        If an argument is out of range.

    """
    if check_assumption(assumption) == "gamma":
        return gamma_optimum(a, M)
    return match_probability(a, M, assumption)


def memorised_loss(p: ArrayLike, c: ArrayLike, M: ArrayLike):
    """Test loss -c log p - (1 - c) log q, the one form that all assumptions share.

    Parameters
    ----------
    p : array_like, in [0, 1]
        Probability that the network gives to its memorised label.
    c : array_like, in [0, 1]
        Match probability, see `match_probability`.
    M : array_like of int, >= 2
        Number of classes.

    Returns
    -------
    float or ndarray
        Loss in nats; inf where the network rules out what happens (p = 1 with c < 1, p = 0 with
        c > 0), finite at those ends otherwise.

    Raises
    ------
    ValueError
        If an argument is out of range. p > 1 is legal as a training target but not here, where p
        is a probability that a network puts out.

    """
    p, c, M = in_range("p", p), in_range("c", c), check_classes(M)
    return float_or_array((1 - c) * np.log(M - 1) - xlogy(c, p) - xlog1py(1 - c, -p))


def memorised_accuracy(a: ArrayLike, M: ArrayLike, assumption: str):
    """Test accuracy of a network that memorises its labels, for every p > 1/M.

    It does not depend on p, so the theory has no optimal p for accuracy.

    Parameters
    ----------
    a : array_like, in [0, 1]
        Clean rate of the training labels.
    M : array_like of int, >= 2
        Number of classes.
    assumption : {"alpha", "beta", "gamma"}
        What the test labels are.

    Returns
    -------
    float or ndarray, in [0, 1]
        Accuracy against the test labels: clean ones for alpha and gamma, where gamma smooths the
        targets but leaves the labels; corrupted ones for beta.

    Raises
    ------
    ValueError
        If an argument is out of range.

    """
    return match_probability(a, M, "beta" if check_assumption(assumption) == "beta" else "alpha")


def matrix_loss(S: ArrayLike, J: ArrayLike) -> float:
    """Test loss -sum_ki J[k, i] log S[k, i] of a network that memorises targets S.

    Parameters
    ----------
    S : array_like, shape (M, M)
        Targets, one column per training label.
    J : array_like, shape (M, M)
        Joint distribution of test and training label.

    Returns
    -------
    float
        Loss in nats; inf where S rules out what happens.

    Raises
    ------
    ValueError
        If a column of S or all of J is not a distribution, or shapes differ.

    Notes
    -----
    Source: arXiv 2010.12648, Eq 10 (alpha, section 4.1) and 12 (beta, 4.2).

    """
    S, J = column_stochastic("S", S), check_joint(J)
    if S.shape != J.shape:
        raise ValueError(f"S: the shape is {S.shape}; allowed: that of J, {J.shape}")
    return float(-np.sum(xlogy(J, S)))
