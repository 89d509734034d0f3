"""Which matrix a training method gives to its loss."""

import numpy as np

from label_smoothing.theory.matrices import (
    alpha_joint,
    beta_joint,
    mean_field_p,
    optimal_matrix,
    smoothing_matrix,
)


def method_matrix(
    kind: str, p: float, T: np.ndarray, prior: np.ndarray, matrix: np.ndarray | None = None
) -> np.ndarray:
    """
    Return the matrix of one training method, shape (M, M); columns sum to 1.

    The kinds are:

    - "p": label smoothing's targets with the parameter p, on which no other kind depends
    - "transition": the true noise matrix T
    - "alpha_optimal", "beta_optimal": the targets that minimise the test loss of a network that
      memorises, on clean and on equally corrupted test labels
    - "alpha_mean_field", "beta_mean_field": label smoothing's targets with the best single p
    - "identity": targets that are the given labels
    - "file": `matrix`

    `prior` is the distribution of the clean labels, shape (M,). Raise ValueError if the kind is
    unknown or the file's matrix is not (M, M).

    Source: arXiv 2010.12648, Eq 10, 13 and 17, as corrected in docs/theory.md.
    """
    M = len(T)
    if kind == "p":
        return smoothing_matrix(p, M)
    if kind == "transition":
        return T
    if kind == "identity":
        return np.eye(M)
    if kind == "file" and matrix is not None:
        if matrix.shape != (M, M):
            raise ValueError(f"the target matrix is {matrix.shape}; allowed here: ({M}, {M})")
        return matrix
    joints = {"alpha": alpha_joint, "beta": beta_joint}
    assumption, _, what = kind.partition("_")
    if assumption in joints and what == "optimal":
        return optimal_matrix(joints[assumption](T, prior))
    if assumption in joints and what == "mean_field":
        return smoothing_matrix(mean_field_p(joints[assumption](T, prior)), M)
    raise ValueError(f"matrix is {kind!r}; allowed: {', '.join(MATRICES)}")


MATRICES = (
    "p",
    "transition",
    "alpha_optimal",
    "beta_optimal",
    "alpha_mean_field",
    "beta_mean_field",
    "identity",
    "file",
)
