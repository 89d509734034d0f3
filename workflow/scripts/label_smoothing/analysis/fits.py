"""Estimates from measured losses: the clean rate, and the optimum of a parabola.

Notation as in `label_smoothing.theory.memorising`. The memorised loss is linear in one unknown
rate, so the loss curve over p gives that rate by linear least squares, without looking for its
minimum.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from label_smoothing.theory.memorising import check_classes, check_noise

# p = 1/M and a p read from a file as its decimal should count as the same.
UNIFORM_TOLERANCE = 1e-9


class CleanRateFit(NamedTuple):
    """Result of `fit_clean_rate`."""

    estimate: float
    standard_error: float
    clean_rate: float
    clean_rate_standard_error: float
    residual_sd: float
    points: int


class QuadraticFit(NamedTuple):
    """Result of `fit_quadratic_optimum`."""

    p_star: float
    standard_error: float
    curvature: float
    grid_minimum: float
    points: int
    status: str


def _points(p, loss):
    p, loss = np.asarray(p, dtype=float), np.asarray(loss, dtype=float)
    if p.ndim != 1 or p.shape != loss.shape:
        raise ValueError(f"p has shape {p.shape} and loss {loss.shape}, allowed is (n,) for both")
    if not np.isfinite(p).all():
        raise ValueError(f"p = {p[~np.isfinite(p)][0]} is not finite")
    return p, loss


def _check_finite(p, loss):
    bad = ~np.isfinite(loss)
    if bad.any():
        raise ValueError(f"loss = {loss[bad][0]} at p = {p[bad][0]} is not finite")


def informative(p: np.ndarray, M: float) -> np.ndarray:
    """Return which p tell about the clean rate: 0 < p < 1, off the uniform target p = 1/M."""
    return (p > 0) & (p < 1) & (np.abs(M * p - 1) > UNIFORM_TOLERANCE)


def asks_for_label(p: ArrayLike, M: ArrayLike) -> np.ndarray:
    """Return which p are above 1/M: below, a network that fits its targets avoids the label."""
    return np.asarray(p) > 1 / np.asarray(M) + UNIFORM_TOLERANCE


def fit_clean_rate(
    p: ArrayLike, loss: ArrayLike, M: int, noise: str = "alpha", n: ArrayLike | None = None
) -> CleanRateFit:
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
    noise : {"alpha", "beta", "gamma"}
        What the loss was measured against. For gamma each loss is against targets that are smoothed
        with the p of its own point.
    n : array_like, shape (k,), optional
        Test samples behind each loss, > 0. If given, the points must come from test sets that are
        independent of each other: each point then estimates the rate with binomial error, and they
        are averaged with weights n. If not, all points weigh the same in the loss (ordinary least
        squares), as for one test set that all p share.

    Returns
    -------
    CleanRateFit
        - estimate : probability that the memorised label is the test label, before any smoothing
          of test targets. It is c for alpha and beta and, as gamma's c = a p + (1 - a) q moves with
          p, a for gamma. Under the theory it equals the accuracy against the same test labels. It
          is not clipped: a value outside [0, 1] says that the theory does not hold.
        - standard_error : of the estimate; sigma/sqrt(sum x^2) without n, with x the slope of the
          loss in the rate and sigma the residual sd; sqrt(c (1 - c)/sum n) with n, and nan there
          if the estimate is outside [0, 1]. Without n it measures how well the theory's curve fits;
          if all p share one test set of n samples, the sampling error sqrt(c (1 - c)/n) moves all
          losses along that curve and is not in it.
        - clean_rate : a of the training labels: the estimate for alpha and gamma, the solution
          a >= 1/M for beta, nan there if the estimate is below 1/M, which no a gives.
        - clean_rate_standard_error : by propagation; inf or nan for beta at or below a = 1/M.
        - residual_sd : sqrt(RSS/(points - 1)) of the losses, in nats.
        - points : number of points used.

    Raises
    ------
    ValueError
        If shapes differ, M, noise, p or n is out of range, a loss that is used is not finite, or
        fewer than 2 points can be used.

    Notes
    -----
    With L = log(p/q): -(loss + log q) = c L for alpha and beta, and, as c = q + a kappa(p),
    -(loss + log q) - q L = a kappa(p) L for gamma, which is
    loss = log M + (1 - kappa(a)) KL(U||S_p) - kappa(a) KL(S_p||U).
    Source: linear form of arXiv 2010.12648, Eq 11, 14 and 15; the fit is this project's.

    """
    p, loss = _points(p, loss)
    M, noise = float(check_classes(M)), check_noise(noise)
    used = informative(p, M)
    if used.sum() < 2:
        raise ValueError(
            f"p: {used.sum()} of {p.size} points lie in 0 < p < 1 off 1/M, at least 2 are needed"
        )
    if n is not None:
        n = np.asarray(n, dtype=float)
        if n.shape != p.shape:
            raise ValueError(f"n has shape {n.shape}, allowed is that of p, {p.shape}")
        n = n[used]
        bad = ~((n > 0) & (n < np.inf))
        if bad.any():
            raise ValueError(f"n = {n[bad][0]} is outside (0, inf)")
    p, loss = p[used], loss[used]
    _check_finite(p, loss)

    q = (1 - p) / (M - 1)
    slope = np.log(p / q)
    response = -(loss + np.log(q))
    if noise == "gamma":
        response = response - q * slope
        slope = (p - q) * slope  # p - q = kappa(p)

    weight = slope**2 if n is None else n
    rate = float(np.sum(weight * response / slope) / weight.sum())
    residual_sd = float(np.sqrt(np.sum((response - rate * slope) ** 2) / (p.size - 1)))
    if n is None:
        error = residual_sd / np.sqrt(weight.sum())
    else:
        error = np.sqrt(rate * (1 - rate) / n.sum()) if 0 <= rate <= 1 else np.nan

    clean_rate, clean_error = rate, error
    if noise == "beta":
        # As theory.clean_rate_from_beta, but open to a measured rate outside its range.
        excess = (M - 1) / M * (rate - 1 / M)
        clean_rate = 1 / M + np.sqrt(excess) if excess >= 0 else np.nan
        derivative = (M - 1) / M / (2 * np.sqrt(excess)) if excess > 0 else np.inf
        clean_error = error * derivative if excess >= 0 else np.nan
    return CleanRateFit(
        rate, float(error), float(clean_rate), float(clean_error), residual_sd, int(p.size)
    )


