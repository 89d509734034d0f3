"""
The paper's claims and the verdict on each; docs/claims.md states and justifies the criteria.

Every claim is judged by one statistic, turned so that larger speaks for the claim. A seed gives one
value of it, and the verdict needs the whole interval of the mean over seeds on one side of a
threshold.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd

from label_smoothing.comparison import predicted_loss
from label_smoothing.fits import informative, measured_optimum
from label_smoothing.statistics import mean_interval
from label_smoothing.theory import gamma_optimum

# Two-sided sign test: 2 * 2^-6 is the first below 5 %.
SEEDS_OF_SIGN_TEST = 6
COLUMNS = [
    "claim",
    "dataset",
    "noise",
    "method",
    "verdict",
    "value",
    "low",
    "high",
    "threshold",
    "n",
    "statistic",
    "reason",
    "interval",
    "figure",
]


class Claim(NamedTuple):
    """A claim, the noise type that tests it and the statistic that is to exceed the threshold."""

    text: str
    assumption: str
    statistic: str
    threshold: float
    figure: str
    measure: Callable[[pd.DataFrame], tuple[pd.Series, str]]
    is_share: bool = False  # an R²: at most 1, so its interval is that of -log(1 - R²)


class NotTestableError(ValueError):
    """What the study lacks for a claim."""


def judge_claims(cells: pd.DataFrame) -> pd.DataFrame:
    """
    Return the verdict on each claim for each data set and method.

    Parameters
    ----------
    cells : DataFrame
        Slices as `aggregate` writes them, of methods that the theory predicts.

    Returns
    -------
    DataFrame
        One row for each claim, data set, noise type that tests it (empty if there is none) and
        method:

        - verdict: "supported" if the whole interval lies above the threshold, "not supported" if it
          lies below, otherwise "not testable here"
        - value, low, high: mean of the statistic over seeds, its 95 % Student t-interval; n: seeds
        - threshold: what the statistic must exceed, in the unit that `statistic` names
        - reason: why this verdict, and what the reader should know beside it
        - figure: below results/figures, without suffix: where to look
    """
    rows = []
    for (dataset, method), group in cells.groupby(["dataset", "method"], sort=False):
        for claim in CLAIMS:
            testing = group[group["assumption"] == claim.assumption]
            where = {"claim": claim.text, "dataset": dataset, "method": method}
            for noise, table in testing.groupby("noise", sort=False):
                rows.append(where | {"noise": noise} | _judge(claim, table))
            if testing.empty:
                reason = f"no noise type with assumption {claim.assumption}"
                rows.append(where | {"noise": ""} | _row(claim, pd.Series(dtype=float), reason))
    table = pd.DataFrame(rows, columns=COLUMNS)
    order = [claim.text for claim in CLAIMS]
    return table.sort_values("claim", key=lambda text: text.map(order.index), kind="stable")


def _judge(claim: Claim, cells: pd.DataFrame) -> dict:
    try:
        values, note = claim.measure(cells)
    except NotTestableError as error:
        return _row(claim, pd.Series(dtype=float), str(error))
    row = _row(claim, values, "")
    low, high, threshold = row["low"], row["high"], claim.threshold
    if len(values) < 2:
        reason = "one seed has no interval"
    elif np.ptp(values) < 1e-9 and len(values) < SEEDS_OF_SIGN_TEST:
        reason = f"undecided: fewer than {SEEDS_OF_SIGN_TEST} seeds, all with the same value"
    elif low > threshold:
        row["verdict"], reason = "supported", f"interval above {threshold}"
    elif high < threshold:
        row["verdict"], reason = "not supported", f"interval below {threshold}"
    else:
        reason = f"undecided: interval contains {threshold}"
    first = cells.iloc[0]
    figure = claim.figure.format(noise=first["noise"])
    return row | {
        "reason": f"{reason}; {note}",
        "figure": f"{first['dataset']}/{first['method']}/{figure}",
    }


def _row(claim: Claim, values: pd.Series, reason: str) -> dict:
    if claim.is_share:
        value, low, high, n = mean_interval(-np.log(1 - values))
        value, low, high = 1 - np.exp([-value, -low, -high])
    else:
        value, low, high, n = mean_interval(values)
    return {
        "verdict": "not testable here",
        "value": value,
        "low": low,
        "high": high,
        "threshold": claim.threshold,
        "n": n,
        "statistic": claim.statistic,
        "reason": reason,
        "interval": "95 % Student t over seeds" + (", of -log(1 - R²)" if claim.is_share else ""),
        "figure": "",
    }


def _curves(cells: pd.DataFrame, score: str, fewest: int = 3) -> pd.DataFrame:
    """Return a score by (a, p) and seed, at the p that all seeds have; few p are no curve."""
    table = cells.pivot(index=["a", "p"], columns="seed", values=score).dropna()
    return table.groupby("a").filter(lambda curve: len(curve) >= fewest)


def _require(curves: pd.DataFrame, fewest: int, what: str) -> None:
    found = len(curves.index.unique("a"))
    if found < fewest:
        raise NotTestableError(f"{found} {what} with 3 p that every seed has, {fewest} needed")


def _require_others(curves: pd.DataFrame) -> None:
    if curves.shape[1] < 2:
        raise NotTestableError("one seed; p is chosen on one and scored on another")


def _by_rate(measure: Callable, *curves: pd.DataFrame) -> pd.DataFrame:
    """Return by a and seed what `measure` makes of p and curves, arrays (p, seed), at each a."""
    rates = curves[0].index.unique("a")
    values = [
        measure(curves[0].loc[a].index.to_numpy(), *(curve.loc[a].to_numpy() for curve in curves))
        for a in rates
    ]
    return pd.DataFrame(values, rates, curves[0].columns)


def _memorised(cells: pd.DataFrame) -> pd.DataFrame:
    # Kept as rows without a loss, so that a p must be memorised by every seed.
    return cells.assign(test_loss=cells["test_loss"].where(cells["memorised"]))


def _above_chance(cells: pd.DataFrame) -> pd.DataFrame:
    return cells[cells["p"] > 1 / cells["classes"] + 1e-9]


def _explained_share(cells):
    first = cells.iloc[0]
    M, assumption = int(first["classes"]), first["assumption"]
    cells = cells[(cells["a"] < 1) & informative(cells["p"].to_numpy(), M)]
    measured = _curves(_memorised(cells), "test_loss")
    _require(measured, 2, "clean rates below 1 and memorised")
    a, p = (measured.index.get_level_values(level) for level in ("a", "p"))
    match = cells.groupby("a")["match_probability"].first()[a].to_numpy()
    deviation = measured.sub(predicted_loss(p.to_numpy(), match, M, assumption), axis=0)
    rmse = np.sqrt((deviation**2).to_numpy().mean())
    share = 1 - (deviation**2).sum() / ((measured - measured.mean()) ** 2).sum()
    return share, f"RMSE {rmse:.2f} nats, {measured.size} of {len(cells)} cells memorised"


def _minima(losses: pd.DataFrame) -> pd.DataFrame:
    """Return the p of the lowest loss by a and seed."""
    return _by_rate(lambda p, loss: [measured_optimum(p, seed)[0] for seed in loss.T], losses)


def _growth(cells):
    curves = _curves(cells, "test_loss")
    _require(curves, 3, "clean rates")
    minima = _minima(curves)
    slope = np.polyfit(minima.index, minima, 1)[0]
    ends = minima.mean(axis=1).iloc[[0, -1]]
    note = " to ".join(f"p* {p:.2f} at a = {a:g}" for a, p in ends.items())
    return pd.Series(slope, minima.columns), note


def _worth_of_own_p(cells):
    cells = _above_chance(cells[cells["a"] < 1])
    losses, accuracies = _curves(cells, "test_loss"), _curves(cells, "test_accuracy")
    _require(accuracies, 1, "clean rates below 1")
    _require_others(accuracies)
    gains = 100 * _by_rate(_accuracy_gained, accuracies, losses)
    return gains.mean(), f"largest at a = {gains.mean(axis=1).idxmax():g}"


def _accuracy_gained(p, accuracy, loss):
    """Return for each seed what the others' best p for accuracy gains over theirs for the loss."""
    gained = []
    for seed in range(accuracy.shape[1]):
        of_accuracy = np.delete(accuracy, seed, axis=1).mean(axis=1)
        of_loss = np.delete(loss, seed, axis=1).mean(axis=1)
        best = of_accuracy >= of_accuracy.max() - 1e-9
        gained.append(accuracy[best, seed].mean() - accuracy[of_loss.argmin(), seed])
    return gained


