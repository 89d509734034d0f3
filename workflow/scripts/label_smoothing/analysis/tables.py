"""Tables that earlier rules wrote, read together."""

import os
from collections.abc import Iterable
from pathlib import Path

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
    tables = list(map(_read_table, paths))
    return pd.concat(tables) if tables else pd.DataFrame()


def _read_table(path: str | os.PathLike) -> pd.DataFrame:
    with refusing_damage(path):
        # pandas fills what is missing of the last line.
        if not Path(path).read_bytes().endswith(b"\n"):
            raise ValueError("the last line is cut off")
        # Names are text, whatever they look like: a method may be called `nan` or `true`.
        names = dict.fromkeys(("dataset", "noise", "assumption", "method"), str)
        return pd.read_csv(path, dtype=names, keep_default_na=False, na_values=[""])
