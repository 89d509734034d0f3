"""Linear layers with ReLU between them."""

import math

from torch import nn


class MLP(nn.Sequential):
    """Linear layers with ReLU between them; without `hidden` units, a linear classifier."""

    def __init__(self, shape: tuple[int, ...], classes: int, *, hidden: list[int]):
        layers: list[nn.Module] = [nn.Flatten()]
        inputs = math.prod(shape)
        for units in hidden:
            layers += [nn.Linear(inputs, units), nn.ReLU()]
            inputs = units
        super().__init__(*layers, nn.Linear(inputs, classes))


NETWORK = MLP
