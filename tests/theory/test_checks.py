"""What is no argument is refused in one line, by every public function that takes it."""

import numpy as np
import pytest

from label_smoothing.analysis.vote_fits import fit_votes
from label_smoothing.data.corrupt import corrupt_labels
from label_smoothing.theory.checks import check_labels
from label_smoothing.theory.matrices import alpha_joint, optimal_matrix
from label_smoothing.theory.memorising import matrix_loss
from label_smoothing.theory.noise import transition_matrix
from label_smoothing.theory.rates import p_from_epsilon
from label_smoothing.theory.votes import vote_matrix_loss

ROWS = np.array([[0.9, 0.05, 0.05], [0.3, 0.6, 0.1], [0.2, 0.2, 0.6]])
UNIFORM = transition_matrix("uniform", 0.8, 3)


@pytest.mark.parametrize(
    ("labels", "problem"),
    [
        ([0, 1, -1], "a label is -1; allowed: integers from 0 to 2"),
        ([0, 1, 3], "a label is 3; allowed: integers from 0 to 2"),
        ([0.0, 1.0], "the first label is 0.0; allowed: integers"),
        ([1.5], "allowed: integers"),
        (["a", "b"], "the first label is 'a'; allowed: integers"),
        ([True, False], "allowed: integers"),
    ],
)
def test_labels_are_integers_from_0_to_the_last_class(labels, problem):
    with pytest.raises(ValueError, match=problem):
        corrupt_labels(np.array(labels), UNIFORM, np.random.default_rng(0))
    with pytest.raises(ValueError, match=problem):
        check_labels(labels, 3)


def test_labels_of_any_width_and_of_no_image_are_taken():
    for kind in (np.uint8, np.int16, np.int64):
        assert check_labels(np.array([0, 2], kind), 3).dtype == np.int64
    assert check_labels([], 3).shape == (0,)


@pytest.mark.parametrize(
    "use",
    [
        lambda T: transition_matrix("file", 0.8, 3, matrix=T),
        lambda T: corrupt_labels(np.array([0, 1]), T, np.random.default_rng(0)),
        alpha_joint,
        lambda T: vote_matrix_loss(0.9, T, 2, "alpha"),
        lambda T: matrix_loss(T, alpha_joint(UNIFORM)),
    ],
)
def test_a_matrix_of_the_other_convention_is_named(use):
    with pytest.raises(ValueError, match=r"column 0 sums to 1\.4; .*rows sum to 1.*transpose"):
        use(ROWS)
    with pytest.raises(ValueError, match=r"column 2 sums to 0\.375; allowed: 1$"):
        use(ROWS / 2)
    use(ROWS.T)


def test_a_joint_distribution_of_the_other_convention_cannot_be_told():
    assert optimal_matrix(ROWS / 3).sum(axis=0) == pytest.approx(1)


@pytest.mark.parametrize("epsilon", [1.5, -0.1, np.nan])
def test_epsilon_is_from_0_to_1(epsilon):
    with pytest.raises(ValueError, match=r"epsilon is .*; allowed: 0 to 1"):
        p_from_epsilon(epsilon, 10)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (([0.5, 0.7, 0.9], [1.0, 0.9, 0.8], 0.8, 10, "alpha"), "shapes of p and loss"),
        (([0.5, 0.7], 70, [1.0, 0.9], 10, "alpha"), "a is 70"),
        (([0.5, 0.7], 0.7, [1.0, 0.9], 10, "Alpha"), "assumption is 'Alpha'"),
        (([0.5, 0.7], 0.7, [1.0, np.inf], 10, "alpha"), "loss is inf"),
        (([0.5, 0.7], 0.7, [1.0, 0.9, 0.8], 10, "alpha"), "shapes of p and loss"),
    ],
)
def test_wrong_arguments_of_a_fit_are_refused(arguments, problem):
    with pytest.raises(ValueError, match=problem):
        fit_votes(*arguments)


def test_losses_that_are_all_the_same_have_no_r2():
    assert np.isnan(fit_votes([0.5, 0.7, 0.9], 0.7, [0.8, 0.8, 0.8], 10, "alpha").r2)
