"""
A study: its config checked, its numbers in one spelling, its grid of cells.

The Snakefile imports this module at every start, so it imports nothing heavy.
"""

import ast
import difflib
import itertools
import math
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema

_MATRICES_OF_LOSS = {
    "label_smoothing": ("p",),
    "matrix_smoothing": (
        "alpha_optimal",
        "beta_optimal",
        "alpha_mean_field",
        "beta_mean_field",
        "file",
    ),
    "forward_correction": ("p", "transition"),
    "backward_correction": ("p", "transition"),
    "logit_smoothing": ("p", "transition"),
}
_KEYS = {
    "dataset": "datasets",
    "noise": "noise_types",
    "transition": "transitions",
    "method": "methods",
    "a": "clean_rates",
    "p": "smoothing",
    "seed": "seeds",
}
_KINDS = {
    "array": "a list",
    "integer": "a whole number",
    "number": "a number",
    "object": "a section of keys",
    "string": "a text",
}
_LIMITS = {
    "enum": "one of {}",
    "minimum": "{} or more",
    "maximum": "{} or less",
    "exclusiveMinimum": "more than {}",
    "exclusiveMaximum": "less than {}",
    "minItems": "{} or more entries",
    "maxItems": "{} or fewer entries",
    "minProperties": "{} or more entries",
    "minLength": "{} or more characters",
}


class ConfigError(ValueError):
    """A config that cannot be run; the message names the key, the value and what is allowed."""


class Cell(NamedTuple):
    """One network; all fields are the strings that stand in paths."""

    dataset: str
    transition: str
    method: str
    a: str
    p: str
    seed: str


