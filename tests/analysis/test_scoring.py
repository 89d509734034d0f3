"""Scores against brute force and against the theory of the memorising network."""

import re

import numpy as np
import pytest
from numpy.testing import assert_allclose
from pydantic import ValidationError

from label_smoothing.analysis.metrics import Metrics
from label_smoothing.analysis.scoring import (
    WITH_TARGETS,
    accuracy,
    averaging_kl,
    calibration,
    early_stopped,
    empirical_loss,
    network_scores,
    predictions,
    scored_labels,
    scored_loss,
    target_matrix,
    true_class_shares,
)
from label_smoothing.data.corrupt import corrupt_labels
from label_smoothing.theory.checks import ASSUMPTIONS
from label_smoothing.theory.matrices import (
    alpha_joint,
    beta_joint,
    optimal_matrix,
    smoothing_matrix,
)
from label_smoothing.theory.memorising import loss, matrix_loss, memorised_accuracy
from label_smoothing.theory.noise import pair_flip_transition, uniform_transition
from label_smoothing.training.by_name import names
from label_smoothing.training.losses import base


def memorising_network(a, p, M, N, seed):
    """Return outputs S_p around an independently corrupted label of each test sample."""
    rng = np.random.default_rng(seed)
    clean, T = rng.integers(0, M, N), uniform_transition(a, M)
    memory, noisy = corrupt_labels(clean, T, rng), corrupt_labels(clean, T, rng)
    outputs = np.full((N, M), (1 - p) / (M - 1))
    outputs[np.arange(N), memory] = p
    return np.log(outputs), clean, noisy


@pytest.mark.parametrize("assumption", ASSUMPTIONS)
@pytest.mark.parametrize(("a", "p", "M"), [(0.7, 0.6, 10), (0.6, 0.9, 2), (1.0, 0.8, 3)])
def test_memorising_network_follows_the_theory(assumption, a, p, M):
    N = 200_000
    outputs, clean, noisy = memorising_network(a, p, M, N, seed=3)
    spread = np.log(p * (M - 1) / (1 - p)) / np.sqrt(N)
    scored = scored_loss(outputs, clean, noisy, assumption, p)
    assert_allclose(scored, loss(p, a, M, assumption), atol=3 * spread)
    share = accuracy(outputs, scored_labels(clean, noisy, assumption))
    assert_allclose(share, memorised_accuracy(a, M, assumption), atol=3 / np.sqrt(N))


@pytest.mark.parametrize("p", [0.05, 0.4, 1.0, 1.2])
def test_gamma_is_the_cross_entropy_to_the_smoothed_clean_label(p):
    rng = np.random.default_rng(0)
    outputs = np.log(rng.dirichlet(np.ones(4), size=50))
    clean, noisy = rng.integers(0, 4, (2, 50))
    target = np.full((50, 4), (1 - p) / 3)
    target[np.arange(50), clean] = p
    expected = -(target * outputs).sum(axis=1).mean()
    assert_allclose(scored_loss(outputs, clean, noisy, "gamma", p), expected)


def test_alpha_scores_the_clean_and_beta_the_noisy_labels():
    outputs = np.log([[0.7, 0.3], [0.4, 0.6]])
    clean, noisy = np.array([0, 1]), np.array([1, 1])
    alpha = scored_loss(outputs, clean, noisy, "alpha", 0.9)
    beta = scored_loss(outputs, clean, noisy, "beta", 0.9)
    assert_allclose(alpha, -np.log([0.7, 0.6]).mean())
    assert_allclose(beta, -np.log([0.3, 0.6]).mean())
    assert accuracy(outputs, clean) == 1.0
    assert accuracy(outputs, noisy) == 0.5


def test_unknown_assumption_is_refused():
    with pytest.raises(ValueError, match="assumption is 'delta'; allowed: alpha, beta, gamma"):
        scored_labels(np.zeros(1), np.zeros(1), "delta")


def test_calibration_of_known_outputs():
    outputs = np.log([[0.8, 0.2], [0.8, 0.2], [0.4, 0.6], [0.1, 0.9]])
    scores = calibration(outputs, np.array([0, 1, 1, 1]))
    assert_allclose(scores["brier"], np.mean([0.08, 1.28, 0.32, 0.02]))
    # Bins of 1/15: the two 0.8 share one, half of them right.
    expected = (2 * abs(0.8 - 0.5) + abs(0.6 - 1) + abs(0.9 - 1)) / 4
    assert_allclose(scores["calibration_error"], expected)
    assert_allclose(scores["confidence"], 0.775)
    assert_allclose(scores["confidence_right"], (0.8 + 0.6 + 0.9) / 3)
    assert_allclose(scores["confidence_wrong"], 0.8)


