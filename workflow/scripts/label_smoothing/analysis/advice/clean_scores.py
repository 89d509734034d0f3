"""What scores on noisy labels say of clean ones."""

from dataclasses import dataclass

import numpy as np

from label_smoothing.analysis.advice.limits import Limits
from label_smoothing.analysis.advice.noise_model import NoiseModel, probability_right
from label_smoothing.theory.matrices import smoothing_matrix

# Signal kappa of the labels below which nothing is converted to clean labels: it is divided by.
LEAST_SIGNAL = 0.1
IMPUTED = "hold-out, right labels by the noise model"


@dataclass(frozen=True)
class Correction:
    """
    Two ways from a score on noisy labels to that on clean ones; false where there is none.

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
        By the estimated noise, then by its limits.
    rights : list of ndarray, shape (N, M)
        The probabilities, by the same noises.
    uniform : bool
        Whether the noise is.
    warnings : list of str
    """

    labels: np.ndarray
    inverses: list[np.ndarray]
    rights: list[np.ndarray]
    uniform: bool
    warnings: list[str]

    def __bool__(self) -> bool:
        return bool(self.inverses)

    def scores(self, by_label: np.ndarray) -> list[np.ndarray]:
        """
        Return the scores on clean labels, first as estimated, then at the rate's limits.

        by_label has the shape (S, P, N, M); the scores have (S, N, P).
        """
        return [np.einsum("spnm,nm->snp", by_label, W.T[self.labels]) for W in self.inverses]

    def imputed(self, by_label: np.ndarray) -> list[np.ndarray]:
        """Return the same with the noise model."""
        return [np.einsum("spnm,nm->snp", by_label, right) for right in self.rights]

    def accuracies(self, noisy: Limits) -> list[Limits]:
        """Return an accuracy on clean labels under uniform noise, where kappas multiply."""
        return [
            Limits(*((W[0, 0] - W[0, 1]) * float(end) + W[0, 1] for end in noisy))
            for W in self.inverses
        ]


def correction(
    model: NoiseModel | None, rate: Limits, labels: np.ndarray, suppose: bool = False
) -> Correction:
    """
    Return the way to clean labels that a noise model gives, or none with the reason.

    Parameters
    ----------
    model : NoiseModel or None
        Without one nothing is said of clean labels.
    rate : Limits
        Of the clean rate, for uniform noise; no value says that only a bound is known.
    labels : ndarray of int, shape (N,)
    suppose : bool
        Whether to take the noise for uniform where the model cannot tell it from hard images.
    """
    if model is None or not (model.tells or suppose) or np.isnan(rate.value):
        return Correction(labels, [], [], True, [])
    M, warnings = model.outputs.shape[1], []
    if not model.uniform and model.matrix is not None:
        matrices, left_out = [model.matrix.T], "Some classes have so nearly the same labels"
        if enough := bool(np.linalg.cond(model.matrix.T) < 1 / LEAST_SIGNAL):
            warnings = [
                "Intervals of what is said of clean labels do not hold the uncertainty of the "
                "noise matrix."
            ]
    else:
        matrices = [smoothing_matrix(min(max(a, 1 / M), 1.0), M) for a in rate]
        left_out = "So few labels may be right"
        enough = (M * min(rate) - 1) / (M - 1) >= LEAST_SIGNAL
    if not enough:
        why = f"{left_out} that noisy scores say nothing of clean ones: these numbers are left out."
        return Correction(labels, [], [], model.uniform, [why])
    inverses = [np.linalg.inv(T) for T in matrices]
    rights = [probability_right(model.outputs, labels, T) for T in matrices]
    return Correction(labels, inverses, rights, model.uniform, warnings)


def hits(outputs: np.ndarray) -> np.ndarray:
    """Return 1 at the label that is most probable, shape (S, P, N, M)."""
    return np.eye(outputs.shape[3])[outputs.argmax(axis=3)]


def right_on(outputs: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return 1 where the most probable label is the given one, shape (S, N, P)."""
    return (outputs.argmax(axis=3) == labels[:, None]).transpose(0, 2, 1).astype(float)
