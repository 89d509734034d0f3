"""Updates and schedules against the classes of torch."""

import pytest
import torch

from label_smoothing.training.optimizers import SGD, Adam, learning_rate_at


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
    # The third has a gradient now and then, the last one never.
    shapes = (3, 4), (4,), (7, 1), (2,)
    start = [torch.randn(shape, generator=generator) for shape in shapes]
    mine = [tensor.clone().requires_grad_() for tensor in start]
    reference = [tensor.clone().requires_grad_() for tensor in start]
    optimizer, torch_optimizer = ours(mine), theirs(reference)
    for step in range(10):
        rate = 0.1 / (1 + step)
        x = torch.randn(7, 3, generator=generator)
        for parameters in (mine, reference):
            weight, bias, sometimes, _ = parameters
            outputs = x @ weight + bias + (sometimes if step % 3 == 0 else 0)
            (outputs**2).mean().backward()
        torch_optimizer.param_groups[0]["lr"] = rate
        torch_optimizer.step()
        torch_optimizer.zero_grad()
        optimizer.step(rate)
        assert all(parameter.grad is None for parameter in mine)
        for a, b in zip(mine, reference, strict=True):
            torch.testing.assert_close(a, b, rtol=0, atol=0)


@pytest.mark.parametrize("steps", [10, 101, 560])
def test_one_cycle_equals_torch(steps):
    stepper = torch.optim.SGD([torch.zeros(1)], lr=1.0)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(
        stepper, 1.0, total_steps=steps, cycle_momentum=False
    )
    for step in range(steps):
        share = learning_rate_at(step, 1, steps, schedule="one_cycle")
        assert share == pytest.approx(scheduler.get_last_lr()[0], abs=1e-12)
        stepper.step()
        if step < steps - 1:
            scheduler.step()


def test_milestones_equal_torch():
    stepper = torch.optim.SGD([torch.zeros(1)], lr=1.0)
    scheduler = torch.optim.lr_scheduler.MultiStepLR(stepper, [50, 75], gamma=0.5)
    for epoch in range(100):
        for batch in (0, 6):
            share = learning_rate_at(
                7 * epoch + batch, 7, 100, schedule="milestones", milestones=[50, 75], factor=0.5
            )
            assert share == scheduler.get_last_lr()[0]
        stepper.step()
        scheduler.step()


@pytest.mark.parametrize("name", ["constant", "milestones", "one_cycle"])
@pytest.mark.parametrize("steps", [1, 2, 3, 4])
def test_schedules_of_few_steps_stay_in_range(name, steps):
    shares = [learning_rate_at(step, 1, steps, schedule=name) for step in range(steps)]
    assert all(0 <= share <= 1 for share in shares)


def test_unknown_schedule_is_refused():
    with pytest.raises(ValueError, match="schedule is 'cosine', allowed: constant, milestones, on"):
        learning_rate_at(0, 1, 1, schedule="cosine")
