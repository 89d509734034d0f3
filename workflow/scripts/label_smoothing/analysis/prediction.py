"""What the theory predicts for the networks of a study, and how much of it they bear out."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from label_smoothing.analysis.vote_prediction import FittedVotes, voted_loss
from label_smoothing.theory.gamma import gamma_optimum
from label_smoothing.theory.memorising import loss, memorised_loss
from label_smoothing.theory.rates import informative


def rates_known(cells: pd.DataFrame) -> bool:
    """Return whether the clean rates of some cells, or fits, are known: not of given labels."""
    return bool(cells["expected_clean_rate"].notna().all())


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
    if assumption == "gamma":
        return loss(p, match, M, "gamma")
    return memorised_loss(p, match, M)


def predicted_optimum(match: ArrayLike, M: int, assumption: str) -> Any:
    """Return the p that minimises `predicted_loss`: the match probability itself, but for gamma."""
    return gamma_optimum(match, M) if assumption == "gamma" else match


def curves_over_p(
    cells: pd.DataFrame, score: str, fewest: int = 3, memorised: bool = False
) -> pd.DataFrame:
    """
    Return a score on the p that all seeds share.

    Parameters
    ----------
    cells : DataFrame
        Slices of one data set, noise type and method, see `comparison.compare_with_theory`.
    score : str
        Column of theirs.
    fewest : int
        Clean rates with fewer such p are left out: they show no curve.
    memorised : bool
        Whether a p counts only if every seed memorised it.

    Returns
    -------
    DataFrame
        Index a and p, one column a seed.
    """
    if memorised:
        # Kept as rows without a score, so that a p must be memorised by every seed.
        cells = cells.assign(**{score: cells[score].where(cells["memorised"])})
    table = cells.pivot(index=["a", "p"], columns="seed", values=score).dropna()
    return table.groupby("a").filter(lambda curve: len(curve) >= fewest)


class Explained(NamedTuple):
    """
    What a theory explains of the test losses, by seed.

    Attributes
    ----------
    scaled_shares : Series
        -log(1 - R²) of each seed, with R² = 1 - (sum of squared deviations)/(of the losses about
        their mean). R² is at most 1, so means and intervals are taken on this scale; `unscaled`
        leads back.
    deviations : DataFrame
        Measured minus predicted losses in nats; index a and p, one column a seed.
    rmse : float
        Root mean square of the deviations.
    cells : int
        Networks that the theory has a say on; those that some seed did not memorise are among them,
        but not among the deviations.
    """

    scaled_shares: pd.Series
    deviations: pd.DataFrame
    rmse: float
    cells: int


def explained_share(cells: pd.DataFrame, found: FittedVotes | None = None) -> Explained:
    """
    Return how much of the test losses a theory explains where the paper's is put to the test.

    That is where labels are corrupted (a < 1), 0 < p < 1, p ≠ 1/M, and every seed memorised:
    without noise all theories are alike, at p = 1 they diverge, at p = 1/M the loss is log M
    whatever the noise.

    Parameters
    ----------
    cells : DataFrame
        Slices of one data set, noise type and method, see `comparison.compare_with_theory`.
    found : FittedVotes, optional
        k and purity of the vote theory; without them, the paper's theory, which has no free
        parameter.
    """
    first = cells.iloc[0]
    M, assumption = int(first["classes"]), first["assumption"]
    cells = cells[(cells["a"] < 1) & informative(cells["p"].to_numpy(), M)]
    measured = curves_over_p(cells, "test_loss", memorised=True)
    a, p = (measured.index.get_level_values(level) for level in ("a", "p"))
    rates = cells.groupby("a")[["match_probability", "expected_clean_rate"]].first().loc[a]
    match, clean = rates.to_numpy().T
    if found is None:
        predicted = predicted_loss(p.to_numpy(), match, M, assumption)
    else:
        predicted = voted_loss(p.to_numpy(), clean, found, M, assumption)
    deviations = measured.sub(predicted, axis=0)
    missed = (deviations**2).sum() / ((measured - measured.mean()) ** 2).sum()
    rmse = float(np.sqrt((deviations**2).mean().mean()))
    return Explained(-np.log(missed), deviations, rmse, len(cells))


def unscaled(share: ArrayLike) -> np.ndarray:
    """Return the R² of a value on the scale of `Explained.scaled_shares`."""
    return 1 - np.exp(-np.asarray(share))


def match_over_a(table: pd.DataFrame, rates: ArrayLike) -> np.ndarray:
    """
    Return the match probability between the clean rates of a study.

    Parameters
    ----------
    table : DataFrame
        Rows of one data set and noise type with a, assumption, expected_clean_rate and
        match_probability.
    rates : array_like, shape (n,)
        Clean rates, not below the table's: not every noise matrix reaches lower ones.

    Returns
    -------
    ndarray, shape (n,)
        1 without noise, at a = 1. Below it nan, where no row of the table has a < 1, so that none
        shows the noise.
    """
    corrupted = table[table["a"] < 1]
    rates = np.asarray(rates, dtype=float)
    if corrupted.empty:
        return np.where(rates < 1, np.nan, 1.0)
    # Every family of transitions is I + (1 - a) N, so the clean rate is linear in 1 - a and the
    # probability that two corruptions agree is quadratic: one row gives each coefficient.
    row, corruption = corrupted.iloc[0], 1 - corrupted["a"].iloc[0]
    lost = (1 - row["expected_clean_rate"]) / corruption
    if row["assumption"] != "beta":
        return (1 - lost * (1 - rates)).clip(0, 1)
    agree = (row["match_probability"] - 1 + 2 * lost * corruption) / corruption**2
    return (1 - 2 * lost * (1 - rates) + agree * (1 - rates) ** 2).clip(0, 1)
