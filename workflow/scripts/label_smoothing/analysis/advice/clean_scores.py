"""What scores on noisy labels say of right ones, if mistakes do not depend on the look."""

from dataclasses import dataclass

import numpy as np

from label_smoothing.analysis.advice.how_noisy import Noise
from label_smoothing.analysis.advice.noise_model import probability_right
from label_smoothing.theory.matrices import smoothing_matrix

# Signal kappa of the labels below which nothing is converted to right labels: it is divided by.
LEAST_SIGNAL = 0.1


@dataclass(frozen=True)
class Correction:
    """
    Two ways from a score on noisy labels to that on right ones; false where there is none.

    With the inverse W of the noise matrix, ``sum_j W_j,given h(j)`` has the mean h(right) over the
    noise, for any score h of an image and a label (Natarajan et al. 2013; Patrini et al. 2017).
    This takes nothing but the matrix, and is far from sure. With the probability of each label to
    be the right one, by the noise model, ``sum_j P(j | image, given) h(j)`` is far surer, as long
    as the model is right. A network that the model is made of would judge itself.

    Attributes
    ----------
    labels : ndarray of int, shape (N,)
        The given ones.
    inverses : list of ndarray, shape (M, M)
        By the estimated noise, then by uniform noise at both bounds.
    rights : list of ndarray, shape (N, M)
        The probabilities, by the same noises.
    """

    labels: np.ndarray
    inverses: list[np.ndarray]
    rights: list[np.ndarray]

    def __bool__(self) -> bool:
        return bool(self.inverses)

    def scores(self, by_label: np.ndarray) -> list[np.ndarray]:
        """
        Return the scores on right labels by each noise, without the noise model.

        by_label has the shape (S, P, N, M); the scores have (S, N, P).
        """
        return [np.einsum("spnm,nm->snp", by_label, W.T[self.labels]) for W in self.inverses]

    def imputed(self, by_label: np.ndarray) -> list[np.ndarray]:
        """Return the same with the noise model."""
        return [np.einsum("spnm,nm->snp", by_label, right) for right in self.rights]


def correction(noise: Noise, labels: np.ndarray) -> Correction:
    """Return the way to right labels that the noise model gives, or none."""
    model = noise.model
    if model is None:
        return Correction(labels, [], [])
    M = len(model.T)
    ends = [max(end, 1 / M) for end in (noise.right.low, noise.right.high)]
    matrices = [smoothing_matrix(a, M) for a in ends]
    # On hard images the matrix would take what is hard for wrong.
    between = min(max(model.uniform_rate, ends[0]), ends[1])
    matrices.insert(0, smoothing_matrix(between, M) if model.hard else model.T)
    if any(np.linalg.cond(T) > 1 / LEAST_SIGNAL for T in matrices):
        return Correction(labels, [], [])
    inverses = [np.linalg.inv(T) for T in matrices]
    return Correction(
        labels, inverses, [probability_right(model.outputs, labels, T) for T in matrices]
    )


def hits(outputs: np.ndarray) -> np.ndarray:
    """Return 1 at the label that is most probable, shape (S, P, N, M)."""
    return np.eye(outputs.shape[3])[outputs.argmax(axis=3)]


def right_on(outputs: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return 1 where the most probable label is the given one, shape (S, N, P)."""
    return (outputs.argmax(axis=3) == labels[:, None]).transpose(0, 2, 1).astype(float)
