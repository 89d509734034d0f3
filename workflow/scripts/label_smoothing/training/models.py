"""Networks: each maps standardised images (N, C, H, W) to logits (N, M)."""

import inspect
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import nn
from torch.nn import functional


class CNN(nn.Sequential):
    """
    Two convolutions and two linear layers, small enough to train on one core.

    Each convolution keeps the image's size and is followed by max pooling and ReLU, in this order:
    the two commute, and pooling first leaves the ReLU less to do.

    Parameters
    ----------
    shape : tuple of int
        Height, width and channels of an image.
    classes : int
        Number of classes M.
    channels : list of two int
        Output channels of the convolutions.
    kernel_size : int
        Odd edge length of the convolutions' kernels, in pixels.
    pool : list of two int
        Edge length of the pooling after each convolution; 1 is none.
    hidden : int
        Units of the hidden linear layer.

    Raises
    ------
    ValueError
        If the pooling leaves nothing of the image.
    """

    def __init__(
        self,
        shape: tuple[int, int, int],
        classes: int,
        *,
        channels: list[int],
        kernel_size: int,
        pool: list[int],
        hidden: int,
    ):
        height, width, depth = shape
        layers: list[nn.Module] = []
        for outputs, edge in zip(channels, pool, strict=True):
            layers.append(nn.Conv2d(depth, outputs, kernel_size, padding=kernel_size // 2))
            if edge > 1:
                layers.append(nn.MaxPool2d(edge))
            layers.append(nn.ReLU())
            height, width, depth = height // edge, width // edge, outputs
        if height * width == 0:
            raise ValueError(f"pool is {pool}, too much for images of {shape[0]}x{shape[1]} pixels")
        super().__init__(
            *layers,
            nn.Flatten(),
            nn.Linear(depth * height * width, hidden),
            nn.ReLU(),
            nn.Linear(hidden, classes),
        )


class ResNet18(nn.Sequential):
    """
    The residual network with 18 layers for small images (He et al. 2015).

    The stem is one 3x3 convolution without pooling. Four stages of two blocks follow; each stage
    after the first halves the image's edge and doubles the channels.

    Parameters
    ----------
    shape : tuple of int
        Height, width and channels of an image.
    classes : int
        Number of classes M.
    width : int
        Channels of the first stage; 64 is the standard one.
    """

    def __init__(self, shape: tuple[int, int, int], classes: int, *, width: int):
        layers: list[nn.Module] = [*_normalised(shape[2], width, 3), nn.ReLU()]
        inputs = width
        for stage in range(4):
            for stride in (1 if stage == 0 else 2, 1):
                layers.append(_Block(inputs, width << stage, stride))
                inputs = width << stage
        super().__init__(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, classes))


class _Block(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int):
        super().__init__()
        self.body = nn.Sequential(
            *_normalised(inputs, outputs, 3, stride), nn.ReLU(), *_normalised(outputs, outputs, 3)
        )
        self.shortcut = nn.Sequential()
        if stride != 1 or inputs != outputs:
            # A 1x1 convolution with a stride would do the same, but oneDNN writes past its memory
            # there for channels_last and fewer than 16 channels (uxlfoundation/oneDNN issue 6035).
            self.shortcut = nn.Sequential(nn.MaxPool2d(1, stride), *_normalised(inputs, outputs, 1))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return functional.relu(self.body(images) + self.shortcut(images))


def _normalised(inputs: int, outputs: int, kernel: int, stride: int = 1) -> list[nn.Module]:
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False)
    return [convolution, nn.BatchNorm2d(outputs)]


class MLP(nn.Sequential):
    """
    Linear layers with ReLU between them.

    Parameters
    ----------
    shape : tuple of int
        Height, width and channels of an image.
    classes : int
        Number of classes M.
    hidden : list of int
        Units of each hidden layer; an empty list is a linear classifier.
    """

    def __init__(self, shape: tuple[int, int, int], classes: int, *, hidden: list[int]):
        layers: list[nn.Module] = [nn.Flatten()]
        inputs = shape[0] * shape[1] * shape[2]
        for units in hidden:
            layers += [nn.Linear(inputs, units), nn.ReLU()]
            inputs = units
        super().__init__(*layers, nn.Linear(inputs, classes))


_KINDS = {"cnn": CNN, "mlp": MLP, "resnet18": ResNet18}


def build_model(
    settings: Mapping[str, Any], shape: tuple[int, int, int], classes: int
) -> nn.Module:
    """
    Return the network that a config's model section describes.

    Parameters
    ----------
    settings : mapping
        `kind` and the parameters of the network. A kind ``path/module:Class`` is the class of that
        name in the file ``path/module.py``, constructed as ``Class(shape, classes, **parameters)``.
    shape : tuple of int
        Height, width and channels of an image.
    classes : int
        Number of classes M.

    Raises
    ------
    ValueError
        If the kind is unknown, or if the user's own class cannot be imported, is no module of
        torch, does not take the parameters or does not map images to logits.
    """
    parameters = dict(settings)
    kind = parameters.pop("kind")
    if ":" in kind:
        return _build_own(kind, shape, classes, parameters)
    if kind not in _KINDS:
        raise ValueError(
            f"model kind is {kind!r}, allowed: {', '.join(sorted(_KINDS))}, module:Class"
        )
    return _KINDS[kind](shape, classes, **parameters)


def _build_own(
    kind: str, shape: tuple[int, int, int], classes: int, parameters: dict[str, Any]
) -> nn.Module:
    path, _, name = kind.rpartition(":")
    file = Path(f"{path}.py")
    where = f"model kind is {kind!r}, but {file}"
    # Run from its source: an import would leave bytecode that can outlive an edit of the file.
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
    try:
        inspect.signature(network_class).bind(shape, classes, **parameters)
    except TypeError as error:
        raise ValueError(f"{where} does not take its section of the config: {error}") from None
    network = network_class(shape, classes, **parameters)
    # The trial also gives lazy layers their shapes.
    with torch.no_grad():
        logits = network.eval()(torch.zeros(2, shape[2], shape[0], shape[1]))
    if logits.shape != (2, classes):
        raise ValueError(
            f"{where} maps 2 images to an output of shape {tuple(logits.shape)}, "
            f"allowed: (2, {classes})"
        )
    return network.train()
