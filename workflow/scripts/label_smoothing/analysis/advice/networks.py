"""What the advice is made of: the outputs and the histories of trained networks."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from label_smoothing.analysis.cells import memorised
from label_smoothing.analysis.scoring import averaging_kl
from label_smoothing.theory.matrices import smoothing_matrix


class Networks(NamedTuple):
    """
    The networks of one method: S seeds, P smoothing parameters.

    Attributes
    ----------
    p : sequence of float, length P
        Ascending; those of label smoothing end with 1, no smoothing.
    outputs, uncorrected : ndarray, shape (S, P, N, M)
        Log outputs on N test images, of noisy labels (for forward correction) and of right ones.
    labels : ndarray of int, shape (S, N)
        Given test labels.
    accuracies : ndarray, shape (S, P, E)
        Against these labels, after each of E epochs; nan where it was not scored.
    train_accuracies, train_kl : ndarray, shape (S, P)
        On the given training labels; the divergence from their targets is in nats.
    noisy_losses, uniform_losses : ndarray, shape (S, P, E), optional
        Of `outputs` after each epoch, on the same test labels and on all labels alike, in nats.
    train_history : ndarray, shape (S, P, E), optional
        Accuracy on the given training labels, on average over each epoch.
    """

    p: Sequence[float]
    outputs: np.ndarray
    uncorrected: np.ndarray
    labels: np.ndarray
    accuracies: np.ndarray
    train_accuracies: np.ndarray
    noisy_losses: np.ndarray | None = None
    uniform_losses: np.ndarray | None = None
    train_kl: np.ndarray | None = None
    train_history: np.ndarray | None = None

    @property
    def classes(self) -> int:
        """Number of classes M."""
        return self.outputs.shape[3]

    def losses(self) -> np.ndarray:
        """Return the loss of each image's given label in nats, shape (S, N, P)."""
        labels = self.labels[:, None, :, None]
        given = np.broadcast_to(labels, (*self.outputs.shape[:3], 1))
        own = np.take_along_axis(self.outputs, given, axis=3)[..., 0]
        return -own.astype(np.float64).transpose(0, 2, 1)

    def finite(self) -> np.ndarray:
        """Return at which p no network diverged, shape (P,)."""
        return np.isfinite(self.outputs).all(axis=(0, 2, 3))

    def at(self, mask: np.ndarray) -> "Networks":
        """Return the networks at some of the p."""
        parts = {
            name: values[:, mask]
            for name, values in self._asdict().items()
            if name not in ("p", "labels") and values is not None
        }
        return self._replace(p=np.asarray(self.p, dtype=float)[mask], **parts)


class Inputs(NamedTuple):
    """
    What the advice is made of.

    Attributes
    ----------
    plain : Networks
        Label smoothing on the labels as given.
    forward : Networks, optional
        Forward correction on the same; p is the clean rate that it assumes.
    checked : tuple of int, optional
        How many test labels were checked by hand, and how many of them are right.
    memorised_at : float
        Train accuracy from which a network counts as memorising.
    train_prior : ndarray, shape (M,), optional
        Share of each class in the given training labels; all alike if it is missing.
    rows : ndarray of int, shape (N,), optional
        Number of each test row in the data; 0 to N - 1 if it is missing.
    repeated : int
        Test rows that also stand in the training part, and that are left out.
    """

    plain: Networks
    forward: Networks | None = None
    checked: tuple[int, int] | None = None
    memorised_at: float = 0.99
    train_prior: np.ndarray | None = None
    rows: np.ndarray | None = None
    repeated: int = 0


def memorising(inputs: Inputs) -> np.ndarray:
    """
    Return which networks of label smoothing have memorised, shape (S, P), by the one rule for all.

    The clean rate is unknown, so closeness to the targets is judged as for labels without noise.
    """
    plain, M = inputs.plain, inputs.plain.classes
    S, P = plain.train_accuracies.shape
    prior = np.full(M, 1 / M) if inputs.train_prior is None else inputs.train_prior
    averaging = [
        averaging_kl(smoothing_matrix(x, M), np.eye(M), prior) if x <= 1 else np.nan
        for x in plain.p
    ]
    kl = np.full((S, P), np.nan) if plain.train_kl is None else plain.train_kl
    cells = pd.DataFrame(
        {
            "p": np.tile(plain.p, S),
            "classes": M,
            "diverged_epoch": np.tile(~plain.finite(), S).astype(int),
            "train_accuracy": plain.train_accuracies.ravel(),
            "train_kl": kl.ravel(),
            "averaging_kl": np.tile(averaging, S),
        }
    )
    return memorised(cells, inputs.memorised_at).to_numpy().reshape(S, P)
