"""
The small study that advice on one's own noisy labels is taken from.

    python -m label_smoothing.study.advice_study mine.npz

writes it to advice/mine.yaml, unless it is there, and prints that path and the files to ask for.
"""

import argparse
import os
import re
import sys
import unicodedata
from pathlib import Path
from typing import NamedTuple

import yaml

from label_smoothing.study.errors import ConfigError

# PyTorch's label_smoothing: the same grid for any number of classes, with the habit of 0.1 in it.
EPSILONS = (0.7, 0.5, 0.35, 0.2, 0.1, 0.05, 0.0)
SEEDS = (0, 1, 2)
FOLDER = Path("advice")
PAGES = "results/advice"
# What two cores train in about five minutes, features in ten.
_MOST_IMAGES, _MOST_FEATURES, _MOST_TEST = 2000, 10000, 2000

_STUDY = """\
# Made by `make advise`: advice on labels of which an unknown part is wrong. Run it again, after any
# change of yours, with
#     snakemake --cores 2 --configfile {file} -- {page}
# docs/advice.md says what the page tells, docs/running.md what else a study can do.

study: {title}

# 1.0: no noise is added to the labels as they come.
clean_rates: [1.0]

# Target p of the given label. PyTorch's label_smoothing of these: {epsilons}.
smoothing: [{smoothing}]
seeds: [{seeds}]

# All that can be scored: test labels that are as noisy as those of the training.
noise_types:
  beta: {{assumption: beta, transition: uniform}}
transitions:
  uniform: {{kind: uniform}}

methods:
  label_smoothing: {{loss: label_smoothing}}
  forward_correction: {{loss: forward_correction}} # p is the share of right labels that it assumes

datasets:
  {name}:
    source: npz
    path: {path}
    labels: given # as they come, some of them wrong{sizes}
    model: network
    training: memorise

# The network that you use is the one to ask: docs/configure.md says how to name your own here.
models:
  network: {model}

# It trains until it has memorised its labels.
training:
  memorise:
    optimizer: adam
    learning_rate: {recipe.learning_rate} # highest of the cycle
    momentum: {recipe.momentum} # first beta of Adam
    schedule: one_cycle
    epochs: {recipe.epochs}
    batch_size: {batch_size}

memorised_at: 0.99
checkpoint_every: 10 # epochs
device: auto
train_resources: {{threads: 1, mem_mb: 3000, runtime: 60}}
"""


