"""A network of the user's own: the class of a file beside the config."""

import inspect
import pickle
import random
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import nn

from label_smoothing.training.networks.base import input_shape


def build_own(
    kind: str, shape: tuple[int, ...], classes: int, parameters: dict[str, Any]
) -> nn.Module:
    """
    Return a network of the user's own, which has mapped two inputs to logits.

    `kind` is ``path/module:Class``; `parameters` are keywords of its constructor. Raise ValueError
    if the class cannot be imported, is no module of torch, does not take the parameters, does not
    map inputs to logits, has a state that no checkpoint holds, or draws numbers that the cell's
    seed does not set.
    """
    path, _, name = kind.rpartition(":")
    file = Path(f"{path}.py")
    where = f"model kind is {kind!r}, but {file}"
    seed = torch.initial_seed()
    network_class = _class_of(file, name, where)
    others = _foreign_generators()
    # Construct and try.
    try:
        inspect.signature(network_class).bind(shape, classes, **parameters)
    except TypeError as error:
        raise ValueError(f"{where} does not take its section of the config: {error}") from None
    network = network_class(shape, classes, **parameters)
    _check_logits(network.eval(), shape, classes, where)
    # Refuse what a checkpoint or a seed would not bring back.
    if not any(parameter.requires_grad for parameter in network.parameters()):
        raise ValueError(f"{where} has no parameter that training could change")
    for key, value in network.state_dict().items():
        if not isinstance(value, torch.Tensor):
            raise ValueError(f"{where} has {key} in its state_dict; allowed: tensors")
    if torch.initial_seed() != seed:
        raise ValueError(
            f"{where} seeds torch, so that all seeds of the study have the same weights; allowed: "
            "weights from torch's global generator as it is"
        )
    if _foreign_generators() != others:
        raise ValueError(
            f"{where} draws from the global generator of Python or numpy, which the seed of a cell "
            "does not set; allowed: torch's"
        )
    return network.train()


def _class_of(file: Path, name: str, where: str) -> type[nn.Module]:
    # From its source: an import would leave bytecode that can outlive an edit of the file.
    module = ModuleType(f"own_{file.name.removesuffix('.py')}")
    module.__file__ = str(file)
    sys.modules[module.__name__] = module
    try:
        exec(compile(file.read_bytes(), file, "exec"), module.__dict__)
    except Exception as error:
        raise ValueError(f"{where} does not import: {type(error).__name__}: {error}") from error
    network_class = getattr(module, name, None)
    if network_class is None:
        raise ValueError(f"{where} defines no {name}")
    if not (isinstance(network_class, type) and issubclass(network_class, nn.Module)):
        raise ValueError(f"{where} defines {name} as something else than a torch.nn.Module")
    return network_class


@torch.no_grad()
def _check_logits(network, shape, classes, where):
    inputs = input_shape(shape, 2)
    try:
        logits = network(torch.zeros(inputs))  # which gives lazy layers their shapes, too
    except Exception as error:
        raise ValueError(f"{where} fails on {inputs}: {type(error).__name__}: {error}") from error
    got = tuple(logits.shape) if isinstance(logits, torch.Tensor) else type(logits).__name__
    if got != (2, classes):
        raise ValueError(f"{where} maps {inputs} to {got}; allowed: {(2, classes)}, the logits")


def _foreign_generators() -> bytes:
    return pickle.dumps((random.getstate(), np.random.get_state()))  # noqa: NPY002
