"""
The statistics of the vote theory's claims; docs/findings.md states and justifies them.

Each fits k to some cells and predicts others. Beside it stands the same with k = 1, the paper's
theory.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd

from label_smoothing.analysis.cells import curves_over_p, is_uniform
from label_smoothing.analysis.claims.measured import Measured, NotTestableError, one_part
from label_smoothing.analysis.vote_fits import fit_seed, mean_votes, predict
from label_smoothing.theory.rates import asks_for_label
from label_smoothing.theory.votes import vote_accuracy, vote_loss

PAPER = (1.0, 1.0)  # k and purity
_SMALL_P = 0.7  # up to which the loss at p = 1 is predicted from


def other_rates(cells: pd.DataFrame) -> Measured:
    """Return by how many nats k of the lowest a misses the losses at all others below 1."""
    cells = _tested(cells[cells["a"] < 1])
    if (n := cells["a"].nunique()) < 2:
        raise NotTestableError(f"{n} clean rates below 1, memorised, 2 needed")
    lowest = cells["a"].min()
    fits = _fit(cells[cells["a"] == lowest], purity=1.0)
    return _of_losses(cells[cells["a"] > lowest], fits, f"k of a = {lowest:g}")


def alpha_from_beta(cells: pd.DataFrame, beta: pd.DataFrame) -> Measured:
    """Return by how many nats k of the beta losses misses the alpha losses."""
    cells, beta = (_tested(table[table["a"] < 1]) for table in (cells, beta))
    if beta.empty or cells.empty:
        raise NotTestableError("no clean rate below 1, memorised")
    return _of_losses(cells, _fit(beta, purity=1.0), "k of beta")


def other_rates_from_clean(cells: pd.DataFrame) -> Measured:
    """Return by how many nats k and purity of a = 1 miss the losses at all other clean rates."""
    clean, noisy = (_tested(cells[at]) for at in (cells["a"] == 1, cells["a"] < 1))
    if clean.empty or clean["p"].nunique() < 3:
        raise NotTestableError("a = 1 with 3 p between 1/M and 1, memorised, is needed")
    if noisy.empty:
        raise NotTestableError("no clean rate below 1, memorised")
    return _of_losses(noisy, _fit(clean, purity=None), "k and purity of a = 1")


def accuracy_from_losses(cells: pd.DataFrame) -> Measured:
    """
    Return by how many points the predicted accuracy misses the measured one, at the worst a < 1.

    Predicted accuracies of 0.54 and 0.75, measured 0.58 and 0.80: 5 points.
    """
    return _of_rates(cells, "clean_test_accuracy", 100, vote_accuracy)


def spread_from_losses(cells: pd.DataFrame) -> Measured:
    """Return how far the predicted standard deviation of shares misses the measured, at worst."""
    if "share_variance" not in cells:
        raise NotTestableError("no variance of the shares is recorded")
    deviation = np.sqrt(cells["share_variance"].astype(float))
    cells = cells.assign(share_deviation=deviation)[cells["p"] < 1]
    return _of_rates(cells, "share_deviation", 1, lambda a, k, M: np.sqrt(a * (1 - a) / k))


def loss_without_smoothing(cells: pd.DataFrame) -> Measured:
    """Return how far k of the losses at small p misses the loss at p = 1, at the worst a < 1."""
    noisy = cells[cells["a"] < 1]
    small = _tested(noisy[noisy["p"] <= _SMALL_P])
    hard = curves_over_p(noisy[noisy["p"] == 1], "test_loss", 1, memorised=True).droplevel("p")
    if hard.empty or small.empty or small["p"].nunique() < 2:
        raise NotTestableError(f"p = 1 and two p from 1/M to {_SMALL_P}, memorised, are needed")
    measured = hard.loc[hard.index.intersection(small["a"].unique())]
    fits = _fit(small, purity=1.0)
    return _worst(measured, fits, 1, lambda a, k, M: vote_loss(1.0, a, k, M, "alpha"), cells)


def _tested(cells):
    """Return the cells at 1/M < p < 1 that every seed memorised; uniform noise alone."""
    if not is_uniform(cells).all():
        raise NotTestableError("the label noise is not uniform")
    cells = cells[(cells["p"] < 1) & asks_for_label(cells["p"], cells["classes"])]
    curves = curves_over_p(cells, "test_loss", 1, memorised=True)
    return cells[pd.MultiIndex.from_frame(cells[["a", "p"]]).isin(curves.index)]


def _fit(cells, purity):
    """Return k and purity of each seed."""
    fits = {seed: fit_seed(table, purity=purity) for seed, table in cells.groupby("seed")}
    return {seed: (fit.k, fit.purity) for seed, fit in fits.items()}


def _of_losses(cells, fits, name):
    """Return the root mean square of measured minus predicted losses, and the same with k = 1."""
    values = [
        {seed: _deviation(table, *votes[seed]) for seed, table in cells.groupby("seed")}
        for votes in (fits, dict.fromkeys(fits, PAPER))
    ]
    found, paper = (one_part(pd.Series(value)) for value in values)
    k = mean_votes([k for k, _ in fits.values()]).mean
    points = len(cells) // len(fits)
    return Measured(found, f"{name}: {k:.2f}; {points} cells a seed", paper)


def _deviation(table, k, purity):
    assumption, M = table["assumption"].iloc[0], int(table["classes"].iloc[0])
    p, a = (table[name].to_numpy() for name in ("p", "expected_clean_rate"))
    predicted = predict(p, a, k, M, assumption, purity=purity)
    return np.sqrt(np.mean((table["test_loss"].to_numpy() - predicted) ** 2))


def _of_rates(cells, score, unit, foretell: Callable):
    """Return how far k of the losses misses a score, mean over p, at the worst a < 1."""
    noisy = cells[cells["a"] < 1]
    tested = _tested(noisy)
    if tested.empty:
        raise NotTestableError("no clean rate below 1, memorised")
    asked = noisy[asks_for_label(noisy["p"], noisy["classes"])]
    measured = curves_over_p(asked, score, 1, memorised=True).groupby("a").mean()
    return _worst(measured, _fit(tested, purity=1.0), unit, foretell, cells)


def _worst(measured, fits, unit, foretell, cells):
    M, rates = int(cells["classes"].iloc[0]), measured.index
    missed = [
        unit
        * (
            pd.DataFrame({s: [foretell(a, k, M) for a in rates] for s, k in votes}, rates)
            - measured
        )
        for votes in ([(s, k) for s, (k, _) in fits.items()], [(s, 1.0) for s in fits])
    ]
    found, paper = (one_part(each.abs().max()) for each in missed)
    means = missed[0].mean(axis=1)
    note = ", ".join(f"{value:+.2f} at a = {a:g}" for a, value in means.items())
    return Measured(found, f"predicted minus measured: {note}", paper)
