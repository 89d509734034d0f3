"""
Images in folders, or a table, as the .npz that a study reads; docs/configure.md has examples.

    python -m label_smoothing.data.convert images FOLDER mine.npz --size 32
    python -m label_smoothing.data.convert table FILE.csv mine.npz --label COLUMN
"""

import argparse
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from label_smoothing.data.convert_images import COLOURS, read_images
from label_smoothing.data.convert_samples import Samples, repeats
from label_smoothing.data.convert_table import read_table
from label_smoothing.files import write_arrays

SHARE = 0.2  # of each class, in the test part


def split(samples: Samples, share: float, seed: int) -> dict[str, np.ndarray]:
    """
    Return samples in two parts, every class alike, as the arrays of a .npz.

    The parts are those that the samples bring, or random. Classes are numbered in the order of
    their names, of numbers in theirs. Samples of one group stay together.

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
    labels = samples.labels
    classes = np.array(sorted(set(labels.tolist()), key=_order))
    numbers = {name: number for number, name in enumerate(classes.tolist())}
    y = np.array([numbers[name] for name in labels.tolist()])
    counts = np.bincount(y)
    if len(classes) < 2:
        raise ValueError(f"the only class is {classes[0].item()!r}; allowed: two classes or more")
    if counts.min() < 2:
        name = classes[counts.argmin()].item()
        raise ValueError(f"the class {name!r} has one sample; allowed: two or more, one a part")
    test = _random_part(y, samples.groups, share, seed) if samples.test is None else samples.test
    for part, of in (("training", ~test), ("test", test)):
        if len(absent := np.setdiff1d(y, y[of])):
            name = classes[absent[0]].item()
            if samples.test is not None:
                raise ValueError(
                    f"the {part} part has no sample of the class {name!r}; allowed: one"
                )
            raise ValueError(
                f"--test-share is {share}, which leaves the {part} part no sample of the class "
                f"{name!r}; allowed: nearer to 0.5, or more samples"
            )
    samples.notes.extend(repeats(samples, test))
    named = {"x": samples.x, "y": y, "origin": samples.origins}
    parts = {"train": ~test, "test": test}
    arrays = {f"{key}_{part}": named[key][of] for part, of in parts.items() for key in named}
    return {**arrays, "classes": classes}


def _random_part(y: np.ndarray, groups: np.ndarray | None, share: float, seed: int) -> np.ndarray:
    """Return which samples are the test part, every class alike."""
    from sklearn.model_selection import StratifiedGroupKFold, train_test_split

    M, N, size = y.max() + 1, len(y), round(share * len(y))
    if not M <= size <= N - M:
        raise ValueError(
            f"--test-share is {share}, {size} of {N} samples; allowed: {M} to {N - M} of them, at "
            "least one of each class in both parts"
        )
    test = np.zeros(N, bool)
    if groups is None:
        _, chosen = train_test_split(np.arange(N), test_size=size, stratify=y, random_state=seed)
        test[chosen] = True
        return test
    if (many := len(set(groups.tolist()))) < 2:
        raise ValueError(f"--group has {many} value; allowed: a column of two or more")
    folds = min(max(round(1 / share), 2), many)
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    with warnings.catch_warnings(action="ignore"):  # of rare classes, which are named below
        test[next(iter(splitter.split(y, y, groups)))[1]] = True
    return test


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
    images.add_argument("--colour", choices=COLOURS, default="rgb", help="(rgb)")
    table = kinds.add_parser("table", help="a .csv with a column of labels, all others numbers")
    table.add_argument("source", metavar="FILE")
    table.add_argument("--label", required=True, metavar="COLUMN", help="the column of labels")
    table.add_argument(
        "--drop", action="append", default=[], metavar="COLUMN", help="no feature; may be repeated"
    )
    table.add_argument("--group", metavar="COLUMN", help="rows of one value stay in one part")
    table.add_argument(
        "--drop-unlabelled", action="store_true", help="leave out rows without a label"
    )
    for kind in (images, table):
        kind.add_argument("output", metavar="OUTPUT.npz")
        kind.add_argument("--test-share", type=float, help="of each class (0.2)")
        kind.add_argument("--seed", type=int, default=0, help="of the split (0)")
    options = parser.parse_args(arguments)
    try:
        _check(options)
        if options.kind == "images":
            samples = read_images(options.source, options.size, options.colour)
        else:
            samples = read_table(
                options.source, options.label, options.drop, options.group, options.drop_unlabelled
            )
        if samples.test is not None and options.test_share is not None:
            raise ValueError(
                f"--test-share is {options.test_share}, but the folders of FOLDER bring a split; "
                "allowed: no --test-share"
            )
        arrays = split(samples, options.test_share or SHARE, options.seed)
        write_arrays(options.output, **arrays)
    except (OSError, ValueError) as error:
        sys.exit(f"convert: {error}")
    train, test = (arrays[f"x_{part}"] for part in ("train", "test"))
    for note in samples.notes:
        print(f"note: {note}")
    unit = "pixels" if options.kind == "images" else "features"
    size = "x".join(map(str, train.shape[1:]))
    print(f"{options.output}: {len(train)} to train, {len(test)} to test, each of {size} {unit}")
    print("classes:", ", ".join(f"{i} {name}" for i, name in enumerate(arrays["classes"])))


def _check(options: argparse.Namespace) -> None:
    for key, allowed, right in (
        (
            "test_share",
            "more than 0, less than 1",
            options.test_share is None or 0 < options.test_share < 1,
        ),
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
