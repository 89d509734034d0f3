"""
The vote theory's own claims, judged like the paper's; docs/votes.md states and justifies them.

Each fits k to some cells and predicts others. Its twin predicts the same with k = 1, the paper's
theory.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd

from label_smoothing.analysis.cells import curves_over_p, is_uniform
from label_smoothing.analysis.claim_statistics import (
    MISSED,
    Measured,
    NotTestableError,
    TooFewSeedsError,
    one_part,
)
from label_smoothing.analysis.claims import Claim, beta_of_same_networks
from label_smoothing.analysis.vote_fits import fit_seed, mean_votes, predict
from label_smoothing.theory.rates import asks_for_label
from label_smoothing.theory.votes import vote_accuracy, vote_loss

_SMALL_P = 0.7  # up to which V5 fits


def other_rates(cells: pd.DataFrame, paper: bool, score: str) -> Measured:
    """
    Return how well k of the lowest clean rate predicts the losses at all others below 1.

    Parameters
    ----------
    cells : DataFrame
        Slices of one data set, noise type and method.
    paper : bool
        Whether k is 1 instead.
    score : {"r2", "rmse"}
        R² on the scale of `MISSED`, or the root mean square deviation in nats.
    """
    lowest, fitted, tested = _lowest_and_others(cells[cells["a"] < 1], "clean rates below 1")
    return _score(tested, _votes(fitted, paper), score, f"k of a = {lowest:g}")


def alpha_from_beta(cells: pd.DataFrame, beta: pd.DataFrame, paper: bool, score: str) -> Measured:
    """Return how well k of the beta losses predicts the alpha losses; see `other_rates`."""
    cells, beta = (_tested(table[table["a"] < 1]) for table in (cells, beta))
    if beta.empty or cells.empty:
        raise NotTestableError("no clean rate below 1, memorised")
    return _score(cells, _votes(beta, paper), score, "k of beta")


def other_rates_from_clean(cells: pd.DataFrame, paper: bool, score: str) -> Measured:
    """Return how well k and purity of a = 1 predict all other losses; see `other_rates`."""
    clean, noisy = (_tested(cells[at]) for at in (cells["a"] == 1, cells["a"] < 1))
    if clean.empty or clean["p"].nunique() < 3:
        raise NotTestableError("a = 1 with 3 p between 1/M and 1, memorised, is needed")
    if noisy.empty:
        raise NotTestableError("no clean rate below 1, memorised")
    return _score(noisy, _votes_and_purity(clean, paper), score, "k and purity of a = 1")


def other_rates_with_purity(cells: pd.DataFrame, paper: bool, score: str) -> Measured:
    """Return how well k and purity of the lowest clean rate predict all others; `other_rates`."""
    lowest, fitted, tested = _lowest_and_others(cells, "clean rates")
    if fitted["p"].nunique() < 3:
        raise NotTestableError(f"3 p between 1/M and 1 at a = {lowest:g}, memorised, are needed")
    name = f"k and purity of a = {lowest:g}"
    return _score(tested, _votes_and_purity(fitted, paper), score, name)


def accuracy_from_losses(cells: pd.DataFrame, paper: bool) -> Measured:
    """
    Return by how many points the predicted accuracy misses the measured one, at the worst a < 1.

    Predicted accuracies of 0.54 and 0.75, measured 0.58 and 0.80: 5 points.
    """
    return _worst(cells, "clean_test_accuracy", 100, paper, vote_accuracy)


def spread_from_losses(cells: pd.DataFrame, paper: bool) -> Measured:
    """Return how far the predicted standard deviation of shares misses the measured, at worst."""
    if "share_variance" not in cells:
        raise NotTestableError("no variance of the shares is recorded")
    cells = cells[cells["p"] < 1].assign(share_deviation=_root)
    return _worst(cells, "share_deviation", 1, paper, lambda a, k, M: np.sqrt(a * (1 - a) / k))


def loss_without_smoothing(cells: pd.DataFrame, paper: bool) -> Measured:
    """Return how far k of the losses at small p misses the loss at p = 1, at the worst a < 1."""
    noisy = cells[cells["a"] < 1]
    small = _tested(noisy[noisy["p"] <= _SMALL_P])
    hard = curves_over_p(noisy[noisy["p"] == 1], "test_loss", 1, memorised=True).droplevel("p")
    if hard.empty or small.empty or small["p"].nunique() < 2:
        raise NotTestableError(f"p = 1 and two p from 1/M to {_SMALL_P}, memorised, are needed")
    M, votes = int(cells["classes"].iloc[0]), _votes(small, paper)
    rates = hard.index.intersection(small["a"].unique())
    predicted = pd.DataFrame(
        {s: [vote_loss(1.0, a, k, M, "alpha") for a in rates] for s, (k, _) in votes.items()}, rates
    )
    return _largest(predicted, hard.loc[rates], 1)


def threshold_of_smoothing(cells: pd.DataFrame, paper: bool) -> Measured:
    """
    Return the share of clean rates below 1 at which no smoothing is best exactly where k says so.

    What k says is the p of the study's grid with the lowest predicted loss: beyond the threshold
    of `votes.smoothing_helps_below` it is 1 on every grid, just below it still is on a coarse one.
    Rates at which the limits of the interval of k say different things do not count.
    """
    M, tested = int(cells["classes"].iloc[0]), _tested(cells[cells["a"] < 1])
    noisy = cells[(cells["a"] < 1) & (cells["p"] <= 1)]
    losses = curves_over_p(noisy, "test_loss", 2, memorised=True)
    if losses.empty or 1.0 not in losses.index.get_level_values("p"):
        raise NotTestableError("p = 1, memorised, at a clean rate below 1 is needed")
    right = {}
    for a, of_rate in tested.groupby("a"):
        if a not in losses.index or 1.0 not in losses.loc[a].index or a <= 1 / M:
            continue
        p = losses.loc[a].index.to_numpy()
        interval = mean_votes([fit.k for fit in _fit(of_rate).values()])
        limits = (1.0, 1.0) if paper else (interval.low, interval.high)
        if np.isnan(limits).any():
            raise TooFewSeedsError("one seed has no interval")
        foreseen = {
            bool(p[np.argmin(vote_loss(p, a, k, M, "alpha"))] == 1)  # k = 1: infinite at p = 1
            for k in limits
        }
        if len(foreseen) == 1:
            right[a] = (losses.loc[a].idxmin() == 1.0) == foreseen.pop()
    if not right:
        raise TooFewSeedsError("k is too near its threshold at every clean rate")
    rates = ", ".join(f"{a:g}" for a in right)
    return Measured(one_part(pd.DataFrame(right).mean(axis=1)), f"judged at a = {rates}")


# ---- pieces -------------------------------------------------------------------------------------


def _tested(cells):
    """Return the cells at 1/M < p < 1 that every seed memorised; uniform noise alone."""
    if not is_uniform(cells).all():
        raise NotTestableError("the label noise is not uniform")
    cells = cells[(cells["p"] < 1) & asks_for_label(cells["p"], cells["classes"])]
    curves = curves_over_p(cells, "test_loss", 1, memorised=True)
    return cells[pd.MultiIndex.from_frame(cells[["a", "p"]]).isin(curves.index)]


def _lowest_and_others(cells, rates):
    """Return the lowest clean rate, its tested cells, and those of all others."""
    cells = _tested(cells)
    if (n := cells["a"].nunique()) < 2:
        raise NotTestableError(f"{n} {rates}, memorised, 2 needed")
    lowest = cells["a"].min()
    return lowest, cells[cells["a"] == lowest], cells[cells["a"] > lowest]


def _fit(cells, **options):
    return {seed: fit_seed(table, **options) for seed, table in cells.groupby("seed")}


def _votes(cells, paper):
    return {seed: (1.0 if paper else fit.k, fit.purity) for seed, fit in _fit(cells).items()}


def _votes_and_purity(cells, paper):
    fits = _fit(cells, purity=None)
    # The paper knows neither of the two.
    return {seed: (1.0, 1.0) if paper else (fit.k, fit.purity) for seed, fit in fits.items()}


def _score(cells, votes, score, name):
    assumption, M = cells["assumption"].iloc[0], int(cells["classes"].iloc[0])
    values = {}
    for seed, table in cells.groupby("seed"):
        (k, purity), loss = votes[seed], table["test_loss"].to_numpy()
        a = table["expected_clean_rate"].to_numpy()
        missed = loss - predict(table["p"].to_numpy(), a, k, M, assumption, purity=purity)
        squares = np.sum(missed**2)
        about_mean = np.sum((loss - loss.mean()) ** 2)
        share = -np.log(max(squares / about_mean, 1e-12)) if about_mean > 0 else np.nan
        values[seed] = share if score == "r2" else np.sqrt(squares / len(loss))
    mean = mean_votes([k for k, _ in votes.values()]).mean
    note = f"{name}: {mean:.2f}" if mean > 1.001 else "k = 1"
    return Measured(one_part(pd.Series(values)), f"{note}; {len(loss)} cells a seed")


def _worst(cells, score, unit, paper, foretell: Callable):
    noisy = cells[cells["a"] < 1]
    tested = _tested(noisy)
    if tested.empty:
        raise NotTestableError("no clean rate below 1, memorised")
    asked = noisy[asks_for_label(noisy["p"], noisy["classes"])]
    measured = curves_over_p(asked, score, 1, memorised=True).groupby("a").mean()
    M, votes, rates = int(cells["classes"].iloc[0]), _votes(tested, paper), measured.index
    predicted = pd.DataFrame(
        {seed: [foretell(a, k, M) for a in rates] for seed, (k, _) in votes.items()}, rates
    )
    return _largest(predicted, measured, unit)


def _largest(predicted, measured, unit):
    missed = unit * (predicted - measured)
    means = missed.mean(axis=1)
    note = ", ".join(f"{value:+.2f} at a = {a:g}" for a, value in means.items())
    return Measured(one_part(missed.abs().max()), f"predicted minus measured: {note}")


def _root(table):
    return np.sqrt(table["share_variance"].astype(float))


# ---- the table ----------------------------------------------------------------------------------


def _pair(
    text, assumption, statistic, relation, threshold, measure, figure, *, twin=True, **options
):
    """Return the claim of the vote theory and its twin of the paper's."""
    names = {"votes": False, "paper": True} if twin else {"votes": False}
    return [
        Claim(
            f"{name}: {text}",
            "the vote theory" if name == "votes" else "its twin with k = 1",
            (),
            assumption,
            statistic,
            relation,
            threshold,
            partial(measure, paper=paper),
            figure,
            **options,
        )
        for name, paper in names.items()
    ]


