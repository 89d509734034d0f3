"""Intervals against scipy's own."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from label_smoothing.analysis.intervals import mean_interval


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
