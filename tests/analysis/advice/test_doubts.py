"""Premises that fail are told, and only those."""

import numpy as np
import pytest
from advice_inputs import SEEDS, M, N, P, study

from label_smoothing.analysis.advice.doubts import doubts


def with_training(inputs, accuracy):
    """Return inputs whose networks had this accuracy on the training labels in every epoch."""
    history = np.full(inputs.plain.accuracies.shape, accuracy)
    return inputs._replace(plain=inputs.plain._replace(train_history=history))


def test_nothing_is_doubted_without_a_reason():
    _, _, inputs = study(0.7)
    assert doubts(inputs) == []
    assert doubts(with_training(inputs, 0.9)) == []


@pytest.mark.parametrize("a, training, told", [(1.0, 0.7, True), (0.7, 0.7, False)])
def test_training_labels_that_are_noisier_than_the_hold_out_are_told(a, training, told):
    _, _, inputs = study(a)
    found = doubts(with_training(inputs, training))
    assert any("look noisier than those of the hold-out" in text for text in found) == told


def test_a_class_that_no_network_recognises_is_told():
    _, _, inputs = study(1.0)
    swapped = np.array([1, 0, *range(2, M)])[inputs.plain.labels]
    (found,) = doubts(inputs._replace(plain=inputs.plain._replace(labels=swapped)))
    assert "labels of class 0, 1 on the hold-out" in found


def test_a_small_hold_out_is_told():
    _, _, inputs = study(1.0)
    part = inputs.plain
    small = {name: getattr(part, name)[:, :, :60] for name in ("outputs", "uncorrected")}
    found = doubts(inputs._replace(plain=part._replace(labels=part.labels[:, :60], **small)))
    assert any("has 60 rows" in text for text in found)


def test_networks_that_do_not_memorise_take_nothing_away_but_the_votes():
    _, _, inputs = study(0.7, train_accuracy=0.8)
    (found,) = doubts(inputs)
    assert "did not memorise" in found
    assert "Everything measured here stands" in found
    assert (SEEDS, len(P), N) == inputs.plain.outputs.shape[:3]
