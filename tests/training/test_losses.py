"""Losses against torch's own, against their definitions and against each other."""

import numpy as np
import pytest
import torch
from torch.nn import functional
from torch.testing import assert_close

from label_smoothing.theory.matrices import smoothing_matrix
from label_smoothing.theory.noise import uniform_transition
from label_smoothing.training.by_name import names
from label_smoothing.training.losses.base import load_loss, plain_outputs
from label_smoothing.training.losses.forward_correction import forward_outputs
from label_smoothing.training.losses.logit_smoothing import logit_outputs

M = 5
PARAMETERS = {"generalised_cross_entropy": {"q": 0.7}}
LOSSES = {
    name: load_loss(name, **PARAMETERS.get(name, {}))
    for name in names("label_smoothing.training.losses")
}
UNEVEN = np.array([[0.8, 0.1, 0.0], [0.1, 0.6, 0.3], [0.1, 0.3, 0.7]])


def draw(classes=M, size=64):
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(size, classes, generator=generator, dtype=torch.float64)
    return logits.requires_grad_(), torch.randint(0, classes, (size,), generator=generator)


def mean_loss(name, logits, labels, matrix):
    loss = LOSSES[name]
    return loss.mean(logits, labels, torch.from_numpy(loss.matrix(matrix)))


def suitable(name):
    """Return a matrix that the loss takes, uneven where it may be."""
    return np.eye(3) if name == "generalised_cross_entropy" else UNEVEN


@pytest.mark.parametrize("p", [0.2, 0.5, 0.9, 1.0])
def test_label_smoothing_equals_torch(p):
    logits, labels = draw()
    expected = functional.cross_entropy(logits, labels, label_smoothing=M * (1 - p) / (M - 1))
    assert_close(mean_loss("label_smoothing", logits, labels, smoothing_matrix(p, M)), expected)


@pytest.mark.parametrize("name", LOSSES)
def test_definition_with_an_uneven_matrix(name):
    logits, labels = draw(3)
    sigma, K = logits.softmax(1), torch.from_numpy(UNEVEN)
    definitions = {
        "label_smoothing": lambda h, s, i: -(K[:, i] * s.log()).sum(),
        "matrix_smoothing": lambda h, s, i: -(K[:, i] * s.log()).sum(),
        "forward_correction": lambda h, s, i: -(K[i] @ s).log(),
        "backward_correction": lambda h, s, i: -(torch.linalg.inv(K)[:, i] * s.log()).sum(),
        "logit_smoothing": lambda h, s, i: -(K @ h).log_softmax(0)[i],
        "generalised_cross_entropy": lambda h, s, i: (1 - s[i] ** 0.7) / 0.7,
    }
    total = sum(map(definitions[name], logits, sigma, labels))
    assert_close(mean_loss(name, logits, labels, suitable(name)), total / 64)


@pytest.mark.parametrize("name", LOSSES)
def test_gradient(name):
    logits, labels = draw(3, size=4)
    matrix = torch.from_numpy(LOSSES[name].matrix(suitable(name)))
    assert torch.autograd.gradcheck(
        lambda h: LOSSES[name].mean(h, labels, matrix), (logits,), atol=1e-6
    )


@pytest.mark.parametrize("name", [name for name in LOSSES if name not in PARAMETERS])
def test_no_smoothing_and_no_noise_is_cross_entropy(name):
    logits, labels = draw()
    assert_close(
        mean_loss(name, logits, labels, np.eye(M)), functional.cross_entropy(logits, labels)
    )


@pytest.mark.parametrize("rho", [0.1, 0.4])
def test_uniform_backward_correction_is_negative_smoothing(rho):
    logits, labels = draw()
    T = (1 - rho) * np.eye(M) + rho / M
    epsilon = -rho / (1 - rho)
    p = 1 - epsilon * (M - 1) / M
    assert p > 1
    assert_close(
        mean_loss("backward_correction", logits, labels, T),
        mean_loss("label_smoothing", logits, labels, smoothing_matrix(p, M)),
    )


@pytest.mark.parametrize("T", [UNEVEN, uniform_transition(0.7, 3)])
def test_backward_correction_is_unbiased(T):
    logits, clean = draw(3)
    every_label = [torch.full_like(clean, i) for i in range(3)]
    per_sample = torch.stack(
        [
            torch.stack(
                [
                    mean_loss("backward_correction", h[None], y[None], T)
                    for h, y in zip(logits, labels, strict=True)
                ]
            )
            for labels in every_label
        ]
    )
    weights = torch.from_numpy(T)[:, clean]
    assert_close((weights * per_sample).sum(0).mean(), functional.cross_entropy(logits, clean))


@pytest.mark.parametrize("p", [0.4, 0.9, 1.2])
def test_uniform_logit_smoothing_is_a_temperature(p):
    logits, labels = draw()
    q = (1 - p) / (M - 1)
    S = smoothing_matrix(p, M)
    expected = functional.cross_entropy((p - q) * logits, labels)
    assert_close(mean_loss("logit_smoothing", logits, labels, S), expected)
    assert_close(logit_outputs(logits, torch.from_numpy(S)), ((p - q) * logits).log_softmax(1))


