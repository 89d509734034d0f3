"""Losses and optima of a network that memorises smoothed noisy labels.

Source: "An Investigation of how Label Smoothing Affects Generalization" (arXiv 2010.12648), with
its misprints corrected; docs/theory.md derives every formula and lists the differences.

Notation, used everywhere in this package:

- ``M`` number of classes, an integer >= 2.
- ``a`` clean rate: a label stays with probability a and moves to each other class with
  probability (1 - a)/(M - 1).
- ``p`` smoothing parameter: a target has p on its label and q = (1 - p)/(M - 1) on each other
  class. p = 1 is no smoothing, p = 1/M is uniform.
- ``c`` match probability: how often the class that is given p is the one the test set asks for.
- ``T[i, j]`` probability of noisy label i given clean label j: columns sum to 1.
- ``S[k, i]`` target for class k when the training label is i: columns sum to 1.
- ``J[k, i]`` joint probability of test label k and training label i.

Losses are in nats. Functions of p, a, c and M broadcast over arrays; scalars give a float.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import rel_entr, xlog1py, xlogy

from label_smoothing.theory.matrices import (
    alpha_joint,
    beta_joint,
    check_classes,
    check_joint,
    distributions,
    in_range,
    mean_field_p,
    optimal_matrix,
    smoothing_matrix,
    square,
)

__all__ = [
    "NOISE_TYPES",
    "GammaTransition",
    "alpha_joint",
    "alpha_loss",
    "alpha_optimum",
    "averaged_loss",
    "beta_joint",
    "beta_loss",
    "beta_optimum",
    "check_classes",
    "check_noise",
    "clean_rate_from_beta",
    "compose_clean_rates",
    "gamma_loss",
    "gamma_optimum",
    "gamma_transition",
    "kappa",
    "kappa_inverse",
    "loss_curvature",
    "match_probability",
    "matrix_loss",
    "mean_field_gap",
    "mean_field_p",
    "memorised_accuracy",
    "memorised_loss",
    "optimal_matrix",
    "smoothing_matrix",
]

NOISE_TYPES = ("alpha", "beta", "gamma")


class GammaTransition(NamedTuple):
    """Where the gamma optimum leaves p = 1/M; see `gamma_transition`."""

    a_c: float
    p_below: float
    p_above: float
    lower_spinodal: float
    upper_spinodal: float


# ---- arguments ----------------------------------------------------------------------------------


def check_noise(noise):
    """Return noise, or raise ValueError unless it is one of NOISE_TYPES."""
    if noise not in NOISE_TYPES:
        raise ValueError(f"noise = {noise!r} is not one of {', '.join(NOISE_TYPES)}")
    return noise


def _float_or_array(x):
    return float(x) if np.ndim(x) == 0 else x


# ---- rates --------------------------------------------------------------------------------------


def kappa(x: ArrayLike, M: ArrayLike = 2):
    """Signal strength (M x - 1)/(M - 1) of a probability: 1 at x = 1, 0 at chance.

    Parameters
    ----------
    x : array_like, in [0, 1]
        A clean rate, a smoothing parameter or an accuracy.
    M : array_like of int, >= 2
        Number of classes.

    Returns
    -------
    float or ndarray, in [-1/(M - 1), 1]

    Raises
    ------
    ValueError
        If an argument is out of range.

    """
    x, M = in_range("x", x), check_classes(M)
    return _float_or_array((M * x - 1) / (M - 1))


def kappa_inverse(k: ArrayLike, M: ArrayLike = 2):
    """Probability whose `kappa` is k: (1 + (M - 1) k)/M.

    Parameters
    ----------
    k : array_like, in [-1/(M - 1), 1]
        Signal strength.
    M : array_like of int, >= 2
        Number of classes.

    Returns
    -------
    float or ndarray, in [0, 1]

    Raises
    ------
    ValueError
        If an argument is out of range.

    """
    M = check_classes(M)
    k = in_range("k", k, -1 / (M - 1), 1.0)
    return _float_or_array((1 + (M - 1) * k) / M)


def compose_clean_rates(*rates: ArrayLike, M: ArrayLike = 2):
    """Clean rate of independent uniform corruptions in a row: their kappas multiply.

    A network with uniform errors and accuracy g that was trained on labels of clean rate a and is
    scored on labels of clean rate a' has match probability ``compose_clean_rates(a, g, a', M=M)``.

    Parameters
    ----------
    *rates : array_like, each in [0, 1]
        Clean rates, accuracies or smoothing parameters; at least one.
    M : array_like of int, >= 2
        Number of classes.

    Returns
    -------
    float or ndarray, in [0, 1]

    Raises
    ------
    ValueError
        If there is no rate or an argument is out of range.

    """
    if not rates:
        raise ValueError("rates: 0 given, at least 1 is needed")
    M = check_classes(M)
    k = 1.0
    for i, rate in enumerate(rates):
        k = k * (M * in_range(f"rates[{i}]", rate) - 1) / (M - 1)
    return _float_or_array((1 + (M - 1) * k) / M)


def match_probability(
    a: ArrayLike, M: ArrayLike = 2, noise: str = "alpha", p: ArrayLike | None = None
):
    """Probability c that the memorised label is the one that the test set asks for.

    ======  ===========================================  ==========================
    noise   test set                                     c
    ======  ===========================================  ==========================
    alpha   clean labels                                 a
    beta    corrupted independently at the same rate     a^2 + (1 - a)^2/(M - 1)
    gamma   clean labels smoothed with the same p        a p + (1 - a) q
    ======  ===========================================  ==========================

    Parameters
    ----------
    a : array_like, in [0, 1]
        Clean rate of the training labels.
    M : array_like of int, >= 2
        Number of classes.
    noise : {"alpha", "beta", "gamma"}
        Noise type, that is, what the test labels are.
    p : array_like, in [0, 1]
        Smoothing parameter; required for gamma, where c depends on it, and refused otherwise.

    Returns
    -------
    float or ndarray, in [0, 1]
        Shape of a, M (and p) broadcast together.

    Raises
    ------
    ValueError
        If an argument is out of range, or p is missing or superfluous.

    Notes
    -----
    Source: arXiv 2010.12648, Eq 7-9 (M = 2), 11, 14 and 15.

    """
    a, M = np.broadcast_arrays(in_range("a", a), check_classes(M))
    if (p is None) == (check_noise(noise) == "gamma"):
        raise ValueError(f"p = {p}: needed for noise = 'gamma' and for no other noise")
    if noise == "alpha":
        return _float_or_array(a.copy())
    if noise == "beta":
        return _float_or_array(a**2 + (1 - a) ** 2 / (M - 1))
    p = in_range("p", p)
    return _float_or_array(a * p + (1 - a) * (1 - p) / (M - 1))


def clean_rate_from_beta(c: ArrayLike, M: ArrayLike = 2):
    """Clean rate a >= 1/M whose beta match probability is c.

    Parameters
    ----------
    c : array_like, in [1/M, 1]
        Match probability.
    M : array_like of int, >= 2
        Number of classes.

    Returns
    -------
    float or ndarray, in [1/M, 1]
        The larger of the two solutions; the other, 2/M - a, is worse than chance.

    Raises
    ------
    ValueError
        If an argument is out of range; no clean rate gives c < 1/M.

    """
    M = check_classes(M)
    # The c of a = 1/M may round to just below 1/M.
    excess = in_range("c", c, 1 / M - 1e-15, 1.0) - 1 / M
    return _float_or_array(1 / M + np.sqrt((M - 1) / M * np.maximum(excess, 0)))


def memorised_accuracy(a: ArrayLike, M: ArrayLike = 2, noise: str = "alpha"):
    """Test accuracy of a network that memorises its labels, for every p > 1/M.

    It does not depend on p, so the theory has no optimal p for accuracy.

    Parameters
    ----------
    a : array_like, in [0, 1]
        Clean rate of the training labels.
    M : array_like of int, >= 2
        Number of classes.
    noise : {"alpha", "beta", "gamma"}
        Noise type, that is, what the test labels are.

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
    return match_probability(a, M, "beta" if check_noise(noise) == "beta" else "alpha")


