"""Local minima are found where the mean has them; the noise decides whether a barrier is one."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from label_smoothing.analysis.local_minima import local_minima


def minima(*seeds):
    curves = np.array(seeds).T
    return local_minima(pd.DataFrame(curves, index=np.arange(len(curves)) / 10))


@pytest.mark.parametrize(
    ("curve", "found", "lowest"),
    [
        ([3, 1, 2], [0.1], [True]),
        ([1, 2, 3], [0.0], [True]),
        ([3, 2, 1], [0.2], [True]),
        ([2, 3, 1, 4, 2], [0.0, 0.2, 0.4], [False, True, False]),
        ([3, 1, 1, 2], [0.1], [True]),  # a plateau is one minimum
        ([3, 2, 2, 1], [0.3], [True]),  # a step is none
        ([1, 1, 1], [0.0], [True]),
        ([1, 2, 1], [0.0, 0.2], [True, False]),  # of equals the first is the lowest
        ([5], [0.0], [True]),
    ],
)
def test_where_they_are(curve, found, lowest):
    result = minima(curve)
    assert result["p"].tolist() == found
    assert result["lowest"].tolist() == lowest


def test_the_barrier_is_the_lower_of_the_passes():
    # From 2.5 the way left leads over 5 to lower ground, the way right over 4.
    result = minima([1, 5, 2.5, 4, 2, 6, 0]).set_index("p")
    assert result.loc[0.2, "barrier_p"] == 0.3
    assert_allclose(result.loc[0.2, "barrier"], 1.5)
    # From 1 there is no lower ground on the left.
    assert_allclose(result.loc[0.0, ["barrier_p", "barrier"]], [0.5, 5])
    assert np.isnan(result.loc[0.6, "barrier"])


def test_a_barrier_in_every_seed_exceeds_the_noise():
    shared = np.array([2.0, 3, 1])
    row = minima(shared, shared + 10, shared + np.array([-0.1, 0.1, 0])).iloc[0]
    assert not row["lowest"]
    assert row["low"] > 0  # paired: that a whole seed lies higher does not matter
    assert row["beyond_noise"]
    row = minima([2, 3, 1], [2, 1.5, 1], [2, 3, 1]).iloc[0]
    assert row["barrier"] > 0 > row["low"]
    assert not row["beyond_noise"]


def test_few_seeds_of_pure_noise_have_no_barrier_beyond_it():
    """A single 95 % interval would find one in more than a third of such curves."""
    rng = np.random.default_rng(0)
    found = [minima(*rng.normal(size=(3, 7)))["beyond_noise"].any() for _ in range(200)]
    assert np.mean(found) < 0.05


def test_seeds_with_the_same_counts_tell_nothing():
    row = minima([3, 4, 1], [3, 4, 1], [3, 4, 1]).iloc[0]
    assert row["low"] == row["high"] == 1
    assert not row["beyond_noise"]


def test_one_seed_knows_no_noise():
    assert np.isnan(minima([2, 3, 1])["low"]).all()


def test_missing_values():
    result = minima([2, np.nan, 1, 3], [2, np.nan, 1, np.nan])
    assert result["p"].tolist() == [0.2]
    assert minima([np.nan, np.nan]).empty
