"""What a network's test predictions are worth under each assumption about the test set.

The assumptions (arXiv 2010.12648, sections 3.1 to 3.3): alpha scores against clean test labels,
beta against test labels corrupted independently at the same rate, gamma against clean test labels
smoothed with the p of the training. Every evaluation imports this module, so it does without
scipy, whose import takes as long as an evaluation.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from label_smoothing.theory.checks import check_assumption
from label_smoothing.theory.matrices import alpha_joint, beta_joint, smoothing_matrix

_TRAIN_SCORES = (
    "train_loss",
    "train_kl",
    "train_accuracy",
    "clean_train_loss",
    "clean_train_accuracy",
    "uniform_train_loss",
)


def network_scores(
    run: Mapping[str, np.ndarray],
    history: Mapping[str, np.ndarray],
    *,
    clean_train: np.ndarray | None,
    clean_test: np.ndarray,
    noisy_test: np.ndarray,
    transition: np.ndarray,
    assumption: str,
    p: float,
    smoothed: bool,
) -> dict[str, Any]:
    """Return every score of one network under one assumption.

    Parameters
    ----------
    run : mapping of ndarray
        Fields of `TrainingResult`, without the history; uncorrected outputs only where they differ.
    history : mapping of ndarray, shape (epochs,)
    clean_train, clean_test, noisy_test : ndarray of int, shape (N,)
        Labels. Where the clean ones are unknown, `clean_train` is None, and `clean_test` is below 0
        for each unknown image: alpha and gamma score on the others alone.
    transition : ndarray, shape (M, M)
        T of the training.
    smoothed : bool
        Whether a network that memorises puts out targets smoothed with p.

    Returns
    -------
    dict
        The scores and ``diverged_epoch``, see `metrics.Metrics`. A training that diverged has None
        for each score, and so has what needs clean labels that nobody knows.
    """
    outputs = run["log_probabilities"]
    uncorrected = run.get("uncorrected_log_probabilities", outputs)
    M, known = outputs.shape[1], clean_test >= 0
    of_known = outputs[known], clean_test[known]
    if assumption != "beta":
        outputs, uncorrected, clean_test, noisy_test = (
            each[known] for each in (outputs, uncorrected, clean_test, noisy_test)
        )
    labels = scored_labels(clean_test, noisy_test, assumption)
    scores: dict[str, Any] = {
        "test_loss": scored_loss(outputs, clean_test, noisy_test, assumption, p),
        "test_accuracy": accuracy(outputs, labels),
        "clean_test_accuracy": accuracy(*of_known) if known.any() else None,
        "nll": negative_log_likelihood(outputs, labels),
        **calibration(outputs, labels),
        "uncorrected_test_loss": scored_loss(uncorrected, clean_test, noisy_test, assumption, p),
        "uncorrected_test_accuracy": accuracy(uncorrected, labels),
        **true_class_shares(*of_known, p if smoothed and known.any() else math.nan),
        **early_stopped(history, assumption, p, M),
        **{name: float(run[name]) if name in run else None for name in _TRAIN_SCORES},
        "empirical_loss": None,
    }
    if clean_train is not None:
        prior = np.bincount(clean_train, minlength=M) / len(clean_train)
        losses = run["class_train_losses"]
        scores["empirical_loss"] = empirical_loss(losses, prior, transition, assumption, p)
    if math.isnan(scores["train_kl"]):  # a loss without targets
        scores["train_kl"] = None
    diverged_epoch = int(run["diverged_epoch"])
    if diverged_epoch:
        scores = dict.fromkeys(scores)
    return {**scores, "diverged_epoch": diverged_epoch}


def scored_loss(
    log_probabilities: np.ndarray, clean: np.ndarray, noisy: np.ndarray, assumption: str, p: float
) -> float:
    """Return the mean test loss of log outputs, shape (N, M), in nats. Source: Eq 7, 8 and 9.

    `clean` and `noisy`, shape (N,), are the test labels; gamma smooths the clean ones with p.
    """
    log_probabilities = log_probabilities.astype(np.float64)
    labels = scored_labels(clean, noisy, assumption)
    loss = negative_log_likelihood(log_probabilities, labels)
    if assumption != "gamma":
        return loss
    M = log_probabilities.shape[1]
    return float(smoothed_loss(loss, -log_probabilities.mean(), p, M))


def negative_log_likelihood(log_probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Return the mean of minus the log probability of the label, in nats."""
    given = np.take_along_axis(log_probabilities.astype(np.float64), labels[:, None], axis=1)
    return float(-given.mean())


def smoothed_loss(loss: ArrayLike, uniform_loss: ArrayLike, p: float, M: int) -> Any:
    """Return the loss to smoothed labels from those to hard labels and to the uniform target."""
    q = (1 - p) / (M - 1)
    return (p - q) * np.asarray(loss) + q * M * np.asarray(uniform_loss)


