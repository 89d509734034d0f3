"""
The sections of a config: their keys, defaults and meanings, and the checks between their keys.

The descriptions are the documentation of the keys (see `config`).
"""

import json
import unicodedata
from collections.abc import Iterator
from typing import Annotated, Any, Literal, NamedTuple, Union

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    SerializerFunctionWrapHandler,
    Tag,
    model_serializer,
    model_validator,
)

from label_smoothing.study.errors import Misfits, shortened


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
_PARAMETERS = sorted({key for loss in LOSSES.values() for key in loss.parameters})
# Where nobody knows which noise the labels have.
MATRICES_WITHOUT_NOISE = ("p", "identity", "file")
# The key that says where the data of a source are. The other sources are torchvision's.
_PLACES = {"digits": None, "npz": "path"}

NAME = (
    "a name of at most 100 letters, digits, dots, dashes and underscores that starts with a letter "
    "and does not end in an underscore"
)


def canonical(number: float) -> str:
    """
    Return the one spelling of a number in paths: the shortest that reads back as the same float.

    >>> canonical(0.50), canonical(1), canonical(5e-1)
    ('0.5', '1.0', '0.5')
    """
    return repr(float(number))


def _title(text: str) -> str:
    # Snakemake puts the title into the report as it is, within a script. A line end would end the
    # paragraph there.
    odd = [c for c in text if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp")]
    odd += [part for part in ("</", "<!--") if part in text]
    if odd or not text.strip():
        without = f", without {odd[0]!r}" if odd else ""
        raise _misfit(f"is {shortened(text)}; allowed: one line of visible text{without}")
    return text


def _path(text: str) -> str:
    if set(text) & set("{}\0"):
        raise _misfit(
            f"is {text!r}; allowed: a path without braces, which stand for wildcards, and NUL"
        )
    return text


def once(values: list) -> list:
    """Return the values of a grid, or refuse two that have one spelling in paths."""
    spelled = [canonical(value) if isinstance(value, float) else str(value) for value in values]
    if twice := [text for text in spelled if spelled.count(text) > 1]:
        raise _misfit(f"holds {twice[0]} twice; allowed: every value once")
    return values


def _path_with(key: str, value: str, path: str | None) -> Iterator[tuple[str, str]]:
    if value == "file" and path is None:
        yield "path", f"missing: {key} 'file' needs it"
    if value != "file" and path is not None:
        yield "path", f"is {path!r}; allowed: no path with {key} {value!r}, but with 'file'"


def _misfit(text: str) -> Misfits:
    return Misfits([("", text)])


# In captions, a name like x_ would be a link. File names, which hold more, may have 255 characters.
Name = Annotated[str, Field(pattern=r"^[A-Za-z]([A-Za-z0-9._-]*[A-Za-z0-9.-])?$", max_length=100)]
Title = Annotated[str, AfterValidator(_title)]
FilePath = Annotated[str, Field(min_length=1), AfterValidator(_path)]
CleanRate = Annotated[float, Field(gt=0, le=1)]
Count = Annotated[int, Field(ge=1)]
Seed = Annotated[int, Field(ge=0, le=4294967295)]
Pair = Annotated[list[Count], Field(min_length=2, max_length=2)]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    def misfits(self) -> Iterator[tuple[str, str]]:
        """Yield each key that does not fit the others, and what is wrong with it."""
        yield from ()

    @model_validator(mode="after")
    def _fit(self) -> "Section":
        if found := list(self.misfits()):
            raise Misfits(found)
        return self

    @model_serializer(mode="wrap")
    def _without_absent(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {key: value for key, value in dump(self).items() if value is not None}


class NoiseType(Section):
    """A transition and an assumption about the test set."""

    assumption: Literal["alpha", "beta", "gamma"] = Field(
        description="the test set: alpha is clean, beta equally corrupted, gamma smoothed"
    )
    transition: str = Field(description="name of an entry of transitions")


class Transition(Section):
    """Label noise: a family of transition matrices over the clean rate."""

    kind: Literal["uniform", "pair_flip", "file"] = Field(
        description="uniform flips to any other class, pair_flip to the next, file as a matrix says"
    )
    path: FilePath | None = Field(
        None, description="for kind file: a .csv or .npy with T[i, j] = P(noisy i | clean j)"
    )

    def misfits(self) -> Iterator[tuple[str, str]]:
        """Yield a path without the kind file, or the other way round."""
        yield from _path_with("kind", self.kind, self.path)


class Method(Section):
    """A training method."""

    loss: Literal[tuple(LOSSES)] = Field(  # type: ignore[valid-type]
        description="what is minimised (docs/configure.md)"
    )
    matrix: Literal[
        "p",
        "transition",
        "alpha_optimal",
        "beta_optimal",
        "alpha_mean_field",
        "beta_mean_field",
        "identity",
        "file",
    ] = Field("p", description="matrix of the loss: p smooths labels, transition is the true noise")
    path: FilePath | None = Field(
        None, description="for matrix file: a .csv or .npy whose columns sum to 1"
    )
    q: float | None = Field(
        None,
        gt=0,
        le=1,
        description="for generalised_cross_entropy: from 0 (cross entropy) to 1 (absolute error)",
    )
    warm_up_epochs: int = Field(
        0, ge=0, description="first epochs, in which plain cross entropy is minimised instead"
    )

    def misfits(self) -> Iterator[tuple[str, str]]:
        """Yield what does not fit the loss, and a path without a matrix from a file."""
        loss = f"loss {self.loss!r}"
        matrices, parameters = LOSSES[self.loss]
        if self.matrix not in matrices:
            yield "matrix", f"is {self.matrix!r}; allowed with {loss}: {', '.join(matrices)}"
        for key in _PARAMETERS:
            value = getattr(self, key)
            if value is not None and key not in parameters:
                yield key, f"is {value}; allowed: no {key} with {loss}"
            if value is None and key in parameters:
                yield key, f"missing: {loss} needs it"
        yield from _path_with("matrix", self.matrix, self.path)


class DataSet(Section):
    """A data set, the network for it and its training recipe."""

    source: Literal[
        "digits", "MNIST", "FashionMNIST", "KMNIST", "CIFAR10", "CIFAR100", "SVHN", "npz"
    ] = Field(description="digits come with scikit-learn, npz is a file, others are torchvision's")
    data_dir: FilePath | None = Field(
        None, description="for torchvision's sources: the folder where their files are or go"
    )
    path: FilePath | None = Field(
        None, description="for source npz: a .npz with x_train, y_train, x_test and y_test"
    )
    labels: Literal["clean", "given"] = Field(
        "clean", description="clean if all labels are right, given if an unknown share is wrong"
    )
    checked: FilePath | None = Field(
        None, description="for labels given: a .csv with index and right label of some test images"
    )
    folds: int | None = Field(
        None, ge=2, description="for labels given: folds in which training labels are ranked too"
    )
    train_size: int | None = Field(
        None, ge=2, description="number of training images, stratified by class; all without it"
    )
    test_size: int | None = Field(
        None, ge=2, description="number of test images, stratified by class; digits need it"
    )
    split_seed: int | None = Field(
        None, ge=0, description="seed of the split into train and test, of subsets and of folds"
    )
    model: str = Field(description="name of an entry of models")
    training: str = Field(description="name of an entry of training")

    def misfits(self) -> Iterator[tuple[str, str]]:
        """Yield what does not fit the source or the labels, and what they need."""
        source = f"source {self.source!r}"
        # Both places may stand beside the other sources, so that one key moves between them.
        place = _PLACES.get(self.source, "data_dir")
        for key in ("path", "data_dir"):
            if place is None and getattr(self, key) is not None:
                yield key, f"is {getattr(self, key)!r}; allowed: no {key} with {source}"
        if self.folds is not None and self.labels == "given" and self.source != "npz":
            yield "folds", f"is {self.folds}; allowed: no folds with {source}, but with 'npz'"
        for key in ("checked", "folds"):
            value = getattr(self, key)
            if value is not None and self.labels == "clean":
                yield key, f"is {value!r}; allowed: no {key} with labels 'clean'"
        if self.checked is not None and self.test_size is not None:
            yield (
                "test_size",
                f"is {self.test_size}; allowed: no test_size with checked, whose indices count all "
                "test images",
            )
        sizes = [key for key in ("train_size", "test_size", "folds") if getattr(self, key)]
        if place and getattr(self, place) is None:
            yield place, f"missing: {source} needs it"
        if self.source == "digits" and self.test_size is None:
            yield "test_size", f"missing: {source} needs it"
        if sizes and self.split_seed is None:
            yield "split_seed", f"missing: {sizes[0]} needs it"


class Cnn(Section):
    """Two convolutions and two linear layers."""

    kind: Literal["cnn"] = Field(description="two convolutions and two linear layers")
    channels: Pair = Field(description="output channels of the two convolutions")
    kernel_size: Literal[1, 3, 5, 7] = Field(
        description="edge of the convolution kernels in pixels, odd"
    )
    pool: Pair = Field(
        description="edge of the max pooling after each convolution in pixels; 1 is none"
    )
    hidden: Count = Field(description="units of the hidden linear layer")


class ResNet18(Section):
    """The residual network with 18 layers for small images."""

    kind: Literal["resnet18"] = Field(description="residual network of 18 layers for small images")
    width: Count = Field(description="channels of the first stage; 64 is the standard one")


class Mlp(Section):
    """Linear layers with ReLU between them."""

    kind: Literal["mlp"] = Field(description="linear layers with ReLU between them")
    hidden: list[Count] = Field(
        description="units of each hidden layer; an empty list is a linear classifier"
    )


class OwnNetwork(BaseModel):
    """A class of the user's own, whose constructor takes the other keys."""

    model_config = ConfigDict(extra="allow", strict=True)
    kind: str = Field(
        pattern="^[A-Za-z_][A-Za-z0-9_]*:[A-Za-z_][A-Za-z0-9_]*$",
        description="one of cnn, resnet18, mlp, or module:Class, a class of your own in module.py "
        "beside the config",
    )

    @model_validator(mode="after")
    def _fit(self) -> "OwnNetwork":
        # The report shows the config as JSON.
        for key, value in (self.model_extra or {}).items():
            try:
                json.dumps(value, allow_nan=False)
            except (TypeError, ValueError):
                allowed = "what JSON can hold, as texts and finite numbers"
                raise Misfits([(key, f"is {shortened(value)}; allowed: {allowed}")]) from None
        return self


NETWORKS: dict[str, type[BaseModel]] = {
    "cnn": Cnn,
    "resnet18": ResNet18,
    "mlp": Mlp,
    "own": OwnNetwork,
}


def _kind_of_network(entry: Any) -> str:
    kind = entry.get("kind") if isinstance(entry, dict) else getattr(entry, "kind", None)
    return kind if isinstance(kind, str) and kind in NETWORKS else "own"


_tagged = tuple(Annotated[model, Tag(kind)] for kind, model in NETWORKS.items())
Network: Any = Annotated[Union[_tagged], Discriminator(_kind_of_network)]  # noqa: UP007


class Training(Section):
    """A training recipe."""

    optimizer: Literal["sgd", "adam"] = Field(description="how the weights are updated")
    learning_rate: float = Field(gt=0, description="highest learning rate of the schedule")
    momentum: float = Field(ge=0, lt=1, description="momentum of sgd, first beta of adam")
    schedule: Literal["constant", "milestones", "one_cycle"] = Field(
        description="one_cycle warms up for 30 % of the steps, then anneals to zero"
    )
    milestones: list[Count] = Field(
        [], description="epochs after which the learning rate is multiplied by factor"
    )
    factor: float = Field(
        0.5, gt=0, le=1, description="what multiplies the learning rate after each milestone"
    )
    epochs: Count = Field(description="passes over the training images")
    batch_size: Count = Field(description="images a step")
    flip: bool = Field(False, description="whether training images are mirrored at random")
    crop: int = Field(
        0, ge=0, description="pixels of padding, from which images are cropped back at random"
    )
    precision: Literal["fp32", "bf16"] = Field(
        "fp32",
        description="number format; bf16 is faster with bf16 instructions and slower without them",
    )
    compile: bool = Field(
        False, description="whether torch compiles the networks, which pays on GPUs"
    )
    score_every: Count = Field(
        1, description="epochs between two scorings of the test set; the last one is always scored"
    )

    def misfits(self) -> Iterator[tuple[str, str]]:
        """Yield milestones without their schedule, or the other way round."""
        if self.schedule == "milestones" and not self.milestones:
            yield "milestones", "missing: schedule 'milestones' needs them"
        if self.schedule != "milestones" and self.milestones:
            yield (
                "milestones",
                f"is {self.milestones}; allowed: none with schedule {self.schedule!r}",
            )


class TrainResources(Section):
    """What one training is given."""

    threads: Count = Field(description="processor cores")
    mem_mb: int = Field(ge=100, description="memory in megabytes")
    runtime: Count = Field(description="time limit in minutes")
