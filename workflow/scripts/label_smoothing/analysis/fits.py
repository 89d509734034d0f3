"""Estimates from measured losses: the clean rate, and the optimum of a parabola.

The memorised loss is linear in one unknown rate, so the loss curve over p gives that rate by linear
least squares, without looking for its minimum.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from label_smoothing.theory.checks import check_assumption, check_classes
from label_smoothing.theory.rates import clean_rate_from_beta, informative


class CleanRateFit(NamedTuple):
    """Result of `fit_clean_rate`."""

    estimate: float
    standard_error: float
    clean_rate: float


def fit_clean_rate(p: ArrayLike, loss: ArrayLike, M: int, assumption: str) -> CleanRateFit:
    """Fit the match rate, and from it the effective clean rate, to a curve of test losses.

    Parameters
    ----------
    p : array_like, shape (k,)
        Smoothing parameters. Points outside 0 < p < 1 and at p = 1/M carry no information (the
        theory diverges or is flat in the rate) and are left out, whatever their loss.
    loss : array_like, shape (k,)
        Mean test loss in nats at each p.
    M : int, >= 2
        Number of classes.
    assumption : {"alpha", "beta", "gamma"}
        What the loss was measured against. For gamma each loss is against targets that are smoothed
        with the p of its own point.

    Returns
    -------
    CleanRateFit
        - estimate : probability that the memorised label is the test label, before any smoothing
          of test targets. It is c for alpha and beta and, as gamma's c = a p + (1 - a) q moves with
          p, a for gamma. Under the theory it equals the accuracy against the same test labels. It
          is not clipped: a value outside [0, 1] says that the theory does not hold.
        - standard_error : of the estimate, from the scatter about the fitted curve. It measures how
          well the theory's curve fits; if all p share one test set of n samples, the sampling error
          sqrt(c (1 - c)/n) moves all losses along that curve and is not in it.
        - clean_rate : a of the training labels: the estimate for alpha and gamma, the solution
          a >= 1/M for beta, nan there if the estimate is below 1/M, which no a gives.

    Raises
    ------
    ValueError
        If shapes differ, M or the assumption is out of range, a loss that is used is not finite, or
        fewer than 2 points can be used.

    Notes
    -----
    With L = log(p/q): -(loss + log q) = c L for alpha and beta, and, as c = q + a kappa(p),
    -(loss + log q) - q L = a kappa(p) L for gamma, which is
    loss = log M + (1 - kappa(a)) KL(U||S_p) - kappa(a) KL(S_p||U).
    Source: linear form of arXiv 2010.12648, Eq 11, 14 and 15; the fit is this project's.

    """
    p, loss = _points(p, loss)
    M = float(check_classes(M))
    used = informative(p, M)
    if used.sum() < 2:
        raise ValueError(
            f"the number of p in 0 < p < 1 off 1/M is {used.sum()}, of {p.size}; allowed: 2 or more"
        )
    p, loss = p[used], loss[used]
    _check_finite(p, loss)

    q = (1 - p) / (M - 1)
    slope = np.log(p / q)
    response = -(loss + np.log(q))
    if check_assumption(assumption) == "gamma":
        response = response - q * slope
        slope = (p - q) * slope  # p - q = kappa(p)

    weight = slope**2
    rate = float(np.sum(weight * response / slope) / weight.sum())
    residual_sd = np.sqrt(np.sum((response - rate * slope) ** 2) / (p.size - 1))
    return CleanRateFit(
        estimate=rate,
        standard_error=float(residual_sd / np.sqrt(weight.sum())),
        clean_rate=clean_rate_from_beta(rate, M) if assumption == "beta" else rate,
    )


def measured_optimum(p: np.ndarray, loss: np.ndarray) -> tuple[float, str]:
    """Return the p that minimises the losses of one seed, and how it was found.

    The losses are no parabola, so the vertex of one through the lowest three is biased and noisy:
    `fit_clean_rate` is the better estimator where the theory holds, this one needs no theory.

    Parameters
    ----------
    p, loss : ndarray, shape (k,)
        Each p once, in any order; losses in nats.

    Returns
    -------
    tuple
        The vertex of the parabola through the lowest loss below p = 1 and its two neighbours, and
        "ok". Where there is none, the p of the lowest loss (nan without losses) and why: "grid" if
        that p is 1 or more, where the theory diverges, or fewer than three p are below 1; "edge" if
        it is the first or last of these, so that the optimum may lie beyond it. Nothing is
        extrapolated: the vertex lies between the neighbours.

    Raises
    ------
    ValueError
        If shapes differ, a p is not finite, or a loss below p = 1 that is used is not.

    """
    p, loss = _points(p, loss)
    lowest = float(p[loss.argmin()]) if p.size else np.nan
    order = np.argsort(p[p < 1])
    grid, curve = p[p < 1][order], loss[p < 1][order]
    if grid.size < 3 or lowest >= 1:
        return lowest, "grid"
    _check_finite(grid, curve)
    middle = int(curve.argmin())
    if middle in (0, grid.size - 1):
        return lowest, "edge"
    near = slice(middle - 1, middle + 2)
    # Centred and scaled, or the normal matrix of a fine grid is singular to machine precision.
    scale = np.ptp(grid[near])
    x = (grid[near] - grid[middle]) / scale
    X = np.stack([np.ones_like(x), x, x**2], axis=1)
    _, b1, b2 = np.linalg.inv(X.T @ X) @ (X.T @ curve[near])
    return float(grid[middle] - scale * b1 / (2 * b2)), "ok"


def _points(p, loss):
    p, loss = np.asarray(p, dtype=float), np.asarray(loss, dtype=float)
    if p.ndim != 1 or p.shape != loss.shape:
        raise ValueError(f"the shapes of p and loss are {p.shape}, {loss.shape}; allowed: (n,)")
    if not np.isfinite(p).all():
        raise ValueError(f"p is {p[~np.isfinite(p)][0]}; allowed: a finite number")
    return p, loss


def _check_finite(p, loss):
    bad = ~np.isfinite(loss)
    if bad.any():
        raise ValueError(f"loss at p = {p[bad][0]} is {loss[bad][0]}; allowed: a finite number")