# ---- losses of one smoothing parameter ----------------------------------------------------------


def memorised_loss(p: ArrayLike, c: ArrayLike, M: ArrayLike = 2):
    """Test loss -c log p - (1 - c) log q, the one form that all noise types share.

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
    loss = (1 - c) * np.log(M - 1) - xlogy(c, p) - xlog1py(1 - c, -p)
    return _float_or_array(loss)


def alpha_loss(p: ArrayLike, a: ArrayLike, M: ArrayLike = 2):
    """Loss on clean test labels after memorising noisy ones: -a log p - (1 - a) log q.

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
        Loss in nats, shape of p, a, M broadcast together; ends as in `memorised_loss`.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    Source: arXiv 2010.12648, Eq 7 (M = 2) and 11.

    """
    return memorised_loss(p, match_probability(a, M, "alpha"), M)


def beta_loss(p: ArrayLike, a: ArrayLike, M: ArrayLike = 2):
    """Loss on test labels that are corrupted like the training labels, but independently.

    Parameters
    ----------
    p : array_like, in [0, 1]
        Smoothing parameter.
    a : array_like, in [0, 1]
        Clean rate of training and test labels.
    M : array_like of int, >= 2
        Number of classes.

    Returns
    -------
    float or ndarray
        Loss in nats, shape of p, a, M broadcast together; ends as in `memorised_loss`.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    Source: arXiv 2010.12648, Eq 8 (M = 2) and 14.

    """
    return memorised_loss(p, match_probability(a, M, "beta"), M)


def gamma_loss(p: ArrayLike, a: ArrayLike, M: ArrayLike = 2):
    """Loss on clean test labels that are smoothed with the same p as the training labels.

    Parameters
    ----------
    p : array_like, in [0, 1]
        Smoothing parameter of training and test targets.
    a : array_like, in [0, 1]
        Clean rate of the training labels.
    M : array_like of int, >= 2
        Number of classes.

    Returns
    -------
    float or ndarray
        Loss in nats, shape of p, a, M broadcast together; ends as in `memorised_loss`.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    Source: arXiv 2010.12648, Eq 9 (M = 2) and 15.

    """
    return memorised_loss(p, match_probability(a, M, "gamma", p), M)


def averaged_loss(p: ArrayLike, a: ArrayLike, M: ArrayLike = 2):
    """Clean test loss -log(a p + (1 - a) q) of a network that averages the noise instead.

    The counterpart of `alpha_loss`: for a > 1/M this network is always right and likes p = 1 best.
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
    return _float_or_array(-xlogy(1.0, match_probability(a, M, "gamma", p)))


