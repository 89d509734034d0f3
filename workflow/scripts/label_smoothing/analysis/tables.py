"""Tables that earlier rules wrote, read together."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from label_smoothing.files import refusing_damage


def read_tables(paths: Iterable[str | os.PathLike]) -> pd.DataFrame:
    """
    Return the rows of several .csv files, one file below the other; of none, an empty table.

    Raises
    ------
    ValueError
        If a file is damaged; the message says what to do.
    """
    # Names are text, whatever they look like: a method may be called `nan` or `true`.
    names = dict.fromkeys(("dataset", "noise", "assumption", "method"), str)
    tables = [_read_table(path, dtype=names, na_values=[""]) for path in paths]
    return pd.concat(tables) if tables else pd.DataFrame()


def join_tables(paths: Iterable[str | os.PathLike]) -> pd.DataFrame:
    """
    Return what `read_tables` does as text, so that every number keeps its digits.

    Raises
    ------
    ValueError
        If a file is damaged; the message says what to do.
    """
    return pd.concat([_read_table(path, dtype=str, na_filter=False) for path in paths])


def _read_table(path: str | os.PathLike, **how: Any) -> pd.DataFrame:
    with refusing_damage(path):
        # pandas fills what is missing of the last line.
        if not Path(path).read_bytes().endswith(b"\n"):
            raise ValueError("the last line is cut off")
        return pd.read_csv(path, keep_default_na=False, **how)