@pytest.mark.parametrize("log_confidence", [0.0, 1e-7])
def test_confidence_of_one_is_counted(log_confidence):
    outputs = np.array([[log_confidence, -np.inf]] * 4, dtype=np.float32)
    scores = calibration(outputs, np.array([0, 0, 0, 1]))
    assert_allclose(scores["calibration_error"], 0.25)
    assert scores["confidence"] == 1.0
    assert calibration(outputs, np.zeros(4, int))["confidence_wrong"] is None
    assert calibration(outputs, np.ones(4, int))["confidence_right"] is None


def test_calibrated_outputs_have_no_calibration_error():
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(3), size=100_000)
    labels = (rng.random((100_000, 1)) > probabilities.cumsum(axis=1)).sum(axis=1)
    assert calibration(np.log(probabilities), labels)["calibration_error"] < 0.01


HISTORY = {
    "epoch": np.arange(1.0, 5),
    "test_loss": np.array([2.0, 1.0, 1.5, 1.8]),
    "test_accuracy": np.array([0.1, 0.8, 0.9, 0.7]),
    "noisy_test_loss": np.array([2.1, 1.1, 1.6, 1.9]),
    "noisy_test_accuracy": np.array([0.2, 0.5, 0.4, 0.5]),
    "uniform_test_loss": np.array([2.3, 2.5, 2.6, 2.7]),
}


@pytest.mark.parametrize(
    ("assumption", "honest", "oracle"),
    [
        ("alpha", (2, 1.0, 0.8, 0.8), (3, 1.5, 0.9, 0.9)),
        ("beta", (2, 1.1, 0.5, 0.8), (3, 1.6, 0.4, 0.9)),
        ("gamma", (2, 0.75 * 1.0 + 0.25 * 2.5, 0.8, 0.8), (3, 0.75 * 1.5 + 0.25 * 2.6, 0.9, 0.9)),
    ],
)
def test_early_stopping_chooses_on_noisy_or_on_clean_labels(assumption, honest, oracle):
    # p = 0.8 with 5 classes: a target of 0.75 for the label and 0.25 for the uniform distribution.
    scores = early_stopped(HISTORY, assumption, 0.8, 5)
    assert_allclose([v for k, v in scores.items() if k.startswith("honest")], honest)
    assert_allclose([v for k, v in scores.items() if k.startswith("oracle")], oracle)


def test_early_stopping_passes_over_epochs_that_are_not_scored():
    unscored = {"epoch", "seconds"}
    sparse = {
        name: column if name in unscored else np.insert(column, [0, 1, 1, 3], np.nan)
        for name, column in {**HISTORY, "epoch": np.arange(1.0, 9)}.items()
    }
    scores, dense = early_stopped(sparse, "beta", 0.8, 5), early_stopped(HISTORY, "beta", 0.8, 5)
    assert (scores.pop("honest_stop_epoch"), scores.pop("oracle_stop_epoch")) == (5, 6)
    assert scores == {k: v for k, v in dense.items() if not k.endswith("_epoch")}


def class_losses(outputs, clean):
    """Return the mean of minus each log output over the samples of each class."""
    return np.stack([-outputs[clean == y].mean(axis=0) for y in range(outputs.shape[1])], axis=1)


@pytest.mark.parametrize("assumption", ASSUMPTIONS)
@pytest.mark.parametrize("transition", [uniform_transition, pair_flip_transition])
def test_empirical_loss_is_that_of_labels_drawn_anew(assumption, transition):
    M, p, N, rng = 4, 0.7, 400, np.random.default_rng(0)
    outputs, clean = np.log(rng.dirichlet(np.ones(M), N)), rng.integers(0, M, N)
    T, prior = transition(0.6, M), np.bincount(clean) / N
    scored = empirical_loss(class_losses(outputs, clean), prior, T, assumption, p)
    many = 300
    drawn = [corrupt_labels(clean, T, np.random.default_rng(i)) for i in range(many)]
    expected = np.mean([scored_loss(outputs, clean, noisy, assumption, p) for noisy in drawn])
    spread = 4 * outputs.std() / np.sqrt(N * many) if assumption == "beta" else 1e-12
    assert_allclose(scored, expected, atol=spread)


