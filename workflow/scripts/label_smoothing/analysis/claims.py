"""
The paper's claims and the verdict on each; docs/claims.md states and justifies the criteria.

Every claim is judged by one statistic, turned so that larger speaks for the claim. A seed gives one
value of it, and the verdict needs the whole interval of the mean over seeds on one side of a
threshold. A claim with several parts holds if each part does.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd

from label_smoothing.analysis.comparison import curves_over_p, explained_share, unscaled
from label_smoothing.analysis.fits import asks_for_label, measured_optimum
from label_smoothing.analysis.intervals import mean_interval
from label_smoothing.theory.memorising import gamma_optimum

# Two-sided sign test: 2 * 2^-6 is the first below 5 %.
SEEDS_OF_SIGN_TEST = 6
VERDICTS = ("not supported", "not testable here", "supported")
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


class Measured(NamedTuple):
    """
    What a study says of a claim.

    `parts` has a row a seed and a column a part of the claim, `note` what a reader should know.
    Where the statistic chooses among p, a wrong choice speaks against the claim; then `highest` is
    the upper limit of the most favourable choice.
    """

    parts: pd.DataFrame
    note: str
    highest: float = -np.inf


class Scale(NamedTuple):
    """On which scale means and limits are taken, and how they come back from it."""

    name: str
    back: Callable[[float], float]


class Claim(NamedTuple):
    """A claim, the noise type that tests it and the statistic that is to exceed the threshold."""

    text: str
    assumption: str
    statistic: str
    threshold: float
    figure: str
    measure: Callable[[pd.DataFrame], Measured]
    scale: Scale | None = None


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
        - value, low, high: mean of the statistic over seeds and its 95 % interval, in the way that
          `interval` names; n: seeds
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
        measured = claim.measure(cells)
    except NotTestableError as error:
        return _row(claim, pd.Series(dtype=float), str(error))
    parts = [
        _judge_part(claim, values, measured.highest, f" ({name})" if name else "")
        for name, values in measured.parts.items()
    ]
    # One part that fails refutes the claim, one that is open leaves it open.
    row = min(parts, key=lambda part: (VERDICTS.index(part["verdict"]), part["value"]))
    first = cells.iloc[0]
    figure = claim.figure.format(noise=first["noise"])
    return row | {
        "reason": f"{row['reason']}; {measured.note}",
        "figure": f"{first['dataset']}/{first['method']}/{figure}",
    }


def _judge_part(claim: Claim, values: pd.Series, highest: float, name: str) -> dict:
    row = _row(claim, values, "")
    if highest > row["high"]:
        row["high"] = highest
        row["interval"] += "; high: of the most favourable choice"
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
    return row | {"reason": reason + name}


def _row(claim: Claim, values: pd.Series, reason: str) -> dict:
    value, low, high, n = mean_interval(values)
    if claim.scale:
        value, low, high = map(claim.scale.back, (value, low, high))
    return {
        "verdict": "not testable here",
        "value": value,
        "low": low,
        "high": high,
        "threshold": claim.threshold,
        "n": n,
        "statistic": claim.statistic,
        "reason": reason,
        "interval": "95 % Student t over seeds"
        + (f", of {claim.scale.name}" if claim.scale else ""),
        "figure": "",
    }


def _require(curves: pd.DataFrame, fewest: int, what: str) -> None:
    found = len(curves.index.unique("a"))
    if found < fewest:
        raise NotTestableError(f"{found} {what} with 3 p that every seed has, {fewest} needed")


def _require_others(curves: pd.DataFrame) -> None:
    if curves.shape[1] < 2:
        raise NotTestableError("one seed; p is chosen on one and scored on another")


def _at_rates(measure: Callable, *curves: pd.DataFrame) -> list:
    """Return what `measure` makes of p and the curves, arrays (p, seed), at each a."""
    return [
        measure(curves[0].loc[a].index.to_numpy(), *(curve.loc[a].to_numpy() for curve in curves))
        for a in curves[0].index.unique("a")
    ]


def _by_rate(measure: Callable, *curves: pd.DataFrame) -> pd.DataFrame:
    """Return by a and seed what `measure` makes of them."""
    values = _at_rates(measure, *curves)
    return pd.DataFrame(values, curves[0].index.unique("a"), curves[0].columns)


def _above_chance(cells: pd.DataFrame) -> pd.DataFrame:
    return cells[asks_for_label(cells["p"], cells["classes"])]


def _explained_share(cells):
    explained = explained_share(cells)
    _require(explained.deviations, 2, "clean rates below 1 and memorised")
    used = f"{explained.deviations.size} of {explained.cells} cells memorised by every seed"
    return Measured(_one(explained.scaled_shares), f"RMSE {explained.rmse:.2f} nats, {used}")


def _one(values: pd.Series) -> pd.DataFrame:
    return values.to_frame("")


def _minima(losses: pd.DataFrame) -> pd.DataFrame:
    """Return the p of the lowest loss by a and seed."""
    return _by_rate(lambda p, loss: [measured_optimum(p, seed)[0] for seed in loss.T], losses)


def _growth(cells):
    curves = curves_over_p(cells, "test_loss")
    _require(curves, 3, "clean rates")
    minima = _minima(curves)
    slope = np.polyfit(minima.index, minima, 1)[0]
    ends = minima.mean(axis=1).iloc[[0, -1]]
    note = " to ".join(f"p* {p:.2f} at a = {a:g}" for a, p in ends.items())
    return Measured(_one(pd.Series(slope, minima.columns)), note)


def _worth_of_own_p(cells):
    cells = _above_chance(cells[cells["a"] < 1])
    losses, accuracies = curves_over_p(cells, "test_loss"), curves_over_p(cells, "test_accuracy")
    _require(accuracies, 1, "clean rates below 1")
    _require_others(accuracies)
    gains = 100 * _by_rate(_accuracy_gained, accuracies, losses)
    note = f"largest at a = {gains.mean(axis=1).idxmax():g}"
    most = 100 * np.mean(_at_rates(_most_gained, accuracies, losses))
    return Measured(_one(gains.mean()), note, most)


def _accuracy_gained(p, accuracy, loss):
    """Return for each seed what the others' best p for accuracy gains over theirs for the loss."""
    gained = []
    for seed, lowest in enumerate(_lowest_of_others(loss)):
        of_accuracy = np.delete(accuracy, seed, axis=1).mean(axis=1)
        best = of_accuracy >= of_accuracy.max() - 1e-9
        gained.append(accuracy[best, seed].mean() - accuracy[lowest, seed])
    return gained


