"""
What a network's test predictions are worth under each assumption about the test set.

The assumptions (arXiv 2010.12648, section 4): alpha scores against clean test labels, beta against
test labels corrupted independently at the same rate, gamma against clean test labels smoothed with
the p of the training (the smoothing as a prior).
"""

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
    given = np.take_along_axis(log_probabilities, labels[:, None], axis=1)[:, 0]
    if assumption != "gamma":
        return float(-given.mean())
    q = (1 - p) / (log_probabilities.shape[1] - 1)
    return float(-((p - q) * given + q * log_probabilities.sum(axis=1)).mean())


def scored_labels(clean: np.ndarray, noisy: np.ndarray, assumption: str) -> np.ndarray:
    """Return the labels that the assumption scores against (gamma smooths the clean ones)."""
    if assumption not in ASSUMPTIONS:
        raise ValueError(f"assumption is {assumption!r}, allowed: {', '.join(ASSUMPTIONS)}")
    return noisy if assumption == "beta" else clean


def accuracy(log_probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Return the share of samples whose most probable class is the label."""
    return float((log_probabilities.argmax(axis=1) == labels).mean())
