"""Measured test losses against the theory of the memorising network."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from label_smoothing.fits import fit_clean_rate, fit_quadratic_optimum, informative
from label_smoothing.statistics import mean_interval
from label_smoothing.theory import gamma_loss, gamma_optimum, memorised_loss


def predicted_loss(p: ArrayLike, match: ArrayLike, M: int, assumption: str) -> np.ndarray:
    """
    Return the theory's test loss of a network that memorises, in nats.

    Parameters
    ----------
    p : array_like, in [0, 1]
        Smoothing parameter.
    match : array_like, in [0, 1]
        Match probability of the noise, see `noise.match_probabilities`. The theory knows a noise
        matrix by this number alone.
    M : int
        Number of classes.
    assumption : {"alpha", "beta", "gamma"}
    """
    return gamma_loss(p, match, M) if assumption == "gamma" else memorised_loss(p, match, M)


def predicted_optimum(match: ArrayLike, M: int, assumption: str) -> np.ndarray:
    """Return the p that minimises `predicted_loss`: the match probability itself, but for gamma."""
    return gamma_optimum(match, M) if assumption == "gamma" else match


def match_over_a(table: pd.DataFrame, rates: ArrayLike) -> np.ndarray:
    """
    Return the match probability at any clean rate, from the rates of a study.

    Parameters
    ----------
    table : DataFrame
        Rows of one data set and noise type with a, assumption, expected_clean_rate and
        match_probability.
    rates : array_like, shape (n,)
        Clean rates.

    Returns
    -------
    ndarray, shape (n,)
        nan where no row of the table has a < 1, so that none shows the noise.
    """
    corrupted = table[table["a"] < 1]
    rates = np.asarray(rates, dtype=float)
    if corrupted.empty:
        return np.full_like(rates, np.nan)
    # Every family of transitions is I + (1 - a) N, so the clean rate is linear in 1 - a and the
    # probability that two corruptions agree is quadratic: one row gives each coefficient.
    row, corruption = corrupted.iloc[0], 1 - corrupted["a"].iloc[0]
    lost = (1 - row["expected_clean_rate"]) / corruption
    if row["assumption"] != "beta":
        return 1 - lost * (1 - rates)
    agree = (row["match_probability"] - 1 + 2 * lost * corruption) / corruption**2
    return 1 - 2 * lost * (1 - rates) + agree * (1 - rates) ** 2


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
        Columns, all losses in nats, all ``_low`` and ``_high`` 95 % t-intervals over seeds:

        - dataset, noise, assumption, method, a, M, seeds
        - expected_clean_rate, match_probability: of the noise matrix, see
          `noise.match_probabilities`
        - predicted_optimum: the p that minimises the theory's loss
        - measured_optimum: mean over seeds of the vertex of a parabola around the lowest measured
          loss, or of the lowest p itself where there is no vertex (optimum_status says why)
        - grid_optimum: mean over seeds of the p with the lowest measured loss
        - fitted_match: mean over seeds of the match probability that fits the losses best; for
          alpha and gamma it is the effective clean rate
        - fitted_optimum: mean over seeds of the theory's optimum at the fitted match probability
        - rmse, max_deviation, mean_deviation: measured minus predicted seed means over the p below
          1, no free parameter
        - cells, memorised_cells, diverged_cells: networks in this row, those that memorised, and
          those that diverged, which enter nothing else
    """
    return pd.DataFrame([_compare(group) for _, group in cells.groupby("a")])


def _compare(cells: pd.DataFrame) -> dict:
    first = cells.iloc[0]
    M, assumption, match = int(first["classes"]), first["assumption"], first["match_probability"]
    row = {key: first[key] for key in ("dataset", "noise", "assumption", "method", "a")}
    row |= {"M": M, "seeds": cells["seed"].nunique()}
    row |= {key: first[key] for key in ("expected_clean_rate", "match_probability")}
    row["predicted_optimum"] = predicted_optimum(match, M, assumption)

    per_seed = pd.DataFrame([_fit(curve, M, assumption) for _, curve in cells.groupby("seed")])
    for column in ("measured_optimum", "grid_optimum", "fitted_match", "fitted_optimum"):
        row |= _spread(column, per_seed[column])
    row["optimum_status"] = " ".join(sorted(set(per_seed["status"])))

    means = cells[cells["p"] < 1].groupby("p")["test_loss"].mean()
    deviation = means - predicted_loss(means.index.to_numpy(), match, M, assumption)
    row["rmse"] = np.sqrt((deviation**2).mean())
    row["max_deviation"] = deviation.abs().max()
    row["mean_deviation"] = deviation.mean()
    row["cells"], row["memorised_cells"] = len(cells), int(cells["memorised"].sum())
    row["diverged_cells"] = int((cells["diverged_epoch"] > 0).sum())
    return row


def _fit(curve: pd.DataFrame, M: int, assumption: str) -> dict:
    curve = curve[curve["diverged_epoch"] == 0]
    p, loss = curve["p"].to_numpy(), curve["test_loss"].to_numpy(dtype=float)
    grid_optimum = p[loss.argmin()] if len(p) else np.nan
    fit = {"grid_optimum": grid_optimum, "measured_optimum": grid_optimum}
    fit |= {"fitted_match": np.nan, "fitted_optimum": np.nan, "status": "grid"}
    if np.unique(p[p < 1]).size >= 3 and grid_optimum < 1:
        parabola = fit_quadratic_optimum(p, loss, neighbours=1)
        fit["status"] = parabola.status
        if parabola.status == "ok":
            fit["measured_optimum"] = parabola.p_star
    if informative(p, M).sum() >= 2:
        match = fit_clean_rate(p, loss, M, assumption).estimate
        fit["fitted_match"] = match
        if 0 <= match <= 1:
            fit["fitted_optimum"] = predicted_optimum(match, M, assumption)
    return fit


def _spread(name: str, values: pd.Series) -> dict[str, float]:
    mean, low, high, _ = mean_interval(values)
    return {name: mean, f"{name}_low": low, f"{name}_high": high}