class Study:
    """
    A checked config and the grid that it spans.

    Parameters
    ----------
    config : mapping
        As read from YAML.
    schema : mapping
        JSON schema of the config (workflow/schemas/config.schema.yaml).
    folder : path
        Where the networks of the user's own are: beside the config file.

    Attributes
    ----------
    config : dict
        The config with every number read as one.
    clean_rates, smoothing, seeds : tuple of str
        The grids in canonical spelling, ascending.
    drawn_clean_rates : tuple of str
        The clean rates that have a panel in figures over p; all, where the config names none.

    Raises
    ------
    ConfigError
        For the first violation of the schema, a value given twice, a name that is not defined, or
        a key that does not fit the kind or the source beside it.
    """

    def __init__(
        self, config: Mapping[str, Any], schema: Mapping[str, Any], folder: str | os.PathLike = "."
    ):
        self.folder = Path(folder)
        self.config = _numbers(config)
        _check_schema(self.config, schema)
        _fill_defaults(self.config, schema)
        self.clean_rates = _grid(self.config, "clean_rates")
        self.smoothing = _grid(self.config, "smoothing")
        self.seeds = _grid(self.config, "seeds")
        self.drawn_clean_rates = self._drawn_clean_rates()
        self._check_paths()
        self._check_transitions()
        self._check_methods()
        self._check_datasets()
        self._check_models()
        self._check_training()
        self._check_references()

    def transition_of(self, noise: str) -> str:
        """Return the name of the transition that a noise type trains on."""
        return self.config["noise_types"][noise]["transition"]

    def assumption_of(self, noise: str) -> str:
        """Return which test set ("alpha", "beta", "gamma") a noise type scores against."""
        return self.config["noise_types"][noise]["assumption"]

    def matrix_files(self, transition: str) -> list[str]:
        """Return the file of a transition's matrix, as a list that is empty if it has none."""
        entry = self.config["transitions"][transition]
        return [entry["path"]] if entry["kind"] == "file" else []

    def smoothing_of(self, method: str) -> tuple[str, ...]:
        """Return the p of a method's cells; a method that knows no p has them at 1.0."""
        return self.smoothing if self.depends_on_p(method) else (canonical(1),)

    def depends_on_p(self, method: str) -> bool:
        """Return whether a method has cells over p."""
        return self._matrix_of(method) == "p"

    def has_theory(self, method: str) -> bool:
        """Return whether the theory predicts a method's test loss over p."""
        losses = ("label_smoothing", "forward_correction")
        return self.depends_on_p(method) and self.config["methods"][method]["loss"] in losses

    def target_files(self, method: str) -> list[str]:
        """Return the file of a method's matrix, as a list that is empty if it has none."""
        return [self.config["methods"][method]["path"]] if self._matrix_of(method) == "file" else []

    def npz_files(self, dataset: str) -> list[str]:
        """Return the file of a data set, as a list that is empty if its source has none."""
        entry = self.config["datasets"][dataset]
        return [entry["path"]] if entry["source"] == "npz" else []

    def model_of(self, dataset: str) -> dict[str, Any]:
        """Return the model section of a data set, its kind as `models.build_model` takes it."""
        model = self.config["models"][self.config["datasets"][dataset]["model"]]
        if ":" not in model["kind"]:
            return model
        return {**model, "kind": str(self.folder / model["kind"])}

    def network_files(self, dataset: str) -> list[str]:
        """Return the file of a network of the user's own, as a list that is empty if it is none."""
        module, colon, _ = self.model_of(dataset)["kind"].rpartition(":")
        return [f"{module}.py"] if colon else []

    def files(self) -> list[str]:
        """Return the user's own files that jobs read."""
        return [
            file
            for section, files_of in (
                ("transitions", self.matrix_files),
                ("methods", self.target_files),
                ("datasets", self.npz_files),
                ("datasets", self.network_files),
            )
            for name in self.config[section]
            for file in files_of(name)
        ]

    def training_of(self, dataset: str) -> dict[str, Any]:
        """Return the section of `training` that a data set is trained with."""
        return self.config["training"][self.config["datasets"][dataset]["training"]]

    def check_names(self, names: Mapping[str, str]) -> None:
        """
        Check that the study has what a path names, in the spelling of the path.

        Parameters
        ----------
        names : mapping
            Some of dataset, noise, transition, method, a, p (with its method) and seed.

        Raises
        ------
        ConfigError
            For the first name that it lacks.
        """
        for name, value in names.items():
            key = _KEYS[name]
            allowed = {
                "clean_rates": self.clean_rates,
                "smoothing": self.smoothing_of(names["method"]) if name == "p" else (),
                "seeds": self.seeds,
            }.get(key, self.config[key])
            if value not in allowed:
                raise ConfigError(
                    f"{name} of the target is {value!r}; "
                    f"allowed, as {key} says: {', '.join(allowed)}"
                )

    def slices(self) -> Iterator[tuple[str, str, str]]:
        """Yield every (dataset, noise type, method) of the study."""
        return itertools.product(*(self.config[k] for k in ("datasets", "noise_types", "methods")))

    def cells(self) -> Iterator[Cell]:
        """Yield every network of the study once, however many noise types share it."""
        transitions = dict.fromkeys(map(self.transition_of, self.config["noise_types"]))
        for dataset, transition, method, a, seed in itertools.product(
            self.config["datasets"],
            transitions,
            self.config["methods"],
            self.clean_rates,
            self.seeds,
        ):
            for p in self.smoothing_of(method):
                yield Cell(dataset, transition, method, a, p, seed)

    def few_clean_rates(self, count: int = 4) -> tuple[str, ...]:
        """Return at most so many of the drawn clean rates, spread evenly from first to last."""
        rates = self.drawn_clean_rates
        if len(rates) <= count:
            return rates
        return tuple(rates[round(i * (len(rates) - 1) / (count - 1))] for i in range(count))

    def _drawn_clean_rates(self) -> tuple[str, ...]:
        if "drawn_clean_rates" not in self.config:
            return self.clean_rates
        drawn = _grid(self.config, "drawn_clean_rates")
        for rate in drawn:
            if rate not in self.clean_rates:
                raise ConfigError(
                    f"drawn_clean_rates holds {rate}; allowed: values of clean_rates: "
                    f"{', '.join(self.clean_rates)}"
                )
        return drawn

    def _check_datasets(self) -> None:
        for name, entry in self.config["datasets"].items():
            source, where = entry["source"], f"datasets.{name}"
            place = {"digits": None, "npz": "path"}.get(source, "data_dir")
            for key in ("path", "data_dir"):
                # Both may stand beside the other sources, so that one key moves between them.
                if key in entry and place is None:
                    raise ConfigError(
                        f"{where}.{key} is {entry[key]!r}; allowed: no {key} with source {source!r}"
                    )
            sizes = [key for key in ("train_size", "test_size") if key in entry]
            needed = {
                place: f"source {source!r} needs it",
                "test_size": "source 'digits' needs it" if source == "digits" else None,
                "split_seed": f"{sizes[0]} needs it" if sizes else None,
            }
            for key, why in needed.items():
                if key and why and key not in entry:
                    raise ConfigError(f"missing key '{where}.{key}': {why}")
            if source == "digits" and not 10 <= entry["test_size"] <= 1787:
                raise ConfigError(
                    f"{where}.test_size is {entry['test_size']}; allowed: 10 to 1787 of the 1,797 "
                    "digits"
                )

    def _check_paths(self) -> None:
        for section, key in (
            ("datasets", "path"),
            ("datasets", "data_dir"),
            ("transitions", "path"),
            ("methods", "path"),
        ):
            for name, entry in self.config[section].items():
                if set(entry.get(key, "")) & set("{}\0"):
                    raise ConfigError(
                        f"{section}.{name}.{key} is {entry[key]!r}; "
                        "allowed: a path without braces, which stand for wildcards, and NUL"
                    )

    def _matrix_of(self, method: str) -> str:
        return self.config["methods"][method]["matrix"]

    def _check_transitions(self) -> None:
        for name, entry in self.config["transitions"].items():
            if ("path" in entry) != (entry["kind"] == "file"):
                raise ConfigError(
                    f"transitions.{name} has kind {entry['kind']!r} and path "
                    f"{entry.get('path')!r}; allowed: a path with kind 'file' and only there"
                )

    def _check_methods(self) -> None:
        for name, entry in self.config["methods"].items():
            if entry["matrix"] not in (allowed := _MATRICES_OF_LOSS[entry["loss"]]):
                raise ConfigError(
                    f"methods.{name}.matrix is {entry['matrix']!r}; "
                    f"allowed with loss {entry['loss']!r}: {', '.join(allowed)}"
                )
            if ("path" in entry) != (entry["matrix"] == "file"):
                raise ConfigError(
                    f"methods.{name} has matrix {entry['matrix']!r} and path "
                    f"{entry.get('path')!r}; allowed: a path with matrix 'file' and only there"
                )
            largest = float(self.smoothing[-1])
            if entry["loss"] == "forward_correction" and entry["matrix"] == "p" and largest > 1:
                raise ConfigError(
                    f"smoothing holds {largest}; allowed with methods.{name}, a forward "
                    "correction with matrix 'p': at most 1, because its matrix holds probabilities"
                )

    def _check_training(self) -> None:
        for name, entry in self.config["training"].items():
            if bool(entry["milestones"]) != (entry["schedule"] == "milestones"):
                raise ConfigError(
                    f"training.{name} has schedule {entry['schedule']!r} and milestones "
                    f"{entry['milestones']}; allowed: milestones with schedule 'milestones' and "
                    "only there"
                )

    def _check_models(self) -> None:
        for name, entry in self.config["models"].items():
            module, colon, class_name = entry["kind"].rpartition(":")
            if colon and (problem := _missing_class(self.folder / f"{module}.py", class_name)):
                raise ConfigError(f"models.{name}.kind is {entry['kind']!r}; allowed: {problem}")

    def _check_references(self) -> None:
        for section, key, target in (
            ("noise_types", "transition", "transitions"),
            ("datasets", "model", "models"),
            ("datasets", "training", "training"),
        ):
            for name, entry in self.config[section].items():
                if entry[key] not in self.config[target]:
                    raise ConfigError(
                        f"{section}.{name}.{key} is {entry[key]!r}; "
                        f"allowed: a name under {target}: {', '.join(self.config[target])}"
                    )


