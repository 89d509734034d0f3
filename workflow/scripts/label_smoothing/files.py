"""Files that are either whole or absent, and the log of a job."""

import csv
import errno
import gc
import hashlib
import io
import json
import logging
import os
import sys
import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

# What a damaged .npz makes zipfile and numpy raise, besides ValueError.
DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    KeyError,
    tokenize.TokenError,
)


@contextmanager
def replacing(path: str | os.PathLike) -> Iterator[Path]:
    """
    Yield a temporary path in the same directory; it becomes `path` when the block succeeds.

    A reader never sees a half-written file: the rename is atomic, and on an error, a kill or a
    crash of the machine `path` stays as it was. The temporary name keeps the suffix, which some
    writers insist on, and is the same every time, so that the next attempt replaces what a killed
    one left.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.stem}.partial{path.suffix}")
    try:
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())  # the rename may reach the disk before the content does
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_arrays(path: str | os.PathLike, **arrays: np.ndarray) -> None:
    """Write named arrays as a compressed .npz; equal arrays give equal bytes."""
    with replacing(path) as temporary:
        np.savez_compressed(temporary, **arrays)  # type: ignore[arg-type]
        # The format has a checksum of each array, but none of the list of arrays.
        with zipfile.ZipFile(temporary, "a") as archive:
            archive.comment = checksum(*arrays).encode()


def checksum(*parts: str | np.ndarray) -> str:
    """Return a hash of texts and of the bytes of arrays, as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, str):
            data = part.encode()
        else:
            data = memoryview(np.ascontiguousarray(part).reshape(-1).view(np.uint8))  # type: ignore[arg-type]
        digest.update(f"{len(data)} ".encode())
        digest.update(data)
    return digest.hexdigest()


@contextmanager
def refusing_damage(path: str | os.PathLike, *errors: type[Exception]) -> Iterator[None]:
    """Turn a ValueError, and what else a reader raises, into one that says what to do."""
    try:
        yield
    except (ValueError, *errors) as error:  # type: ignore[misc]
        if isinstance(error, OSError) and error.errno != errno.EINVAL:
            raise  # the disk's fault, or nobody's: only a seek to nowhere is the file's
        problem = " ".join(str(error).split())  # pandas ends its messages with a line break
        raise ValueError(
            f"{path} is damaged: {problem}; delete it, and the next run makes it"
        ) from None


def read_arrays(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """
    Read a .npz written by `write_arrays`.

    Raises
    ------
    ValueError
        If the file is damaged, or holds object arrays (pickles); the message says what to do.
    """
    with refusing_damage(path, OSError, *DAMAGE), zipfile.ZipFile(path) as archive:
        # Read whole before it is parsed: the checksum of a member is compared at its end only.
        arrays = {
            name.removesuffix(".npy"): np.lib.format.read_array(
                io.BytesIO(archive.read(name)), allow_pickle=False
            )
            for name in archive.namelist()
        }
        if archive.comment != checksum(*arrays).encode():
            raise ValueError("its list of arrays is not what was written")
        return arrays


def read_columns(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """
    Read the columns of a .csv of numbers (pandas would take longer to import than to read).

    Raises
    ------
    ValueError
        If the file is damaged; the message says what to do.
    """
    with refusing_damage(path), open(path, newline="") as file:
        text = file.read()
        if not text.endswith("\n"):
            raise ValueError("the last line is cut off")
        names, *rows = csv.reader(text.splitlines())
        return dict(zip(names, np.array(rows, dtype=float).T, strict=True))


def write_json(path: str | os.PathLike, content: dict[str, Any]) -> None:
    """Write strict JSON: a NaN or an infinity is a ValueError, not an invalid file."""
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n")


@contextmanager
def job_log(path: str | os.PathLike) -> Iterator[None]:
    """
    Send log records to `path`, and warnings also to the console.

    An exception ends the job: the log gets its traceback, the console one line.
    """
    to_file = logging.FileHandler(path, mode="w")
    to_console = logging.StreamHandler(sys.stderr)
    to_console.setLevel(logging.WARNING)
    to_file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[to_file, to_console], force=True)
    logging.captureWarnings(True)
    gc.freeze()  # imported code is no garbage, so nothing looks for some in it, even at the end
    try:
        yield
    except Exception as error:
        to_console.setLevel(logging.CRITICAL)
        logging.exception("failed")
        sys.exit(f"{path}: {type(error).__name__}: {error}")
    finally:
        logging.shutdown()
