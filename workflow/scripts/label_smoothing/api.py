"""
The functions for notebooks, in one place: `from label_smoothing import api`.

docs/library.md shows each in use; `help(api.optimum)` says what one returns. Nothing in the library
imports this module.
"""

from label_smoothing.analysis.theory_fits import fit_clean_rate
from label_smoothing.analysis.vote_fits import fit_votes
from label_smoothing.data.corrupt import corrupt_labels
from label_smoothing.theory.gamma import gamma_transition
from label_smoothing.theory.matrices import (
    alpha_joint,
    beta_joint,
    mean_field_p,
    optimal_matrix,
    smoothing_matrix,
)
from label_smoothing.theory.memorising import loss, matrix_loss, memorised_accuracy, optimum
from label_smoothing.theory.noise import transition_matrix
from label_smoothing.theory.rates import epsilon_from_p, match_probability, p_from_epsilon
from label_smoothing.theory.votes import (
    smoothing_helps_below,
    vote_accuracy,
    vote_loss,
    vote_matrix_loss,
    vote_optimum,
)

__all__ = [
    "alpha_joint",
    "beta_joint",
    "corrupt_labels",
    "epsilon_from_p",
    "fit_clean_rate",
    "fit_votes",
    "gamma_transition",
    "loss",
    "match_probability",
    "matrix_loss",
    "mean_field_p",
    "memorised_accuracy",
    "optimal_matrix",
    "optimum",
    "p_from_epsilon",
    "smoothing_helps_below",
    "smoothing_matrix",
    "transition_matrix",
    "vote_accuracy",
    "vote_loss",
    "vote_matrix_loss",
    "vote_optimum",
]