def _gamma_is_nearest(cells):
    cells = cells[cells["a"] < 1]
    curves = _curves(_memorised(cells), "test_loss")
    _require(curves, 2, "clean rates below 1 and memorised")
    minima = _minima(curves)
    rates = cells.groupby("a").first().loc[minima.index]
    theories = {
        "alpha": rates["expected_clean_rate"],
        "beta": rates["expected_agreement"],
        "gamma": gamma_optimum(rates["expected_clean_rate"], int(rates["classes"].iloc[0])),
    }
    distance = pd.DataFrame(
        {name: np.sqrt((minima.sub(p, axis=0) ** 2).mean()) for name, p in theories.items()}
    )
    note = ", ".join(f"{name} {mean:.2f}" for name, mean in distance.mean().items())
    return distance[["alpha", "beta"]].min(axis=1) - distance[
        "gamma"
    ], f"distances: {note}; the paper says it of MNIST"


def _weak_smoothing(cells):
    p = cells["p"]
    none = _curves(cells[p == 1], "test_accuracy", 1).droplevel("p")
    weak = _curves(cells[(p >= 0.9) & (p < 1)], "test_accuracy", 1).groupby("a").mean()
    if none.empty or weak.empty:
        raise NotTestableError("no p = 1 or no p from 0.9 to below 1 that every seed has")
    gain = 100 * (weak - none).dropna()
    near = gain.index >= 0.9
    if not near.any() or near.all():
        raise NotTestableError("no clean rate from 0.9 on or none below it")
    inside, elsewhere = gain[near].mean(), gain[~near].mean()
    means = gain[~near].mean(axis=1)
    note = (
        f"gain {inside.mean():+.1f} points from a = 0.9 on, {elsewhere.mean():+.1f} below, "
        f"at worst {means.min():+.1f} at a = {means.idxmin():g}"
    )
    return np.minimum(inside, -elsewhere), note


