"""
The small study that advice on one's own noisy labels is taken from.

    python -m label_smoothing.study.advice_study mine.npz

writes it to advice/mine.yaml, unless it is there, and prints that path and the files to ask for.
"""

import argparse
import os
import re
import sys
from pathlib import Path
from typing import NamedTuple

import yaml

from label_smoothing.study.errors import ConfigError
from label_smoothing.study.grid import Study

# PyTorch's label_smoothing: the same grid for any number of classes, with the habit of 0.1 in it.
EPSILONS = (0.7, 0.5, 0.35, 0.2, 0.1, 0.05, 0.0)
ADDED_CLEAN_RATE = 0.8
SEEDS = (0, 1, 2)
FOLDER = Path("advice")
PAGES = "results/advice"
# What two cores train in about five minutes, features in ten.
_MOST_IMAGES, _MOST_FEATURES, _MOST_TEST = 2000, 10000, 2000
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9.-]{0,90}")

_STUDY = """\
# Made by `make advise`: advice on labels of which an unknown part is wrong. Run it again, after any
# change of yours, with
#     snakemake --cores 2 --configfile {file} -- {page}
# docs/advice.md says what the page tells, docs/running.md what else a study can do.

study: {title}

# Noise that is added on purpose: 1.0 adds none, 0.8 moves a fifth of the labels. How that is found
# again says how far the vote theory can be trusted here.
clean_rates: [{added}, 1.0]

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

# The network that you use is the one to ask: docs/models.md says how to name your own here.
models:
  network: {model}

# It has to memorise: without that, the theory has nothing to say.
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


def advice_study(data: str | os.PathLike, file: str | os.PathLike, folds: int | None = None) -> str:
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

    Raises
    ------
    ConfigError
        If the file is not such a data set, or its name cannot be that of one.
    """
    from label_smoothing.data.sources import inspect_npz

    if not _NAME.fullmatch(name_of(data)):
        raise ConfigError(
            f"DATA is {os.fspath(data)!r}; allowed: a .npz whose name has letters, digits, dots "
            "and dashes, and starts with a letter"
        )
    try:
        if not os.path.isfile(data):
            raise ValueError("no such file; allowed: a .npz with images or features, and labels")
        dataset = inspect_npz(data)
    except OSError as error:
        problem = error.strerror or error
        raise ConfigError(
            f"DATA is {os.fspath(data)!r}, which cannot be read ({problem}); "
            "allowed: a file that can"
        ) from None
    except ValueError as error:
        raise ConfigError(f"DATA is {os.fspath(data)!r}: {error}") from None
    M, shape = dataset.classes, dataset.x_train.shape[1:]
    network, recipe = network_for(shape)
    most = _MOST_FEATURES if len(shape) == 1 else _MOST_IMAGES
    sizes = {
        part: size
        for part, limit, labels in (
            ("train", most, dataset.y_train),
            ("test", _MOST_TEST, dataset.y_test),
        )
        if (size := _subset_size(limit, labels)) < len(labels)
    }
    lines = [f"\n    {part}_size: {size} # a subset, stratified" for part, size in sizes.items()]
    images = sizes.get("train", len(dataset.y_train))
    if folds:
        counts = _counts(dataset.y_train)
        most = min(counts) * images // sum(counts)
        if folds > most:
            raise ConfigError(
                f"FOLDS is {folds}; allowed: {f'2 to {most}' if most > 1 else 'none'}, as the "
                f"rarest class of {os.fspath(data)} has no more training images in the study"
            )
        lines.append(f"\n    folds: {folds} # of the training part, whose labels are ranked too")
        images -= -(-images // folds)
    if lines:
        lines.append("\n    split_seed: 0")
    return _STUDY.format(
        file=file,
        page=f"{PAGES}/{name_of(data)}.html",
        title=_yaml(f"Labels of {Path(data).name}"),
        name=_yaml(name_of(data)),  # `no` and `null` are words of YAML
        path=_yaml(os.fspath(data)),
        sizes="".join(lines),
        added=ADDED_CLEAN_RATE,
        smoothing=", ".join(f"{p}" for p in smoothing_grid(M)),
        epsilons=", ".join(f"{epsilon:g}" for epsilon in EPSILONS),
        seeds=", ".join(map(str, SEEDS)),
        model=_yaml(network),
        recipe=recipe,
        batch_size=max(min(recipe.batch_size, images), 1),
    )


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
    """Return the name of the data set of a file."""
    return Path(data).name.removesuffix(".npz")


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
    data: str | os.PathLike, folder: str | os.PathLike = FOLDER, folds: int | None = None
) -> tuple[Path, bool]:
    """
    Write the study of a data set, unless it is there: what was changed in it stays.

    Parameters
    ----------
    data, folder : path
    folds : int, optional
        See `advice_study`. They come into a study that is there, too, if nothing was changed in it.

    Returns
    -------
    Path
        Of the study.
    bool
        Whether it was there.

    Raises
    ------
    ConfigError
        As `advice_study`, and if the study that is there is of another file, or was changed and has
        not these folds.
    """
    file = Path(folder) / f"{name_of(data)}.yaml"
    text = advice_study(data, file, folds)
    if file.exists():
        entry = _entry_of(file)
        there, its_folds = entry.get("path"), entry.get("folds")
        if there is None or os.path.abspath(there) != os.path.abspath(data):
            raise ConfigError(
                f"DATA is {os.fspath(data)!r}, but {file} is a study of "
                f"{there or 'something else'}; allowed: a file of another name, or that study "
                "moved away"
            )
        if folds in (None, its_folds):
            return file, True
        if file.read_text(encoding="utf-8") != advice_study(there, file, its_folds):
            raise ConfigError(
                f"FOLDS is {folds}, but {file} was changed by hand and has "
                f"{f'folds: {its_folds}' if its_folds else 'none'}; allowed: the lines "
                f"'folds: {folds}' and 'split_seed: 0' below datasets.{name_of(data)} there"
            )
        text = advice_study(there, file, folds)
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_name(f".{file.name}")
    new.write_text(text, encoding="utf-8")
    new.replace(file)
    return file, False


