"""Early stopping bounds the clean rate from below."""

import numpy as np
from numpy.testing import assert_allclose
from scipy.stats import binomtest

from label_smoothing.analysis.advice.how_noisy import early_stopping
from label_smoothing.analysis.advice.networks import Inputs, Networks


def bound(accuracies, trials, forward=None):
    """Return the bound of these accuracies, shape (S, P, E), on so many labels."""

    def networks(accuracies):
        S, P, _ = accuracies.shape
        outputs, labels = np.zeros((S, P, trials, 2)), np.zeros((S, trials), int)
        return Networks(np.ones(P), outputs, outputs, labels, accuracies, np.ones((S, P)))

    other = None if forward is None else networks(np.asarray(forward))
    return early_stopping(Inputs(networks(np.asarray(accuracies)), other))


def test_the_bound_of_one_choice_is_clopper_and_pearsons():
    exact = binomtest(620, 1000, alternative="greater").proportion_ci(0.95)
    assert_allclose(bound([[[0.6]], [[0.64]]], 1000), exact.low)


def test_the_bound_holds_for_the_best_of_many_choices():
    """Of 200 epochs that are all equally good, the best one seems better than the clean rate."""
    rng = np.random.default_rng(0)
    found = [bound(rng.binomial(300, 0.6, (1, 1, 200)) / 300, 300) for _ in range(100)]
    assert np.mean([low <= 0.6 for low in found]) >= 0.95


def test_all_methods_are_choices_and_epochs_without_a_score_are_none():
    scored = bound([[[0.5, 0.6]]], 100)
    assert bound([[[0.5, np.nan, 0.6]]], 100) == scored
    assert bound([[[0.5]]], 100, forward=[[[0.6, np.nan]]]) == scored
    assert bound(np.full((1, 1, 3), np.nan), 100) == 0