@pytest.mark.parametrize("assumption", ASSUMPTIONS)
def test_empirical_loss_of_a_memorising_network_follows_the_theory(assumption):
    a, p, M, N = 0.7, 0.6, 5, 100_000
    outputs, clean, _ = memorising_network(a, p, M, N, seed=4)
    arguments = class_losses(outputs, clean), np.bincount(clean) / N, uniform_transition(a, M)
    spread = np.log(p * (M - 1) / (1 - p)) / np.sqrt(N)
    assert_allclose(
        empirical_loss(*arguments, assumption, p), loss(p, a, M, assumption), atol=3 * spread
    )


@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("p", [0.05, 0.7, 1.0])
def test_shares_of_a_network_that_draws_on_k_labels(k, p):
    a, M, N, rng = 0.6, 5, 50_000, np.random.default_rng(0)
    clean = rng.integers(0, M, N)
    drawn = [corrupt_labels(clean, uniform_transition(a, M), rng) for _ in range(k)]
    weights = np.mean([np.eye(M)[labels] for labels in drawn], axis=0)
    q = (1 - p) / (M - 1)
    with np.errstate(divide="ignore"):
        shares = true_class_shares(np.log(q + (p - q) * weights), clean, p)
    assert_allclose(shares["share_mean"], a, atol=3 / np.sqrt(N))
    assert_allclose(shares["share_variance"], a * (1 - a) / k, rtol=0.03)


@pytest.mark.parametrize("p", [0.25, 1.1, np.nan])
def test_no_shares_where_outputs_cannot_tell_them(p):
    shares = true_class_shares(np.log(np.full((3, 4), 0.25)), np.array([0, 1, 2]), p)
    assert shares == {"share_mean": None, "share_variance": None}


def run_of(outputs, clean, **changes):
    run = {
        "log_probabilities": outputs,
        "train_loss": 0.5,
        "train_kl": 0.01,
        "train_accuracy": 0.99,
        "clean_train_loss": 0.9,
        "clean_train_accuracy": 0.7,
        "uniform_train_loss": 2.0,
        "class_train_losses": class_losses(outputs, clean),
        "diverged_epoch": 0,
    }
    return {name: np.array(value) for name, value in (run | changes).items()}


def scores_of(run, clean, noisy, history=HISTORY, **changes):
    arguments = {"assumption": "beta", "p": 0.6, "smoothed": True} | changes
    T = uniform_transition(0.7, 5)
    labels = {"clean_train": clean, "clean_test": clean, "noisy_test": noisy}
    return network_scores(run, history, transition=T, **(labels | arguments))


def of_given_labels(run, clean, noisy, **changes):
    """Return the scores as of `scores_of`, without what only clean training labels tell."""
    run = {k: v for k, v in run.items() if k != "class_train_losses" and "clean" not in k}
    history = {k: v for k, v in HISTORY.items() if not k.startswith("test_")}
    return scores_of(run, clean, noisy, history, clean_train=None, **changes)


NEEDS_TRAINING_LABELS = {
    "clean_train_loss",
    "clean_train_accuracy",
    "empirical_loss",
    "honest_stop_clean_accuracy",
    *(f"oracle_stop_{name}" for name in ("epoch", "loss", "accuracy", "clean_accuracy")),
}
CELL = {"dataset": "d", "noise": "n", "method": "m", "a": 0.7, "p": 0.6, "seed": 0, "classes": 5}
CELL["trained_with"] = "cpu"
RATES = ("expected_clean_rate", "expected_agreement", "match_probability")
RATES += ("realised_clean_rate", "realised_test_clean_rate")


def wrongly_null(scores, **names):
    theory = dict.fromkeys(("predicted_loss", "noiseless_loss", "averaging_kl"))
    row = {**CELL, "test_size": 500, **dict.fromkeys(RATES), **theory, **names, **scores}
    try:
        Metrics.model_validate(row)
    except ValidationError as error:
        return set(re.findall(r"'(\w+)'", error.errors()[0]["msg"]))
    return set()


def test_without_clean_labels_what_needs_none_is_scored_and_the_rest_is_none():
    outputs, clean, noisy = memorising_network(0.7, 0.6, 5, 500, seed=5)
    known = scores_of(run_of(outputs, clean), clean, noisy)
    scores = of_given_labels(run_of(outputs, clean), np.full(500, -1), noisy)
    missing = NEEDS_TRAINING_LABELS | {"clean_test_accuracy", "share_mean", "share_variance"}
    assert scores == known | dict.fromkeys(missing)
    assert wrongly_null(scores, assumption="beta", labels="given") == set()
    assert wrongly_null(known, assumption="beta", labels="given") == NEEDS_TRAINING_LABELS
    # Nothing may be missing where the labels are clean.
    missing = {*RATES, *NEEDS_TRAINING_LABELS, "clean_test_accuracy"}
    assert wrongly_null(scores, assumption="beta") == missing


