"""
Which given labels of the training part to look at first, by networks that have not seen them.

Each fold of the training part is held out from networks of forward correction.
"""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from label_smoothing.analysis.advice.answer import Advice, first_rows
from label_smoothing.analysis.advice.how_noisy import WHAT
from label_smoothing.analysis.advice.limits import Limits
from label_smoothing.analysis.advice.noise_model import (
    NoiseModel,
    fit_noise_model,
    lowest_loss,
    probability_right,
)
from label_smoothing.analysis.advice.rows import (
    COLUMNS,
    IF,
    NOT_BY_LOOK,
    TRAINING,
    WRONG,
    Row,
    percent,
)
from label_smoothing.analysis.advice.suspects import Suspects, disputed, rank_labels
from label_smoothing.analysis.intervals import binomial_limits

RANKING = ["index", "given", "suggested", "probability"]


class HeldOut(NamedTuple):
    """
    Networks of forward correction on the images that they have not seen: S seeds, P clean rates.

    Attributes
    ----------
    p : sequence of float, length P
        The clean rates that they assume.
    outputs, uncorrected : ndarray, shape (S, P, N, M)
        Log outputs, of noisy labels and of right ones, each image's from the networks of its fold.
    labels : ndarray of int, shape (N,)
        The given ones.
    """

    p: tuple[float, ...]
    outputs: np.ndarray
    uncorrected: np.ndarray
    labels: np.ndarray


class TrainingLabels(NamedTuple):
    """
    What can be said of the labels of a training part.

    Attributes
    ----------
    ranking : DataFrame
        Columns `RANKING`: every label, those to look at first in front. Empty if all diverged.
    suspects : Suspects or None
        The first of them that are not what the networks suggest.
    rows : list of Row
        Rows for the table of the advice.
    warnings : list of str
    """

    ranking: pd.DataFrame
    suspects: Suspects | None
    rows: list[Row]
    warnings: list[str]


def rank_training_labels(held_out: HeldOut, index: np.ndarray, count: int = 20) -> TrainingLabels:
    """
    Rank the given labels of a training part, those that are least probably right first.

    Of the p of `held_out`, the one with the lowest loss on the given labels counts. `index`, shape
    (N,), is what each image is called in the ranking; `count` is how many suspects to name.
    """
    labels = held_out.labels
    own = held_out.outputs[:, :, np.arange(len(labels)), labels].astype(np.float64)
    finite = np.isfinite(held_out.uncorrected).all(axis=(0, 2, 3))
    if not finite.any():
        lost = "Networks diverged at every p in some fold: the training labels are not ranked."
        return TrainingLabels(pd.DataFrame(columns=RANKING), None, [], [lost])
    losses = np.where(finite, -own.mean(axis=(0, 2)), np.nan)
    _, outputs = lowest_loss(losses, held_out.uncorrected)
    model = fit_noise_model(outputs, labels)
    ranked = rank_labels(probability_right(model.outputs, labels, model.T), labels)
    columns = index[ranked.places], *ranked[1:]
    suspects = disputed(ranked, count)
    rows = [_wrong(model, outputs, labels)]
    rows += first_rows(suspects, TRAINING, "training image", index, True)
    ranking = pd.DataFrame(dict(zip(RANKING, columns, strict=True)))
    return TrainingLabels(ranking, suspects, rows, [])


def _wrong(model: NoiseModel, outputs: np.ndarray, labels: np.ndarray) -> Row:
    """Return the bounds of the share of wrong labels, as `how_noisy` has them of the hold-out."""
    N = len(labels)
    agree = int((outputs.argmax(axis=1) == labels).sum())
    most = 1 - float(binomial_limits(agree, N)[1])
    least = min(0.0 if model.hard else 1 - model.most_right, most)
    what = "labels of the training part"
    note = f"of {N} labels, by cross-validation"
    return Row(TRAINING, what, WRONG, Limits(np.nan, least, most), "share", IF, NOT_BY_LOOK, note)


def with_training_labels(advice: Advice, rows: list[dict[str, Any]], warnings: list[str]) -> Advice:
    """
    Return advice with what is said of the training labels.

    The networks are judged on the hold-out as if its labels were as noisy as those that they are
    trained on, so that a difference between the two is warned of.
    """
    warnings = list(warnings)
    table = pd.DataFrame(rows, columns=COLUMNS)
    of_wrong = advice.rows[(advice.rows["quantity"] == WRONG) & (advice.rows["what"] == WHAT)]
    ours = table[table["quantity"] == WRONG]
    for hold_out in of_wrong.tail(1).to_dict("records"):
        for training in ours.to_dict("records"):
            if hold_out["high"] < training["low"] or training["high"] < hold_out["low"]:
                here, there = (
                    f"{percent(part['low'])} to {percent(part['high'])}"
                    for part in (training, hold_out)
                )
                warnings.append(
                    f"{here} of the labels are wrong in the training part, {there} in the "
                    "hold-out, which should be as noisy: what is measured on the hold-out is not "
                    "what these networks would do on labels like those of the training."
                )
    both = [advice.rows, table] if len(table) else [advice.rows]
    return advice._replace(
        rows=pd.concat(both, ignore_index=True), warnings=[*advice.warnings, *warnings]
    )
