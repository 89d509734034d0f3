"""The whole advice on given labels: what to do, what that gains, how noisy they are, how sure."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from label_smoothing.analysis.advice.clean_scores import correction
from label_smoothing.analysis.advice.doubts import diverged, doubts, share_memorised
from label_smoothing.analysis.advice.how_noisy import how_noisy
from label_smoothing.analysis.advice.limits import Limits
from label_smoothing.analysis.advice.more import what_helps_more
from label_smoothing.analysis.advice.networks import Inputs
from label_smoothing.analysis.advice.rows import (
    FIRST,
    IF,
    MEASURED,
    NOT_BY_LOOK,
    PROBABILITY,
    SURE,
    Row,
    table,
)
from label_smoothing.analysis.advice.smoothing import what_is_gained, which_smoothing
from label_smoothing.analysis.advice.suspects import Suspects, disputed, rank_labels


class Advice(NamedTuple):
    """
    The answer.

    Attributes
    ----------
    rows : DataFrame
        Columns `rows.COLUMNS`. Limits are of 95 %, or bounds where there is no value.
    warnings : list of str
        Premises that fail, and what is therefore missing.
    ranked : Suspects
        All labels of the hold-out, those to look at first in front.
    """

    rows: pd.DataFrame
    warnings: list[str]
    ranked: Suspects


def give_advice(inputs: Inputs, suspects: int = 20) -> Advice:
    """
    Return what can be said about given labels; no right label but those checked by hand is known.

    `suspects` is how many labels to look at first.
    """
    labels, lost = inputs.plain.labels[0], diverged(inputs.plain)
    plain = inputs.plain.at(inputs.plain.finite())
    noise = how_noisy(inputs)
    truth = correction(noise, labels)
    # What to do, then how noisy, then where to look.
    smoothing = which_smoothing(plain, truth)
    rows = [*smoothing.rows]
    rows += what_helps_more(plain, inputs.forward, noise.place, truth, smoothing)
    rows += what_is_gained(plain, smoothing)
    rows += noise.rows
    rows += _how_sure(inputs)
    ranking = noise.ranking
    if ranking is None:
        ranking = np.exp(plain.uncorrected[:, 0].astype(np.float64)).mean(axis=0)
    ranked = rank_labels(ranking, labels)
    rows += first_rows(
        disputed(ranked, suspects), FIRST, "test image", inputs.rows, noise.model is not None
    )
    return Advice(table(rows), [*lost, *noise.warnings, *doubts(inputs)], ranked)


def _how_sure(inputs: Inputs) -> list[Row]:
    share, lowest = share_memorised(inputs)
    S, N = inputs.plain.labels.shape
    note = f"the lowest train accuracy is {lowest:.3f}"
    what = "networks that memorised"
    return [
        Row(SURE, what, "share", Limits(share), "share", note=note),
        Row(SURE, "seeds", "number", Limits(S), "", note="few" if S < 3 else ""),
        Row(SURE, "labels of the hold-out", "number", Limits(N), "", note="few" if N < 500 else ""),
    ]


def first_rows(
    suspects: Suspects, question: str, name: str, numbers: np.ndarray | None, told: bool
) -> list[Row]:
    """Return a row for each suspect; without a noise model, `told`, only their order is known."""
    rows = []
    for place, given, suggested, probability in zip(*suspects, strict=True):
        number = place if numbers is None else numbers[place]
        what = f"{name} {number}: given {given}, suggested {suggested}"
        own = Limits(float(probability) if told else np.nan)
        kind = (IF, NOT_BY_LOOK) if told else (MEASURED, "")
        rows.append(Row(question, what, PROBABILITY, own, "share", *kind))
    return rows