@pytest.mark.parametrize("assumption", ["alpha", "gamma"])
def test_checked_labels_alone_are_scored_on_where_clean_ones_are_asked_for(assumption):
    outputs, clean, noisy = memorising_network(0.7, 0.6, 5, 500, seed=5)
    chosen = np.arange(0, 500, 3)
    checked = np.full(500, -1)
    checked[chosen] = clean[chosen]
    scores = of_given_labels(run_of(outputs, clean), checked, noisy, assumption=assumption)
    part = run_of(outputs[chosen], clean[chosen])
    expected = scores_of(part, clean[chosen], noisy[chosen], assumption=assumption)
    missing = NEEDS_TRAINING_LABELS | {"honest_stop_loss", "honest_stop_accuracy"}
    assert scores == expected | dict.fromkeys(missing)
    assert wrongly_null(scores, assumption=assumption, labels="given") == set()
    of_beta = of_given_labels(run_of(outputs, clean), checked, noisy)
    assert of_beta["test_loss"] == scored_loss(outputs, clean, noisy, "beta", 0.6)
    assert of_beta["clean_test_accuracy"] == scores["test_accuracy"]


def test_scores_of_a_network_are_those_that_metrics_documents():
    outputs, clean, noisy = memorising_network(0.7, 0.6, 5, 500, seed=5)
    scores = scores_of(run_of(outputs, clean), clean, noisy)
    assert all(isinstance(score, (int, float)) for score in scores.values())
    about_the_cell = {"dataset", "noise", "assumption", "method", "a", "p", "seed", "classes"}
    about_the_cell |= {"test_size", "expected_clean_rate", "expected_agreement"}
    about_the_cell |= {"match_probability", "realised_clean_rate", "realised_test_clean_rate"}
    about_the_cell |= {"predicted_loss", "noiseless_loss", "averaging_kl"}
    assert scores.keys() == set(Metrics.model_fields) - about_the_cell - {"labels", "trained_with"}
    assert_allclose(scores["test_loss"], scored_loss(outputs, clean, noisy, "beta", 0.6))
    assert scores["clean_test_accuracy"] == accuracy(outputs, clean)
    assert scores["test_accuracy"] == scores["uncorrected_test_accuracy"]
    assert scores["clean_train_accuracy"] == 0.7


def test_uncorrected_outputs_are_scored_apart():
    outputs, clean, noisy = memorising_network(0.7, 0.6, 5, 500, seed=5)
    flat = np.log(np.full((500, 5), 0.2))
    run = run_of(outputs, clean, uncorrected_log_probabilities=flat)
    scores = scores_of(run, clean, noisy)
    assert_allclose(scores["uncorrected_test_loss"], np.log(5))
    assert scores["test_loss"] == scores_of(run_of(outputs, clean), clean, noisy)["test_loss"]


def test_what_a_loss_lacks_is_none():
    outputs, clean, noisy = memorising_network(0.7, 0.6, 5, 500, seed=5)
    scores = scores_of(run_of(outputs, clean, train_kl=np.nan), clean, noisy, smoothed=False)
    assert {k for k, v in scores.items() if v is None} == {
        "train_kl",
        "share_mean",
        "share_variance",
    }


def test_a_diverged_training_has_no_scores():
    nothing, clean = np.full((500, 5), np.nan, np.float32), np.arange(500) % 5
    run = run_of(nothing, clean, train_loss=np.nan, train_kl=np.nan, diverged_epoch=3)
    scores = scores_of(run, clean, clean)
    assert scores.pop("diverged_epoch") == 3
    assert set(scores.values()) == {None}
    unscored = {name: np.full(2, np.nan) for name in HISTORY} | {"epoch": np.array([1.0, 2.0])}
    again = network_scores(
        run,
        unscored,
        clean_train=clean,
        clean_test=clean,
        noisy_test=clean,
        transition=np.eye(5),
        assumption="alpha",
        p=1.0,
        smoothed=True,
    )
    assert again == {**scores, "diverged_epoch": 3}


M = 5
PRIOR = np.array([0.3, 0.25, 0.2, 0.15, 0.1])
EVEN = np.full(M, 1 / M)


def random_transition(seed=0):
    T = np.random.default_rng(seed).dirichlet(np.ones(M), size=M).T
    return 0.6 * np.eye(M) + 0.4 * T


