"""
What a network's test predictions are worth under each assumption about the test set.

The assumptions (arXiv 2010.12648, section 4): alpha scores against clean test labels, beta against
test labels corrupted independently at the same rate, gamma against clean test labels smoothed with
the p of the training (the smoothing as a prior).
"""

from collections.abc import Mapping

import numpy as np

ASSUMPTIONS = ("alpha", "beta", "gamma")


def scored_loss(
    log_probabilities: np.ndarray, clean: np.ndarray, noisy: np.ndarray, assumption: str, p: float
) -> float:
    """
    Return the mean test loss in nats.

    Parameters
    ----------
    log_probabilities : ndarray, shape (N, M)
        Log outputs of the network on the test images.
    clean, noisy : ndarray of int, shape (N,)
        The clean and the corrupted test labels.
    assumption : {"alpha", "beta", "gamma"}
    p : float
        The smoothing parameter of the training; only gamma depends on it.

    References
    ----------
    arXiv 2010.12648, Eq 7 (alpha), 8 (beta), 9 (gamma).
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


def smoothed_loss(loss: np.ndarray, uniform_loss: np.ndarray, p: float, M: int) -> np.ndarray:
    """Return the loss to smoothed labels from those to hard labels and to the uniform target."""
    q = (1 - p) / (M - 1)
    return (p - q) * loss + q * M * uniform_loss


def scored_labels(clean: np.ndarray, noisy: np.ndarray, assumption: str) -> np.ndarray:
    """Return the labels that the assumption scores against (gamma smooths the clean ones)."""
    if assumption not in ASSUMPTIONS:
        raise ValueError(f"assumption is {assumption!r}, allowed: {', '.join(ASSUMPTIONS)}")
    return noisy if assumption == "beta" else clean


def accuracy(log_probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Return the share of samples whose most probable class is the label."""
    return float((log_probabilities.argmax(axis=1) == labels).mean())


def calibration(
    log_probabilities: np.ndarray, labels: np.ndarray, bins: int = 15
) -> dict[str, float | None]:
    """
    Return how far the network's probabilities can be trusted.

    Parameters
    ----------
    log_probabilities : ndarray, shape (N, M)
    labels : ndarray of int, shape (N,)
    bins : int
        Equal bins of the confidence, the probability of the most probable class.

    Returns
    -------
    dict
        - brier: mean squared distance of the probabilities from the one-hot label, 0 to 2
        - calibration_error: expected calibration error, the mean over samples of the distance
          between the accuracy and the mean confidence of their bin
        - confidence: its mean; confidence_right and confidence_wrong: its mean over the predictions
          that are and are not the label, None where there are none

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
) -> dict[str, float]:
    """
    Return the test scores at the epoch with the highest test accuracy, the first of equals.

    Parameters
    ----------
    history : mapping of ndarray, shape (epochs,)
        Columns of `training.TrainingResult.history`.
    assumption : {"alpha", "beta", "gamma"}
    p : float
        The smoothing parameter of the training; only gamma's loss depends on it.
    M : int
        Number of classes.

    Returns
    -------
    dict
        ``honest_stop_*`` chooses the epoch on the corrupted test labels, which a user has;
        ``oracle_stop_*`` on the clean ones, as the paper does. ``_epoch`` counts from 1, ``_loss``
        (nats) and ``_accuracy`` are against the labels of the assumption, ``_clean_accuracy``
        against the clean ones.
    """
    kind = "noisy_" if assumption == "beta" else ""
    loss = history[f"{kind}test_loss"]
    if assumption == "gamma":
        loss = smoothed_loss(loss, history["uniform_test_loss"], p, M)
    scores = {}
    for name, chosen_on in (("honest", "noisy_test_accuracy"), ("oracle", "test_accuracy")):
        best = int(history[chosen_on].argmax())
        scores |= {
            f"{name}_stop_epoch": int(history["epoch"][best]),
            f"{name}_stop_loss": float(loss[best]),
            f"{name}_stop_accuracy": float(history[f"{kind}test_accuracy"][best]),
            f"{name}_stop_clean_accuracy": float(history["test_accuracy"][best]),
        }
    return scores
