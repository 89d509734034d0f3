"""What weak smoothing adds to the accuracy, paired by seed."""

import pandas as pd
import pytest
from drawn import legend
from numpy.testing import assert_allclose

from label_smoothing.analysis.intervals import mean_interval
from label_smoothing.figures import weak_smoothing as module

GAINS = {0: 0.01, 1: 0.02, 2: 0.06}


def cells(smoothing=(0.5, 0.95, 1.0)):
    rows = []
    for a in (0.7, 1.0):
        for seed, gain in GAINS.items():
            # Seeds differ far more from each other than by smoothing: pairing removes that.
            base = a - 0.1 * seed
            for p in smoothing:
                rows.append((a, p, seed, base + (gain if p == 0.95 else 0.3 if p < 0.9 else 0)))
    table = pd.DataFrame(rows, columns=["a", "p", "seed", "test_accuracy"])
    return table.assign(dataset="d", noise="beta", assumption="beta", method="m")


def test_difference_is_paired_by_seed_and_in_points():
    numbers = module.numbers(cells())
    means = numbers[numbers["quantity"] == "mean"]
    assert list(means["a"]) == [0.7, 1.0]
    assert set(numbers["p"]) == {0.95}
    wanted = mean_interval([1.0, 2.0, 6.0])
    for row in means[["gain", "low", "high", "seeds"]].to_numpy():
        assert_allclose(row, wanted)
    single = numbers[(numbers["quantity"] == "seed") & (numbers["a"] == 1.0)]
    assert_allclose(single.sort_values("seed")["gain"], [1.0, 2.0, 6.0])


@pytest.mark.parametrize("weak", [(0.9,), (0.9, 0.95)])
def test_figure_shows_each_weak_p_of_the_study(weak):
    figure = module.draw(module.numbers(cells((*weak, 1.0))), "a study")
    (panel,) = figure.axes
    labels = {label for label in legend(figure) if label.startswith("p = ")}
    assert labels == {f"p = {p}{kind}" for p in weak for kind in ("", ", single seeds")}
    low, high = panel.get_ylim()
    assert low < 0 < high
    assert "beta (equally corrupted test labels)" in panel.get_title()
