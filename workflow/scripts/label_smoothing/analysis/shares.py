"""The share that a test image gives to its true class: the votes, seen in the outputs themselves.

A network that puts out a mixture of smoothed targets, ``q + (p - q) w_j`` for class `j`, gives it
the share ``w_y``: 0 or 1 for the paper's network, which draws on one label, and in between for one
that draws on several.
"""

import numpy as np
import pandas as pd

# Centres of the bins of `count_shares`: 0 and 1, which the paper's network has, are in the middle
# of one. The first and the last hold what is beyond them, too.
WIDTH = 0.05
CENTRES = np.arange(-6, 31) * WIDTH


def true_class_share(log_probabilities: np.ndarray, clean: np.ndarray, p: float) -> np.ndarray:
    """
    Return the share of each test image, (f - q)/(p - q) of the output f of its true class.

    Parameters
    ----------
    log_probabilities : ndarray, shape (N, M)
    clean : ndarray of int, shape (N,)
        Clean test labels.
    p : float
        The smoothing parameter of the training.

    Returns
    -------
    ndarray, shape (N,)
        Outputs that are no mixture of targets have shares below 0 or above 1. Of shape (0,) where
        outputs tell no shares: at p = 1/M, where all targets are the same, above p = 1, where
        outputs cannot be the targets, and for nan.
    """
    M = log_probabilities.shape[1]
    if not (p <= 1 and abs(p - 1 / M) > 1e-9):
        return np.empty(0)
    q = (1 - p) / (M - 1)
    given = np.take_along_axis(log_probabilities.astype(np.float64), clean[:, None], axis=1)
    return (np.exp(given[:, 0]) - q) / (p - q)


def count_shares(shares: np.ndarray) -> pd.DataFrame:
    """
    Return the histogram of the shares of one network.

    Parameters
    ----------
    shares : ndarray, shape (N,)

    Returns
    -------
    DataFrame
        Columns share (centre of the bin, see `CENTRES`) and images, their number.
    """
    bins = np.rint(shares / WIDTH).astype(int) - round(CENTRES[0] / WIDTH)
    images = np.bincount(bins.clip(0, len(CENTRES) - 1), minlength=len(CENTRES))
    return pd.DataFrame({"share": CENTRES.round(2), "images": images})