def test_forward_outputs_are_the_noisy_distribution():
    logits, _ = draw(3)
    outputs = forward_outputs(logits, torch.from_numpy(UNEVEN)).exp()
    assert_close(outputs.sum(1), torch.ones(64, dtype=torch.float64))
    assert_close(outputs, logits.softmax(1) @ torch.from_numpy(UNEVEN).T)


def test_forward_correction_survives_a_label_that_never_occurs():
    T = torch.tensor([[1.0, 0.5], [0.0, 0.5]], dtype=torch.float64)
    never = torch.tensor([[1.0, 1.0], [0.0, 0.0]], dtype=torch.float64)
    logits = torch.zeros(1, 2, dtype=torch.float64, requires_grad=True)
    for matrix in (T, never):
        LOSSES["forward_correction"].mean(logits, torch.tensor([0]), matrix).backward()
        assert logits.grad.isfinite().all()


@pytest.mark.parametrize(
    ("name", "matrix", "message"),
    [
        (
            "forward_correction",
            smoothing_matrix(1.2, M),
            "entries from -0.05 to 1.2; allowed: 0 to",
        ),
        ("backward_correction", smoothing_matrix(1 / M, M), "cannot be inverted"),
        ("generalised_cross_entropy", smoothing_matrix(0.9, M), "allowed: matrix 'identity'"),
    ],
)
def test_unsuitable_matrix_is_refused(name, matrix, message):
    with pytest.raises(ValueError, match=message):
        LOSSES[name].matrix(matrix)


def test_unknown_loss_is_refused():
    message = "loss is 'focal'; allowed: backward_correction, forward_correction, generalised_cro"
    with pytest.raises(ValueError, match=message):
        load_loss("focal")


def test_generalised_cross_entropy_runs_from_cross_entropy_to_the_absolute_error():
    logits, labels = draw()
    nearly, absolute = (load_loss("generalised_cross_entropy", q=q) for q in (1e-9, 1.0))
    identity = torch.eye(M, dtype=torch.float64)
    expected = functional.cross_entropy(logits, labels)
    assert_close(nearly.mean(logits, labels, identity), expected, rtol=1e-7, atol=0)
    one_hot = functional.one_hot(labels, M)
    error = (logits.softmax(1) - one_hot).abs().sum(1).mean() / 2
    assert_close(absolute.mean(logits, labels, identity), error)


def test_generalised_cross_entropy_weighs_each_label_by_its_output_to_the_power_q():
    # The gradient of cross entropy times sigma_i^q (Zhang and Sabuncu 2018, section 3.2).
    logits, labels = draw()
    mean = LOSSES["generalised_cross_entropy"].mean(logits, labels, torch.eye(M).double())
    (gradient,) = torch.autograd.grad(mean, logits)
    sigma = logits.detach().softmax(1)
    weight = sigma.gather(1, labels[:, None]) ** 0.7
    assert_close(gradient, weight * (sigma - functional.one_hot(labels, M)) / 64)


@pytest.mark.parametrize("name", LOSSES)
def test_warm_up_minimises_cross_entropy_to_the_given_label(name):
    logits, labels = draw(3)
    loss = load_loss(name, warm_up_epochs=2, **PARAMETERS.get(name, {}))
    matrix = torch.from_numpy(loss.matrix(suitable(name)))
    expected = functional.cross_entropy(logits, labels)
    for epoch in (1, 2):
        assert_close(loss.minimised(epoch)(logits, labels, matrix), expected)
    assert_close(loss.minimised(3)(logits, labels, matrix), loss.mean(logits, labels, matrix))
    assert not torch.isclose(loss.mean(logits, labels, matrix), expected)
    assert LOSSES[name].minimised(1) is LOSSES[name].mean


def test_plain_outputs_are_uncorrected():
    logits, _ = draw()
    assert_close(plain_outputs(logits), logits.log_softmax(1))
    assert {name for name, loss in LOSSES.items() if loss.corrects} == {
        "forward_correction",
        "logit_smoothing",
    }


@pytest.mark.parametrize("name", ["label_smoothing", "matrix_smoothing", "forward_correction"])
def test_divergence_from_the_targets_is_zero_only_for_the_memorising_output(name):
    loss, labels = LOSSES[name], torch.arange(3)
    matrix = torch.from_numpy(loss.matrix(UNEVEN))
    # The memorising network outputs the target itself; a forward-corrected one outputs the label.
    logits = torch.eye(3).log().clamp(-1e3) if loss.corrects else matrix.T.log().clamp(-1e3)
    outputs = loss.outputs(logits.double(), matrix)
    assert_close(loss.divergence(outputs, labels, matrix), torch.zeros((), dtype=torch.float64))
    uniform = torch.full((3, 3), 1 / 3, dtype=torch.float64).log()
    entropy = -torch.special.xlogy(matrix, matrix).sum() / 3
    assert_close(loss.divergence(uniform, labels, matrix), np.log(3) - entropy)


@pytest.mark.parametrize(
    ("name", "p"),
    [("backward_correction", 0.8), ("logit_smoothing", 0.8), ("label_smoothing", 1.2)],
)
def test_no_divergence_without_a_distribution_as_target(name, p):
    logits, labels = draw()
    matrix = torch.from_numpy(LOSSES[name].matrix(smoothing_matrix(p, M)))
    outputs = LOSSES[name].outputs(logits, matrix)
    assert LOSSES[name].divergence(outputs, labels, matrix).isnan()
