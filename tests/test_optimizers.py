"""Updates and schedules against the classes of torch."""

import pytest
import torch

from label_smoothing.optimizers import SCHEDULES, SGD, Adam, one_cycle


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (
            lambda parameters: SGD(parameters, 0.9),
            lambda parameters: torch.optim.SGD(parameters, lr=0.1, momentum=0.9, fused=True),
        ),
        (
            lambda parameters: SGD(parameters, 0.0),
            lambda parameters: torch.optim.SGD(parameters, lr=0.1, fused=True),
        ),
        (
            lambda parameters: Adam(parameters, 0.8),
            lambda parameters: torch.optim.Adam(parameters, lr=0.1, betas=(0.8, 0.999), fused=True),
        ),
    ],
)
def test_updates_equal_torch(ours, theirs):
    generator = torch.Generator().manual_seed(0)
    start = [torch.randn(shape, generator=generator) for shape in ((3, 4), (4,))]
    mine = [tensor.clone().requires_grad_() for tensor in start]
    reference = [tensor.clone().requires_grad_() for tensor in start]
    optimizer, torch_optimizer = ours(mine), theirs(reference)
    for step in range(10):
        rate = 0.1 / (1 + step)
        x = torch.randn(7, 3, generator=generator)
        for parameters in (mine, reference):
            weight, bias = parameters
            ((x @ weight + bias) ** 2).mean().backward()
        torch_optimizer.param_groups[0]["lr"] = rate
        torch_optimizer.step()
        torch_optimizer.zero_grad()
        optimizer.step(rate)
        assert mine[0].grad is None
        for a, b in zip(mine, reference, strict=True):
            torch.testing.assert_close(a, b, rtol=0, atol=0)


@pytest.mark.parametrize("steps", [10, 101, 560])
def test_one_cycle_equals_torch(steps):
    stepper = torch.optim.SGD([torch.zeros(1)], lr=1.0)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(
        stepper, 1.0, total_steps=steps, cycle_momentum=False
    )
    for step in range(steps):
        assert one_cycle(step, steps) == pytest.approx(scheduler.get_last_lr()[0], abs=1e-12)
        stepper.step()
        if step < steps - 1:
            scheduler.step()


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("steps", [1, 2, 3, 4])
def test_schedules_of_few_steps_stay_in_range(name, steps):
    assert all(0 <= SCHEDULES[name](step, steps) <= 1 for step in range(steps))