def fit_quadratic_optimum(p: ArrayLike, loss: ArrayLike, neighbours: int = 2) -> QuadraticFit:
    """Vertex of the parabola through the losses around the lowest point of the grid.

    The losses are no parabola and few points are used, so the vertex is biased and noisy:
    `fit_clean_rate` is the better estimator where the theory holds, this one needs no theory.

    Parameters
    ----------
    p : array_like, shape (k,)
        Smoothing parameters in any order; a p may occur more than once (seeds). Points at p >= 1
        are left out: the theory diverges there, no parabola fits.
    loss : array_like, shape (k,)
        Mean test loss in nats at each p.
    neighbours : int, >= 1
        Distinct p on each side of the lowest that the parabola is fitted to by least squares; near
        the ends of the grid fewer. The default, five points, is the fewest that leaves an error.

    Returns
    -------
    QuadraticFit
        - p_star : vertex; nan unless status is "ok"
        - standard_error : of the vertex, from the scatter about the parabola (it knows nothing of
          the bias); nan if no more points than coefficients, 3, were fitted
        - curvature : second derivative of the parabola, in nats; nan if status is "edge"
        - grid_minimum : the p with the lowest mean loss
        - points : number of losses fitted
        - status : "ok"; "edge" if the lowest p is the first or last of the grid, so that the
          optimum may lie beyond it; "not convex" if the parabola has no minimum; "outside" if its
          vertex lies outside the p that were fitted. Nothing is extrapolated.

    Raises
    ------
    ValueError
        If shapes differ, neighbours < 1, p or a loss that is used is not finite, or fewer than 3
        distinct p < 1 are given.

    """
    p, loss = _points(p, loss)
    if neighbours < 1 or neighbours != int(neighbours):
        raise ValueError(f"neighbours = {neighbours} is not an integer in [1, inf)")
    used = p < 1
    p, loss = p[used], loss[used]
    _check_finite(p, loss)
    grid, index = np.unique(p, return_inverse=True)
    if grid.size < 3:
        raise ValueError(f"p: {grid.size} distinct values below 1, at least 3 are needed")

    lowest = int(np.argmin(np.bincount(index, loss) / np.bincount(index)))
    grid_minimum = float(grid[lowest])
    if lowest in (0, grid.size - 1):
        return QuadraticFit(np.nan, np.nan, np.nan, grid_minimum, 0, "edge")

    near = np.abs(index - lowest) <= neighbours
    # Centred and scaled, or the normal matrix of a fine grid is singular to machine precision.
    scale = np.ptp(p[near])
    x = (p[near] - grid_minimum) / scale
    X = np.stack([np.ones_like(x), x, x**2], axis=1)
    covariance = np.linalg.inv(X.T @ X)
    _, b1, b2 = coefficients = covariance @ (X.T @ loss[near])
    curvature = float(2 * b2 / scale**2)
    points = int(near.sum())
    if b2 <= 0:
        return QuadraticFit(np.nan, np.nan, curvature, grid_minimum, points, "not convex")
    vertex = -b1 / (2 * b2)
    if not x.min() <= vertex <= x.max():
        return QuadraticFit(np.nan, np.nan, curvature, grid_minimum, points, "outside")

    error = np.nan
    if points > 3:
        variance = np.sum((loss[near] - X @ coefficients) ** 2) / (points - 3)
        gradient = np.array([0, -1 / (2 * b2), b1 / (2 * b2**2)])
        error = scale * np.sqrt(variance * gradient @ covariance @ gradient)
    return QuadraticFit(
        float(grid_minimum + scale * vertex), float(error), curvature, grid_minimum, points, "ok"
    )


def measured_optimum(p: np.ndarray, loss: np.ndarray) -> tuple[float, str]:
    """
    Return the p that minimises the losses of one seed, and how it was found.

    Parameters
    ----------
    p, loss : ndarray, shape (k,)
        Each p once; losses in nats.

    Returns
    -------
    tuple
        The vertex of a parabola through the lowest loss and its neighbours and "ok"; where there is
        none, the p of the lowest loss (nan without losses) and the status of
        `fit_quadratic_optimum` or, where that needs more p or has no say, "grid".
    """
    lowest = p[loss.argmin()] if len(p) else np.nan
    if np.unique(p[p < 1]).size < 3 or lowest >= 1:
        return lowest, "grid"
    parabola = fit_quadratic_optimum(p, loss, neighbours=1)
    return (parabola.p_star if parabola.status == "ok" else lowest), parabola.status