def loss_curvature(p: ArrayLike, a: ArrayLike, M: ArrayLike = 2, noise: str = "alpha"):
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
    noise : {"alpha", "beta", "gamma"}
        Noise type, that is, what the test labels are.

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
        raise ValueError(f"p = {p[~((p > 0) & (p < 1))].flat[0]} is outside (0, 1)")
    c = match_probability(a, M, noise, p if noise == "gamma" else None)
    curvature = c / p**2 + (1 - c) / (1 - p) ** 2
    if noise == "gamma":
        curvature = curvature - 2 * kappa(a, M) / (p * (1 - p))
    return _float_or_array(curvature)


# ---- optimal smoothing parameters ---------------------------------------------------------------


def alpha_optimum(a: ArrayLike, M: ArrayLike = 2):
    """Return the p that minimises `alpha_loss`: p* = a, for every M.

    Parameters
    ----------
    a : array_like, in [0, 1]
        Clean rate of the training labels.
    M : array_like of int, >= 2
        Number of classes.

    Returns
    -------
    float or ndarray, in [0, 1]

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    Source: arXiv 2010.12648, below Eq 7 and 11.

    """
    return match_probability(a, M, "alpha")


def beta_optimum(a: ArrayLike, M: ArrayLike = 2):
    """Return the p that minimises `beta_loss`: p* = (1 - 2a + a^2 M)/(M - 1).

    Parameters
    ----------
    a : array_like, in [0, 1]
        Clean rate of the training labels.
    M : array_like of int, >= 2
        Number of classes.

    Returns
    -------
    float or ndarray, in [1/M, 1]
        At M = 2 this is 2a^2 - 2a + 1; for M -> infinity it tends to a^2.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    Source: arXiv 2010.12648, below Eq 8 and 14.

    """
    return match_probability(a, M, "beta")


# The gamma optimum is computed in the logit L = log(p/q) > 0, in which nothing cancels near p = 1.


def _p_of_logit(L, M):
    return 1 / (1 + (M - 1) * np.exp(-L))


def _log_kappa_odds(L, M):
    """Log of kappa_a/(1 - kappa_a) = (p - 1/M)/(p (1 - p) L), the a at which L is stationary."""
    log_odds = np.log(-np.expm1(-L) / L) + np.logaddexp(L, np.log(M - 1)) - np.log(M)
    # Two classes start at L = 0, where the odds are sinh(L)/L = 1 + L^2/6 + ... : without the
    # series the optimum just above a = 3/4 loses half its digits.
    x = np.minimum(L, 0.1) ** 2
    series = np.log1p(x / 6 * (1 + x / 20 * (1 + x / 42 * (1 + x / 72))))
    return np.where((M == 2) & (L < 0.1), series, log_odds)


