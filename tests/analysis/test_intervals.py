"""Intervals against scipy's own."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from label_smoothing.analysis.intervals import mean_interval, other_seeds_interval


@pytest.mark.parametrize("n", [2, 3, 10])
def test_equals_scipy(n):
    values = np.random.default_rng(n).normal(size=n)
    result = mean_interval(values, level=0.9)
    low, high = stats.ttest_1samp(values, 0).confidence_interval(0.9)
    assert_allclose(result, (values.mean(), low, high, n))


def test_one_value_has_no_interval_and_nan_is_no_value():
    assert_allclose(mean_interval([2.0, np.nan]), (2.0, np.nan, np.nan, 1))
    assert_allclose(mean_interval([]), (np.nan, np.nan, np.nan, 0))


def test_coverage():
    rng = np.random.default_rng(0)
    hits = sum(
        low <= 0 <= high for _, low, high, _ in map(mean_interval, rng.normal(size=(4000, 3)))
    )
    assert 0.935 < hits / 4000 < 0.965


def test_mean_of_as_many_other_values_lies_between_the_limits():
    rng = np.random.default_rng(0)
    for n in (3, 6):
        values, others = rng.normal(size=(2, 4000, n))
        limits = np.array([other_seeds_interval(sample)[1:3] for sample in values])
        hits = (limits[:, 0] <= others.mean(axis=1)) & (others.mean(axis=1) <= limits[:, 1])
        assert 0.935 < hits.mean() < 0.965


def test_interval_of_other_values_has_the_same_mean_and_needs_two():
    mean, low, high, n = other_seeds_interval([1.0, 2.0, 4.0, np.nan])
    narrow = mean_interval([1.0, 2.0, 4.0])
    assert (mean, n) == (narrow.mean, 3)
    assert_allclose(high - low, np.sqrt(2) * (narrow.high - narrow.low))
    assert_allclose(other_seeds_interval([2.0]), (2.0, np.nan, np.nan, 1))
