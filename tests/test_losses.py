"""Losses against torch's own and against their definition."""

import pytest
import torch
from torch.nn import functional
from torch.testing import assert_close

from label_smoothing.losses import label_smoothing, smoothing_matrix


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(64, 5, generator=generator, dtype=torch.float64, requires_grad=True)
    return logits, torch.randint(0, 5, (64,), generator=generator)


@pytest.mark.parametrize("p", [0.2, 0.5, 0.9, 1.0])
def test_equals_torch_label_smoothing(batch, p):
    logits, labels = batch
    S = smoothing_matrix(p, 5).double()
    expected = functional.cross_entropy(logits, labels, label_smoothing=5 * (1 - p) / 4)
    assert_close(label_smoothing(logits, labels, S), expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("p", [0.05, 0.5, 1.0, 1.3])
def test_follows_its_definition_beyond_torch_range(batch, p):
    logits, labels = batch
    S = smoothing_matrix(p, 5).double()
    log_outputs = logits.log_softmax(1)
    expected = -sum((S[:, y] * row).sum() for row, y in zip(log_outputs, labels, strict=True)) / 64
    assert_close(label_smoothing(logits, labels, S), expected)


def test_columns_of_the_target_matrix_belong_to_the_training_label():
    S = torch.tensor([[0.9, 0.3], [0.1, 0.7]], dtype=torch.float64)
    logits = torch.tensor([[1.0, 0.0]], dtype=torch.float64)
    log_outputs = logits.log_softmax(1)[0]
    loss = label_smoothing(logits, torch.tensor([1]), S)
    assert_close(loss, -(0.3 * log_outputs[0] + 0.7 * log_outputs[1]))


def test_gradient(batch):
    logits, labels = batch
    S = smoothing_matrix(0.7, 5).double()
    assert torch.autograd.gradcheck(lambda h: label_smoothing(h, labels[:4], S), (logits[:4],))


@pytest.mark.parametrize("M", [2, 10])
def test_target_matrix(M):
    S = smoothing_matrix(0.7, M)
    assert_close(S.sum(0), torch.ones(M))
    assert_close(S.diagonal(), torch.full((M,), 0.7))
    assert_close(smoothing_matrix(1 / M, M), torch.full((M, M), 1 / M))
