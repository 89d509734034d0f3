"""
Images in folders, or a table, as the .npz that a study reads; docs/configure.md has examples.

    python -m label_smoothing.data.convert images FOLDER mine.npz --size 32
    python -m label_smoothing.data.convert table FILE.csv mine.npz --label COLUMN
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image, ImageOps

from label_smoothing.files import write_arrays

_MODES = {"grey": "L", "rgb": "RGB"}


def read_images(
    folder: str | os.PathLike, size: int, colour: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """
    Return the images of every class, the class of each, and their paths in `folder`.

    The folders in `folder` are the classes. Images are turned as their EXIF says, cut to a square
    around their middle and scaled. Hidden files and those of another ending are passed over. Of
    several frames the first is read.

    Returns
    -------
    x : ndarray of uint8, shape (N, size, size) or (N, size, size, 3)
    names, origins : ndarray of str, shape (N,)

    Raises
    ------
    ValueError
        If there is no class, or a file is no image.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"FOLDER is {str(folder)!r}; allowed: a folder of folders of images")
    endings = set(Image.registered_extensions())
    files = [
        file
        for file in sorted(folder.glob("*/**/*"))
        if file.is_file()
        and file.suffix.lower() in endings
        and not any(part.startswith(".") for part in file.relative_to(folder).parts)
    ]
    if not files:
        raise ValueError(f"FOLDER {str(folder)!r} has no image in a folder; allowed: CLASS/IMAGE")
    images = np.stack([_read_image(file, size, _MODES[colour]) for file in files])
    paths = [file.relative_to(folder) for file in files]
    return images, np.array([path.parts[0] for path in paths]), np.array([*map(str, paths)])