def advice_study(
    data: str | os.PathLike,
    file: str | os.PathLike,
    folds: int | None = None,
    checked: str | None = None,
) -> str:
    """
    Return the study that asks what is to be known of a data set's labels, as YAML.

    Parameters
    ----------
    data : path
        A .npz, see `data.sources.load_npz`.
    file : path
        Where the study will be.
    folds : int, optional
        Folds in which the training labels are ranked too.
    checked : str, optional
        A .csv of test labels that somebody has checked, see `data.checked.read_checked`.

    Raises
    ------
    ConfigError
        If the file is not such a data set, or its name cannot be that of one.
    """
    dataset = _inspect(data)
    M, shape = dataset.classes, dataset.x_train.shape[1:]
    network, recipe = network_for(shape)
    # Of large data a stratified subset.
    most = _MOST_FEATURES if len(shape) == 1 else _MOST_IMAGES
    images = _subset_size(most, dataset.y_train)
    test_images = _subset_size(_MOST_TEST, dataset.y_test)
    lines = []
    if images < len(dataset.y_train):
        lines.append(f"train_size: {images} # a subset, stratified")
    if test_images < len(dataset.y_test):
        lines.append(f"test_size: {test_images} # a subset, stratified")
    # Networks of a fold train on the others.
    if folds:
        counts = _counts(dataset.y_train)
        most = min(counts) * images // sum(counts)
        if folds > most:
            raise ConfigError(
                f"FOLDS is {folds}; allowed: {f'2 to {most}' if most > 1 else 'none'}, as the "
                f"rarest class of {os.fspath(data)} has no more training images in the study"
            )
        lines.append(f"folds: {folds} # of the training part, whose labels are ranked too")
        images -= -(-images // folds)
    if lines:
        lines.append("split_seed: 0")
    if checked:
        lines.append(f"checked: {_yaml(checked)} # right labels of some test rows")
    return _STUDY.format(
        file=file,
        page=f"{PAGES}/{name_of(data)}.html",
        title=_yaml(f"Labels of {Path(data).name}"),
        name=_yaml(name_of(data)),  # `no` and `null` are words of YAML
        path=_yaml(os.fspath(data)),
        sizes="".join(f"\n    {line}" for line in lines),
        smoothing=", ".join(f"{p}" for p in smoothing_grid(M)),
        epsilons=", ".join(f"{epsilon:g}" for epsilon in EPSILONS),
        seeds=", ".join(map(str, SEEDS)),
        model=_yaml(network),
        recipe=recipe,
        batch_size=max(min(recipe.batch_size, images), 1),
    )


def _inspect(data):
    """Return the data set of a file, or refuse it in one line."""
    from label_smoothing.data.datasets import new_test_rows
    from label_smoothing.data.sources import inspect_npz, load_dataset

    named = f"DATA is {os.fspath(data)!r}"
    if not os.path.isfile(data):
        raise ConfigError(
            f"{named}: no such file; allowed: a .npz with images or features, and labels"
        )
    try:
        dataset = inspect_npz(data)
        # The images, too: what no job could use is refused before any.
        new_test_rows(load_dataset("npz", path=data))
        return dataset
    except OSError as error:
        problem = error.strerror or error
        raise ConfigError(
            f"{named}, which cannot be read ({problem}); allowed: a file that can"
        ) from None
    except ValueError as error:
        raise ConfigError(f"{named}: {error}") from None


def _subset_size(limit, labels):
    """Return the size of the smallest subset from `limit` on that surely has every class."""
    from label_smoothing.data.sizes import size_problem

    if len(labels) <= limit:
        return len(labels)
    counts = _counts(labels)
    size = max(limit, -(-len(labels) // min(counts)))
    return len(labels) if size_problem(size, counts) else size


def _counts(labels):
    """Return the images of each class, as `data.sources` counts them."""
    return [int((labels == label).sum()) for label in range(labels.max() + 1)]


def name_of(data: str | os.PathLike) -> str:
    """Return the name of the data set of a file: its own, in letters that a config takes."""
    text = unicodedata.normalize("NFKD", Path(data).name.removesuffix(".npz"))
    name = re.sub(r"[^A-Za-z0-9.]+", "-", text.encode("ascii", "ignore").decode()).strip("-.")
    return (name if name[:1].isalpha() else f"data-{name}")[:90].rstrip("-.")


def smoothing_grid(M: int) -> list[float]:
    """Return the smoothing parameters p of EPSILONS for M classes, ascending."""
    return [round(1 - epsilon * (M - 1) / M, 6) for epsilon in EPSILONS]


class Recipe(NamedTuple):
    """The keys of a config's `training` that depend on the inputs."""

    learning_rate: float
    momentum: float
    epochs: int
    batch_size: int


def network_for(shape: tuple[int, ...]) -> tuple[dict[str, object], Recipe]:
    """Return a network that memorises inputs of a shape, (D,) or (H, W, C), and its recipe."""
    if len(shape) == 1:
        return {"kind": "mlp", "hidden": [256, 256]}, Recipe(0.006, 0.9, 40, 96)
    if max(shape[:2]) <= 16:
        pool = [2, 1] if min(shape[:2]) > 1 else [1, 1]
        network = {"channels": [16, 32], "kernel_size": 3, "pool": pool, "hidden": 256}
        return {"kind": "cnn"} | network, Recipe(0.012, 0.9, 40, 96)
    # The linear layer memorises; pooling keeps it affordable. benchmarks/README.md has the times.
    size = 4 if max(shape[:2]) > 64 else 2
    if min(shape[:2]) < size**2:
        size = 1
    network = {"channels": [8, 16], "kernel_size": 3, "pool": [size, size], "hidden": 512}
    return {"kind": "cnn"} | network, Recipe(0.005, 0.8, 30, 64)


def write_study(
    data: str | os.PathLike,
    folder: str | os.PathLike = FOLDER,
    folds: int | None = None,
    checked: str | None = None,
) -> tuple[Path, bool]:
    """
    Return the path of a data set's study, and whether it was there; if not, write it.

    What was changed in a study stays. Folds and checked labels come into a study that is there, if
    nothing was changed in it.

    Raises
    ------
    ConfigError
        As `advice_study`, and if the study that is there is of another file, or was changed and has
        not these folds or these checked labels.
    """
    file = Path(folder) / f"{name_of(data)}.yaml"
    if checked and not os.path.isfile(checked):
        raise ConfigError(f"CHECKED is {checked!r}: no such file; allowed: a .csv with index,label")
    text = advice_study(data, file, folds, checked)
    if file.exists():
        entry = _entry_of(file)
        there = entry.get("path")
        if there is None or os.path.abspath(there) != os.path.abspath(data):
            raise ConfigError(
                f"DATA is {os.fspath(data)!r}, but {file} is a study of "
                f"{there or 'something else'}; allowed: a file of another name, or that study "
                "moved away"
            )
        has = {"folds": entry.get("folds"), "checked": entry.get("checked")}
        wants = has | {
            key: value for key, value in (("folds", folds), ("checked", checked)) if value
        }
        if wants == has:
            return file, True
        if file.read_text(encoding="utf-8") != advice_study(there, file, **has):
            key = next(key for key in has if has[key] != wants[key])
            line = f"{key}: {wants[key]}"
            lines = f"lines '{line}' and 'split_seed: 0'" if key == "folds" else f"line '{line}'"
            raise ConfigError(
                f"{key.upper()} is {wants[key]}, but {file} was changed by hand and has "
                f"{f'{key}: {has[key]}' if has[key] else 'none'}; allowed: the {lines} below "
                f"datasets.{name_of(data)} there"
            )
        text = advice_study(there, file, **wants)
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_name(f".{file.name}")
    new.write_text(text, encoding="utf-8")
    new.replace(file)
    return file, False


def targets_of(file: Path) -> list[str]:
    """Return what a study of `write_study` is asked for: its page, and its ranking if any."""
    targets = [f"{PAGES}/{file.stem}.html", f"{PAGES}/{file.stem}/check.html"]
    if _entry_of(file).get("folds"):
        targets.append(f"{PAGES}/{file.stem}/training_labels.csv")
    return targets


def _entry_of(file):
    """Return what a study says of its data set; nothing if it is a study of something else."""
    try:
        study = yaml.safe_load(file.read_text(encoding="utf-8"))
        return dict(study["datasets"][file.stem])
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError):
        return {}


def _yaml(value):
    text = yaml.safe_dump(
        value, default_flow_style=True, width=1000, allow_unicode=True, sort_keys=False
    )
    return text.removesuffix("...\n").strip()


def main() -> None:
    """Write the study of the file on the command line; print what to run, or one line of error."""
    parser = argparse.ArgumentParser(description=__doc__.strip().partition("\n")[0])
    parser.add_argument("data", help="a .npz with x_train, y_train, x_test and y_test")
    parser.add_argument("--folds", default="", help="rank the training labels too, in so many")
    parser.add_argument("--checked", help="a .csv of test labels that somebody has checked")
    arguments = parser.parse_args()
    try:
        file, there = write_study(
            arguments.data, folds=_folds(arguments.folds), checked=arguments.checked or None
        )
    except (ConfigError, OSError) as error:
        sys.exit(f"error: {error}")
    print("Going on with the study" if there else "The study is", file, file=sys.stderr)
    print(file, *targets_of(file), sep="\n")


def _folds(text):
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,6}", text) or int(text) < 2:
        raise ConfigError(f"FOLDS is {text!r}; allowed: a whole number from 2, or none")
    return int(text)


if __name__ == "__main__":
    main()
