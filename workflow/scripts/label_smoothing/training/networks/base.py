"""What every network is: a map of standardised images or features to logits (N, M)."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from label_smoothing.training.by_name import find, names


def build_network(model: Mapping[str, Any], shape: tuple[int, ...], classes: int) -> nn.Module:
    """
    Return the network that an entry of a config's `models` describes.

    Parameters
    ----------
    model : mapping
        `kind` and the parameters of the network. The kind is a module of this package or
        ``path/module:Class``, the class of that name in the user's file ``path/module.py``, which
        is constructed as ``Class(shape, classes, **parameters)``.
    shape : tuple of int
        Height, width and channels of an image, which networks get as (N, C, H, W), or the number of
        features alone, which they get as (N, D).
    classes : int
        Number of classes M.

    Raise ValueError if the kind is unknown or does not take the shape, or if the user's own class
    does not suit (see `own.build_own`).
    """
    parameters = dict(model)
    kind = parameters.pop("kind")
    if ":" in kind:
        return find(__package__, "own", "build_own")(kind, shape, classes, parameters)
    if kind not in (known := names(__package__)):
        raise ValueError(f"model kind is {kind!r}; allowed: {', '.join(known)}, module:Class")
    return find(__package__, kind, "NETWORK")(shape, classes, **parameters)


def height_width_channels(kind: str, shape: tuple[int, ...]) -> tuple[int, int, int]:
    """
    Return the shape, for networks that take images alone.

    Raise ValueError if it is the number of features.
    """
    if len(shape) != 3:
        raise ValueError(
            f"model kind is {kind!r}, which takes images; allowed with {shape[0]} features: mlp, "
            "module:Class"
        )
    height, width, channels = shape
    return height, width, channels


def input_shape(shape: tuple[int, ...], count: int) -> tuple[int, ...]:
    """Return the shape in which a network gets `count` images or rows of features."""
    if len(shape) == 1:
        return count, *shape
    height, width, channels = shape
    return count, channels, height, width


def state_tensors(network: nn.Module) -> dict[str, torch.Tensor]:
    """
    Return all tensors of a network's state, each once; writing into them restores it.

    These are its parameters, also frozen and tied ones, and its buffers, also those that torch
    leaves out of ``state_dict()``.
    """
    tensors = dict(network.named_parameters()) | dict(network.named_buffers())
    return {name: tensor.detach() for name, tensor in tensors.items()}
