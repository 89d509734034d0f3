"""What the vote theory predicts for the networks of a study, with one k and purity for all."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from label_smoothing.analysis.intervals import Interval
from label_smoothing.analysis.vote_fits import is_uniform
from label_smoothing.theory.rates import compose_clean_rates, kappa, kappa_inverse
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


def votes_of_study(votes: pd.DataFrame) -> FittedVotes:
    """
    Return the k and the purity that together fit the losses of a data set and method best.

    Parameters
    ----------
    votes : DataFrame
        Table of `vote_fits.fit_vote_table`.

    Returns
    -------
    FittedVotes
        Both with their limits, of all clean rates and all noise types with uniform noise, or of the
        only one; nan where the table has none, or where no label is corrupted: then nothing tells
        the two apart.
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
    """
    Return `votes_of_study` for the cells of one noise type, nan where the theory has no say.

    Parameters
    ----------
    votes : DataFrame
    cells : DataFrame
        Rows with classes, expected_clean_rate and expected_agreement: the vote theory of one k and
        one p is that of uniform noise.
    """
    return votes_of_study(votes) if is_uniform(cells).all() else _UNKNOWN


def voted_loss(
    p: ArrayLike, a: ArrayLike, found: FittedVotes, M: int, assumption: str
) -> np.ndarray:
    """
    Return the vote theory's test loss in nats; nan where p is above 1 or the votes are unknown.

    Parameters
    ----------
    p, a : array_like
        Smoothing parameters and expected clean rates.
    found : FittedVotes
    M : int
        Number of classes.
    assumption : {"alpha", "beta", "gamma"}
    """
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