def _read_image(file: Path, size: int, mode: str) -> np.ndarray:
    try:
        with Image.open(file) as opened:
            image = ImageOps.exif_transpose(opened)
            if image.mode == "F":
                raise ValueError("its pixels are no whole numbers")
            if image.mode.startswith("I"):  # 16 bits, which Pillow would cut at 255
                image = Image.fromarray((np.asarray(image) // 257).clip(0, 255).astype(np.uint8))
            elif image.has_transparency_data:
                image = image.convert("RGBA")
                image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
            fitted = ImageOps.fit(image.convert(mode), (size, size), Image.Resampling.LANCZOS)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(f"{str(file)!r} cannot be read ({error}); allowed: an image") from None
    return np.asarray(fitted)


def read_table(
    path: str | os.PathLike, label: str, dropped: Sequence[str] = ()
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """
    Return the features, labels and lines of a .csv with names, a column of labels and numbers.

    Parameters
    ----------
    path : path
    label : str
        The column of the labels, of any kind.
    dropped : sequence of str
        Columns that are no features.

    Returns
    -------
    x : ndarray of float32, shape (N, D)
    labels : ndarray, shape (N,)
    origins : ndarray of str, shape (N,)
        "line 2" and so on.

    Raises
    ------
    ValueError
        If the file is no such table.
    """
    try:
        # Without it, a class called None would be a missing label.
        table = pd.read_csv(path, skipinitialspace=True, dtype={label: str}, keep_default_na=False)
    except (OSError, ValueError) as error:  # ParserError is a ValueError
        problem = " ".join(str(getattr(error, "strerror", None) or error).split())
        raise ValueError(f"FILE is {str(path)!r} ({problem}); allowed: a .csv with names") from None
    for column in (label, *dropped):
        if column not in table:
            names = ", ".join(map(str, table.columns))
            raise ValueError(f"the column {column!r} is not there; allowed: {names[:200]}")
    labels, features = table[label], table.drop(columns=[label, *dropped])
    if features.empty:
        raise ValueError(f"FILE {str(path)!r} has no feature, or no line; allowed: one or more")
    if (missing := labels == "").any():
        raise ValueError(f"the label in {_line(missing)} is missing; allowed: one in each")
    for name, column in features.items():
        with np.errstate(over="ignore"):
            numbers = pd.to_numeric(column, errors="coerce").astype(np.float32)
        if (bad := ~np.isfinite(numbers)).any():
            value = column[bad].iloc[0]
            raise ValueError(
                f"the column {name!r} holds {str(value)[:40]!r} in {_line(bad)}; "
                "allowed: numbers, or --drop with its name"
            )
        features[name] = numbers
    lines = np.array([f"line {number}" for number in range(2, len(table) + 2)])
    return features.to_numpy(np.float32), labels.to_numpy(str), lines


def _line(where: pd.Series) -> str:
    return f"line {int(where.to_numpy().argmax()) + 2}"


def split(
    x: np.ndarray, labels: np.ndarray, origins: np.ndarray, share: float, seed: int
) -> dict[str, np.ndarray]:
    """
    Return samples split at random, every class alike, as the arrays of a .npz.

    Classes are numbered in the order of their names, of numbers in theirs.

    Returns
    -------
    dict
        ``x_train``, ``y_train``, ``x_test`` and ``y_test``, see `sources.load_npz`; ``classes``,
        the name of each label; ``origin_train`` and ``origin_test``, where each sample comes from.

    Raises
    ------
    ValueError
        If a part would have no sample of a class.
    """
    from sklearn.model_selection import train_test_split

    classes = np.array(sorted(set(labels.tolist()), key=_order))
    numbers = {name: number for number, name in enumerate(classes.tolist())}
    y = np.array([numbers[name] for name in labels.tolist()])
    counts = np.bincount(y)
    if len(classes) < 2:
        raise ValueError(f"the only class is {classes[0].item()!r}; allowed: two classes or more")
    if counts.min() < 2:
        name = classes[counts.argmin()].item()
        raise ValueError(f"the class {name!r} has one sample; allowed: two or more, one a part")
    M, N, size = len(classes), len(y), round(share * len(y))
    if not M <= size <= N - M:
        raise ValueError(
            f"--test-share is {share}, {size} of {N} samples; allowed: {M} to {N - M} of them, at "
            "least one of each class in both parts"
        )
    train, test = train_test_split(np.arange(N), test_size=size, stratify=y, random_state=seed)
    for part, of in (("training", train), ("test", test)):
        if len(absent := np.setdiff1d(y, y[of])):
            name = classes[absent[0]].item()
            raise ValueError(
                f"--test-share is {share}, which leaves the {part} part no sample of the class "
                f"{name!r}; allowed: nearer to 0.5, or more samples"
            )
    parts = {"train": np.sort(train), "test": np.sort(test)}
    named = {"x": x, "y": y, "origin": origins}
    arrays = {f"{key}_{part}": named[key][of] for part, of in parts.items() for key in named}
    return {**arrays, "classes": classes}


def _order(name: str) -> tuple[float, str]:
    try:
        number = float(name)
    except ValueError:
        number = np.inf
    return (number if np.isfinite(number) else np.inf), name


def main(arguments: Sequence[str] | None = None) -> None:
    """Convert what the command line names; bad input ends with one line."""
    parser = argparse.ArgumentParser(prog="convert", description=__doc__.split("\n")[1])
    kinds = parser.add_subparsers(dest="kind", required=True)
    images = kinds.add_parser("images", help="a folder with a folder of images for each class")
    images.add_argument("source", metavar="FOLDER")
    images.add_argument("--size", type=int, default=32, help="pixels of an edge (32)")
    images.add_argument("--colour", choices=list(_MODES), default="rgb", help="(rgb)")
    table = kinds.add_parser("table", help="a .csv with a column of labels, all others numbers")
    table.add_argument("source", metavar="FILE")
    table.add_argument("--label", required=True, metavar="COLUMN", help="the column of labels")
    table.add_argument(
        "--drop", action="append", default=[], metavar="COLUMN", help="no feature; may be repeated"
    )
    for kind in (images, table):
        kind.add_argument("output", metavar="OUTPUT.npz")
        kind.add_argument("--test-share", type=float, default=0.2, help="of each class (0.2)")
        kind.add_argument("--seed", type=int, default=0, help="of the split (0)")
    options = parser.parse_args(arguments)
    try:
        _check(options)
        if options.kind == "images":
            samples = read_images(options.source, options.size, options.colour)
        else:
            samples = read_table(options.source, options.label, options.drop)
        arrays = split(*samples, options.test_share, options.seed)
        write_arrays(options.output, **arrays)
    except (OSError, ValueError) as error:
        sys.exit(f"convert: {error}")
    train, test = (arrays[f"x_{part}"] for part in ("train", "test"))
    unit = "pixels" if options.kind == "images" else "features"
    size = "x".join(map(str, train.shape[1:]))
    print(f"{options.output}: {len(train)} to train, {len(test)} to test, each of {size} {unit}")
    print("classes:", ", ".join(f"{i} {name}" for i, name in enumerate(arrays["classes"])))


def _check(options: argparse.Namespace) -> None:
    for key, allowed, right in (
        ("test_share", "more than 0, less than 1", 0 < options.test_share < 1),
        ("seed", "0 to 4294967295", 0 <= options.seed < 2**32),
        ("size", "1 to 1024", options.kind != "images" or 1 <= options.size <= 1024),
    ):
        if not right:
            name = key.replace("_", "-")
            raise ValueError(f"--{name} is {getattr(options, key)}; allowed: {allowed}")
    if Path(options.output).suffix != ".npz":
        raise ValueError(f"OUTPUT is {options.output!r}; allowed: a name that ends in .npz")
    folder = Path(options.output).absolute().parent
    if not folder.is_dir():
        raise ValueError(f"OUTPUT is {options.output!r}; allowed: a folder that is there")


if __name__ == "__main__":
    main()
