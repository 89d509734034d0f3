"""
Which values of a config fit each other.

The Snakefile imports this module at every start, so it imports nothing heavy.
"""

import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from label_smoothing.study.errors import ConfigError, shortened
from label_smoothing.study.own_networks import check_own_network


class LossKeys(NamedTuple):
    """What fits a loss: the matrices that it takes, and the keys of its own, which it needs."""

    matrices: tuple[str, ...]
    parameters: tuple[str, ...] = ()


LOSSES = {
    "label_smoothing": LossKeys(("p",)),
    "matrix_smoothing": LossKeys(
        ("alpha_optimal", "beta_optimal", "alpha_mean_field", "beta_mean_field", "file")
    ),
    "forward_correction": LossKeys(("p", "transition")),
    "backward_correction": LossKeys(("p", "transition")),
    "logit_smoothing": LossKeys(("p", "transition")),
    "generalised_cross_entropy": LossKeys(("identity",), ("q",)),
}
# Where nobody knows which noise the labels have.
_MATRICES_WITHOUT_NOISE = ("p", "identity", "file")
_PARAMETERS = sorted({key for loss in LOSSES.values() for key in loss.parameters})


def check_consistency(config: Mapping[str, Any], folder: Path) -> None:
    """
    Check that the values of a config fit each other, and that its networks exist.

    Parameters
    ----------
    config : mapping
        As `schema.conform` returns it.
    folder : path
        Where the networks of the user's own are.

    Raises
    ------
    ConfigError
        For the first key that does not fit the kind or the source beside it, or names what is not
        defined.
    """
    _check_title(config)
    _check_paths(config)
    _check_transitions(config)
    _check_methods(config)
    _check_datasets(config)
    _check_models(config, folder)
    _check_training(config)
    _check_references(config)
    _check_labels(config)
    _check_warm_up(config)


def _check_title(config: Mapping[str, Any]) -> None:
    title = config["study"]
    # Snakemake puts it into the report as it is, within a script; what ends a line would end a
    # paragraph there, or begin a directive.
    odd = [c for c in title if unicodedata.category(c) in ("Cc", "Zl", "Zp")]
    odd += [text for text in ("</", "<!--") if text in title]
    if odd or not title.strip():
        raise ConfigError(
            f"study is {shortened(title)}; allowed: one line of visible text"
            + (f", without {odd[0]!r}" if odd else "")
        )


def _check_datasets(config: Mapping[str, Any]) -> None:
    for name, entry in config["datasets"].items():
        source, where = entry["source"], f"datasets.{name}"
        place = {"digits": None, "npz": "path"}.get(source, "data_dir")
        for key in ("path", "data_dir"):
            # Both may stand beside the other sources, so that one key moves between them.
            if key in entry and place is None:
                raise ConfigError(
                    f"{where}.{key} is {entry[key]!r}; allowed: no {key} with source {source!r}"
                )
        if "folds" in entry and source != "npz":
            raise ConfigError(
                f"{where}.folds is {entry['folds']}; allowed: no folds with source {source!r}, but "
                "with 'npz'"
            )
        sizes = [key for key in ("train_size", "test_size", "folds") if key in entry]
        needed = {
            place: f"source {source!r} needs it",
            "test_size": "source 'digits' needs it" if source == "digits" else None,
            "split_seed": f"{sizes[0]} needs it" if sizes else None,
        }
        for key, why in needed.items():
            if key and why and key not in entry:
                raise ConfigError(f"missing key '{where}.{key}': {why}")


def _check_paths(config: Mapping[str, Any]) -> None:
    for section, key in (
        ("datasets", "path"),
        ("datasets", "data_dir"),
        ("datasets", "checked"),
        ("transitions", "path"),
        ("methods", "path"),
    ):
        for name, entry in config[section].items():
            if set(entry.get(key, "")) & set("{}\0"):
                raise ConfigError(
                    f"{section}.{name}.{key} is {entry[key]!r}; "
                    "allowed: a path without braces, which stand for wildcards, and NUL"
                )


def _check_transitions(config: Mapping[str, Any]) -> None:
    for name, entry in config["transitions"].items():
        if ("path" in entry) != (entry["kind"] == "file"):
            raise ConfigError(
                f"transitions.{name} has kind {entry['kind']!r} and path "
                f"{entry.get('path')!r}; allowed: a path with kind 'file' and only there"
            )


