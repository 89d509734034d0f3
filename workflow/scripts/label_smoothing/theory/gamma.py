"""The best smoothing parameter under gamma, which has no closed form, and its transition.

Everything is computed in the logit L = log(p/q) > 0, in which nothing cancels near p = 1.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from label_smoothing.theory.checks import check_classes, float_or_array, in_range
from label_smoothing.theory.rates import bisect


class GammaTransition(NamedTuple):
    """Where the gamma optimum leaves p = 1/M.

    Attributes
    ----------
    a_c : float
        Clean rate of the transition, to 1e-9.
    p_below, p_above : float
        Best p up to a_c, which is 1/M, and just above a_c.
    lower_spinodal, upper_spinodal : float
        Clean rate from which a second minimum exists, and the one up to which p = 1/M is a local
        minimum, (M + 1)/(2M). For M = 2 both are a_c: nothing jumps.
    """

    a_c: float
    p_below: float
    p_above: float
    lower_spinodal: float
    upper_spinodal: float


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
    """Return the clean rate at which the best gamma smoothing parameter jumps away from p = 1/M.

    Up to a_c nothing beats the uniform output p = 1/M. For M >= 3 the optimum jumps at a_c, where
    two minima are equally deep. For M = 2 it leaves p = 1/2 continuously at a_c = 3/4.

    Notes
    -----
    kappa_c/(1 - kappa_c) is the minimum over p > 1/M of KL(U||S_p)/KL(S_p||U), with U uniform.
    Source: sections 3.3 and 4.3 (Eq 9 and 15).
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

    from scipy.optimize import brentq  # takes longer than most scripts that import this module

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


def gamma_optimum(a: ArrayLike, M: ArrayLike):
    """Return the p in [1/M, 1] that minimises the gamma loss over all of [0, 1], to 1e-9.

    It is 1/M up to `gamma_transition(M).a_c`, where two minima are equally deep, and 1 at a = 1.
    For M = 2, whose loss is symmetric about 1/2, it is the larger of two optima.

    Notes
    -----
    p*(a) has no closed form, but its inverse has one, which rises on the branch above a_c:
    bisection. Source: below Eq 9 (section 3.3) and 15 (4.3).
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
    return float_or_array(best)


def _gamma_learning_branch(a, M, p_above):
    # log of kappa_a/(1 - kappa_a), written so that it is exact where it vanishes (M = 2, a = 3/4).
    target = np.log1p((2 * M * a - M - 1) / (M * (1 - a)))
    low = np.full_like(a, np.log(p_above * (M - 1) / (1 - p_above)))
    high = 2 * (target + np.log(M)) + 2
    return _p_of_logit(bisect(lambda L: _log_kappa_odds(L, M) < target, low, high), M)
