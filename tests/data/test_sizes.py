"""The rule for sizes of subsets agrees with scikit-learn, which draws them."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from label_smoothing.data.sizes import size_problem, split_counts

COUNTS = st.lists(st.integers(1, 30), min_size=2, max_size=6)


def drawn(counts, size, seed):
    """Return how many of each class scikit-learn takes, or None if it refuses."""
    y = np.repeat(np.arange(len(counts)), counts)
    try:
        taken, _ = train_test_split(y, train_size=size, stratify=y, random_state=seed)
    except ValueError:
        return None
    return np.bincount(taken, minlength=len(counts))


@given(COUNTS, st.data())
@settings(max_examples=300, deadline=None)
def test_a_size_is_refused_if_and_only_if_a_class_may_be_left_out(counts, data):
    size = data.draw(st.integers(1, sum(counts) - 1))
    subsets = [drawn(counts, size, seed) for seed in range(40 if size < 20 else 3)]
    if not size_problem(size, counts):
        assert all(subset is not None and subset.all() for subset in subsets)
        return
    if len({count * size % sum(counts) for count in counts}) == len(counts):  # nothing by chance
        assert all(subset is None or not subset.all() for subset in subsets)


@given(COUNTS, st.data())
@settings(deadline=None)
def test_what_is_named_instead_is_allowed(counts, data):
    size = data.draw(st.integers(1, sum(counts) - 1))
    if "which may leave" in (problem := size_problem(size, counts)):
        lowest, highest = problem.split("allowed: ")[1].split(",")[0].split(" to ")
        for other in {int(lowest), int(highest), (int(lowest) + int(highest)) // 2}:
            assert not size_problem(other, counts)


@given(COUNTS, st.data())
@example([3, 7], None)
@settings(deadline=None)
def test_split_counts_are_scikit_learns(counts, data):
    size = data.draw(st.integers(1, sum(counts) - 1)) if data else 5
    taken, left = split_counts(counts, size)
    assert sum(taken) == size
    assert (np.array(taken) + left == counts).all()
    if len({count * size % sum(counts) for count in counts}) == len(counts):
        subset = drawn(counts, size, 0)
        assert subset is None or subset.tolist() == taken


@pytest.mark.parametrize(("size", "fits"), [(9, False), (10, True), (1787, True), (1788, False)])
def test_sizes_of_the_digits(size, fits):
    assert bool(size_problem(size, np.bincount(load_digits().target).tolist())) != fits