def empirical_loss(
    class_losses: np.ndarray, prior: np.ndarray, T: np.ndarray, assumption: str, p: float
) -> float:
    """Return the loss on the TRAINING images against labels that the training has not seen.

    The labels are those of the assumption, drawn anew for each image. This is what the paper's
    theory computes, and takes for an estimate of the test loss (section 2).

    Parameters
    ----------
    class_losses : ndarray, shape (M, M)
        Entry ``[j, y]`` is the mean of minus the log output `j` over the training images of the
        clean class `y`.
    """
    if assumption == "beta":
        return float((T * class_losses).sum(axis=0) @ prior)
    clean = float(class_losses.diagonal() @ prior)
    if assumption == "alpha":
        return clean
    uniform = float(class_losses.mean(axis=0) @ prior)
    return float(smoothed_loss(clean, uniform, p, len(prior)))


def true_class_share(log_probabilities: np.ndarray, clean: np.ndarray, p: float) -> np.ndarray:
    """Return the share (f - q)/(p - q) that each test image gives to its true class, of output f.

    A network that puts out a mixture of smoothed targets, ``q + (p - q) w_j`` for class `j`, gives
    it the share ``w_y``: 0 or 1 for the paper's network, which draws on one label, and in between
    for one that draws on several. Outputs that are no mixture of targets have shares beyond 0 or 1.

    Returns
    -------
    ndarray, shape (N,)
        Of shape (0,) where outputs tell no shares: at p = 1/M, above p = 1 and for nan.
    """
    M = log_probabilities.shape[1]
    if not (p <= 1 and abs(p - 1 / M) > 1e-9):
        return np.empty(0)
    q = (1 - p) / (M - 1)
    given = np.take_along_axis(log_probabilities.astype(np.float64), clean[:, None], axis=1)
    return (np.exp(given[:, 0]) - q) / (p - q)


def true_class_shares(
    log_probabilities: np.ndarray, clean: np.ndarray, p: float
) -> dict[str, float | None]:
    """Return ``share_mean`` and ``share_variance`` of `true_class_share`, or None.

    The variance of the mean of `k` labels is ``t (1 - t) / k`` around their mean `t`.
    """
    share = true_class_share(log_probabilities, clean, p)
    if not share.size:
        return {"share_mean": None, "share_variance": None}
    return {"share_mean": float(share.mean()), "share_variance": float(share.var())}


def scored_labels(clean: np.ndarray, noisy: np.ndarray, assumption: str) -> np.ndarray:
    """Return the labels that the assumption scores against (gamma smooths the clean ones)."""
    return noisy if check_assumption(assumption) == "beta" else clean


