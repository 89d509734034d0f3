"""
The table of the advice: its columns, its questions, and the words that several rows share.

Every row is of one of three kinds. `MEASURED` needs no assumption: it is about labels as noisy as
the given ones. `IF` rests on a condition that no label can tell, and names the condition. `CHECKED`
comes from right labels that somebody has looked at.
"""

from collections.abc import Iterable
from typing import NamedTuple

import pandas as pd

from label_smoothing.analysis.advice.limits import Limits

MEASURED, IF, CHECKED = "measured", "if", "checked"
# Of a mistake by the look, networks learn it; of a class mostly wrong, the wrong label seems right.
NOT_BY_LOOK = (
    "if mistakes do not depend on how an image looks and most labels of each class are right"
)

WHICH, MORE, GAIN, HOW_NOISY, SURE, FIRST, TRAINING = (
    "which smoothing",
    "what helps more",
    "what is gained",
    "how noisy",
    "how sure",
    "which labels first",
    "which training labels first",
)
NOISY_LOSS, ACCURACY, CLEAN_LOSS = GOALS = (
    "loss on labels as noisy as these",
    "accuracy on labels as noisy as these",
    "loss on right labels",
)
WRONG, CONFUSION = "share of wrong labels", "P(given | right)"
PROBABILITY = "P(given is right)"
NOISY_ACCURACY, CLEAN_ACCURACY = "accuracy on these labels", "accuracy on right labels"
ACCURACY_GAIN = "gained over no smoothing"
LOSS_GAIN = f"gained over the best smoothing, {NOISY_LOSS}"
NO_DIFFERENCE = "no difference that these data can show"


class Row(NamedTuple):
    """One number of the advice: what it is of, of which kind, on which condition."""

    question: str
    what: str
    quantity: str
    limits: Limits
    unit: str
    kind: str = MEASURED
    condition: str = ""
    note: str = ""


COLUMNS = ["question", "what", "quantity", *Limits._fields, "unit", "kind", "condition", "note"]


def table(rows: Iterable[Row]) -> pd.DataFrame:
    """Return a DataFrame of rows, with the columns `COLUMNS`."""
    values = [(*row[:3], *row.limits, *row[4:]) for row in rows]
    return pd.DataFrame(values, columns=COLUMNS)


def percent(share: float, digits: int = 0) -> str:
    """Return a share as a text in percent."""
    return f"{100 * share:.{digits}f} %"
