"""
Which given labels of the training part to look at first, by networks that have not seen them.

Each fold of the training part is held out from networks of forward correction. Their outputs on all
folds together are what the noise model takes.
"""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from label_smoothing.analysis.advice.answer import Advice
from label_smoothing.analysis.advice.how_noisy import cannot_tell, describe
from label_smoothing.analysis.advice.limits import Limits
from label_smoothing.analysis.advice.noise_model import (
    fit_noise_model,
    lowest_loss,
    most_suspicious,
)
from label_smoothing.analysis.advice.rows import (
    CLEAN_RATE,
    COLUMNS,
    HOW_NOISY,
    TRAINING,
    Row,
)

RANKING = ["index", "given", "suggested", "probability"]
_SOURCE = "noise model, by cross-validation"


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


class Suspects(NamedTuple):
    """
    Labels to look at first, n of them.

    Attributes
    ----------
    places, numbers : list of int
        Of the image in the training part, and in the user's file.
    given, suggested : list of int
    """

    places: list[int]
    numbers: list[int]
    given: list[int]
    suggested: list[int]


class TrainingLabels(NamedTuple):
    """
    What can be said of the labels of a training part.

    Attributes
    ----------
    ranking : DataFrame
        Columns `RANKING`: of every label how probable it is that it is right, least probable first.
        Empty if nothing can be said.
    suspects : Suspects
        The first of them that are not the most probable label of their image.
    rows : list of Row
        Rows for the table of the advice.
    warnings : list of str
    """

    ranking: pd.DataFrame
    suspects: Suspects
    rows: list[Row]
    warnings: list[str]


def rank_training_labels(held_out: HeldOut, index: np.ndarray, count: int = 20) -> TrainingLabels:
    """
    Rank the given labels of a training part by how probably they are right.

    Of the p of `held_out`, the one with the lowest loss on the given labels counts. `index`, shape
    (N,), is what each image is called in the ranking; `count` is how many suspects to name.
    """
    labels = held_out.labels
    nothing = TrainingLabels(pd.DataFrame(columns=RANKING), Suspects([], [], [], []), [], [])
    own = held_out.outputs[:, :, np.arange(len(labels)), labels].astype(np.float64)
    finite = np.isfinite(held_out.uncorrected).all(axis=(0, 2, 3))
    if not finite.any():
        lost = "Networks diverged at every p in some fold: the training labels are not ranked."
        return nothing._replace(warnings=[lost])
    losses = np.where(finite, -own.mean(axis=(0, 2)), np.nan)
    _, outputs = lowest_loss(losses, held_out.uncorrected)
    model = fit_noise_model(outputs, labels)
    if model.right is None:
        why = f"Of the training part: {cannot_tell(model)} Its labels are not ranked."
        return nothing._replace(warnings=[why])
    right, N, rate = model.right, len(labels), model.clean_rate
    wrong = Limits(*(N * (1 - a) for a in (rate.value, rate.high, rate.low)))
    what, note = "labels, training part", f"of {N} training labels"
    rows = [
        Row(
            TRAINING, f"share of right {what}", CLEAN_RATE, rate, "share", _SOURCE, describe(model)
        ),
        Row(TRAINING, f"wrong {what}", "number", wrong, "", _SOURCE, note),
    ]
    probability = right[np.arange(N), labels]
    order, suggested = np.argsort(probability, kind="stable"), right.argmax(axis=1)
    columns = index[order], labels[order], suggested[order], probability[order]
    first = most_suspicious(right, labels, count)
    for i in first:
        what = f"training image {index[i]}: given {labels[i]}, suggested {suggested[i]}"
        own = Limits(float(probability[i]))
        rows.append(Row(TRAINING, what, "P(given is right)", own, "share", _SOURCE))
    return TrainingLabels(
        pd.DataFrame(dict(zip(RANKING, columns, strict=True))),
        Suspects(*(values[first].tolist() for values in (np.arange(N), index, labels, suggested))),
        rows,
        [],
    )


def with_training_labels(advice: Advice, rows: list[dict[str, Any]], warnings: list[str]) -> Advice:
    """
    Return advice with what is said of the training labels.

    The networks are judged on the hold-out as if its labels were as noisy as those that they are
    trained on, so that a difference between the two is warned of.
    """
    warnings = list(warnings)
    table = pd.DataFrame(rows, columns=COLUMNS)
    rates = [
        part[(part["quantity"] == CLEAN_RATE) & part["source"].str.startswith("noise model")]
        for part in (advice.rows[advice.rows["question"] == HOW_NOISY], table)
    ]
    if all(len(part) and np.isfinite(part["value"].iloc[0]) for part in rates):
        test, train = (part[["low", "high"]].iloc[0] for part in rates)
        if test["high"] < train["low"] or train["high"] < test["low"]:
            spelled = (
                f"{100 * part['low']:.0f} to {100 * part['high']:.0f} %" for part in (train, test)
            )
            warnings.append(
                "{} of the labels are right in the training part, {} in the hold-out, which should "
                "be as noisy: what is measured on it is not what these networks would do on labels "
                "like those of the training.".format(*spelled)
            )
    return advice._replace(
        rows=pd.concat([advice.rows, table], ignore_index=True) if rows else advice.rows,
        warnings=[*advice.warnings, *warnings],
    )
