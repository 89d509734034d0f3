"""Files that are either whole or absent, and the log of a job."""

import csv
import json
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np


@contextmanager
def replacing(path: str | os.PathLike) -> Iterator[Path]:
    """
    Yield a temporary path in the same directory; it becomes `path` when the block succeeds.

    A reader never sees a half-written file: the rename is atomic, and on an error or a kill `path`
    stays as it was. The temporary name keeps the suffix, which some writers insist on, and is the
    same every time, so that the next attempt replaces what a killed one left.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.stem}.partial{path.suffix}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_arrays(path: str | os.PathLike, **arrays: np.ndarray) -> None:
    """Write named arrays as a compressed .npz; equal arrays give equal bytes."""
    with replacing(path) as temporary:
        np.savez_compressed(temporary, **arrays)


def read_arrays(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """Read a .npz written by `write_arrays`; object arrays (pickles) are refused."""
    with np.load(path, allow_pickle=False) as archive:
        return dict(archive)


def read_columns(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """Read the columns of a .csv of numbers (pandas would take longer to import than to read)."""
    with open(path, newline="") as file:
        names, *rows = csv.reader(file)
    return dict(zip(names, np.array(rows, dtype=float).T, strict=True))


def write_json(path: str | os.PathLike, content: dict[str, Any]) -> None:
    """Write strict JSON: a NaN or an infinity is a ValueError, not an invalid file."""
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n")


@contextmanager
def job_log(path: str | os.PathLike) -> Iterator[None]:
    """
    Send log records to `path`, and warnings also to the console.

    An exception is written to the log with its traceback and raised again.
    """
    to_file = logging.FileHandler(path, mode="w")
    to_console = logging.StreamHandler(sys.stderr)
    to_console.setLevel(logging.WARNING)
    to_file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[to_file, to_console], force=True)
    logging.captureWarnings(True)
    try:
        yield
    except Exception:
        to_console.setLevel(logging.CRITICAL)  # the interpreter prints the traceback itself
        logging.exception("failed")
        raise
    finally:
        logging.shutdown()