_R2 = "R² of measured against predicted losses"
_DEVIATION = "root mean square of measured minus predicted, nats"
_PLANE = "{method}/measured_against_predicted"


def _of_losses(text, assumption, measure, **options):
    """Return the two claims of a prediction of losses, each with its twin."""
    r2, rmse = (partial(measure, score=score) for score in ("r2", "rmse"))
    return [
        *_pair(f"{text}, R²", assumption, _R2, ">", 0.95, r2, _PLANE, scale=MISSED, **options),
        *_pair(f"{text}, nats", assumption, _DEVIATION, "<", 0.1, rmse, _PLANE, **options),
    ]


VOTE_CLAIMS = (
    *(
        claim
        for assumption in ("alpha", "beta", "gamma")
        for claim in _of_losses(
            f"k of the lowest a predicts the {assumption} losses at all others",
            assumption,
            other_rates,
        )
    ),
    *_of_losses(
        "k of beta predicts the alpha losses",
        "alpha",
        alpha_from_beta,
        beside=beta_of_same_networks,
    ),
    *_pair(
        "k of the losses predicts the accuracy",
        "alpha",
        "largest distance from the measured accuracy, points",
        "<",
        3,
        accuracy_from_losses,
        "{method}/loss_and_accuracy_{noise}",
    ),
    *_pair(
        "k of the losses predicts the spread of the outputs",
        "alpha",
        "largest distance from the measured standard deviation of shares",
        "<",
        0.05,
        spread_from_losses,
        "{method}/loss_over_p_{noise}",
    ),
    *_pair(
        "k of small p predicts the loss at p = 1",
        "alpha",
        "largest distance from the measured loss, nats",
        "<",
        0.1,
        loss_without_smoothing,
        "{method}/loss_over_p_{noise}",
        twin=False,  # infinite
    ),
    *_pair(
        "no smoothing is best where k exceeds its threshold",
        "alpha",
        "share of the clean rates at which this holds",
        ">",
        0.9,
        threshold_of_smoothing,
        "{method}/optimum_over_a",
    ),
    *(
        claim
        for assumption in ("alpha", "beta", "gamma")
        for claim in _of_losses(
            f"k and purity of a = 1 predict the {assumption} losses at all other a",
            assumption,
            other_rates_from_clean,
        )
    ),
    *(
        claim
        for assumption in ("alpha", "beta", "gamma")
        for claim in _of_losses(
            f"k and purity of the lowest a predict the {assumption} losses at all others",
            assumption,
            other_rates_with_purity,
        )
    ),
)
