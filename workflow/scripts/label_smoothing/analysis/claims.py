"""
The paper's claims and the verdict on each; docs/claims.md states and justifies the criteria.

Every claim is judged by one statistic. A seed gives one value of it, and the verdict needs the
whole interval, of the mean over as many other seeds, on one side of a threshold. A claim with
several parts holds if each part does. To add a claim: an entry here, a function in
`claim_statistics`, a row and a paragraph in the document.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from label_smoothing.analysis import claim_statistics as statistics
from label_smoothing.analysis.cells import rates_known
from label_smoothing.analysis.claim_statistics import (
    CORRELATION,
    LOGARITHM,
    MISSED,
    Measured,
    NotTestableError,
    Scale,
    TooFewSeedsError,
)
from label_smoothing.analysis.intervals import other_seeds_interval


class Claim(NamedTuple):
    """
    A claim, the noise type that tests it and the statistic that is to pass the threshold.

    Attributes
    ----------
    text, paper : str
        The claim, and where the paper says it.
    data : tuple of str
        Data sets that the paper says it of, as `_data_set` spells them; none: of any.
    assumption : str
        That of the noise type.
    statistic : str
    relation : {">", "<"}
        On which side of `threshold` the statistic supports the claim.
    threshold : float
    measure : callable
        The statistic, of the cells of one data set, noise type and method, and of those that
        `beside` gives.
    figure : str
        Below results/figures/{dataset}, without ending: where to look.
    scale : Scale, optional
        The scale of the statistic's values.
    rates : tuple of float, optional
        If given, the claim is judged at each a < 1, and these are those that the paper shows, none:
        any.
    matrix : str, optional
        That of the methods that the claim is about, as in the config.
    beside : callable, optional
        Which other cells of the data set the claim compares with: called with the cells, all cells
        of the data set, and the study.
    """

    text: str
    paper: str
    data: tuple[str, ...]
    assumption: str
    statistic: str
    relation: str
    threshold: float
    measure: Callable[..., Measured]
    figure: str
    scale: Scale | None = None
    rates: tuple[float, ...] | None = None
    matrix: str = "p"
    beside: Callable[[pd.DataFrame, pd.DataFrame, Mapping[str, Any]], pd.DataFrame] | None = None


def beta_of_same_networks(cells, dataset, study):
    """Return the beta cells of the networks whose cells these are."""
    types = study["noise_types"]
    transition = types[cells["noise"].iloc[0]]["transition"]
    same = [name for name, entry in types.items() if entry["transition"] == transition]
    beta = dataset[
        (dataset["assumption"] == "beta")
        & dataset["noise"].isin(same)
        & (dataset["method"] == cells["method"].iloc[0])
    ]
    if beta.empty:
        raise NotTestableError(f"no noise type with assumption beta and transition {transition}")
    return beta[beta["noise"] == beta["noise"].iloc[0]]


def _forward_beside_smoothing(cells, dataset, study):
    if study["transitions"][_transition(cells, study)]["kind"] != "uniform":
        raise NotTestableError("the noise is not uniform, and S_p not alpha's best smoothing")
    if study["methods"][cells["method"].iloc[0]]["loss"] != "label_smoothing":
        raise NotTestableError("the row of label smoothing compares the two")
    return _forward_with_true_matrix(cells, dataset, study)


def _forward_with_true_matrix(cells, dataset, study):
    for name, entry in study["methods"].items():
        if entry["loss"] == "forward_correction":
            forward = _of_method(name, cells, dataset)
            if entry["matrix"] == "p":
                if study["transitions"][_transition(cells, study)]["kind"] != "uniform":
                    continue
                forward = forward[np.isclose(forward["p"], forward["a"])]
            if (forward["a"] < 1).any():
                return forward
    raise NotTestableError("no forward correction with the true matrix")


def _other_matrices(cells, dataset, study):
    """Return the cells of all other matrices on the same noise."""
    others = [
        _of_method(name, cells, dataset)
        for name, entry in study["methods"].items()
        if entry["loss"] == "matrix_smoothing" and name != cells["method"].iloc[0]
    ]
    if not others:
        raise NotTestableError("no other method matrix_smoothing")
    return pd.concat(others)


def _mean_field(cells, dataset, study):
    """Return the cells of the mean field of the same assumption on the same noise."""
    matrix = f"{cells['assumption'].iloc[0]}_mean_field"
    for name, entry in study["methods"].items():
        if entry.get("matrix") == matrix:
            return _of_method(name, cells, dataset)
    raise NotTestableError(f"no method with matrix {matrix}")


def _of_method(method, cells, dataset):
    return dataset[(dataset["noise"] == cells["noise"].iloc[0]) & (dataset["method"] == method)]


def _transition(cells, study):
    return study["noise_types"][cells["noise"].iloc[0]]["transition"]


IMAGES = ("mnist", "cifar10")
SHAPE = "correlation of measured and predicted losses"
PLACE = "distance of measured from predicted p*"
HEIGHT = "share of the noise's cost that is as predicted"
EXCESS = "loss above and below it, as a share of the noise's cost"


def _of_best_matrix(assumption: str, section: str) -> tuple[Claim, ...]:
    """Return the claims about the best matrix S* under an assumption."""
    about: dict[str, Any] = {"matrix": f"{assumption}_optimal"}
    figure = "matrix_or_mean_field"
    return (
        Claim(
            f"{assumption}'s best matrix has the loss that {assumption} says",
            f"section {section}",
            (),
            assumption,
            "loss above and below the predicted, as a share of the noise's cost",
            "<",
            0.1,
            statistics.deviation_of_best_matrix,
            figure,
            **about,
        ),
        Claim(
            f"no other matrix is better than {assumption}'s best",
            f"section {section}",
            (),
            assumption,
            "loss of another matrix minus that of the best, nats",
            ">",
            0,
            statistics.lead_of_best_matrix,
            figure,
            **about,
            beside=_other_matrices,
        ),
        Claim(
            f"the mean field costs what {assumption} says",
            "section 4.4",
            (),
            assumption,
            "cost above and below the predicted, as a share of it",
            "<",
            0.1,
            statistics.deviation_of_mean_field_cost,
            figure,
            **about,
            beside=_mean_field,
        ),
    )


CLAIMS = (
    Claim(
        "the loss over p has the shape of alpha's",
        "Figures 5, 6",
        IMAGES,
        "alpha",
        SHAPE,
        ">",
        0.9,
        statistics.likeness_of_shape,
        "{method}/loss_over_p_{noise}",
        scale=CORRELATION,
        rates=(),
    ),
    Claim(
        "the loss is lowest where alpha says",
        "Figures 5, 6, section 6.1",
        IMAGES,
        "alpha",
        PLACE,
        "<",
        0.1,
        statistics.distance_of_minimum,
        "{method}/optimum_over_a",
        rates=(),
    ),
    Claim(
        "the loss is as high as alpha says",
        "Figures 5, 6",
        IMAGES,
        "alpha",
        HEIGHT,
        ">",
        0.9,
        statistics.height_of_loss,
        "{method}/measured_against_predicted",
        scale=MISSED,
        rates=(),
    ),
    Claim(
        "the loss over p has the shape of beta's",
        "Figure 7",
        IMAGES,
        "beta",
        SHAPE,
        ">",
        0.9,
        statistics.likeness_of_shape,
        "{method}/loss_over_p_{noise}",
        scale=CORRELATION,
        rates=(0.5, 0.95),
    ),
    Claim(
        "the loss is lowest where beta says",
        "Figure 7",
        IMAGES,
        "beta",
        PLACE,
        "<",
        0.1,
        statistics.distance_of_minimum,
        "{method}/optimum_over_a",
        rates=(0.5, 0.95),
    ),
    Claim(
        "the loss is as high as beta says",
        "Figure 7",
        IMAGES,
        "beta",
        HEIGHT,
        ">",
        0.9,
        statistics.height_of_loss,
        "{method}/measured_against_predicted",
        scale=MISSED,
        rates=(0.5, 0.95),
    ),
    Claim(
        "the loss on the training images is as high as alpha says",
        "section 2",
        (),
        "alpha",
        HEIGHT,
        ">",
        0.9,
        statistics.height_on_training_images,
        "{method}/measured_against_predicted",
        scale=MISSED,
        rates=(),
    ),
    Claim(
        "the loss on the training images foretells the test loss",
        "sections 2, 5",
        (),
        "alpha",
        "share of the noise's cost that they foretell",
        ">",
        0.9,
        statistics.worth_of_training_images,
        "{method}/measured_against_predicted",
        scale=MISSED,
        rates=(),
    ),
    Claim(
        "the p* of the loss grows with a",
        "Figure 8, section 6.1",
        ("mnist",),
        "alpha",
        "slope of that p* over a < 1",
        ">",
        0,
        statistics.growth_of_optimum,
        "{method}/optimum_over_a",
    ),
    Claim(
        "the p* of the accuracy grows with a",
        "Figure 8, section 6.1",
        ("mnist",),
        "alpha",
        "slope of that p* over a < 1",
        ">",
        0,
        statistics.growth_of_accuracy_optimum,
        "{method}/optimum_over_a",
    ),
    Claim(
        "beta's p* is below alpha's",
        "section 3.2",
        (),
        "alpha",
        "measured p* of alpha minus that of beta",
        ">",
        0,
        statistics.distance_of_beta_below_alpha,
        "{method}/optimum_over_a",
        beside=beta_of_same_networks,
    ),
    Claim(
        "the accuracy is best at a smaller p than the loss",
        "Figure 8, section 6.1",
        ("mnist",),
        "alpha",
        "accuracy at its best p below the loss's minus at the loss's, points",
        ">",
        0.5,
        statistics.worth_of_smaller_p,
        "{method}/optimum_over_a",
    ),
    Claim(
        "gamma predicts the minima best, a above a_c",
        "Figure 9 a",
        ("mnist",),
        "alpha",
        "distance of measured p* from alpha, from beta, minus from gamma",
        ">",
        0,
        statistics.nearness_of_gamma_above_transition,
        "{method}/optimum_over_a",
    ),
    Claim(
        "gamma predicts the minima best, all a",
        "Figure 9 a",
        ("mnist",),
        "alpha",
        "distance of measured p* from alpha, from beta, minus from gamma",
        ">",
        0,
        statistics.nearness_of_gamma_at_all_rates,
        "{method}/optimum_over_a",
    ),
    Claim(
        "weak smoothing helps only near a = 1",
        "Figures 10, 11, appendix B",
        ("mnist",),
        "alpha",
        "gain of p = 0.9, 0.95 from a = 0.9 on, cost below, points",
        ">",
        0,
        statistics.gain_of_weak_smoothing,
        "{method}/weak_smoothing_{noise}",
    ),
    Claim(
        "the error has two minima for a ≤ 0.85",
        "Figure 10, appendix B",
        ("mnist",),
        "alpha",
        "depth below p = 1 at small p, barrier before p = 1, points",
        ">",
        0.5,
        statistics.two_minima_of_error,
        "{method}/error_{noise}",
    ),
    Claim(
        "the best p at early stopping scatters",
        "Figure 9 c, appendix A.1",
        ("mnist",),
        "alpha",
        "scatter of that p over seeds, as a share of a blind draw's",
        ">",
        0.5,
        statistics.scatter_at_early_stopping,
        "{method}/loss_and_accuracy_{noise}",
        scale=LOGARITHM,
    ),
    Claim(
        "smoothing is not needed with early stopping",
        "appendix A.1",
        ("mnist",),
        "alpha",
        "early-stopped accuracy at its best p below 1 minus at p = 1, points",
        "<",
        0.5,
        statistics.gain_at_early_stopping,
        "{method}/loss_and_accuracy_{noise}",
    ),
    Claim(
        "forward correction has the loss of alpha's best smoothing",
        "section 4.1",
        (),
        "alpha",
        EXCESS,
        "<",
        0.1,
        statistics.excess_of_forward_correction,
        "methods_{noise}",
        beside=_forward_beside_smoothing,
    ),
    Claim(
        "forward correction has the loss of alpha's best matrix",
        "section 4.1",
        (),
        "alpha",
        EXCESS,
        "<",
        0.1,
        statistics.excess_over_best_matrix,
        "methods_{noise}",
        matrix="alpha_optimal",
        beside=_forward_with_true_matrix,
    ),
    *_of_best_matrix("alpha", "4.1"),
    *_of_best_matrix("beta", "4.2"),
)

# Two-sided sign test: 2 * 2^-6 is the first below 5 %.
SEEDS_OF_SIGN_TEST = 6
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
    "relation",
    "threshold",
    "n",
    "statistic",
    "reason",
    "interval",
    "paper",
    "setting",
    "figure",
]


def judge_claims(
    cells: pd.DataFrame, study: Mapping[str, Any], claims: Sequence[Claim] = CLAIMS
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
    claims : sequence of Claim, optional

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
          seeds lies with 95 %, in the way that `interval` names; n: seeds
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
    order = [claim.text for claim in claims]
    return table.sort_values("claim", key=lambda text: text.map(order.index), kind="stable")


def _rows(claim: Claim, cells: pd.DataFrame, dataset: pd.DataFrame, study) -> Iterator[dict]:
    first = cells.iloc[0]
    named = {"claim": claim.text, "dataset": first["dataset"], "method": first["method"]}
    source = study["datasets"][first["dataset"]]["source"]
    data = _data_set(first["dataset"] if source == "npz" else source)
    setting = "any data" if not claim.data else "other data"
    if data in claim.data:
        setting = "the paper's data"
    named |= {"paper": _place_in_paper(claim), "setting": setting}
    testing = cells[cells["assumption"] == claim.assumption]
    if not rates_known(cells):
        reason = "the labels of the data set are given, and their clean rate is unknown"
        yield named | {"noise": ""} | _row(claim, "not testable here", reason)
        return
    if testing.empty:
        reason = f"no noise type with assumption {claim.assumption}"
        yield named | {"noise": ""} | _row(claim, "not testable here", reason)
    for noise, table in testing.groupby("noise", sort=False):
        place = claim.figure.format(method=first["method"], noise=noise)
        for row in _judge(claim, table, dataset, study):
            if setting == "the paper's data" and claim.rates and row["a"] not in claim.rates:
                row["setting"] = "other clean rate"
            yield named | {"noise": noise, "figure": f"{first['dataset']}/{place}"} | row


def _judge(claim: Claim, cells: pd.DataFrame, dataset: pd.DataFrame, study) -> list[dict]:
    try:
        beside = [claim.beside(cells, dataset, study)] if claim.beside else []
        measured = claim.measure(cells, *beside)
    except NotTestableError as error:
        return [_row(claim, "not testable here", str(error))]
    except TooFewSeedsError as error:
        return [_row(claim, "undecided", str(error))]
    parts, note = measured.parts, measured.note
    if claim.rates is None:
        judged = [
            _judge_part(claim, values, measured.highest.get(name, -np.inf), name)
            for name, values in parts.items()
        ]
        sign = 1 if claim.relation == ">" else -1
        row = min(judged, key=lambda row: (VERDICTS.index(row["verdict"]), sign * row["value"]))
        return [row | {"reason": f"{row['reason']}; {note}"}]
    rates = sorted(cells.loc[cells["a"] < 1, "a"].unique())
    if not rates:
        return [_row(claim, "not testable here", "no clean rate below 1")]
    lack = _row(claim, "not testable here", "fewer than 3 p that every seed has and memorised")
    rows = []
    for a in rates:
        if a in parts:
            row = _judge_part(claim, parts[a], -np.inf, "")
            rows.append(row | {"a": a, "reason": f"{row['reason']}; {note[a]}"})
        else:
            rows.append(lack | {"a": a})
    return rows


def _judge_part(claim: Claim, values: pd.Series, highest: float, name: str) -> dict:
    row = _row(claim, "undecided", "", values)
    if highest > row["high"]:
        row["high"] = highest
        row["interval"] += "; high: of the most favourable choice"
    low, high, threshold = row["low"], row["high"], claim.threshold
    above, below = ("supported", "not supported")[:: 1 if claim.relation == ">" else -1]
    if len(values) < 2:
        reason = "one seed has no interval"
    elif np.ptp(values) < 1e-9 and len(values) < SEEDS_OF_SIGN_TEST:
        reason = f"fewer than {SEEDS_OF_SIGN_TEST} seeds, all with the same value"
    elif low > threshold:
        row["verdict"], reason = above, f"interval above {threshold}"
    elif high < threshold:
        row["verdict"], reason = below, f"interval below {threshold}"
    else:
        reason = f"interval contains {threshold}"
    return row | {"reason": reason + (f" ({name})" if name else "")}


def _row(claim: Claim, verdict: str, reason: str, values: pd.Series | tuple = ()) -> dict:
    value, low, high, n = other_seeds_interval(values)
    if claim.scale:
        value, low, high = map(claim.scale.back, (value, low, high))
    return {
        "a": np.nan,
        "verdict": verdict,
        "value": value,
        "low": low,
        "high": high,
        "relation": claim.relation,
        "threshold": claim.threshold,
        "n": n,
        "statistic": claim.statistic,
        "reason": reason,
        "interval": "95 % for the mean of as many other seeds"
        + (f", of {claim.scale.name}" if claim.scale else ""),
    }


def _data_set(name: str) -> str:
    """Return which of the paper's data sets a name begins with: mnist-10000 is, kmnist is not."""
    name = name.lower().replace("cifar-", "cifar")
    return next((known for known in IMAGES if re.match(rf"{known}(?![a-z0-9])", name)), "")


def _place_in_paper(claim: Claim) -> str:
    spelled = {"mnist": "MNIST", "cifar10": "CIFAR-10"}
    data = ", ".join(spelled[name] for name in claim.data) or "any data"
    rates = ", a = " + " and ".join(f"{a:g}" for a in claim.rates) if claim.rates else ""
    return f"{data}: {claim.paper}{rates}"
