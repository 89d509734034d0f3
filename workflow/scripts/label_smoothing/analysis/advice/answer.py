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
from label_smoothing.analysis.advice.rows import FIRST, SURE, Row, table
from label_smoothing.analysis.advice.smoothing import what_is_gained, which_smoothing
from label_smoothing.analysis.advice.suspects import Suspects, disputed, rank_labels

CONFIDENCE = "networks' confidence in the given label"


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
    place, forward = noise.place, inputs.forward
    unseen = (
        plain.uncorrected[:, 0]
        if forward is None or place is None
        else forward.uncorrected[:, place]
    )
    ranked = rank_labels(np.log(np.exp(unseen.astype(np.float64)).mean(axis=0)), labels)
    rows += _first(disputed(ranked, suspects), inputs.rows)
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


def _first(suspects: Suspects, numbers: np.ndarray | None) -> list[Row]:
    rows = []
    for place, given, suggested, confidence in zip(*suspects, strict=True):
        number = place if numbers is None else numbers[place]
        what = f"test image {number}: given {given}, suggested {suggested}"
        rows.append(Row(FIRST, what, CONFIDENCE, Limits(float(confidence)), "share"))
    return rows