def accuracy(log_probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Return the share of samples whose most probable class is the label."""
    return float((log_probabilities.argmax(axis=1) == labels).mean())


def calibration(
    log_probabilities: np.ndarray, labels: np.ndarray, bins: int = 15
) -> dict[str, float | None]:
    """Return how far the network's probabilities can be trusted.

    Returns
    -------
    dict
        - brier: mean squared distance of the probabilities from the one-hot label, 0 to 2
        - calibration_error: expected calibration error, the mean over samples of the distance
        between
          the accuracy and the mean confidence of their bin (equal bins of the confidence)
        - confidence: mean probability of the most probable class; confidence_right and
          confidence_wrong: its mean over right and over wrong predictions, None where there are
          none

    References
    ----------
    Guo et al. 2017 (expected calibration error); Brier 1950.
    """
    probabilities = np.exp(log_probabilities.astype(np.float64))
    # Rounding can make a probability of float32 larger than 1, which would leave the last bin.
    confidence = probabilities.max(axis=1).clip(max=1.0)
    right = probabilities.argmax(axis=1) == labels
    # The last bin of a histogram includes its right edge: a confidence of exactly 1 counts.
    excess, _ = np.histogram(confidence, bins, (0, 1), weights=confidence - right)
    probabilities[np.arange(len(labels)), labels] -= 1
    return {
        "brier": float((probabilities**2).sum(axis=1).mean()),
        "calibration_error": float(np.abs(excess).sum() / len(labels)),
        "confidence": float(confidence.mean()),
        "confidence_right": float(confidence[right].mean()) if right.any() else None,
        "confidence_wrong": float(confidence[~right].mean()) if not right.all() else None,
    }


def early_stopped(
    history: Mapping[str, np.ndarray], assumption: str, p: float, M: int
) -> dict[str, float | None]:
    """Return the test scores at the epoch with the highest test accuracy, the first of equals.

    Epochs that are not scored, whose test columns are nan, are passed over.

    Returns
    -------
    dict
        ``honest_stop_*`` chooses the epoch on the corrupted test labels, which a user has;
        ``oracle_stop_*`` on the clean ones, as the paper does. ``_epoch`` counts from 1, ``_loss``
        (nats) and ``_accuracy`` are against the labels of the assumption, ``_clean_accuracy``
        against the clean ones. What needs clean labels is None without them. A training that
        diverged before any epoch was scored has its first epoch.
    """
    scored = np.flatnonzero(~np.isnan(history["noisy_test_accuracy"]))
    kind = "noisy_" if assumption == "beta" else ""
    loss, accuracies, clean = (
        history.get(name) for name in (f"{kind}test_loss", f"{kind}test_accuracy", "test_accuracy")
    )
    if assumption == "gamma" and loss is not None:
        loss = smoothed_loss(loss, history["uniform_test_loss"], p, M)
    scores: dict[str, float | None] = {}
    for name, chosen_on in (("honest", history["noisy_test_accuracy"]), ("oracle", clean)):
        best = None
        if chosen_on is not None:
            best = scored[chosen_on[scored].argmax()] if len(scored) else 0
        scores |= {
            f"{name}_stop_epoch": _at(best, history["epoch"], int),
            f"{name}_stop_loss": _at(best, loss),
            f"{name}_stop_accuracy": _at(best, accuracies),
            f"{name}_stop_clean_accuracy": _at(best, clean),
        }
    return scores


def _at(place: int | None, values: np.ndarray | None, kind: type = float) -> Any:
    return None if place is None or values is None else kind(values[place])


# Losses whose matrix holds what the outputs of a network that memorises are (`Loss.has_targets`).
WITH_TARGETS = (
    "label_smoothing",
    "matrix_smoothing",
    "forward_correction",
    "generalised_cross_entropy",
)


def target_matrix(loss: str, matrix: np.ndarray) -> np.ndarray | None:
    """Return the outputs S of a network that memorises, or None for losses without such outputs.

    `matrix` is that of the method, see `training.methods.method_matrix`. There are none above p =
    1, where targets are no probabilities, and for a forward correction that takes some noisy label
    to come from another class: the output that fits a label best is then not the label's own
    column.
    """
    if loss not in WITH_TARGETS or (matrix < 0).any():
        return None
    if loss == "forward_correction" and (matrix.max(axis=1) > np.diag(matrix)).any():
        return None
    return matrix


def predictions(
    S: np.ndarray | None,
    T: np.ndarray,
    test_prior: np.ndarray,
    train_prior: np.ndarray,
    assumption: str,
    p: float,
) -> dict[str, float | None]:
    """Return what a network that memorises and one that averages the noise would have.

    Returns
    -------
    dict
        - predicted_loss: test loss of a network that memorises S; None without targets and where it
          is infinite
        - noiseless_loss: the same if no label were wrong
        - averaging_kl: see `averaging_kl`
    """
    names = ("predicted_loss", "noiseless_loss", "averaging_kl")
    if S is None:
        return dict.fromkeys(names)
    losses = [_loss(S, noise, test_prior, assumption, p) for noise in (T, np.eye(len(T)))]
    values = (*losses, averaging_kl(S, T, train_prior))
    found = (value if math.isfinite(value) else None for value in values)
    return dict(zip(names, found, strict=True))


def _loss(S: np.ndarray, T: np.ndarray, prior: np.ndarray, assumption: str, p: float) -> float:
    if assumption == "beta":
        return _cross_entropy(beta_joint(T, prior), S)
    J = alpha_joint(T, prior)
    return _cross_entropy(smoothing_matrix(p, len(T)) @ J if assumption == "gamma" else J, S)


def _cross_entropy(weights: np.ndarray, S: np.ndarray) -> float:
    """Return ``-sum w log S``; infinite where S rules out what has a weight."""
    asked = weights != 0
    with np.errstate(divide="ignore"):
        return 0.0 - float((weights[asked] * np.log(S[asked])).sum())


def averaging_kl(S: np.ndarray, T: np.ndarray, prior: np.ndarray) -> float:
    """Return the mean KL divergence from the targets of a network that averages the noise away.

    It puts out ``S T[:, j]`` for all images of the clean class `j`. Without noise these are the
    targets; then it is that of a network that puts out the mean target for every image. It is 0
    where all labels have the same target: there is nothing to memorise.
    """
    if np.ptp(S, axis=1).max() < 1e-9:
        return 0.0
    # Beside what is put out, how often each training label is fitted by it.
    groups = [(S @ T[:, j], prior[j] * T[:, j]) for j in range(len(T))]
    if np.array_equal(T, np.eye(len(T))):
        groups = [(S @ prior, prior)]
    put_out = sum(_cross_entropy(S * n, np.outer(mean, np.ones_like(n))) for mean, n in groups)
    return max(put_out - _cross_entropy(S * (T @ prior), S), 0.0)  # which rounding can pass
