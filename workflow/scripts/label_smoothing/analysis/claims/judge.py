"""
The verdict on each claim; docs/findings.md states and justifies the rule and the criteria.

Every claim is judged by one statistic. A seed gives one value of it. The verdict needs the whole
interval, of the mean over as many other seeds, on one side of a threshold. A claim with several
parts holds if each part does.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from label_smoothing.analysis.cells import rates_known
from label_smoothing.analysis.claims import (
    accuracy_statistics,
    beside,
    loss_statistics,
    matrix_statistics,
    vote_statistics,
)
from label_smoothing.analysis.claims.measured import Measured, NotTestableError, TooFewSeedsError
from label_smoothing.analysis.claims.table import Claim, paper_data
from label_smoothing.analysis.intervals import Interval, other_seeds_interval

_MODULES = (loss_statistics, accuracy_statistics, matrix_statistics, vote_statistics)
STATISTICS: dict[str, Callable[..., Measured]] = {
    name: function
    for module in _MODULES
    for name, function in vars(module).items()
    if getattr(function, "__module__", "") == module.__name__ and not name.startswith("_")
}

# One part that fails refutes a claim, one that is open leaves it open.
VERDICTS = ("not supported", "undecided", "supported", "not testable here")
COLUMNS = [
    "claim",
    "dataset",
    "noise",
    "method",
    "a",
    "verdict",
    "value",
    "low",
    "high",
    "paper_value",
    "relation",
    "threshold",
    "n",
    "statistic",
    "reason",
    "paper",
    "setting",
    "figure",
]

_NO_INTERVAL = Interval(np.nan, np.nan, np.nan, 0)


def judge_claims(
    cells: pd.DataFrame, study: Mapping[str, Any], claims: Sequence[Claim]
) -> pd.DataFrame:
    """
    Return the verdict on each claim for each data set and method.

    Parameters
    ----------
    cells : DataFrame
        Slices as `aggregate` writes them, of methods that the theory predicts, of smoothing with
        any matrix, and of forward correction with the true matrix.
    study : mapping
        The sections ``datasets``, ``methods``, ``noise_types`` and ``transitions`` of its config.
    claims : sequence of Claim
        As `table.read_claims` returns them.

    Returns
    -------
    DataFrame
        One row for each claim, data set, noise type that tests it (empty if there is none) and
        method that it is about, and for some claims each clean rate:

        - a: that clean rate, or missing
        - verdict: "supported" if the whole interval lies on the claim's side of the threshold, "not
          supported" if it lies on the other, "undecided" if it contains the threshold or there is
          one seed, "not testable here" if the study lacks something
        - value, low, high: mean of the statistic over seeds and where the mean of as many other
          seeds lies with 95 %; n: seeds
        - paper_value: of the vote theory's claims, the value with k = 1
        - relation, threshold: what supports the claim, in the unit that `statistic` names
        - reason: why this verdict, and what the reader should know beside it
        - paper: where the paper says it and of which data; setting: whether this is that, "the
          paper's data", "other data" or "other clean rate", "any data" where it names none
        - figure: below results/figures, without suffix: where to look
    """
    rows = [
        row
        for (dataset, method), group in cells.groupby(["dataset", "method"], sort=False)
        for claim in claims
        if claim.matrix == study["methods"][method].get("matrix", "p")
        for row in _rows(claim, group, cells[cells["dataset"] == dataset], study)
    ]
    table = pd.DataFrame(rows, columns=COLUMNS)
    order = [claim.words for claim in claims]
    return table.sort_values("claim", key=lambda text: text.map(order.index), kind="stable")


def _rows(claim: Claim, cells: pd.DataFrame, dataset: pd.DataFrame, study) -> Iterator[dict]:
    first = cells.iloc[0]
    source = study["datasets"][first["dataset"]]["source"]
    data = paper_data(first["dataset"] if source == "npz" else source)
    named = {"claim": claim.words, "dataset": first["dataset"], "method": first["method"]}
    named |= {"noise": "", "paper": claim.paper}
    testing = cells[cells["assumption"] == claim.assumption]
    lack = ""
    if not rates_known(cells):
        lack = "the labels of the data set are given, and their clean rate is unknown"
    elif testing.empty:
        lack = f"no noise type with assumption {claim.assumption}"
    if lack:
        yield named | _untestable(claim, lack) | {"setting": claim.setting(data, np.nan)}
        return
    for noise, table in testing.groupby("noise", sort=False):
        place = claim.figure.format(method=first["method"], noise=noise)
        named |= {"noise": noise, "figure": f"{first['dataset']}/{place}"}
        for row in _judge(claim, table, dataset, study):
            yield named | row | {"setting": claim.setting(data, row["a"])}


def _judge(claim: Claim, cells: pd.DataFrame, dataset: pd.DataFrame, study) -> list[dict]:
    try:
        others = [getattr(beside, claim.beside)(cells, dataset, study)] if claim.beside else []
        measured = STATISTICS[claim.statistic](cells, *others)
    except NotTestableError as error:
        return [_untestable(claim, str(error))]
    except TooFewSeedsError as error:
        return [_row(claim, "undecided", str(error))]
    if claim.each_rate:
        return _judge_rates(claim, sorted(cells.loc[cells["a"] < 1, "a"].unique()), measured)
    judged = [_judge_part(claim, values, name) for name, values in measured.parts.items()]
    sign = 1 if claim.relation == ">" else -1
    row = min(judged, key=lambda row: (VERDICTS.index(row["verdict"]), sign * row["value"]))
    paper = np.nan if measured.paper is None else measured.paper.mean(axis=None)
    return [row | {"reason": f"{row['reason']}; {measured.note}", "paper_value": paper}]


def _judge_rates(claim: Claim, rates: list[float], measured: Measured) -> list[dict]:
    if not rates:
        return [_untestable(claim, "no clean rate below 1")]
    notes = measured.note if isinstance(measured.note, dict) else {}
    rows = []
    for a in rates:
        if a in measured.parts:
            row = _judge_part(claim, measured.parts[a], "")
            row["reason"] += f"; {notes[a]}"
        else:
            row = _untestable(claim, "fewer than 3 p that every seed has and memorised")
        rows.append(row | {"a": a})
    return rows


def _judge_part(claim: Claim, values: pd.Series, name: str) -> dict:
    interval, threshold = other_seeds_interval(values), claim.threshold
    above, below = ("supported", "not supported")[:: 1 if claim.relation == ">" else -1]
    if interval.n < 2:
        verdict, reason = "undecided", "one seed has no interval"
    elif interval.low > threshold:
        verdict, reason = above, f"interval above {threshold:g}"
    elif interval.high < threshold:
        verdict, reason = below, f"interval below {threshold:g}"
    else:
        verdict, reason = "undecided", f"interval contains {threshold:g}"
    return _row(claim, verdict, reason + (f" ({name})" if name else ""), interval)


def _untestable(claim: Claim, lack: str) -> dict:
    return _row(claim, "not testable here", lack)


def _row(claim: Claim, verdict: str, reason: str, interval: Interval = _NO_INTERVAL) -> dict:
    row = {"a": np.nan, "verdict": verdict, "reason": reason, "statistic": claim.unit}
    row |= {"relation": claim.relation, "threshold": claim.threshold}
    value, low, high, n = interval
    return row | {"value": value, "low": low, "high": high, "n": n}
