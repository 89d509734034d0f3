"""
A whole config: its keys and grids, and what has to fit between its sections.

`python -m label_smoothing.study.config` prints a JSON schema for editors, and with --table a table
of all keys in Markdown. Both are made from the descriptions here and in `sections`.

The Snakefile imports this module at every start. Snakemake has imported pydantic by then.
"""

import json
import re
import sys
from collections.abc import Iterator
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, Field, model_validator
from pydantic.fields import FieldInfo

from label_smoothing.study.sections import (
    MATRICES_WITHOUT_NOISE,
    NETWORKS,
    CleanRate,
    Count,
    DataSet,
    Method,
    Name,
    Network,
    NoiseType,
    Section,
    Seed,
    Title,
    Training,
    TrainResources,
    Transition,
    canonical,
    once,
)


class Config(Section):
    """A study of label smoothing under label noise."""

    study: Title = Field(description="title of the study in the figures and in the report")
    clean_rates: Annotated[list[CleanRate], AfterValidator(once)] = Field(
        min_length=1,
        description="clean rates a: the probability that a label is not corrupted, 0 < a <= 1; "
        "with labels given, by the noise that is added",
    )
    drawn_clean_rates: Annotated[list[CleanRate], AfterValidator(once)] | None = Field(
        None,
        min_length=1,
        description="clean rates with a panel in figures over p, some of clean_rates; all without",
    )
    smoothing: Annotated[
        list[Annotated[float, Field(gt=0)]], Field(min_length=1), AfterValidator(once)
    ] = Field(
        description="smoothing parameters p > 0: the target of the given label; 1 is no smoothing"
    )
    seeds: Annotated[list[Seed], AfterValidator(once)] = Field(
        min_length=1,
        description="seeds; each is an independent repetition of noise, weights and batches",
    )
    noise_types: dict[Name, NoiseType] = Field(
        min_length=1, description="noise types: a transition and an assumption about the test set"
    )
    transitions: dict[Name, Transition] = Field(
        min_length=1, description="label noise: a family of transition matrices over the clean rate"
    )
    methods: dict[Name, Method] = Field(min_length=1, description="training methods")
    datasets: dict[Name, DataSet] = Field(min_length=1, description="data sets")
    models: dict[Name, Network] = Field(min_length=1, description="networks")
    training: dict[Name, Training] = Field(min_length=1, description="training recipes")
    memorised_at: float = Field(
        ge=0,
        le=1,
        description="train accuracy on the corrupted labels from which a cell counts as memorised; "
        "docs/configure.md says what else counts",
    )
    checkpoint_every: Count = Field(description="epochs between two checkpoints of a training")
    device: Literal["auto", "cpu", "cuda"] = Field(description="where to train; auto prefers a GPU")
    jobs_per_gpu: Count = Field(1, description="trainings that share one GPU")
    train_resources: TrainResources = Field(description="what one training is given")

    @model_validator(mode="before")
    @classmethod
    def _read_exponents(cls, config: Any) -> Any:
        return _numbers(config)

    def misfits(self) -> Iterator[tuple[str, str]]:
        """Yield what does not fit between sections: names, labels and methods, epochs, rates."""
        yield from self._unknown_names()
        yield from self._unknown_noise()
        for rate in self.drawn_clean_rates or ():
            if rate not in self.clean_rates:
                rates = ", ".join(map(canonical, sorted(self.clean_rates)))
                yield "drawn_clean_rates", f"holds {rate}; allowed: values of clean_rates: {rates}"
        recipes = [self.training.get(entry.training) for entry in self.datasets.values()]
        epochs = min((recipe.epochs for recipe in recipes if recipe), default=sys.maxsize)
        for name, method in self.methods.items():
            if method.warm_up_epochs >= epochs:
                yield (
                    f"methods.{name}.warm_up_epochs",
                    f"is {method.warm_up_epochs}; allowed: 0 to {epochs - 1}, so that the method "
                    "itself is trained",
                )
            largest = max(self.smoothing)
            if (method.loss, method.matrix) == ("forward_correction", "p") and largest > 1:
                yield (
                    "smoothing",
                    f"holds {largest}; allowed with methods.{name}, a forward correction with "
                    "matrix 'p': at most 1, because its matrix holds probabilities",
                )

    def _unknown_names(self) -> Iterator[tuple[str, str]]:
        for section, key, target in (
            ("noise_types", "transition", "transitions"),
            ("datasets", "model", "models"),
            ("datasets", "training", "training"),
        ):
            allowed = getattr(self, target)
            for name, entry in getattr(self, section).items():
                if (value := getattr(entry, key)) not in allowed:
                    yield (
                        f"{section}.{name}.{key}",
                        f"is {value!r}; allowed: a name under {target}: {', '.join(allowed)}",
                    )

    def _unknown_noise(self) -> Iterator[tuple[str, str]]:
        for name, entry in self.datasets.items():
            if entry.labels == "clean":
                continue
            given = f"datasets.{name}, whose labels are given"
            for noise, noise_type in self.noise_types.items():
                if noise_type.assumption != "beta" and entry.checked is None:
                    yield (
                        f"noise_types.{noise}.assumption",
                        f"is {noise_type.assumption!r}, which needs clean test labels; allowed "
                        f"with {given}: beta, or any with a file of 'checked' ones",
                    )
            for method_name, method in self.methods.items():
                if method.matrix not in MATRICES_WITHOUT_NOISE:
                    yield (
                        f"methods.{method_name}.matrix",
                        f"is {method.matrix!r}, which needs the noise; allowed with {given}: "
                        f"{', '.join(MATRICES_WITHOUT_NOISE)}",
                    )


def _numbers(value: Any) -> Any:
    # YAML 1.1 takes 5e-1 for text; everyone who writes it means the number.
    if isinstance(value, dict):
        return {key: _numbers(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_numbers(entry) for entry in value]
    if isinstance(value, str) and re.fullmatch(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+", value):
        number = float(value)
        return int(number) if number.is_integer() else number
    return value


def models_of(field: FieldInfo) -> list[type[BaseModel]]:
    """Return the models of the sections that a key holds; several for networks, none for values."""
    if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
        return [field.annotation]
    _, *held = get_args(field.annotation) or (None,)
    if held == [Network]:
        return list(NETWORKS.values())
    return [model for model in held if isinstance(model, type) and issubclass(model, BaseModel)]


def table_of_keys() -> str:
    """Return all keys, with their defaults and meanings, as a table in Markdown."""
    rows = ["| key | default | meaning |", "| --- | --- | --- |"]

    def add(key: str, field: FieldInfo) -> None:
        absent = field.is_required() or field.default is None
        default = "" if absent else f"`{field.default}`".replace("False", "false")
        kinds = get_args(field.annotation) if "Literal" in str(field.annotation)[:20] else ()
        choices = "one of " * (len(kinds) > 1) + ", ".join(map(str, kinds))
        meaning = f"{field.description} ({choices})" if kinds else str(field.description)
        rows.append(f"| `{key}` | {default} | {meaning.replace('|', chr(92) + '|')} |")

    for section, field in Config.model_fields.items():
        add(section, field)
        middle = "" if section == "train_resources" else "NAME."
        for model in models_of(field):
            for key, inner in model.model_fields.items():
                add(f"{section}.{middle}{key}", inner)
    return "\n".join(rows)


if __name__ == "__main__":
    schema = json.dumps(Config.model_json_schema(), indent=2)
    print(table_of_keys() if sys.argv[1:] == ["--table"] else schema)