def predict(S, T, assumption="alpha", p=1.0, test_prior=PRIOR, train_prior=PRIOR):
    return predictions(S, T, test_prior, train_prior, assumption, p)


@pytest.mark.parametrize("assumption", ["alpha", "beta", "gamma"])
@pytest.mark.parametrize(("p", "a"), [(0.3, 0.6), (0.7, 0.6), (0.9, 1.0), (0.05, 0.4)])
def test_label_smoothing_has_the_loss_of_the_closed_form(assumption, p, a):
    found = predict(smoothing_matrix(p, M), uniform_transition(a, M), assumption, p)
    assert_allclose(found["predicted_loss"], loss(p, a, M, assumption))
    assert_allclose(found["noiseless_loss"], loss(p, 1, M, assumption))


@pytest.mark.parametrize(("assumption", "joint"), [("alpha", alpha_joint), ("beta", beta_joint)])
def test_any_targets_have_the_loss_of_the_joint_distribution(assumption, joint):
    T = random_transition()
    # The network is given what the training labels say, and is scored on the test labels.
    S = optimal_matrix(joint(T, EVEN))
    found = predict(S, T, assumption, train_prior=EVEN)
    assert_allclose(found["predicted_loss"], matrix_loss(S, joint(T, PRIOR)))
    assert_allclose(found["noiseless_loss"], -PRIOR @ np.log(np.diag(S)))


def test_a_loss_without_limit_has_no_number():
    T = pair_flip_transition(0.7, M)
    # Transposed, it gives nothing to the class that the label came from.
    assert predict(T, T)["predicted_loss"] is None
    assert predict(T.T, T)["predicted_loss"] is not None
    assert predict(np.eye(M), T)["predicted_loss"] is None
    assert predict(np.eye(M), np.eye(M))["predicted_loss"] == 0
    assert set(predict(None, T).values()) == {None}


def test_averaging_leaves_what_the_outputs_of_a_class_miss():
    T, S = random_transition(), np.random.default_rng(1).dirichlet(np.ones(M), size=M).T
    rng = np.random.default_rng(2)
    clean = rng.choice(M, size=200_000, p=PRIOR)
    noisy = (rng.random(len(clean))[:, None] > T.T[clean].cumsum(1)).sum(1)
    put_out = np.stack([S.T[noisy[clean == j]].mean(0) for j in range(M)])[clean]
    measured = (S.T[noisy] * np.log(S.T[noisy] / put_out)).sum(1).mean()
    assert_allclose(averaging_kl(S, T, PRIOR), measured, rtol=0.01)


def test_without_noise_one_that_knows_nothing_is_the_measure():
    S = smoothing_matrix(0.8, M)
    entropy = -(S[:, 0] * np.log(S[:, 0])).sum()
    assert_allclose(averaging_kl(S, np.eye(M), EVEN), np.log(M) - entropy)


@pytest.mark.parametrize("classes", [2, 10])
def test_equal_targets_leave_nothing(classes):
    S = smoothing_matrix(1 / classes, classes)
    T, even = uniform_transition(0.7, classes), np.full(classes, 1 / classes)
    assert averaging_kl(S, T, even) == 0
    S[:, 0] = np.eye(classes)[0]
    assert averaging_kl(S, T, even) > 0.01


def test_rounding_makes_no_divergence_negative():
    for p in (1 / M + 1e-8, 1 / M - 1e-8, 1.0):
        for T in (uniform_transition(1 - 1e-12, M), uniform_transition(0.5, M)):
            assert averaging_kl(smoothing_matrix(p, M), T, PRIOR) >= 0


def test_the_losses_with_targets_are_those_that_say_so():
    known = [name for name in names(base.__package__) if name != "base"]
    with_targets = [
        name
        for name in known
        if base.load_loss(name, **({"q": 0.5} if "generalised" in name else {})).has_targets
    ]
    assert sorted(WITH_TARGETS) == sorted(with_targets)


def test_targets_are_probabilities_and_of_forward_correction_those_that_fit_best():
    S = smoothing_matrix(1.2, M)
    assert target_matrix("label_smoothing", S) is None
    T = pair_flip_transition(0.6, M)
    assert target_matrix("forward_correction", T) is T
    assert target_matrix("forward_correction", pair_flip_transition(0.4, M)) is None
    assert target_matrix("matrix_smoothing", pair_flip_transition(0.4, M)) is not None
    assert target_matrix("logit_smoothing", T) is None