def gamma_transition(M: int) -> GammaTransition:
    """Clean rate at which the best gamma smoothing parameter jumps away from p = 1/M.

    Up to a_c nothing beats the uniform output p = 1/M. For M >= 3 the optimum jumps at a_c, where
    two minima are equally deep. For M = 2 it leaves p = 1/2 continuously, at a_c = 3/4.

    Parameters
    ----------
    M : int, >= 2
        Number of classes.

    Returns
    -------
    GammaTransition
        - a_c : transition, to 1e-9
        - p_below : optimum up to a_c, 1/M
        - p_above : optimum just above a_c
        - lower_spinodal : a from which a second minimum exists
        - upper_spinodal : a up to which p = 1/M is a local minimum, (M + 1)/(2M)

        For M = 2 the three rates are 3/4 and the two optima 1/2: nothing jumps and no two minima
        compete.

    Raises
    ------
    ValueError
        If M is not an integer >= 2.

    Notes
    -----
    kappa_c/(1 - kappa_c) is the minimum over p > 1/M of KL(U||S_p)/KL(S_p||U), with U uniform.
    Source: arXiv 2010.12648, section on gamma noise (Eq 9 and 15), which calls M = 2 first order.

    """
    M = float(check_classes(M))
    upper = (M + 1) / (2 * M)
    if M == 2:
        return GammaTransition(upper, 0.5, 0.5, upper, upper)

    def clean_rate(L):
        return 1 / M + (M - 1) / M / (1 + np.exp(-_log_kappa_odds(L, M)))

    def spinodal_condition(L):
        return _p_of_logit(L, M) + 1 / np.expm1(L) - 1 / L

    def transition_condition(L):
        # Odds that make L stationary = KL ratio that makes it as deep as p = 1/M.
        log_mean = np.logaddexp(L, np.log(M - 1)) - np.log(M)
        kl_from_uniform = log_mean - L / M
        kl_to_uniform = _p_of_logit(L, M) * L - log_mean
        return kl_from_uniform - np.exp(_log_kappa_odds(L, M)) * kl_to_uniform

    # Both conditions change sign exactly once in these brackets, for every M >= 3.
    spinodal = brentq(spinodal_condition, 1e-3, np.log(M - 1), xtol=1e-14)
    transition = brentq(transition_condition, spinodal, 2 * np.log(M) + 2, xtol=1e-14)
    return GammaTransition(
        a_c=float(clean_rate(transition)),
        p_below=1 / M,
        p_above=float(_p_of_logit(transition, M)),
        lower_spinodal=float(clean_rate(spinodal)),
        upper_spinodal=upper,
    )


def gamma_optimum(a: ArrayLike, M: ArrayLike = 2):
    """Return the p that minimises `gamma_loss` over all of [0, 1], to 1e-9.

    Ties: at a = a_c, where two minima are equally deep, the answer is 1/M. For M = 2, whose loss
    is symmetric about 1/2, it is the one of the two optima that is >= 1/2.

    Parameters
    ----------
    a : array_like, in [0, 1]
        Clean rate of the training labels.
    M : array_like of int, >= 2
        Number of classes.

    Returns
    -------
    float or ndarray, in [1/M, 1]
        1/M up to `gamma_transition(M).a_c`; 1 at a = 1.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    p*(a) has no closed form but its inverse has, and that rises on the branch above a_c: bisection.
    Source: arXiv 2010.12648, below Eq 9 and 15.

    """
    a, M = np.broadcast_arrays(in_range("a", a), check_classes(M))
    best = 1 / M
    for m in np.unique(M):
        a_c, _, p_above, _, _ = gamma_transition(m)
        learns = (m == M) & (a > a_c)
        best = np.where(learns, 1.0, best)
        learns &= a < 1
        if learns.any():
            best[learns] = _gamma_learning_branch(a[learns], m, p_above)
    return _float_or_array(best)


def _gamma_learning_branch(a, M, p_above):
    # log of kappa_a/(1 - kappa_a), written so that it is exact where it vanishes (M = 2, a = 3/4).
    target = np.log1p((2 * M * a - M - 1) / (M * (1 - a)))
    low = np.full_like(a, np.log(p_above * (M - 1) / (1 - p_above)))
    high = 2 * (target + np.log(M)) + 2
    # 64 halvings take the widest bracket, about 100, below the spacing of floats.
    for _ in range(64):
        middle = (low + high) / 2
        below = _log_kappa_odds(middle, M) < target
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return _p_of_logit((low + high) / 2, M)


# ---- general noise matrix and prior -------------------------------------------------------------


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
    Source: arXiv 2010.12648, Eq 10 (alpha) and 12 (beta).

    """
    S, J = distributions("S", square("S", S), axis=0), check_joint(J)
    if S.shape != J.shape:
        raise ValueError(f"S has shape {S.shape}, allowed is that of J, {J.shape}")
    return float(-np.sum(xlogy(J, S)))


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