def _most_gained(p, accuracy, loss):
    """Return the highest upper limit of what any p gains over the best one for the loss."""
    of_loss = accuracy[_lowest_of_others(loss), range(accuracy.shape[1])]
    return max(mean_interval(gain).high for gain in accuracy - of_loss)


def _lowest_of_others(loss):
    return [np.delete(loss, seed, axis=1).mean(axis=1).argmin() for seed in range(loss.shape[1])]


def _gamma_is_nearest(cells):
    cells = cells[cells["a"] < 1]
    curves = curves_over_p(cells, "test_loss", memorised=True)
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
    nearer = distance[["alpha", "beta"]].sub(distance["gamma"], axis=0)
    return Measured(nearer.add_prefix("than "), f"distances: {note}; the paper says it of MNIST")


def _weak_smoothing(cells):
    p = cells["p"]
    none = curves_over_p(cells[p == 1], "test_accuracy", 1).droplevel("p")
    weak = curves_over_p(cells[(p >= 0.9) & (p < 1)], "test_accuracy", 1).groupby("a").mean()
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
    return Measured(pd.DataFrame({"the gain": inside, "the cost": -elsewhere}), note)


def _second_minimum(cells):
    errors = 1 - curves_over_p(_above_chance(cells[cells["a"] <= 0.85]), "test_accuracy")
    _require(errors, 1, "clean rates up to 0.85")
    _require_others(errors)
    barriers = 100 * _by_rate(_barrier, errors)
    note = f"highest at a = {barriers.mean(axis=1).idxmax():g}"
    highest = 100 * np.mean(_at_rates(_highest_barrier, errors))
    return Measured(_one(barriers.mean()), note, highest)


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


def _highest_barrier(p, error):
    """Return the highest upper limit of any barrier: of the lesser rise to its top."""
    rises = [[mean_interval(top - foot).high for foot in error] for top in error]
    return max(
        min(max(rise[:top]), max(rise[top + 1 :])) for top, rise in enumerate(rises[1:-1], start=1)
    )


def _scatter_at_early_stopping(cells):
    cells = _above_chance(cells)
    curves = curves_over_p(cells, "oracle_stop_accuracy")
    _require(curves, 4, "clean rates")
    if curves.shape[1] < 3:
        raise NotTestableError("fewer than 3 seeds: without one of them, two must be left")
    p = curves.index.unique("p").to_numpy()
    best = _by_rate(_tied_maximum, curves)
    # No less than if one of the cells were one p of the grid off: none has no logarithm.
    least = np.diff(np.sort(p)).min() ** 2 / best.size
    blind, n = p.var(), curves.shape[1]

    def scatter(best: pd.DataFrame) -> float:
        return np.log(np.sqrt(max(best.var(axis=1).mean(), least) / blind))

    without = np.array([scatter(best.drop(columns=seed)) for seed in best])
    jackknifed = pd.Series(n * scatter(best) - (n - 1) * without, best.columns)
    of_loss = np.exp(scatter(_minima(curves_over_p(cells, "test_loss"))))
    return Measured(_one(jackknifed), f"that of the loss scatters by {of_loss:.2f}")


def _tied_maximum(p, accuracy):
    best = accuracy >= accuracy.max(axis=0) - 1e-9
    return (p[:, None] * best).sum(axis=0) / best.sum(axis=0)


_EXPLAINED = Scale("-log(1 - R²)", unscaled)
_LOGARITHM = Scale("the logarithm, by the jackknife", np.exp)

CLAIMS = (
    Claim(
        "the loss follows the alpha theory",
        "alpha",
        "R² of measured against predicted losses, a < 1",
        0.9,
        "measured_against_predicted",
        _explained_share,
        scale=_EXPLAINED,
    ),
    Claim(
        "the loss follows the beta theory",
        "beta",
        "R² of measured against predicted losses, a < 1",
        0.9,
        "measured_against_predicted",
        _explained_share,
        scale=_EXPLAINED,
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
        "distance of measured p* from alpha, from beta, minus from gamma",
        0,
        "optimum_over_a",
        _gamma_is_nearest,
    ),
    Claim(
        "weak smoothing helps only near a = 1",
        "alpha",
        "gain from a = 0.9 on, cost below, points",
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
        "scatter of that p over seeds, as a share of a blind draw's",
        0.5,
        "loss_and_accuracy_{noise}",
        _scatter_at_early_stopping,
        scale=_LOGARITHM,
    ),
)
