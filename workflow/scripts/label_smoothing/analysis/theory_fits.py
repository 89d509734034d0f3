"""The fits: what was measured at each clean rate beside what the theory of memorising predicts.

The memorised loss is linear in one unknown rate. So the losses over p give that rate by linear
least squares, without looking for their minimum.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from label_smoothing.analysis.cells import rates_known
from label_smoothing.analysis.intervals import mean_interval
from label_smoothing.analysis.predictions import predicted_loss, predicted_optimum
from label_smoothing.theory.checks import check_assumption, check_classes
from label_smoothing.theory.rates import (
    asks_for_label,
    clean_rate_from_beta,
    epsilon_from_p,
    informative,
)


def compare_with_theory(cells: pd.DataFrame) -> pd.DataFrame:
    """
    Return predicted and measured optimum, fitted match probability and agreement at each a.

    Parameters
    ----------
    cells : DataFrame
        Slices as `aggregate` writes them: one row for each a, p and seed of one data set, noise
        type and method.

    Returns
    -------
    DataFrame
        One row for each a. Every measured quantity is computed for each seed and then averaged;
        ``_low`` and ``_high`` are its 95 % t-interval over seeds, empty for one seed. All losses
        are in nats.

        - dataset, noise, assumption, method, a, M (and labels, if given); seeds: those with a
          network that did not diverge
        - expected_clean_rate, expected_agreement, match_probability: of the noise matrix, see
          `noise.match_probabilities`; the last is the one of this row's assumption.
          With given labels they are unknown, and so is all that is predicted
        - predicted_optimum: the p that minimises the theory's loss; predicted_optimum_alpha,
          predicted_optimum_beta, predicted_optimum_gamma: under each assumption
        - measured_optimum: vertex of the parabola through the lowest measured loss and its
          neighbours below p = 1, or the lowest p itself where there is no vertex (optimum_status
          says why)
        - grid_optimum: the p with the lowest measured loss
        - fitted_optimum: the theory's optimum at the fitted match probability (beyond 0 or 1, at
          that limit, here and below)
        - predicted_epsilon, grid_epsilon, measured_epsilon, fitted_epsilon: PyTorch's
          label_smoothing of these optima
        - fitted_match: the match probability that fits the losses best; fitted_match_se is its
          standard error over seeds, fit_se the mean over seeds of the one that the scatter about
          the fitted curve gives; see `theory_fits.fit_clean_rate`
        - effective_clean_rate: the clean rate that has this match probability
        - measured_accuracy: test accuracy against the labels of the noise type, mean over the p
          that enter the fit and exceed 1/M (below, right is what a network avoids);
          match_minus_accuracy: fitted_match minus it, 0 in theory
        - rmse, max_deviation, mean_deviation, r2: measured minus predicted losses over the p below
          1, no free parameter; r2 is 1 - (sum of squared deviations)/(of the losses about their
          mean)
        - fitted_rmse, fitted_max_deviation, fitted_r2: the same with the fitted match probability
        - rmse_alpha, rmse_beta, rmse_gamma: the same as rmse, from the theory of each assumption;
          best_assumption is the one with the smallest if the interval of best_margin, how much
          smaller it is than the next, paired over seeds, lies above 0, otherwise "undecided"
        - cells, memorised_cells, diverged_cells: networks in this row, those that memorised, and
          those that diverged, which enter nothing else
    """
    return pd.DataFrame([_compare(group) for _, group in cells.groupby("a")])


def _compare(cells: pd.DataFrame) -> dict:
    first = cells.iloc[0]
    M, assumption = int(first["classes"]), first["assumption"]
    names = ("dataset", "labels", "noise", "assumption", "method", "a")
    row = {key: first[key] for key in names if key in first}
    row |= {"M": M, "seeds": cells.loc[cells["diverged_epoch"] == 0, "seed"].nunique()}
    match = {
        "alpha": first["expected_clean_rate"],
        "beta": first["expected_agreement"],
        "gamma": first["expected_clean_rate"],
    }
    for key in ("expected_clean_rate", "expected_agreement", "match_probability"):
        row[key] = first[key]
    known = rates_known(cells)
    optima = {
        key: float(predicted_optimum(rate, M, key)) if known else np.nan
        for key, rate in match.items()
    }
    row["predicted_optimum"] = optima[assumption]
    row["predicted_epsilon"] = epsilon_from_p(optima[assumption], M)
    row |= {f"predicted_optimum_{key}": optimum for key, optimum in optima.items()}

    per_seed = pd.DataFrame(
        [_measure(curve, M, assumption, match) for _, curve in cells.groupby("seed")]
    )
    row["optimum_status"] = " ".join(sorted(set(per_seed.pop("optimum_status"))))
    for column, values in per_seed.items():
        row |= _spread(column, values)
        if column.endswith("_optimum"):
            row[column.replace("optimum", "epsilon")] = epsilon_from_p(row[column], M)
    row["fitted_match_se"] = per_seed["fitted_match"].sem()
    deviations = per_seed[[f"rmse_{key}" for key in match]]
    if deviations.notna().all(axis=None):
        best, second = deviations.mean().sort_values(kind="stable").index[:2]
        row |= _spread("best_margin", deviations[second] - deviations[best])
        clear = row["best_margin_low"] > 1e-9
        row["best_assumption"] = best.removeprefix("rmse_") if clear else "undecided"
    row["cells"], row["memorised_cells"] = len(cells), int(cells["memorised"].sum())
    row["diverged_cells"] = int((cells["diverged_epoch"] > 0).sum())
    return row


def _measure(curve: pd.DataFrame, M: int, assumption: str, match: dict[str, float]) -> dict:
    """Return the measured quantities of one seed."""
    curve = curve[curve["diverged_epoch"] == 0]
    p, loss = curve["p"].to_numpy(), curve["test_loss"].to_numpy(dtype=float)
    row = {"grid_optimum": p[loss.argmin()] if len(p) else np.nan} | dict.fromkeys(_OF_FIT, np.nan)
    row["measured_optimum"], row["optimum_status"] = measured_optimum(p, loss)
    used = informative(p, M)
    row |= _agreement("", p, loss, match[assumption], M, assumption)
    if used.sum() >= 2:
        fit = fit_clean_rate(p, loss, M, assumption)
        row |= {"fitted_match": fit.estimate, "fit_se": fit.standard_error}
        row["effective_clean_rate"] = fit.clean_rate
        if (asking := used & asks_for_label(p, M)).any():
            row["measured_accuracy"] = curve["test_accuracy"].to_numpy(dtype=float)[asking].mean()
            row["match_minus_accuracy"] = fit.estimate - row["measured_accuracy"]
        within = min(max(fit.estimate, 0.0), 1.0)
        row["fitted_optimum"] = float(predicted_optimum(within, M, assumption))
        row |= _agreement("fitted_", p, loss, within, M, assumption)
        del row["fitted_mean_deviation"]
    for key, its_match in match.items():
        row[f"rmse_{key}"] = _agreement("", p, loss, its_match, M, key)["rmse"]
    return row


_OF_FIT = (
    "fitted_optimum",
    "fitted_match",
    "fit_se",
    "effective_clean_rate",
    "measured_accuracy",
    "match_minus_accuracy",
    "fitted_rmse",
    "fitted_max_deviation",
    "fitted_r2",
)


def _agreement(
    prefix: str, p: np.ndarray, loss: np.ndarray, match: float, M: int, assumption: str
) -> dict[str, float]:
    below = p < 1
    names = [prefix + name for name in ("rmse", "max_deviation", "mean_deviation", "r2")]
    if not below.any() or np.isnan(match):
        return dict.fromkeys(names, np.nan)
    p, loss = p[below], loss[below]
    deviation = loss - predicted_loss(p, match, M, assumption)
    squares, spread = (deviation**2).sum(), ((loss - loss.mean()) ** 2).sum()
    rmse, r2 = np.sqrt(squares / len(p)), 1 - squares / spread if spread > 0 else np.nan
    return dict(zip(names, (rmse, np.abs(deviation).max(), deviation.mean(), r2), strict=True))


def _spread(name: str, values: pd.Series) -> dict[str, float]:
    mean, low, high, _ = mean_interval(values)
    return {name: mean, f"{name}_low": low, f"{name}_high": high}


class CleanRateFit(NamedTuple):
    """Result of `fit_clean_rate`.

    Attributes
    ----------
    estimate : float
        Probability that the memorised label is the test label, before any smoothing of test
        targets: c for alpha and beta, a for gamma. By the theory it is the accuracy on these test
        labels. It is not clipped: a value outside [0, 1] says that the theory does not hold.
    standard_error : float
        From the scatter about the fitted curve. The sampling error of a test set of n samples,
        sqrt(c (1 - c)/n), moves all losses along that curve and is not in it.
    clean_rate : float
        a of the training labels; under beta nan for an estimate below 1/M, which no a gives.
    """

    estimate: float
    standard_error: float
    clean_rate: float


def fit_clean_rate(p: ArrayLike, loss: ArrayLike, M: int, assumption: str) -> CleanRateFit:
    """Return the match rate that fits test losses over p best, and its clean rate.

    Parameters
    ----------
    p, loss : array_like, shape (n,)
        Points outside 0 < p < 1 and at p = 1/M tell nothing of the rate and are left out. For gamma
        each loss is against targets smoothed with the p of its own point.

    Returns
    -------
    CleanRateFit

    Notes
    -----
    With L = log(p/q): -(loss + log q) = c L for alpha and beta, and, as c = q + a kappa(p),
    -(loss + log q) - q L = a kappa(p) L for gamma, which is
    loss = log M + (1 - kappa(a)) KL(U||S_p) - kappa(a) KL(S_p||U).
    Source: linear form of Eq 11, 14 and 15; the fit is this project's.
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

    `fit_clean_rate` is the better estimator where the theory holds; this one needs no theory.

    Returns
    -------
    tuple
        The vertex of the parabola through the lowest loss below p = 1 and its two neighbours, and
        "ok". Where there is none, the p of the lowest loss (nan without losses) and why: "grid" if
        that p is 1 or more, or fewer than three p are below 1; "edge" if it is the first or last of
        these, so that the optimum may lie beyond it.
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
