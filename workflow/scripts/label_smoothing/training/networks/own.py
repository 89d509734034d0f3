"""A network of the user's own: the class of a file beside the config."""

import inspect
import logging
import pickle
import random
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.testing import assert_close

from label_smoothing.training.networks.base import input_shape, state_tensors

_log = logging.getLogger(__name__)


def build_own(
    kind: str,
    shape: tuple[int, ...],
    classes: int,
    parameters: dict[str, Any],
    batch: int,
) -> nn.Module:
    """
    Return a network of the user's own, tried out.

    A twin, which is thrown away, is constructed with the same seed and takes two steps of a
    training. What it changes of itself there beside its parameters and buffers is warned of,
    because no checkpoint holds it.

    Parameters
    ----------
    kind : str
        ``path/module:Class``.
    shape, classes
        As in `base.build_network`.
    parameters : dict
        Keywords of the constructor.
    batch : int
        Size of the batch to try.

    Raises
    ------
    ValueError
        If the class cannot be imported, is no module of torch, does not take the parameters, does
        not map inputs to logits, cannot be trained, or has numbers that the cell's seed does not
        set or a state that no checkpoint holds.
    """
    path, _, name = kind.rpartition(":")
    file = Path(f"{path}.py")
    where = f"model kind is {kind!r}, but {file}"
    seed = torch.initial_seed()
    network_class = getattr(_run(file, where), name, None)
    if network_class is None:
        raise ValueError(f"{where} defines no {name}")
    if not (isinstance(network_class, type) and issubclass(network_class, nn.Module)):
        raise ValueError(f"{where} defines {name} as something else than a torch.nn.Module")
    try:
        inspect.signature(network_class).bind(shape, classes, **parameters)
    except TypeError as error:
        raise ValueError(f"{where} does not take its section of the config: {error}") from None
    state, others = torch.get_rng_state(), _foreign_generators()

    def build():
        network = network_class(shape, classes, **parameters)
        _check_logits(network.eval(), shape, classes, where)
        return network.train()

    network = build()
    if torch.initial_seed() != seed:
        raise ValueError(
            f"{where} seeds torch, so that all seeds of the study have the same weights; allowed: "
            "weights from torch's global generator as it is"
        )
    # What the twin draws is not missing from those numbers that come after.
    with torch.random.fork_rng(devices=[]):
        torch.set_rng_state(state)
        twin = build()
        _check_equal(network, twin, where)
        _try_training(twin, input_shape(shape, batch), where)
    if _foreign_generators() != others:
        raise ValueError(
            f"{where} draws from the global generator of Python or numpy, which the seed of a cell "
            "does not set; allowed: torch's"
        )
    return network


def _run(file: Path, where: str) -> ModuleType:
    # From its source: an import would leave bytecode that can outlive an edit of the file.
    module = ModuleType(f"own_{file.name.removesuffix('.py')}")
    module.__file__ = str(file)
    sys.modules[module.__name__] = module
    try:
        exec(compile(file.read_bytes(), file, "exec"), module.__dict__)
    except Exception as error:
        raise ValueError(f"{where} does not import: {type(error).__name__}: {error}") from error
    return module


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


def _check_equal(network, twin, where):
    others = state_tensors(twin)
    for name, tensor in state_tensors(network).items():
        try:
            assert_close(others.get(name), tensor, rtol=0, atol=0, equal_nan=True)
        except (AssertionError, TypeError):
            raise ValueError(
                f"{where} has another {name} when it is constructed again with the same seed; "
                "allowed: weights from torch's global generator, or constants"
            ) from None


def _try_training(network, inputs, where):
    if not any(parameter.requires_grad for parameter in network.parameters()):
        raise ValueError(f"{where} has no parameter that training could change")
    for name, module in network.named_modules():
        if type(module).get_extra_state is not nn.Module.get_extra_state:
            raise ValueError(
                f"{where} keeps a state with get_extra_state ({name or 'of the network itself'}), "
                "which no checkpoint holds; allowed: parameters and buffers"
            )
    tensors, attributes = _shapes(network), _attributes(network)
    for _ in range(2):
        try:
            network(torch.randn(inputs)).sum().backward()
        except Exception as error:
            hint = "; the last batch of an epoch is one of one" if inputs[0] == 1 else ""
            raise ValueError(
                f"{where} cannot be trained on {inputs}: {type(error).__name__}: {error}{hint}"
            ) from error
    if _shapes(network) != tensors:
        raise ValueError(
            f"{where} adds, removes or reshapes parameters or buffers while it trains, which no "
            "checkpoint follows; allowed: all of them from the start"
        )
    after = _attributes(network)
    if changed := [name for name in after if after[name] != attributes.get(name)]:
        _log.warning(
            "%s changes %s while it trains, which no checkpoint holds: a training that was "
            "interrupted may end with other numbers; buffers are held",
            where,
            ", ".join(changed),
        )


def _shapes(network):
    return {name: tensor.shape for name, tensor in state_tensors(network).items()}


def _attributes(network):
    """Return the pickled attributes of all parts that are the user's own, as far as they pickle."""
    found = {}
    for prefix, module in network.named_modules():
        for name in vars(module).keys() - vars(nn.Module()).keys():
            try:
                pickled = pickle.dumps(vars(module)[name])
            except Exception:  # whatever a user's object raises
                continue
            found[f"{prefix}.{name}".lstrip(".")] = pickled
    return found


def _foreign_generators():
    return pickle.dumps((random.getstate(), np.random.get_state()))  # noqa: NPY002
