"""
Weight updates and learning-rate schedules.

The updates are torch's own fused kernels, called through the functions behind its optimiser
classes: the classes import torch's compiler at the first step, 1.1 s of processor time that a small
cell would feel (measured with torch 2.14.1). Tests compare both, step by step.
"""

import math
from collections.abc import Iterable, Sequence

import torch
from torch.optim.adam import adam
from torch.optim.sgd import sgd

_ADAM_SECOND_BETA = 0.999
_ADAM_EPSILON = 1e-8
_WARM_UP = 0.3
_START_DIVISOR = 25.0
_END_DIVISOR = 1e4


class SGD:
    """Stochastic gradient descent with momentum, in [0, 1); no weight decay."""

    def __init__(self, parameters: Iterable[torch.Tensor], momentum: float):
        self.parameters = list(parameters)
        self.momentum = momentum
        self.buffers = [torch.zeros_like(parameter) for parameter in self.parameters]

    def state(self) -> dict[str, torch.Tensor]:
        """Return the tensors that a checkpoint must hold; writing into them restores it."""
        return _numbered(buffer=self.buffers)

    @torch.no_grad()
    def step(self, learning_rate: float) -> None:
        """Update the parameters that have gradients and clear these; others stay as they are."""
        parameters, gradients, buffers = _take_gradients(self.parameters, self.buffers)
        sgd(
            parameters,
            gradients,
            buffers,  # type: ignore[arg-type]
            fused=True,
            weight_decay=0.0,
            momentum=self.momentum,
            lr=learning_rate,
            dampening=0.0,
            nesterov=False,
            maximize=False,
        )


class Adam:
    """Adam (Kingma and Ba 2015) with first beta `momentum`, second 0.999 and no weight decay."""

    def __init__(self, parameters: Iterable[torch.Tensor], momentum: float):
        self.parameters = list(parameters)
        self.momentum = momentum
        self.means = [torch.zeros_like(parameter) for parameter in self.parameters]
        self.squares = [torch.zeros_like(parameter) for parameter in self.parameters]
        self.steps = [torch.zeros((), device=parameter.device) for parameter in self.parameters]

    def state(self) -> dict[str, torch.Tensor]:
        """Return the tensors that a checkpoint must hold; writing into them restores it."""
        return _numbered(mean=self.means, square=self.squares, step=self.steps)

    @torch.no_grad()
    def step(self, learning_rate: float) -> None:
        """Update the parameters that have gradients and clear these; others stay as they are."""
        parameters, gradients, means, squares, steps = _take_gradients(
            self.parameters, self.means, self.squares, self.steps
        )
        adam(
            parameters,
            gradients,
            means,
            squares,
            [],
            steps,
            fused=True,
            amsgrad=False,
            beta1=self.momentum,
            beta2=_ADAM_SECOND_BETA,
            lr=learning_rate,
            weight_decay=0.0,
            eps=_ADAM_EPSILON,
            maximize=False,
        )


def _take_gradients(
    parameters: list[torch.Tensor], *states: list[torch.Tensor]
) -> list[list[torch.Tensor]]:
    """Return those that have a gradient, the gradients, and the states that belong to them."""
    used = [i for i, parameter in enumerate(parameters) if parameter.grad is not None]
    gradients = [parameters[i].grad for i in used]
    for i in used:
        parameters[i].grad = None
    chosen = [[tensors[i] for i in used] for tensors in (parameters, *states)]
    return [chosen[0], gradients, *chosen[1:]]  # type: ignore[list-item]


def _numbered(**lists: list[torch.Tensor]) -> dict[str, torch.Tensor]:
    return {
        f"{name}.{i}": tensor for name, tensors in lists.items() for i, tensor in enumerate(tensors)
    }


OPTIMIZERS: dict[str, type[SGD | Adam]] = {"sgd": SGD, "adam": Adam}


def learning_rate_at(
    step: int,
    steps_per_epoch: int,
    epochs: int,
    *,
    schedule: str,
    milestones: Sequence[int] = (),
    factor: float = 1.0,
) -> float:
    """
    Return the share of the highest learning rate at a step, counted from 0.

    "milestones" multiplies by `factor` after each epoch in `milestones`. "one_cycle" rises in a
    cosine from 1/25 to 1 over the first 30 % of the steps and falls in another to nothing at the
    last (Smith and Topin 2018, as in ``torch.optim.lr_scheduler.OneCycleLR``). The third is
    "constant".
    """
    if schedule == "constant":
        return 1.0
    if schedule == "milestones":
        return factor ** sum(step >= milestone * steps_per_epoch for milestone in milestones)
    if schedule == "one_cycle":
        return _one_cycle(step, steps_per_epoch * epochs)
    raise ValueError(f"schedule is {schedule!r}, allowed: constant, milestones, one_cycle")


def _one_cycle(step: int, steps: int) -> float:
    peak, last = _WARM_UP * steps - 1, steps - 1
    start, end = 1 / _START_DIVISOR, 1 / _START_DIVISOR / _END_DIVISOR
    if step <= peak:
        return 1 + (start - 1) * (1 + math.cos(math.pi * step / peak)) / 2 if peak > 0 else 1.0
    return end + (1 - end) * (1 + math.cos(math.pi * (step - peak) / (last - peak))) / 2
