"""Clean rates, smoothing parameters and match probabilities: how often two labels agree."""

import numpy as np
from numpy.typing import ArrayLike

from label_smoothing.theory.checks import check_assumption, check_classes, float_or_array, in_range


def kappa(x: ArrayLike, M: ArrayLike):
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
    return float_or_array((M * x - 1) / (M - 1))


def kappa_inverse(k: ArrayLike, M: ArrayLike):
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
    return float_or_array((1 + (M - 1) * k) / M)


def compose_clean_rates(*rates: ArrayLike, M: ArrayLike):
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
        raise ValueError("the number of rates is 0; allowed: 1 or more")
    M = check_classes(M)
    k = 1.0
    for i, rate in enumerate(rates):
        k = k * (M * in_range(f"rates[{i}]", rate) - 1) / (M - 1)
    return float_or_array((1 + (M - 1) * k) / M)


def match_probability(a: ArrayLike, M: ArrayLike, assumption: str, p: ArrayLike | None = None):
    """Probability c that the memorised label is the one that the test set asks for.

    ==========  ===========================================  ========================
    assumption  test set                                     c
    ==========  ===========================================  ========================
    alpha       clean labels                                 a
    beta        corrupted independently at the same rate     a^2 + (1 - a)^2/(M - 1)
    gamma       clean labels smoothed with the same p        a p + (1 - a) q
    ==========  ===========================================  ========================

    Parameters
    ----------
    a : array_like, in [0, 1]
        Clean rate of the training labels.
    M : array_like of int, >= 2
        Number of classes.
    assumption : {"alpha", "beta", "gamma"}
        What the test labels are.
    p : array_like, in [0, 1]
        Smoothing parameter: needed for gamma, without effect on the others.

    Returns
    -------
    float or ndarray, in [0, 1]
        Shape of a and M (and, for gamma, p) broadcast together.

    Raises
    ------
    ValueError
        If an argument is out of range, or p is missing.

    Notes
    -----
    Source: arXiv 2010.12648, Eq 7-9 (M = 2), 11, 14 and 15.

    """
    a, M = np.broadcast_arrays(in_range("a", a), check_classes(M))
    if check_assumption(assumption) == "alpha":
        return float_or_array(a.copy())
    if assumption == "beta":
        return float_or_array(a**2 + (1 - a) ** 2 / (M - 1))
    if p is None:
        raise ValueError("p is None; allowed with the assumption gamma: 0 to 1")
    p = in_range("p", p)
    return float_or_array(a * p + (1 - a) * (1 - p) / (M - 1))


def clean_rate_from_beta(c: ArrayLike, M: ArrayLike):
    """Clean rate a >= 1/M whose beta match probability is c.

    Parameters
    ----------
    c : array_like
        Match probability; a measured one may lie outside [1/M, 1].
    M : array_like of int, >= 2
        Number of classes.

    Returns
    -------
    float or ndarray
        The larger of the two solutions; the other, 2/M - a, is worse than chance. Above 1 for
        c > 1, and nan for c < 1/M, which no clean rate gives.

    Raises
    ------
    ValueError
        If M is out of range.

    """
    M = check_classes(M)
    excess = np.asarray(c, dtype=float) - 1 / M
    # The c of a = 1/M may round to just below 1/M.
    excess = np.where((excess < 0) & (excess >= -1e-15), 0, excess)
    possible = excess >= 0
    root = np.sqrt((M - 1) / M * np.where(possible, excess, 0))
    return float_or_array(np.where(possible, 1 / M + root, np.nan))


def epsilon_from_p(p: ArrayLike, M: ArrayLike):
    """PyTorch's `label_smoothing` of a smoothing parameter, M (1 - p)/(M - 1).

    Parameters
    ----------
    p : array_like
        Smoothing parameter; above 1 it is negative smoothing, which PyTorch takes as none.
    M : array_like of int, >= 2
        Number of classes.

    Returns
    -------
    float or ndarray
        Weight of the uniform distribution in the target: 0 at p = 1, 1 at p = 1/M.

    Raises
    ------
    ValueError
        If M is out of range.

    """
    M = check_classes(M)
    return float_or_array(M * (1 - np.asarray(p, dtype=float)) / (M - 1))


def p_from_epsilon(epsilon: ArrayLike, M: ArrayLike):
    """Smoothing parameter of PyTorch's `label_smoothing`, 1 - epsilon (M - 1)/M.

    Parameters
    ----------
    epsilon : array_like
        Weight of the uniform distribution in the target.
    M : array_like of int, >= 2
        Number of classes.

    Returns
    -------
    float or ndarray

    Raises
    ------
    ValueError
        If M is out of range.

    """
    M = check_classes(M)
    return float_or_array(1 - np.asarray(epsilon, dtype=float) * (M - 1) / M)


# p = 1/M and a p read from a file as its decimal should count as the same.
UNIFORM_TOLERANCE = 1e-9


def informative(p: np.ndarray, M: float) -> np.ndarray:
    """Return which p tell about the clean rate: 0 < p < 1, off the uniform target p = 1/M."""
    return (p > 0) & (p < 1) & (np.abs(M * p - 1) > UNIFORM_TOLERANCE)


def asks_for_label(p: ArrayLike, M: ArrayLike) -> np.ndarray:
    """Return which p are above 1/M: below, a network that fits its targets avoids the label."""
    return np.asarray(p) > 1 / np.asarray(M) + UNIFORM_TOLERANCE
