"""What the theory predicts for the networks of a study, and how much of it they bear out."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from label_smoothing.analysis.cells import curves_over_p, is_uniform
from label_smoothing.analysis.intervals import Interval
from label_smoothing.theory.gamma import gamma_optimum
from label_smoothing.theory.memorising import loss, memorised_loss
from label_smoothing.theory.rates import compose_clean_rates, informative, kappa, kappa_inverse
from label_smoothing.theory.votes import vote_accuracy, vote_loss, vote_optimum


class FittedVotes(NamedTuple):
    """
    The two numbers of the vote theory, fitted together to the losses of a study.

    Attributes
    ----------
    k : Interval
        Labels that a network draws on.
    purity : Interval
        Share of the image's own class among the images that it draws on.
    """

    k: Interval
    purity: Interval

    @property
    def known(self) -> bool:
        """Whether there was anything to fit."""
        return bool(np.isfinite(self.k.mean))


_UNKNOWN = FittedVotes(*[Interval(np.nan, np.nan, np.nan, 0)] * 2)


def predicted_loss(p: ArrayLike, match: ArrayLike, M: int, assumption: str) -> np.ndarray:
    """Return the theory's test loss of a network that memorises, in nats.

    `match` is the match probability of the noise, see `noise.match_probabilities`: the theory knows
    a noise matrix by this number alone.
    """
    if assumption == "gamma":
        return loss(p, match, M, "gamma")
    return memorised_loss(p, match, M)


def predicted_optimum(match: ArrayLike, M: int, assumption: str) -> Any:
    """Return the p that minimises `predicted_loss`: the match probability itself, but for gamma."""
    return gamma_optimum(match, M) if assumption == "gamma" else match


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
    """Return how much of the test losses a theory explains where the paper's is put to the test.

    That is where labels are corrupted (a < 1), 0 < p < 1, p ≠ 1/M, and every seed memorised:
    without noise all theories are alike, at p = 1 they diverge, at p = 1/M the loss is log M
    whatever the noise. Without `found` it is the paper's theory, which has no free parameter.
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
    """Return the match probability between the clean rates of a study, shape of `rates`.

    `table` has rows of one data set and noise type. It is nan below a = 1 where no row has a < 1,
    so that none shows the noise.
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


def votes_of_study(votes: pd.DataFrame) -> FittedVotes:
    """Return the k and the purity that together fit the losses of a data set and method best.

    They are those of all clean rates and all noise types with uniform noise, or of the only one, in
    a table of `vote_fits.fit_vote_table`. They are nan where the table has none, or where no label
    is corrupted: then nothing tells the two apart.
    """
    of_all = votes[votes["a"].isna()]
    told = of_all.loc[of_all["source"] == "losses", "noise"]
    rows = of_all[(of_all["source"] == "losses and purity") & of_all["noise"].isin(told)]
    rows = rows[rows["noise"] == "all"] if len(rows) > 1 else rows
    if rows.empty:
        return _UNKNOWN
    row = rows.iloc[0]
    seeds = int(row["seeds"])
    k, purity = (
        Interval(row[name], row[f"{name}_low"], row[f"{name}_high"], seeds)
        for name in FittedVotes._fields
    )
    return FittedVotes(k, purity)


def votes_of_noise(votes: pd.DataFrame, cells: pd.DataFrame) -> FittedVotes:
    """Return `votes_of_study` for the cells of one noise type, nan where the theory has no say.

    The vote theory of one k and one p is that of uniform noise.
    """
    return votes_of_study(votes) if is_uniform(cells).all() else _UNKNOWN


def voted_loss(
    p: ArrayLike, a: ArrayLike, found: FittedVotes, M: int, assumption: str
) -> np.ndarray:
    """Return the vote theory's test loss; nan where p is above 1 or the votes are unknown."""
    p, a = np.broadcast_arrays(np.asarray(p, float), np.asarray(a, float))
    loss = np.full(p.shape, np.nan)
    if found.known:
        known = (p <= 1) & np.isfinite(a)
        k, purity = found.k.mean, found.purity.mean
        loss[known] = vote_loss(p[known], a[known], k, M, assumption, purity)
    return loss


def voted_optimum(a: ArrayLike, found: FittedVotes, M: int, assumption: str) -> np.ndarray:
    """Return the p with the lowest `voted_loss`; nan where a or the votes are unknown."""
    return _known(lambda a, k, purity: vote_optimum(a, k, M, assumption, purity), a, found)


def voted_accuracy(a: ArrayLike, found: FittedVotes, M: int, assumption: str) -> np.ndarray:
    """Return the vote theory's accuracy on the assumption's labels; nan where it is unknown."""

    def accuracy(a, k, purity):
        clean = np.asarray(vote_accuracy(a, k, M, purity))
        return compose_clean_rates(clean, a, M=M) if assumption == "beta" else clean

    return _known(accuracy, a, found)


def unsmoothed_from(k: float, M: int, purity: float = 1.0) -> float:
    """
    Return the clean rate from which no smoothing is best on clean test labels, p* = 1.

    It is the inverse of `votes.smoothing_helps_below`; nan for (k - 1) kappa(purity) up to 1 (at
    purity 1, k up to 2), where only a = purity = 1 is left.
    """
    strength = (k - 1) * kappa(purity, M)
    return float(kappa_inverse(1 / strength, M)) if strength > 1 else np.nan


def _known(function, a, found):
    a = np.asarray(a, dtype=float)
    values = np.full(a.shape, np.nan)
    if found.known and (known := np.isfinite(a)).any():
        values[known] = function(a[known], found.k.mean, found.purity.mean)
    return values
