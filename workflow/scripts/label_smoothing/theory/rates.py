"""Clean rates, smoothing parameters and match probabilities: how often two labels agree."""

import numpy as np
from numpy.typing import ArrayLike

from label_smoothing.theory.checks import check_assumption, check_classes, float_or_array, in_range


def kappa(x: ArrayLike, M: ArrayLike):
    """Return the signal strength (M x - 1)/(M - 1) of a probability: 1 at x = 1, 0 at chance.

    `x` is a clean rate, a smoothing parameter or an accuracy.
    """
    x, M = in_range("x", x), check_classes(M)
    return float_or_array((M * x - 1) / (M - 1))


def kappa_inverse(k: ArrayLike, M: ArrayLike):
    """Return the probability whose `kappa` is k, in [-1/(M - 1), 1]: (1 + (M - 1) k)/M."""
    M = check_classes(M)
    k = in_range("k", k, -1 / (M - 1), 1.0)
    return float_or_array((1 + (M - 1) * k) / M)


def compose_clean_rates(*rates: ArrayLike, M: ArrayLike):
    """Return the clean rate of independent uniform corruptions in a row: their kappas multiply.

    A network with uniform errors and accuracy g that was trained on labels of clean rate a and is
    scored on labels of clean rate a' has match probability ``compose_clean_rates(a, g, a', M=M)``.
    """
    if not rates:
        raise ValueError("the number of rates is 0; allowed: 1 or more")
    M = check_classes(M)
    k = 1.0
    for i, rate in enumerate(rates):
        k = k * (M * in_range(f"rates[{i}]", rate) - 1) / (M - 1)
    return float_or_array((1 + (M - 1) * k) / M)


def match_probability(a: ArrayLike, M: ArrayLike, assumption: str, p: ArrayLike | None = None):
    """Return the probability c that the memorised label is the one that the test set asks for.

    ==========  ===========================================  ========================
    assumption  test set                                     c
    ==========  ===========================================  ========================
    alpha       clean labels                                 a
    beta        corrupted independently at the same rate     a^2 + (1 - a)^2/(M - 1)
    gamma       clean labels smoothed with the same p        a p + (1 - a) q
    ==========  ===========================================  ========================

    Only gamma needs `p`. Source: Eq 7-9 (M = 2), 11, 14 and 15.
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
    """Return the clean rate a >= 1/M whose beta match probability is c.

    A measured c may lie outside [1/M, 1]: above 1 so does the clean rate, below 1/M it is nan. The
    other solution, 2/M - a, is worse than chance.
    """
    M = check_classes(M)
    excess = np.asarray(c, dtype=float) - 1 / M
    # The c of a = 1/M may round to just below 1/M.
    excess = np.where((excess < 0) & (excess >= -1e-15), 0, excess)
    possible = excess >= 0
    root = np.sqrt((M - 1) / M * np.where(possible, excess, 0))
    return float_or_array(np.where(possible, 1 / M + root, np.nan))


def epsilon_from_p(p: ArrayLike, M: ArrayLike):
    """Return PyTorch's `label_smoothing`, M (1 - p)/(M - 1): the weight of the uniform target.

    It is 0 at p = 1 and 1 at p = 1/M. Above p = 1 it is negative, which PyTorch takes as none.
    """
    M = check_classes(M)
    return float_or_array(M * (1 - np.asarray(p, dtype=float)) / (M - 1))


def p_from_epsilon(epsilon: ArrayLike, M: ArrayLike):
    """Return the smoothing parameter of PyTorch's `label_smoothing`, 1 - epsilon (M - 1)/M.

    A negative epsilon gives p > 1, negative smoothing. Above M/(M - 1) p would be negative.
    """
    M = check_classes(M)
    epsilon = in_range("epsilon", epsilon, -np.inf, M / (M - 1))
    return float_or_array(1 - epsilon * (M - 1) / M)


# p = 1/M and a p read from a file as its decimal should count as the same.
UNIFORM_TOLERANCE = 1e-9


def informative(p: np.ndarray, M: float) -> np.ndarray:
    """Return which p tell about the clean rate: 0 < p < 1, off the uniform target p = 1/M."""
    return (p > 0) & (p < 1) & (np.abs(M * p - 1) > UNIFORM_TOLERANCE)


def asks_for_label(p: ArrayLike, M: ArrayLike) -> np.ndarray:
    """Return which p are above 1/M: below, a network that fits its targets avoids the label."""
    return np.asarray(p) > 1 / np.asarray(M) + UNIFORM_TOLERANCE


def bisect(is_below, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return where `is_below`, a function of arrays, turns false between `low` and `high`.

    64 halvings take a bracket as wide as 100 below the spacing of floats.
    """
    for _ in range(64):
        middle = (low + high) / 2
        below = is_below(middle)
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return (low + high) / 2
