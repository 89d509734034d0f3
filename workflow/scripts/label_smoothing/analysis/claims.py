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

from label_smoothing.analysis.claim_statistics import (
    EXPLAINED,
    LOGARITHM,
    Measured,
    NotTestableError,
    Scale,
    barrier_between_minima,
    gain_of_weak_smoothing,
    growth_of_optimum,
    nearness_of_gamma,
    scatter_at_early_stopping,
    share_explained,
    worth_of_own_p,
)
from label_smoothing.analysis.intervals import mean_interval


class Claim(NamedTuple):
    """A claim, the noise type that tests it and the statistic that is to exceed the threshold."""

    text: str
    assumption: str
    statistic: str
    threshold: float
    figure: str
    measure: Callable[[pd.DataFrame], Measured]
    scale: Scale | None = None


CLAIMS = (
    Claim(
        "the loss follows the alpha theory",
        "alpha",
        "R² of measured against predicted losses, a < 1",
        0.9,
        "measured_against_predicted",
        share_explained,
        scale=EXPLAINED,
    ),
    Claim(
        "the loss follows the beta theory",
        "beta",
        "R² of measured against predicted losses, a < 1",
        0.9,
        "measured_against_predicted",
        share_explained,
        scale=EXPLAINED,
    ),
    Claim(
        "the p* of the loss grows with a",
        "alpha",
        "slope of the measured p* over a",
        0,
        "optimum_over_a",
        growth_of_optimum,
    ),
    Claim(
        "loss and accuracy have their best p apart",
        "alpha",
        "accuracy at its own best p minus at the loss's, points",
        0.5,
        "optimum_over_a",
        worth_of_own_p,
    ),
    Claim(
        "gamma predicts the minima best",
        "alpha",
        "distance of measured p* from alpha, from beta, minus from gamma",
        0,
        "optimum_over_a",
        nearness_of_gamma,
    ),
    Claim(
        "weak smoothing helps only near a = 1",
        "alpha",
        "gain from a = 0.9 on, cost below, points",
        0,
        "weak_smoothing_{noise}",
        gain_of_weak_smoothing,
    ),
    Claim(
        "the error has two minima for a ≤ 0.85",
        "alpha",
        "barrier between two minima of the error, points",
        0.5,
        "error_{noise}",
        barrier_between_minima,
    ),
    Claim(
        "the best p at early stopping scatters",
        "alpha",
        "scatter of that p over seeds, as a share of a blind draw's",
        0.5,
        "loss_and_accuracy_{noise}",
        scatter_at_early_stopping,
        scale=LOGARITHM,
    ),
)

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
            named = {"claim": claim.text, "dataset": dataset, "method": method}
            for noise, table in testing.groupby("noise", sort=False):
                rows.append(named | {"noise": noise} | _judge(claim, table))
            if testing.empty:
                reason = f"no noise type with assumption {claim.assumption}"
                rows.append(named | {"noise": ""} | _row(claim, pd.Series(dtype=float), reason))
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
