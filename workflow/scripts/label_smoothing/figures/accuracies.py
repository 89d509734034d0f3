"""Both theories' accuracy over the clean rate, for the figures of measured accuracy."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from label_smoothing.analysis.predictions import match_over_a, voted_accuracy, votes_of_noise

PAPER = "paper's theory"


def predicted_accuracies(
    tables: pd.DataFrame, votes: pd.DataFrame | None, rates: ArrayLike
) -> pd.DataFrame:
    """
    Return the accuracies that the theories predict, which are the same for all p > 1/M.

    Parameters
    ----------
    tables : DataFrame
        Slices of one data set, noise type and method, see `theory_fits.compare_with_theory`.
    votes : DataFrame, optional
        Table of `vote_fits.fit_vote_table` of the data set and method. Without it, or a table
        without columns, there is no theory: of the method, or of labels whose clean rate is
        unknown.
    rates : array_like, shape (n,)
        Clean rates, not below those of the tables.

    Returns
    -------
    DataFrame
        Columns quantity, a, value, low, high, seeds. Quantity "paper" (of a network that
        memorises), "voted" (of the vote theory, where the noise is uniform) and its "k" and
        "purity", of all noise types.
    """
    rows = []
    if votes is not None and not votes.columns.empty:
        first, rates = tables.iloc[0], np.asarray(rates, dtype=float)
        lines = {"paper": match_over_a(tables, rates)}
        found = votes_of_noise(votes, tables)
        if found.known:
            M = int(first["classes"])
            lines["voted"] = voted_accuracy(rates, found, M, first["assumption"])
            rows += [(name, np.nan, *interval) for name, interval in found._asdict().items()]
        for quantity, line in lines.items():
            rows += [
                (quantity, a, value, np.nan, np.nan, 0)
                for a, value in zip(rates, line, strict=True)
            ]
    return pd.DataFrame(rows, columns=["quantity", "a", "value", "low", "high", "seeds"])
