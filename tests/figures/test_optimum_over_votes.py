"""The vote theory's p*(a): the paper at k = 1, no smoothing from the threshold on."""

import pytest
from numpy.testing import assert_allclose

from label_smoothing.figures import optimum_over_votes as module
from label_smoothing.theory.votes import smoothing_helps_below


@pytest.fixture(scope="module")
def numbers():
    return module.numbers()


def test_one_label_is_the_paper_and_more_labels_are_smoothed_less(numbers):
    for _, lines in numbers[numbers["quantity"] == "optimum"].groupby("classes"):
        best = lines.pivot(index="a", columns="k", values="p")
        assert_allclose(best[1.0], best.index, atol=1e-9)
        assert (best.diff(axis=1).iloc[:, 1:] >= -1e-9).all(axis=None)


def test_thresholds_are_those_of_the_theory(numbers):
    points = numbers[numbers["quantity"] == "threshold"]
    assert (points["k"] > 2).all()
    assert_allclose(smoothing_helps_below(points["a"], points["classes"]), points["k"])
    for point in points.itertuples():
        line = numbers[
            (numbers["quantity"] == "optimum")
            & (numbers["classes"] == point.classes)
            & (numbers["k"] == point.k)
        ]
        assert (line["p"][line["a"] > point.a] == 1).all()
        assert (line["p"][line["a"] < point.a - 0.05] < 1).all()
