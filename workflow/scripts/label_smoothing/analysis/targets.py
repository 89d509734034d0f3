"""
What the theory says of a network whose outputs are its targets, under any noise matrix.

Every evaluation imports this module, so it does without scipy, whose import takes as long as they.
"""

import math

import numpy as np

from label_smoothing.theory.matrices import alpha_joint, beta_joint, smoothing_matrix

# Losses whose matrix holds what the outputs of a network that memorises are (`Loss.has_targets`).
WITH_TARGETS = (
    "label_smoothing",
    "matrix_smoothing",
    "forward_correction",
    "generalised_cross_entropy",
)


def target_matrix(loss: str, matrix: np.ndarray) -> np.ndarray | None:
    """
    Return the outputs of a network that memorises, one column for each training label, or None.

    Parameters
    ----------
    loss : str
        As in a method of the config.
    matrix : ndarray, shape (M, M)
        That of the method, see `training.methods.method_matrix`.

    Returns
    -------
    ndarray, shape (M, M)
        None for losses without such outputs, for p above 1, whose targets are no probabilities, and
        for a forward correction that takes some noisy label to come from another class: the output
        that fits a label best is then not the label's own column.
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
    """
    Return what a network that memorises and one that averages the noise would have.

    Parameters
    ----------
    S : ndarray, shape (M, M)
        Targets, see `target_matrix`; None if there are none.
    T : ndarray, shape (M, M)
        ``T[i, j]``, probability of the noisy label `i` given the clean label `j`.
    test_prior, train_prior : ndarray, shape (M,)
        Distributions of the clean labels.
    assumption : {"alpha", "beta", "gamma"}
        What the test labels are.
    p : float
        Of the training; only gamma's test labels depend on it.

    Returns
    -------
    dict
        - predicted_loss: test loss of a network that memorises S, in nats; None without targets and
          where it is infinite
        - noiseless_loss: the same if no label were wrong
        - averaging_kl: mean KL divergence from the targets of a network that puts out their mean
          for each clean class, in nats; without noise, of one that puts out their mean
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
    """
    Return the mean KL divergence from the targets of a network that averages the noise away.

    It puts out ``S T[:, j]`` for all images of the clean class `j`. Without noise these are the
    targets; then it is that of a network that puts out the mean target for every image. 0 where all
    labels have the same target: there is nothing to memorise.

    Parameters
    ----------
    S : ndarray, shape (M, M)
        Targets, one column for each training label.
    T : ndarray, shape (M, M)
    prior : ndarray, shape (M,)
        Distribution of the clean labels.
    """
    if np.ptp(S, axis=1).max() < 1e-9:
        return 0.0
    # Beside what is put out, how often each training label is fitted by it.
    groups = [(S @ T[:, j], prior[j] * T[:, j]) for j in range(len(T))]
    if np.array_equal(T, np.eye(len(T))):
        groups = [(S @ prior, prior)]
    put_out = sum(_cross_entropy(S * n, np.outer(mean, np.ones_like(n))) for mean, n in groups)
    return max(put_out - _cross_entropy(S * (T @ prior), S), 0.0)  # which rounding can pass
