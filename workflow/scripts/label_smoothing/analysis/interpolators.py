"""The case of the vote theory that can be computed: kernels that interpolate their targets.

Such a kernel puts out ``sum_i alpha_i(x) target_i`` with weights that know no labels. With
independent label noise the number of labels that it draws on is ``k(x) = 1/sum_i alpha_i(x)^2``, a
property of the kernel and the images alone (docs/theory.md).
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import solve
from scipy.spatial.distance import cdist
from sklearn.gaussian_process.kernels import RBF, Matern

# Of the trace a sample: what a Gaussian kernel needs to be solved, far below what a share shows.
_JITTER = 1e-10


def neural_tangent_kernel(x: np.ndarray, z: np.ndarray, layers: int = 1) -> np.ndarray:
    """Return the neural tangent kernel of a wide ReLU network, all layers trained, without biases.

    Parameters
    ----------
    x, z : ndarray, shapes (N, D) and (L, D)
        Inputs; none is the zero vector.
    layers : int, >= 1
        Hidden layers.

    Returns
    -------
    ndarray, shape (N, L)

    Notes
    -----
    Source: Jacot et al. 2018; the arc-cosine kernels of Cho and Saul 2009 in closed form.

    """
    lengths = np.linalg.norm(x, axis=1)[:, None] * np.linalg.norm(z, axis=1)
    covariance = np.clip(x @ z.T / lengths, -1, 1)
    kernel = covariance
    for _ in range(layers):
        angle = np.pi - np.arccos(covariance)
        root = np.sqrt(1 - covariance**2)
        kernel, covariance = kernel * angle / np.pi, (covariance * angle + root) / np.pi
        covariance = np.clip(covariance, -1, 1)
        kernel = kernel + covariance
    return lengths * kernel


def _kernels(x: np.ndarray) -> dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]]:
    """Return the kernels by name; those with a width have it in medians of the distances."""
    some = x[:: max(1, len(x) // 500)]
    width = float(np.median(cdist(some, some)))
    return {
        "Gaussian, wide": RBF(0.6 * width),
        "Gaussian, narrow": RBF(0.3 * width),
        "NTK, 1 layer": neural_tangent_kernel,
        "NTK, 3 layers": lambda a, b: neural_tangent_kernel(a, b, 3),
        "Laplace": Matern(width, nu=0.5),
    }


def interpolation_weights(x_train: ArrayLike, x_test: ArrayLike) -> dict[str, np.ndarray]:
    """Return the weights with which interpolators draw on the training samples at each test sample.

    Parameters
    ----------
    x_train, x_test : array_like, shapes (N, D) and (L, D)
        Standardised inputs. No test sample is a training sample.

    Returns
    -------
    dict of ndarray, shape (L, N)
        Of each interpolator. Kernel regression has weights of both signs whose sum is near 1;
        inverse distances have positive ones whose sum is 1.

    """
    x_train, x_test = np.asarray(x_train, dtype=float), np.asarray(x_test, dtype=float)
    weights = {}
    for name, kernel in _kernels(x_train).items():
        gram = kernel(x_train, x_train)
        gram[np.diag_indices_from(gram)] += _JITTER * np.trace(gram) / len(gram)
        weights[name] = solve(gram, kernel(x_test, x_train).T, assume_a="pos").T
    distance = cdist(x_test, x_train)
    near = (distance.min(axis=1, keepdims=True) / distance) ** 16
    weights["inverse distance"] = near / near.sum(axis=1, keepdims=True)
    return weights


def effective_labels(weights: ArrayLike) -> np.ndarray:
    """Return the number of labels that each output draws on, 1/sum_i alpha_i^2.

    Parameters
    ----------
    weights : array_like, shape (L, N)

    Returns
    -------
    ndarray, shape (L,)

    Notes
    -----
    The mean of k labels, each right with probability t, has the variance t (1 - t)/k; a weighted
    mean has t (1 - t) sum alpha^2.

    """
    return 1 / np.square(weights).sum(axis=1)


def shares(weights: ArrayLike, labels: ArrayLike, M: int) -> np.ndarray:
    """Return the share of each class in the labels that an interpolator draws on.

    Parameters
    ----------
    weights : array_like, shape (L, N)
    labels : array_like of int, shape (N,)
        Training labels, 0 to M - 1.
    M : int

    Returns
    -------
    ndarray, shape (L, M)
        Rows sum to 1: what the weights lack of it is spread evenly, as the kernel falls back to the
        uniform output where no training sample is near.

    """
    weights = np.asarray(weights)
    lacking = 1 - weights.sum(axis=1, keepdims=True)
    return weights @ np.eye(M)[np.asarray(labels)] + lacking / M


def noise_variance(weights: ArrayLike, y_train: ArrayLike, y_test: ArrayLike, a: float, M: int):
    """Return the variance that uniform label noise gives to the share of the true class, exactly.

    Parameters
    ----------
    weights : array_like, shape (L, N)
    y_train, y_test : array_like of int, shapes (N,) and (L,)
        Clean labels.
    a : float, in [0, 1]
        Clean rate.
    M : int

    Returns
    -------
    ndarray, shape (L,)
        sum_i alpha_i^2 t_i (1 - t_i), with t_i = a where sample i has the class of the test sample
        and (1 - a)/(M - 1) elsewhere.

    """
    same = np.asarray(y_test)[:, None] == np.asarray(y_train)
    t = np.where(same, a, (1 - a) / (M - 1))
    return (np.square(weights) * t * (1 - t)).sum(axis=1)
