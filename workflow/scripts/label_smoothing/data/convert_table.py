"""Tables of text as arrays: which column is the label, which are features, and what is missing."""

import csv
import io
import os
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from label_smoothing.data.convert_samples import Samples

_SEPARATORS = {",": "a comma", ";": "';'", "\t": "a tab", "|": "'|'"}
# Words for a label that is missing; a class of such a name needs another.
_MISSING = {"", "nan", "na", "n/a", "<na>"}
_FEWEST_RUNNING = 10  # rows from which a running number is no coincidence


def read_table(
    path: str | os.PathLike,
    label: str,
    dropped: Sequence[str] = (),
    group: str | None = None,
    drop_unlabelled: bool = False,
) -> Samples:
    """
    Return the rows of a text table with names of columns: one of labels, all others numbers.

    Parameters
    ----------
    path : path
    label : str
        The column of the labels, of any kind.
    dropped : sequence of str
        Columns that are no features.
    group : str, optional
        The column whose equal values stay in one part; no feature either.
    drop_unlabelled : bool
        Whether rows without a label are left out, and not refused.

    Raises
    ------
    ValueError
        If the file is no such table.
    """
    notes: list[str] = []
    table, first_line = _read(path, label, notes)
    others = [label, *dropped, *([group] if group else [])]
    for column in others:
        if column not in table:
            names = ", ".join(map(str, table.columns))
            raise ValueError(f"the column {column!r} is not there; allowed: {names[:200]}")
    if drop_unlabelled:
        table = _without_unlabelled(table, label, notes)
    features = table.drop(columns=others)
    if features.empty:
        raise ValueError(f"FILE {str(path)!r} has no feature, or no line; allowed: one or more")
    lines = table.index.to_numpy() + first_line
    labels = _labels(table[label], lines, notes)
    _refuse_running_number(table, features)
    for name, column in features.items():
        features[name] = _numbers(str(name), column, lines)
    return Samples(
        features.to_numpy(np.float32),
        labels,
        np.array([f"line {line}" for line in lines]),
        None,
        notes,
        table[group].astype(str).to_numpy(str) if group else None,
    )


def _read(path: str | os.PathLike, label: str, notes: list[str]) -> tuple[pd.DataFrame, int]:
    """Return the table, and the line of its first row."""
    try:
        text = _decoded(Path(path).read_bytes(), notes)
        lines = text.splitlines()
        above = next((i for i, line in enumerate(lines) if line.strip() and line[0] != "#"), 0)
        if above:
            notes.append(f"passed over above the header: {above} lines, such as {lines[0][:40]!r}")
        header = lines[above] if lines else ""
        separator = _separator(header)
        # In the tables of half of Europe a comma is the decimal point.
        decimal = ","
        if separator == "," or not re.search(rf"(^|{re.escape(separator)})\s*-?\d+,\d", text, re.M):
            decimal = "."
        if separator != "," or decimal != ".":
            comma = ", decimal commas" if decimal == "," else ""
            notes.append(f"columns are separated by {_SEPARATORS[separator]}{comma}")
        table = pd.read_csv(
            io.StringIO("\n".join(lines[above:])),
            sep=separator,
            decimal=decimal,
            skipinitialspace=True,
            skip_blank_lines=False,
            dtype={label: str},
            keep_default_na=False,  # or a class called None would be a missing label
        )
    except (OSError, ValueError) as error:  # ParserError is a ValueError
        problem = " ".join(str(getattr(error, "strerror", None) or error).split())
        raise ValueError(f"FILE is {str(path)!r} ({problem}); allowed: a .csv with names") from None
    if table.shape[1] == 1 and label not in table:
        odd = re.search(r"[^\w\s.\"'-]|\s(?=\S)", header.strip())
        hint = f": is the separator {odd[0]!r}?" if odd else ""
        raise ValueError(
            f"the header has one column, {header[:80]!r}{hint}; allowed: columns separated by a "
            "comma, ';', a tab or '|'"
        )
    return table, above + 2


def _decoded(content: bytes, notes: list[str]) -> str:
    encodings = (
        ("utf-16",) if content[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "cp1252")
    )
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding != "utf-8-sig":
            notes.append(f"the text is read as {encoding}: look at the names below")
        return text
    raise ValueError("its text is in no encoding that is known")


def _separator(header: str) -> str:
    counts = {mark: len(next(csv.reader([header], delimiter=mark), [])) for mark in _SEPARATORS}
    return max(counts, key=lambda mark: counts[mark])


def _unlabelled(labels: pd.Series) -> np.ndarray:
    return labels.str.strip().str.lower().isin(_MISSING).to_numpy()


def _without_unlabelled(table: pd.DataFrame, label: str, notes: list[str]) -> pd.DataFrame:
    missing = _unlabelled(table[label])
    if missing.any():
        notes.append(f"{missing.sum()} rows without a label are left out")
    return table[~missing]


def _labels(column: pd.Series, lines: np.ndarray, notes: list[str]) -> np.ndarray:
    """Return the names of the classes, each spelled in one way."""
    if (missing := _unlabelled(column)).any():
        place = int(missing.argmax())
        raise ValueError(
            f"the label in line {lines[place]} is missing ({column.iloc[place]!r}); allowed: one "
            f"in each row, or --drop-unlabelled, which leaves out {missing.sum()}"
        )
    labels = column.str.strip()
    if trimmed := int((labels != column).sum()):
        notes.append(f"{trimmed} labels are trimmed of spaces")
    numbers = pd.to_numeric(labels, errors="coerce")
    if numbers.notna().all() and np.isfinite(numbers).all():
        whole = np.array([f"{x:.0f}" if x == round(x) else f"{x!r}" for x in numbers.tolist()])
        if len(set(whole)) < labels.nunique():
            notes.append("labels that are equal as numbers, such as 1 and 1.0, are one class")
            labels = pd.Series(whole, index=labels.index)
    folded = labels.groupby(labels.str.casefold()).unique()
    if len(alike := folded[folded.str.len() > 1]):
        notes.append(
            f"the classes {' and '.join(sorted(alike.iloc[0]))} differ in their letters' case only"
        )
    return labels.to_numpy(str)


def _refuse_running_number(table: pd.DataFrame, features: pd.DataFrame) -> None:
    """Refuse a row's number, which tells the label of a sorted table and nothing of any other."""
    name = table.columns[0]
    if name not in features:
        return
    values = pd.to_numeric(table[name], errors="coerce").to_numpy(float)
    runs = len(values) >= _FEWEST_RUNNING and (np.diff(values) == 1).all() and values[0] in (0, 1)
    if str(name).startswith("Unnamed:") or runs:
        raise ValueError(
            f"the first column, {name!r}, numbers the rows; allowed: a feature, or --drop {name!r}"
        )


def _numbers(name: str, column: pd.Series, lines: np.ndarray) -> pd.Series:
    with np.errstate(over="ignore"):
        numbers = pd.to_numeric(column, errors="coerce").astype(np.float32)
    if (bad := ~np.isfinite(numbers).to_numpy()).any():
        place = int(bad.argmax())
        raise ValueError(
            f"the column {name!r} holds {str(column.iloc[place])[:40]!r} in line {lines[place]}; "
            "allowed: numbers, or --drop with its name"
        )
    return numbers
