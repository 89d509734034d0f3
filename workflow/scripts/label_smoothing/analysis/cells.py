"""Cells: the scores of networks, one row each, read, checked and summarised over seeds.

"Cells" of a function are rows as `aggregate` writes them, of one data set, noise type and method
unless it says otherwise.
"""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from label_smoothing.analysis.intervals import mean_interval
from label_smoothing.files import refusing_damage
from label_smoothing.theory.rates import match_probability

# Of the KL divergence that averaging the noise away would leave: docs/configure.md.
MOST_KL = 0.2
NAMES = ("dataset", "noise", "assumption", "method", "a", "p", "seed")


def read_scores(paths: Iterable[str | os.PathLike]) -> pd.DataFrame:
    """
    Return one row for each file of scores, as `evaluate` writes them.

    Raises
    ------
    ValueError
        If a file is no JSON or not what `metrics.Metrics` says; the message names file and key.
    """
    from pydantic import ValidationError

    from label_smoothing.analysis.metrics import Metrics  # figures read tables without pydantic

    rows = []
    for path in paths:
        try:
            text = Path(path).read_bytes()
            Metrics.model_validate_json(text)
        except ValidationError as error:
            problems = "; ".join(
                ": ".join([*map(str, problem["loc"]), problem["msg"]]) for problem in error.errors()
            )
            raise ValueError(
                f"{path} is damaged: {problems}; delete it, and the next run makes it"
            ) from None
        rows.append(json.loads(text))
    return pd.DataFrame(rows)


def memorised(cells: pd.DataFrame, threshold: float) -> pd.Series:
    """Return which networks have memorised their corrupted training labels: the one rule for all.

    A network has if one of these holds (docs/configure.md explains them):

    - Its accuracy on these labels is at least `threshold`, which is `memorised_at` of the config.
    Below
      p = 1/M a network avoids the given label, and 1 - M x accuracy takes the place of the
      accuracy.
    - Its KL divergence from the targets (train_kl) is at most MOST_KL times what averaging the
    noise
      away would leave (averaging_kl).
    - All labels have the same target, so that nothing can be memorised, and it did not diverge.
    """
    accuracy, M = cells["train_accuracy"].astype(float), cells["classes"]
    fitted = accuracy.where(cells["p"] > 1 / M - 1e-9, 1 - M * accuracy) >= threshold
    averaging = cells["averaging_kl"].astype(float)
    near = cells["train_kl"].astype(float) <= MOST_KL * averaging
    return fitted | near | ((averaging == 0) & (cells["diverged_epoch"] == 0))


def summarise(cells: pd.DataFrame) -> pd.DataFrame:
    """Return mean and interval of every score over the seeds.

    Returns
    -------
    DataFrame
        One row for each p and score: names of the slice, a, p, epsilon, score, mean, low and high
        (95 % t-interval, empty for one seed), n (seeds with this score), diverged (seeds without).
        gain, gain_low and gain_high are the score minus that at p = 1 of the same a and seed.
    """
    names = [name for name in NAMES if name != "seed"]
    names.insert(names.index("p") + 1, "epsilon")
    known = {*NAMES, "epsilon", "classes", "test_size", "diverged_epoch", "memorised"}
    known |= {"trained_with"}
    known |= {"labels", "expected_clean_rate", "expected_agreement", "match_probability"}
    known |= {"predicted_loss", "noiseless_loss", "averaging_kl"}
    unsmoothed = cells[cells["p"] == 1].set_index(["a", "seed"])
    rows = []
    for group, cell in cells.groupby(names, sort=False):
        diverged = int((cell["diverged_epoch"] > 0).sum())
        paired = unsmoothed.reindex(pd.MultiIndex.from_frame(cell[["a", "seed"]]))
        for score in cells.columns.drop(known, errors="ignore"):
            if "labels" in cells and cells[score].isna().all():
                continue  # needs clean labels, which are unknown
            values = cell[score].to_numpy(dtype=float)
            gain = mean_interval(values - paired[score].to_numpy(dtype=float))
            rows.append((*group, score, *mean_interval(values), diverged, *gain[:3]))
    columns = [*names, "score", "mean", "low", "high", "n", "diverged"]
    return pd.DataFrame(rows, columns=[*columns, "gain", "gain_low", "gain_high"])


def ways_of_training(cells: pd.DataFrame) -> list[str]:
    """Return with which devices and versions the networks of some cells were trained."""
    return sorted(cells["trained_with"].unique())


def read_tables(paths: Iterable[str | os.PathLike]) -> pd.DataFrame:
    """Return the rows of several .csv files, one file below the other; of none, an empty table.

    A damaged file is a ValueError that says what to do.
    """
    # Names are text, whatever they look like: a method may be called `nan` or `true`.
    names = dict.fromkeys(("dataset", "noise", "assumption", "method"), str)
    tables = [_read_table(path, dtype=names, na_values=[""]) for path in paths]
    return pd.concat(tables) if tables else pd.DataFrame()


def join_tables(paths: Iterable[str | os.PathLike]) -> pd.DataFrame:
    """Return what `read_tables` does as text, so that every number keeps its digits."""
    return pd.concat([_read_table(path, dtype=str, na_filter=False) for path in paths])


def _read_table(path: str | os.PathLike, **how: Any) -> pd.DataFrame:
    with refusing_damage(path):
        # pandas fills what is missing of the last line.
        if not Path(path).read_bytes().endswith(b"\n"):
            raise ValueError("the last line is cut off")
        return pd.read_csv(path, keep_default_na=False, **how)


def rates_known(cells: pd.DataFrame) -> bool:
    """Return whether the clean rates of cells, or fits, are known: not of given labels."""
    return bool(cells["expected_clean_rate"].notna().all())


def curves_over_p(
    cells: pd.DataFrame, score: str, fewest: int = 3, memorised: bool = False
) -> pd.DataFrame:
    """Return a score on the p that all seeds share: index a and p, one column a seed.

    Clean rates with fewer than `fewest` such p show no curve and are left out. If `memorised`, a p
    counts only where every seed memorised.
    """
    if memorised:
        # Kept as rows without a score, so that a p must be memorised by every seed.
        cells = cells.assign(**{score: cells[score].where(cells["memorised"])})
    table = cells.pivot(index=["a", "p"], columns="seed", values=score).dropna()
    return table.groupby("a").filter(lambda curve: len(curve) >= fewest)


def is_uniform(cells: pd.DataFrame) -> pd.Series:
    """Return which cells have uniform label noise, by the agreement of two corruptions.

    Cells of given labels, whose rates are unknown, do not.
    """
    M, a = cells["classes"], cells["expected_clean_rate"].fillna(1.0)
    return np.isclose(cells["expected_agreement"], match_probability(a, M, "beta"), atol=1e-9)
