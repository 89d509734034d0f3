"""Identities of the theory that no rule uses: an averaging network, curvature, mean field."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import rel_entr, xlogy

from label_smoothing.theory.checks import check_joint, float_or_array
from label_smoothing.theory.rates import kappa, match_probability


def averaged_loss(p: ArrayLike, a: ArrayLike, M: ArrayLike):
    """Clean test loss -log(a p + (1 - a) q) of a network that averages the noise instead.

    The counterpart of alpha: for a > 1/M this network is always right and likes p = 1 best.
    Real networks lie between the two.

    Parameters
    ----------
    p : array_like, in [0, 1]
        Smoothing parameter.
    a : array_like, in [0, 1]
        Clean rate of the training labels.
    M : array_like of int, >= 2
        Number of classes.

    Returns
    -------
    float or ndarray
        Loss in nats; inf where a p + (1 - a) q = 0.

    Raises
    ------
    ValueError
        If an argument is out of range.

    """
    return float_or_array(-xlogy(1.0, match_probability(a, M, "gamma", p)))


def loss_curvature(p: ArrayLike, a: ArrayLike, M: ArrayLike, assumption: str):
    """Second derivative of the loss with respect to p.

    c/p^2 + (1 - c)/(1 - p)^2 for alpha and beta, hence 1/(c (1 - c)) at their optimum; gamma, whose
    c moves with p, has -2 kappa(a)/(p (1 - p)) in addition.

    Parameters
    ----------
    p : array_like, in (0, 1)
        Smoothing parameter, ends excluded.
    a : array_like, in [0, 1]
        Clean rate of the training labels.
    M : array_like of int, >= 2
        Number of classes.
    assumption : {"alpha", "beta", "gamma"}
        What the test labels are.

    Returns
    -------
    float or ndarray
        Curvature in nats; negative where gamma's loss is concave.

    Raises
    ------
    ValueError
        If an argument is out of range.

    """
    p = np.asarray(p, dtype=float)
    if not np.all((p > 0) & (p < 1)):
        raise ValueError(f"p is {p[~((p > 0) & (p < 1))].flat[0]}; allowed: above 0 and below 1")
    c = match_probability(a, M, assumption, p)
    curvature = c / p**2 + (1 - c) / (1 - p) ** 2
    if assumption == "gamma":
        curvature = curvature - 2 * kappa(a, M) / (p * (1 - p))
    return float_or_array(curvature)


def mean_field_gap(J: ArrayLike) -> float:
    """Loss that one smoothing parameter for all labels costs against the optimal matrix.

    Parameters
    ----------
    J : array_like, shape (M, M)
        Joint distribution of test and training label.

    Returns
    -------
    float, >= 0
        matrix_loss(S_p, J) - matrix_loss(S*, J) in nats, at p = `mean_field_p`.

    Raises
    ------
    ValueError
        If J is not square or not a distribution.

    Notes
    -----
    sum_i n_i KL(S*_i || S_p,i) = H(p) + (1 - p) log(M - 1) - H(test | train).

    """
    J = check_joint(J)
    M = len(J)
    # The off-diagonal mass is summed, not 1 - p: it must stay positive when p rounds to 1.
    off = J[~np.eye(M, dtype=bool)].sum()
    S = np.full_like(J, off / (M - 1))
    np.fill_diagonal(S, np.trace(J))
    return max(float(np.sum(rel_entr(J, S * J.sum(axis=0)))), 0.0)
