"""
A study: its grid of cells in one spelling, and what each of its jobs is told.

The Snakefile imports this module at every start, so it imports nothing heavy.
"""

import itertools
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel

from label_smoothing.study.errors import ConfigError
from label_smoothing.study.read_config import conform
from label_smoothing.study.sections import Method, Training, canonical

_FOLD = "+fold"  # names of the config have no plus
_KEYS = {
    "dataset": "datasets",
    "noise": "noise_types",
    "transition": "transitions",
    "method": "methods",
    "a": "clean_rates",
    "p": "smoothing",
    "seed": "seeds",
}


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
    folder : path
        Where matrices and networks of the user's own are: beside the config file.

    Attributes
    ----------
    config : dict
        The config with its defaults, see `read_config.conform`.
    clean_rates, smoothing, seeds : tuple of str
        The grids in canonical spelling, ascending.
    drawn_clean_rates : tuple of str
        The clean rates that have a panel in figures over p; all, where the config names none.

    Raise ConfigError with one line for each mistake of the config.
    """

    def __init__(self, config: Mapping[str, Any], folder: str | os.PathLike = "."):
        self.folder = Path(folder)
        self.config = conform(config)
        self.clean_rates = tuple(map(canonical, sorted(self.config["clean_rates"])))
        self.smoothing = tuple(map(canonical, sorted(self.config["smoothing"])))
        self.seeds = tuple(map(str, sorted(self.config["seeds"])))
        drawn = self.config.get("drawn_clean_rates", self.config["clean_rates"])
        self.drawn_clean_rates = tuple(map(canonical, sorted(drawn)))
        grids = {"clean_rates": self.clean_rates, "seeds": self.seeds}
        self._allowed = {name: grids.get(key, self.config[key]) for name, key in _KEYS.items()}

    def transition_of(self, noise: str) -> str:
        """Return the name of the transition that a noise type trains on."""
        return self.config["noise_types"][noise]["transition"]

    def transitions(self) -> list[str]:
        """Return the names of the transitions that some noise type trains on."""
        return list(dict.fromkeys(map(self.transition_of, self.config["noise_types"])))

    def noise_types_of(self, transition: str) -> list[str]:
        """Return the noise types that train on a transition and share its networks."""
        noise_types = self.config["noise_types"]
        return [noise for noise in noise_types if self.transition_of(noise) == transition]

    def assumption_of(self, noise: str) -> str:
        """Return which test set ("alpha", "beta", "gamma") a noise type scores against."""
        return self.config["noise_types"][noise]["assumption"]

    def matrix_files(self, transition: str) -> list[str]:
        """Return the file of a transition's matrix, as a list that is empty if it has none."""
        entry = self.config["transitions"][transition]
        return [self._beside(entry["path"])] if entry["kind"] == "file" else []

    def training_modules(self, dataset: str, method: str) -> tuple[str, str]:
        """Return the modules of a cell's loss and network, dotted, as `code_hash` takes them."""
        kind = self.model_of(dataset)["kind"]
        network = "own" if ":" in kind else kind
        return (
            f"training.losses.{self.config['methods'][method]['loss']}",
            f"training.networks.{network}",
        )

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
        if self._matrix_of(method) != "file":
            return []
        return [self._beside(self.config["methods"][method]["path"])]

    def npz_files(self, dataset: str) -> list[str]:
        """Return the file of a data set, as a list that is empty if its source has none."""
        entry = self.config["datasets"][dataset]
        return [entry["path"]] if entry["source"] == "npz" else []

    def labels_given(self, dataset: str) -> bool:
        """Return whether a data set's labels are taken as they come, right or wrong."""
        return self._dataset(dataset)["labels"] == "given"

    def folds_of(self, dataset: str) -> list[str]:
        """Return what the folds of a data set are called, each of them a data set in paths."""
        folds = self.config["datasets"][dataset].get("folds", 0)
        return [f"{dataset}{_FOLD}{number}of{folds}" for number in range(1, folds + 1)]

    def checked_files(self, dataset: str) -> list[str]:
        """Return the file of checked test labels, as a list that is empty if there is none."""
        entry = self.config["datasets"][dataset]
        return [entry["checked"]] if "checked" in entry else []

    def model_of(self, dataset: str) -> dict[str, Any]:
        """Return the model section of a data set, its kind as `build_network` takes it."""
        model = self.config["models"][self._dataset(dataset)["model"]]
        if ":" not in model["kind"]:
            return model
        return {**model, "kind": self._beside(model["kind"])}

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
                ("datasets", self.checked_files),
                ("datasets", self.network_files),
            )
            for name in self.config[section]
            for file in files_of(name)
        ]

    def training_of(self, dataset: str) -> dict[str, Any]:
        """Return the section of `training` that a data set is trained with."""
        return self.config["training"][self._dataset(dataset)["training"]]

    def training_settings(self, dataset: str, method: str) -> dict[str, Any]:
        """
        Return what the trainings of a data set with a method are told, as params of their rule.

        Snakemake compares params as text, so settings that mean the same read the same: keys in
        order, without what has no effect and without optional keys at their default.

        Returns
        -------
        dict
            loss, matrix, what else the method has (no path, which is an input of the rule), model
            as `model_of` gives it, and recipe, the arguments of `recipe.Recipe`; labels, where they
            are given.
        """
        # Defaults are left out and not filled in: an optional key that a later version adds leaves
        # the params of existing networks as they are. What the defaults are stands in the code of
        # the training, whose hash is another param.
        recipe, entry = dict(self.training_of(dataset)), self.config["methods"][method]
        if recipe["schedule"] == "milestones":
            recipe["milestones"] = sorted(recipe["milestones"])
        else:
            del recipe["milestones"], recipe["factor"]
        settings = {
            **without_defaults(Method, entry),
            "matrix": entry["matrix"],
            # Not what is in a parameter of the user's own network: its order may mean something.
            "model": dict(sorted(self.model_of(dataset).items())),
            "recipe": without_defaults(Training, recipe),
        }
        settings.pop("path", None)
        if self.labels_given(dataset):
            settings["labels"] = "given"
        return dict(sorted(settings.items()))

    def source_settings(self, dataset: str) -> dict[str, Any]:
        """Return the arguments of `sources.load_dataset` but the path, without what it ignores."""
        entry = self.config["datasets"][dataset]
        keys = ["source", "train_size", "test_size"]
        if "train_size" in entry or "test_size" in entry:
            keys.append("split_seed")
        if entry["source"] != "npz":
            keys.append("data_dir")
        return {key: entry[key] for key in keys if key in entry}

    def check_names(self, names: Mapping[str, str], folds: bool = False) -> None:
        """
        Check that the study has what a path names, in the spelling of the path.

        `names` are some of dataset, noise, transition, method, a, p (with its method) and seed.
        With `folds`, a fold will do for a data set. Raise ConfigError for the first name that it
        lacks.
        """
        for name, value in names.items():
            # As many calls as jobs: what is allowed is asked for and not put together.
            allowed = self._allowed[name] if name != "p" else self.smoothing_of(names["method"])
            if value not in allowed and not (folds and name == "dataset" and self._is_fold(value)):
                raise ConfigError(
                    f"{name} of the target is {value!r}; "
                    f"allowed, as {_KEYS[name]} says: {', '.join(allowed)}"
                )

    def slices(self) -> Iterator[tuple[str, str, str]]:
        """Yield every (dataset, noise type, method) of the study."""
        return itertools.product(*(self.config[k] for k in ("datasets", "noise_types", "methods")))

    def cells(self) -> Iterator[Cell]:
        """Yield every network of the study once, however many noise types share it."""
        for dataset, transition, method, a, seed in itertools.product(
            self.config["datasets"],
            self.transitions(),
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

    def _is_fold(self, name: str) -> bool:
        dataset = name.partition(_FOLD)[0]
        return dataset in self.config["datasets"] and name in self.folds_of(dataset)

    def _dataset(self, name: str) -> dict[str, Any]:
        """Return the section of a data set, or of the one that a fold is of."""
        return self.config["datasets"][name.partition(_FOLD)[0]]

    def _beside(self, path: str) -> str:
        return str(self.folder / path)

    def _matrix_of(self, method: str) -> str:
        return self.config["methods"][method]["matrix"]


def without_defaults(model: type[BaseModel], entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return a section of the config in the order of its keys, without keys at their default."""
    defaults = {key: field.default for key, field in model.model_fields.items()}
    return {key: value for key, value in sorted(entry.items()) if value != defaults[key]}
