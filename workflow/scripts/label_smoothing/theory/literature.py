"""Smoothing parameters of published work, in the notation of this package."""

import pandas as pd

from label_smoothing.theory.checks import check_classes, in_range
from label_smoothing.theory.rates import p_from_epsilon


def literature_table(entries: pd.DataFrame) -> pd.DataFrame:
    """
    Return the entries with the smoothing parameter p = 1 - epsilon (M - 1)/M of each.

    Parameters
    ----------
    entries : DataFrame
        Columns classes (M) and epsilon (the weight of the uniform distribution in the target, as in
        PyTorch's `label_smoothing`), empty where not known, and any others.

    Returns
    -------
    DataFrame
        The same rows with a column p after epsilon, empty where M or epsilon is.

    Raises
    ------
    ValueError
        If a number of classes is no integer >= 2, or an epsilon is outside [0, M/(M - 1)].
    """
    table = entries.copy()
    known = table[["classes", "epsilon"]].notna().all(axis=1)
    M, epsilon = check_classes(table.loc[known, "classes"]), table.loc[known, "epsilon"]
    p = p_from_epsilon(in_range("epsilon", epsilon, 0, M / (M - 1)), M)
    table.insert(table.columns.get_loc("epsilon") + 1, "p", pd.Series(p, table.index[known]))
    return table