def canonical(number: float) -> str:
    """
    Return the one spelling of a number in paths: the shortest that reads back as the same float.

    >>> canonical(0.50), canonical(1), canonical(5e-1)
    ('0.5', '1.0', '0.5')
    """
    return repr(float(number))


def _numbers(value: Any, path: str = "") -> Any:
    # YAML 1.1 takes 5e-1 for text; everyone who writes it means the number.
    if isinstance(value, Mapping):
        return {
            key: _numbers(entry, f"{path}.{key}" if path else str(key))
            for key, entry in value.items()
        }
    if isinstance(value, list):
        return [_numbers(entry, f"{path}[{index}]") for index, entry in enumerate(value)]
    if isinstance(value, str) and re.fullmatch(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+", value):
        value = float(value)
        if value.is_integer():
            value = int(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise ConfigError(f"{path} is {value}; allowed: a finite number")
    return value


def _grid(config: Mapping[str, Any], key: str) -> tuple[str, ...]:
    spell = str if key == "seeds" else canonical
    spellings: dict[str, Any] = {}
    for value in sorted(config[key]):
        if spell(value) in spellings:
            raise ConfigError(f"{key} holds {spell(value)} twice; allowed: every value once")
        spellings[spell(value)] = value
    return tuple(spellings)


def _missing_class(file: Path, name: str) -> str:
    # The source is read and not executed: it would import torch.
    try:
        body = ast.parse(file.read_bytes(), filename=str(file)).body
    except OSError as error:
        return f"a class in a file that can be read, {file} cannot ({error.strerror})"
    except (SyntaxError, ValueError) as error:
        line = f" line {error.lineno}" if getattr(error, "lineno", None) else ""
        return f"a class in a file of Python, {file}{line} is none ({getattr(error, 'msg', error)})"
    known = [statement.name for statement in body if isinstance(statement, ast.ClassDef)]
    return "" if name in known else f"a class that {file} defines: {', '.join(known) or 'none'}"


def _check_schema(config: Mapping[str, Any], schema: Mapping[str, Any]) -> None:
    error = jsonschema.exceptions.best_match(_Validator(schema).iter_errors(config))
    if error is not None:
        raise ConfigError(_explain(error))


def _is_whole(checker: jsonschema.TypeChecker, value: Any) -> bool:
    # JSON takes 100.0 for a whole number, range() and torch do not.
    return isinstance(value, int) and not isinstance(value, bool)


_Validator = jsonschema.validators.extend(
    jsonschema.Draft202012Validator,
    type_checker=jsonschema.Draft202012Validator.TYPE_CHECKER.redefine("integer", _is_whole),
)


def _fill_defaults(section: Any, schema: Mapping[str, Any]) -> None:
    if not isinstance(section, dict):
        return
    properties = schema.get("properties", {})
    for key, rule in properties.items():
        if "default" in rule:
            section.setdefault(key, rule["default"])
    for key, entry in section.items():
        _fill_defaults(entry, properties.get(key) or schema.get("additionalProperties") or {})


def _explain(error: jsonschema.ValidationError) -> str:
    where = "".join(
        f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.absolute_path
    ).lstrip(".")
    known = list(error.schema.get("properties", ()))
    if error.validator == "additionalProperties":
        unknown = sorted(set(map(str, error.instance)) - set(known))[0]
        close = difflib.get_close_matches(unknown, known, 1)
        hint = f" (did you mean {close[0]!r}?)" if close else ""
        section = f" in {where}" if where else ""
        return f"unknown key {unknown!r}{section}{hint}; allowed: {', '.join(known)}"
    if error.validator == "required":
        missing = next(key for key in error.validator_value if key not in error.instance)
        description = error.schema["properties"].get(missing, {}).get("description", "")
        return f"missing key {'.'.join(filter(None, (where, missing)))!r}: {description}"
    shown = repr(error.instance)
    if len(shown) > 80:
        shown = shown[:77] + "..."
    value = error.validator_value
    if error.validator in ("type", "pattern"):
        value = _KINDS.get(value, "another form")
    elif error.validator == "enum":
        value = ", ".join(map(str, value))
    limit = _LIMITS.get(error.validator, "{}").format(value)
    description = error.schema.get("description")
    return f"{where or 'the config'} is {shown}; allowed: {limit}" + (
        f" ({description})" if description else ""
    )
