"""What the vote theory predicts for the networks of a study, with the one k of all of them."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from label_smoothing.analysis.intervals import Interval
from label_smoothing.analysis.vote_fits import is_uniform
from label_smoothing.theory.rates import compose_clean_rates, kappa_inverse
from label_smoothing.theory.votes import vote_accuracy, vote_loss, vote_optimum

_UNKNOWN = Interval(np.nan, np.nan, np.nan, 0)


def votes_of_study(votes: pd.DataFrame) -> Interval:
    """
    Return the k that fits the losses of a data set and method best, one for all noise types.

    Parameters
    ----------
    votes : DataFrame
        Table of `vote_fits.fit_vote_table`.

    Returns
    -------
    Interval
        k with its limits, of all clean rates below 1 and all noise types with uniform noise, or of
        the only one; nan where the table has none.
    """
    rows = votes[(votes["source"] == "losses") & votes["a"].isna()]
    rows = rows[rows["noise"] == "all"] if len(rows) > 1 else rows
    if rows.empty:
        return _UNKNOWN
    row = rows.iloc[0]
    return Interval(row["k"], row["k_low"], row["k_high"], int(row["seeds"]))


def votes_of_noise(votes: pd.DataFrame, cells: pd.DataFrame) -> Interval:
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


def voted_loss(p: ArrayLike, a: ArrayLike, k: float, M: int, assumption: str) -> np.ndarray:
    """
    Return the vote theory's test loss in nats; nan where p is above 1 or k is unknown.

    Parameters
    ----------
    p, a : array_like
        Smoothing parameters and expected clean rates.
    k : float
        Number of labels, or nan.
    M : int
        Number of classes.
    assumption : {"alpha", "beta", "gamma"}
    """
    p, a = np.broadcast_arrays(np.asarray(p, float), np.asarray(a, float))
    loss = np.full(p.shape, np.nan)
    if np.isfinite(k):
        known = (p <= 1) & np.isfinite(a)
        loss[known] = vote_loss(p[known], a[known], k, M, assumption)
    return loss


def voted_optimum(a: ArrayLike, k: float, M: int, assumption: str) -> np.ndarray:
    """Return the p with the lowest `voted_loss`; nan where a or k is unknown."""
    return _known(lambda a: vote_optimum(a, k, M, assumption), a, k)


def voted_accuracy(a: ArrayLike, k: float, M: int, assumption: str) -> np.ndarray:
    """Return the vote theory's accuracy on the assumption's labels; nan where a or k is unknown."""

    def accuracy(a):
        clean = np.asarray(vote_accuracy(a, k, M))
        return compose_clean_rates(clean, a, M=M) if assumption == "beta" else clean

    return _known(accuracy, a, k)


def unsmoothed_from(k: float, M: int) -> float:
    """
    Return the clean rate from which no smoothing is best on clean test labels, p* = 1.

    It is the inverse of `votes.smoothing_helps_below`; nan for k up to 2, where only a = 1 is left.
    """
    return float(kappa_inverse(1 / (k - 1), M)) if k > 2 else np.nan


def _known(function, a, k):
    a = np.asarray(a, dtype=float)
    values = np.full(a.shape, np.nan)
    if np.isfinite(k) and (known := np.isfinite(a)).any():
        values[known] = function(a[known])
    return values