def _second_minimum(cells):
    errors = 1 - _curves(_above_chance(cells[cells["a"] <= 0.85]), "test_accuracy")
    _require(errors, 1, "clean rates up to 0.85")
    _require_others(errors)
    barriers = 100 * _by_rate(_barrier, errors)
    return barriers.mean(), f"highest at a = {barriers.mean(axis=1).idxmax():g}"


def _barrier(p, error):
    """Return for each seed how far its error rises between two minima that the others have."""
    heights = []
    for seed, own in enumerate(error.T):
        others = np.delete(error, seed, axis=1).mean(axis=1)
        triples = [
            (others[:top].argmin(), top, top + 1 + others[top + 1 :].argmin())
            for top in range(1, len(others) - 1)
        ]
        left, top, right = max(
            triples, key=lambda t, curve=others: curve[t[1]] - max(curve[t[0]], curve[t[2]])
        )
        heights.append(own[top] - max(own[left], own[right]))
    return heights


def _scatter_at_early_stopping(cells):
    cells = _above_chance(cells)
    curves = _curves(cells, "oracle_stop_accuracy")
    _require(curves, 4, "clean rates")
    best = _by_rate(_tied_maximum, curves)
    of_loss = _scatter(_minima(_curves(cells, "test_loss")))
    blind = curves.index.unique("p").to_numpy().std()
    return _scatter(best) / blind, f"that of the loss scatters by {of_loss.mean() / blind:.2f}"


def _tied_maximum(p, accuracy):
    best = accuracy >= accuracy.max(axis=0) - 1e-9
    return (p[:, None] * best).sum(axis=0) / best.sum(axis=0)


def _scatter(best: pd.DataFrame) -> pd.Series:
    """Return the standard deviation about a straight line over a, by seed."""
    a = best.index.to_numpy()
    line = np.vander(a, 2) @ np.polyfit(a, best, 1)
    return np.sqrt(((best - line) ** 2).sum() / (len(a) - 2))


CLAIMS = (
    Claim(
        "the loss follows the alpha theory",
        "alpha",
        "R² of measured against predicted losses, a < 1",
        0.9,
        "measured_against_predicted",
        _explained_share,
        is_share=True,
    ),
    Claim(
        "the loss follows the beta theory",
        "beta",
        "R² of measured against predicted losses, a < 1",
        0.9,
        "measured_against_predicted",
        _explained_share,
        is_share=True,
    ),
    Claim(
        "the p* of the loss grows with a",
        "alpha",
        "slope of the measured p* over a",
        0,
        "optimum_over_a",
        _growth,
    ),
    Claim(
        "loss and accuracy have their best p apart",
        "alpha",
        "accuracy at its own best p minus at the loss's, points",
        0.5,
        "optimum_over_a",
        _worth_of_own_p,
    ),
    Claim(
        "gamma predicts the minima best",
        "alpha",
        "distance of measured p* from alpha or beta minus from gamma",
        0,
        "optimum_over_a",
        _gamma_is_nearest,
    ),
    Claim(
        "weak smoothing helps only near a = 1",
        "alpha",
        "the lesser of gain from a = 0.9 on and cost below, points",
        0,
        "weak_smoothing_{noise}",
        _weak_smoothing,
    ),
    Claim(
        "the error has two minima for a ≤ 0.85",
        "alpha",
        "barrier between two minima of the error, points",
        0.5,
        "error_{noise}",
        _second_minimum,
    ),
    Claim(
        "the best p at early stopping scatters",
        "alpha",
        "scatter of that p, as a share of a blind draw's",
        0.5,
        "loss_and_accuracy_{noise}",
        _scatter_at_early_stopping,
    ),
)
