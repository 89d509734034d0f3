"""Smoothing parameters of published work, in the notation of this package."""

import pandas as pd

from label_smoothing.theory.rates import kappa_inverse


def literature_table(entries: pd.DataFrame) -> pd.DataFrame:
    """
    Return the entries with the smoothing parameter p = 1 - epsilon (M - 1)/M of each.

    Parameters
    ----------
    entries : DataFrame
        Columns classes (M) and epsilon (the weight of the uniform distribution in the target, as in
        PyTorch's `label_smoothing`), and any others.

    Returns
    -------
    DataFrame
        The same rows with a column p after epsilon.

    Raises
    ------
    ValueError
        If a number of classes is no integer >= 2, or an epsilon is outside [0, M/(M - 1)].
    """
    table = entries.copy()
    p = kappa_inverse(1 - table["epsilon"].to_numpy(), table["classes"].to_numpy())
    table.insert(table.columns.get_loc("epsilon") + 1, "p", p)
    return table