def targets_of(file: Path) -> list[str]:
    """Return what a study of `write_study` is asked for: its page, and its ranking if any."""
    page = f"{PAGES}/{file.stem}.html"
    if not _entry_of(file).get("folds"):
        return [page]
    return [page, f"{PAGES}/{file.stem}/training_labels.csv"]


class Slice(NamedTuple):
    """Networks of one method at one level of added noise, in the spelling of their paths."""

    transition: str
    method: str
    a: str
    p: tuple[str, ...]


def slices_of_advice(study: Study, dataset: str) -> dict[str, Slice]:
    """
    Return what advice on a data set of a study is made of.

    Returns
    -------
    dict
        "plain", label smoothing on the labels as given; if the study has them, "forward", forward
        correction, and "added", label smoothing at the lowest clean rate below 1.

    Raises
    ------
    ConfigError
        If the study lacks what there is no advice without; the message names key, value and need.
    """
    config = study.config
    labels = config["datasets"][dataset].get("labels", "clean")
    if labels != "given":
        raise ConfigError(f"datasets.{dataset}.labels is {labels!r}; needed: 'given'")
    transitions = [
        study.transition_of(noise)
        for noise in config["noise_types"]
        if study.assumption_of(noise) == "beta"
        and config["transitions"][study.transition_of(noise)]["kind"] == "uniform"
    ]
    if not transitions:
        raise ConfigError(
            f"noise_types is {', '.join(config['noise_types'])}; needed: one with the assumption "
            "'beta' and a transition of kind 'uniform'"
        )
    *lower, highest = study.clean_rates
    if float(highest) != 1:
        raise ConfigError(
            f"clean_rates is {', '.join(study.clean_rates)}; needed: 1.0, the labels as given"
        )
    smoothing, forward = (
        [name for name in config["methods"] if _is_plain(study, name, loss)]
        for loss in ("label_smoothing", "forward_correction")
    )
    if not smoothing:
        raise ConfigError(
            f"methods is {', '.join(config['methods'])}; needed: one with the loss "
            "'label_smoothing' and matrix 'p'"
        )
    # Beyond p = 1 is another question. At p = 1 forward correction is label smoothing.
    p = tuple(value for value in study.smoothing if float(value) <= 1)
    below = tuple(value for value in p if float(value) < 1)
    if not below or float(p[-1]) != 1:
        raise ConfigError(
            f"smoothing is {', '.join(study.smoothing)}; needed: 1.0, no smoothing, and values "
            "below 1"
        )
    slices = {"plain": Slice(transitions[0], smoothing[0], highest, p)}
    folds = config["datasets"][dataset].get("folds")
    if folds and not forward:
        raise ConfigError(
            f"methods is {', '.join(config['methods'])}; needed with datasets.{dataset}.folds "
            f"{folds}: one with the loss 'forward_correction' and matrix 'p'"
        )
    if forward:
        slices["forward"] = Slice(transitions[0], forward[0], highest, below)
    if lower:
        slices["added"] = Slice(transitions[0], smoothing[0], lower[0], below)
    return slices


def slice_of_folds(study: Study, dataset: str) -> Slice:
    """
    Return the networks of each fold that the ranking of the training labels is made of.

    Raises
    ------
    ConfigError
        If the study lacks what there is no ranking without; see `slices_of_advice`.
    """
    slices = slices_of_advice(study, dataset)
    if not study.folds_of(dataset):
        raise ConfigError(f"datasets.{dataset}.folds is missing; needed: a number of folds")
    return slices["forward"]


def _is_plain(study, method, loss):
    entry = study.config["methods"][method]
    return entry["loss"] == loss and study.depends_on_p(method) and not entry["warm_up_epochs"]


def _entry_of(file):
    try:
        study = yaml.safe_load(file.read_text(encoding="utf-8"))
        return dict(study["datasets"][file.stem])
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError):
        return {}


def _yaml(value):
    return (
        yaml.safe_dump(
            value, default_flow_style=True, width=1000, allow_unicode=True, sort_keys=False
        )
        .removesuffix("...\n")
        .strip()
    )


def main() -> None:
    """Write the study of the file on the command line; print what to run, or one line of error."""
    parser = argparse.ArgumentParser(description=__doc__.strip().partition("\n")[0])
    parser.add_argument("data", help="a .npz with x_train, y_train, x_test and y_test")
    parser.add_argument("--folds", default="", help="rank the training labels too, in so many")
    arguments = parser.parse_args()
    try:
        file, there = write_study(arguments.data, folds=_folds(arguments.folds))
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