def _check_methods(config: Mapping[str, Any]) -> None:
    for name, entry in config["methods"].items():
        matrices, parameters = LOSSES[entry["loss"]]
        if entry["matrix"] not in matrices:
            raise ConfigError(
                f"methods.{name}.matrix is {entry['matrix']!r}; "
                f"allowed with loss {entry['loss']!r}: {', '.join(matrices)}"
            )
        for key in _PARAMETERS:
            if key in entry and key not in parameters:
                raise ConfigError(
                    f"methods.{name}.{key} is {entry[key]}; "
                    f"allowed: no {key} with loss {entry['loss']!r}"
                )
            if key in parameters and key not in entry:
                raise ConfigError(
                    f"missing key 'methods.{name}.{key}': loss {entry['loss']!r} needs it"
                )
        if ("path" in entry) != (entry["matrix"] == "file"):
            raise ConfigError(
                f"methods.{name} has matrix {entry['matrix']!r} and path "
                f"{entry.get('path')!r}; allowed: a path with matrix 'file' and only there"
            )
        largest = float(max(config["smoothing"]))
        if entry["loss"] == "forward_correction" and entry["matrix"] == "p" and largest > 1:
            raise ConfigError(
                f"smoothing holds {largest}; allowed with methods.{name}, a forward "
                "correction with matrix 'p': at most 1, because its matrix holds probabilities"
            )


def _check_training(config: Mapping[str, Any]) -> None:
    for name, entry in config["training"].items():
        if bool(entry["milestones"]) != (entry["schedule"] == "milestones"):
            raise ConfigError(
                f"training.{name} has schedule {entry['schedule']!r} and milestones "
                f"{entry['milestones']}; allowed: milestones with schedule 'milestones' and "
                "only there"
            )


def _check_models(config: Mapping[str, Any], folder: Path) -> None:
    for name, entry in config["models"].items():
        if ":" in entry["kind"]:
            check_own_network(f"models.{name}", entry, folder)


def _check_references(config: Mapping[str, Any]) -> None:
    for section, key, target in (
        ("noise_types", "transition", "transitions"),
        ("datasets", "model", "models"),
        ("datasets", "training", "training"),
    ):
        for name, entry in config[section].items():
            if entry[key] not in config[target]:
                raise ConfigError(
                    f"{section}.{name}.{key} is {entry[key]!r}; "
                    f"allowed: a name under {target}: {', '.join(config[target])}"
                )


def _check_labels(config: Mapping[str, Any]) -> None:
    for name, entry in config["datasets"].items():
        where, checked = f"datasets.{name}", entry.get("checked")
        if entry["labels"] == "clean":
            for key in ("checked", "folds"):
                if key in entry:
                    raise ConfigError(
                        f"{where}.{key} is {entry[key]!r}; allowed: no {key} with labels 'clean'"
                    )
            continue
        if checked is not None and "test_size" in entry:
            raise ConfigError(
                f"{where}.test_size is {entry['test_size']}; allowed: no test_size with checked, "
                "whose indices count all test images"
            )
        for noise, noise_type in config["noise_types"].items():
            if noise_type["assumption"] != "beta" and checked is None:
                raise ConfigError(
                    f"noise_types.{noise}.assumption is {noise_type['assumption']!r}, which needs "
                    f"clean test labels; allowed with {where}, whose labels are given: beta, or "
                    "any with a file of 'checked' ones"
                )
        for method, its in config["methods"].items():
            if its["matrix"] not in _MATRICES_WITHOUT_NOISE:
                raise ConfigError(
                    f"methods.{method}.matrix is {its['matrix']!r}, which needs the noise; allowed "
                    f"with {where}, whose labels are given: {', '.join(_MATRICES_WITHOUT_NOISE)}"
                )


def _check_warm_up(config: Mapping[str, Any]) -> None:
    epochs = min(
        config["training"][entry["training"]]["epochs"] for entry in config["datasets"].values()
    )
    for name, entry in config["methods"].items():
        if entry["warm_up_epochs"] >= epochs:
            raise ConfigError(
                f"methods.{name}.warm_up_epochs is {entry['warm_up_epochs']}; "
                f"allowed: 0 to {epochs - 1}, so that the method itself is trained"
            )
