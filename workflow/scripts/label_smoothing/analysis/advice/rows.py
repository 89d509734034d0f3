"""The table of the advice: its columns, its questions, and the words that several rows share."""

from collections.abc import Iterable
from typing import NamedTuple

import pandas as pd

from label_smoothing.analysis.advice.limits import Limits

HOW_NOISY, WHICH, MORE, GAIN, SURE, FIRST, TRAINING = (
    "how noisy",
    "which smoothing",
    "what helps more",
    "what is gained",
    "how sure",
    "which labels first",
    "which training labels first",
)
CLEAN_LOSS, NOISY_LOSS, ACCURACY, CALIBRATION = GOALS = (
    "loss on clean labels",
    "loss on labels as noisy as these",
    "accuracy",
    "calibration on clean labels",
)
CLEAN_RATE, CONFUSION = "clean rate", "P(given | right)"
NOISY_ACCURACY, CLEAN_ACCURACY = "accuracy on these labels", "accuracy on clean labels"
ACCURACY_GAIN = "gained over no smoothing"
LOSS_GAIN = f"gained over the best smoothing, {NOISY_LOSS}"
SUPPOSED = "if the noise is uniform"
LOWER_BOUND = "lower bound"
AS_IT_IS = "hold-out, these labels"
CORRECTED = "hold-out, corrected for the noise"
NO_DIFFERENCE = "no difference that these data can show"


class Row(NamedTuple):
    """One number of the advice, with what it is of and where it comes from."""

    question: str
    what: str
    quantity: str
    limits: Limits
    unit: str
    source: str
    note: str = ""


COLUMNS = ["question", "what", "quantity", *Limits._fields, "unit", "source", "note"]


def table(rows: Iterable[Row]) -> pd.DataFrame:
    """Return a DataFrame of rows, with the columns `COLUMNS`."""
    values = [(*row[:3], *row.limits, *row[4:]) for row in rows]
    return pd.DataFrame(values, columns=COLUMNS)


def percent(share: float, digits: int = 0) -> str:
    """Return a share as a text in percent."""
    return f"{100 * share:.{digits}f} %"
