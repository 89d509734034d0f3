"""Histograms of the shares that test images give to their true class: the votes, seen directly."""

import numpy as np
import pandas as pd

# Centres of the bins of `count_shares`: 0 and 1, which the paper's network has, are in the middle
# of one. The first and the last hold what is beyond them, too.
WIDTH = 0.05
CENTRES = np.arange(-6, 31) * WIDTH


def count_shares(shares: np.ndarray) -> pd.DataFrame:
    """
    Return the histogram of the shares of one network.

    Parameters
    ----------
    shares : ndarray, shape (N,)
        See `scoring.true_class_share`.

    Returns
    -------
    DataFrame
        Columns share (centre of the bin, see `CENTRES`) and images, their number.
    """
    bins = np.rint(shares / WIDTH).astype(int) - round(CENTRES[0] / WIDTH)
    images = np.bincount(bins.clip(0, len(CENTRES) - 1), minlength=len(CENTRES))
    return pd.DataFrame({"share": CENTRES.round(2), "images": images})
