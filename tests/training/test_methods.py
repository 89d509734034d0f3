"""The matrix of each method."""

import inspect
from typing import get_args

import numpy as np
import pytest
from numpy.testing import assert_allclose

from label_smoothing.study.sections import LOSSES, NETWORKS, Method
from label_smoothing.theory.matrices import smoothing_matrix
from label_smoothing.theory.memorising import optimum
from label_smoothing.theory.noise import pair_flip_transition, uniform_transition
from label_smoothing.training.by_name import names
from label_smoothing.training.losses.base import load_loss
from label_smoothing.training.methods import MATRICES, method_matrix

PRIOR = np.full(4, 0.25)
T = uniform_transition(0.7, 4)


def test_every_kind_has_columns_that_sum_to_one():
    prior, uneven = (
        np.array([0.5, 0.2, 0.3]),
        np.array([[0.8, 0.1, 0.0], [0.1, 0.6, 0.3], [0.1, 0.3, 0.7]]),
    )
    for kind in MATRICES:
        matrix = method_matrix(kind, 0.6, uneven, prior, np.eye(3))
        assert matrix.shape == (3, 3)
        assert_allclose(matrix.sum(axis=0), 1, err_msg=kind)


def test_uniform_noise_has_the_optima_of_the_theory():
    # Doubly stochastic T and a uniform prior: T^t and T T^t, both of label smoothing's form.
    alpha, beta = optimum(0.7, 4, "alpha"), optimum(0.7, 4, "beta")
    for kind, p in (
        ("alpha_optimal", alpha),
        ("alpha_mean_field", alpha),
        ("beta_optimal", beta),
        ("beta_mean_field", beta),
        ("transition", 0.7),
    ):
        expected = smoothing_matrix(p, 4)
        assert_allclose(method_matrix(kind, 0.1, T, PRIOR), expected, err_msg=kind)
    assert_allclose(method_matrix("p", 1.2, T, PRIOR), smoothing_matrix(1.2, 4))


def test_pair_flips_have_another_optimum_than_label_smoothing():
    flips = pair_flip_transition(0.7, 4)
    assert_allclose(method_matrix("alpha_optimal", 0.1, flips, PRIOR), flips.T)
    assert_allclose(method_matrix("beta_optimal", 0.1, flips, PRIOR), flips @ flips.T)
    mean_field = method_matrix("beta_mean_field", 0.1, flips, PRIOR)
    assert_allclose(mean_field, smoothing_matrix(0.7**2 + 0.3**2, 4))


def test_bad_kinds_and_files_are_refused():
    with pytest.raises(ValueError, match="matrix is 'delta_optimal'; allowed: p, transition, "):
        method_matrix("delta_optimal", 0.5, T, PRIOR)
    with pytest.raises(ValueError, match=r"target matrix is \(3, 3\); allowed here: \(4, 4\)"):
        method_matrix("file", 0.5, T, PRIOR, np.eye(3))


def test_library_schema_and_the_table_of_the_study_agree():
    assert sorted(LOSSES) == names("label_smoothing.training.losses")
    assert {*MATRICES} == {*get_args(Method.model_fields["matrix"].annotation)}
    assert {matrix for keys in LOSSES.values() for matrix in keys.matrices} == {*MATRICES}
    known = {key for keys in LOSSES.values() for key in keys.parameters}
    assert known == Method.model_fields.keys() - {"loss", "matrix", "path", "warm_up_epochs"}
    for name, keys in LOSSES.items():
        arguments = inspect.signature(load_loss(name).mean).parameters.values()
        own = [each.name for each in arguments if each.kind is each.KEYWORD_ONLY]
        assert tuple(own) == keys.parameters, name


def test_library_and_schema_have_the_same_networks():
    assert sorted(NETWORKS.keys() - {"own"}) == names("label_smoothing.training.networks")
