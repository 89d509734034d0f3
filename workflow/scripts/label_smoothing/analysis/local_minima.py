"""Local minima of a curve that several seeds have measured."""

import numpy as np
import pandas as pd

from label_smoothing.analysis.intervals import mean_interval


def local_minima(curves: pd.DataFrame) -> pd.DataFrame:
    """
    Return the local minima of the mean over seeds, and how high the barrier around each is.

    A local minimum is lower than its neighbours on the grid, an end than its only one; a plateau is
    one minimum, at its first point. The barrier of one that is not the lowest stands between it and
    lower ground: the highest mean on the way, where a way leads left and right the lower pass.

    The same seeds say where a minimum and its barrier are and how high it is, so the interval of
    the height is one of all n (n - 1) ways to choose two of n points (Bonferroni): with few seeds
    noise alone makes minima with barriers that a single interval would call real.

    Parameters
    ----------
    curves : DataFrame
        Index p, ascending; one column a seed; nan where there is no value.

    Returns
    -------
    DataFrame
        Columns p, value (the mean), lowest (whether none is lower), barrier_p, barrier, low, high
        (the mean difference between the value at barrier_p and the value at p, paired over seeds,
        with its t-interval of 95 % for all choices together; nan for the lowest minimum),
        beyond_noise (whether that interval lies above 0; one without width, of seeds that all have
        the same counts, tells nothing).
    """
    mean = curves.mean(axis=1).dropna().round(12)  # ties of counts survive the sum over seeds
    curves, value = curves.loc[mean.index], mean.to_numpy()
    first = np.flatnonzero(np.append(True, np.diff(value) != 0)[: len(value)])
    steps = np.pad(value[first], 1, constant_values=np.inf)
    is_minimum = (steps[1:-1] < steps[:-2]) & (steps[1:-1] < steps[2:])
    choices = max(len(value) * (len(value) - 1), 1)
    rows = []
    for foot in first[is_minimum]:
        row = {"p": mean.index[foot], "value": value[foot], "lowest": foot == value.argmin()}
        barrier = dict.fromkeys(("barrier_p", "barrier", "low", "high"), np.nan)
        barrier["beyond_noise"] = False
        if not row["lowest"]:
            top = _lowest_pass(value, foot)
            rise = mean_interval(curves.iloc[top] - curves.iloc[foot], 1 - 0.05 / choices)
            barrier = {"barrier_p": mean.index[top], "barrier": rise.mean}
            barrier |= {"low": rise.low, "high": rise.high}
            barrier["beyond_noise"] = rise.low > 0 and rise.high - rise.low > 1e-9
        rows.append(row | barrier)
    columns = ["p", "value", "lowest", "barrier_p", "barrier", "low", "high", "beyond_noise"]
    return pd.DataFrame(rows, columns=columns)


def _lowest_pass(value: np.ndarray, foot: int) -> int:
    """
    Return the position of the barrier around a minimum that is not the lowest.

    Of the values 0.1, 0.4, 0.2, 0.3, 0.2, with foot 2, a way to ground that is not higher leads
    left over 0.4 and right over 0.3: the barrier is the 0.3, position 3.
    """
    passes = []
    for side in (range(foot - 1, -1, -1), range(foot + 1, len(value))):
        way = []
        for position in side:
            way.append(position)
            if value[position] <= value[foot] and max(value[way]) > value[foot]:
                passes.append(max(way, key=value.__getitem__))
                break
    return min(passes, key=value.__getitem__)
