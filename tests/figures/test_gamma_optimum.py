"""Gamma's best p with both ends of its jump, and no line across it."""

import numpy as np
import pytest
from drawn import legend
from numpy.testing import assert_array_equal

from label_smoothing.figures import gamma_optimum as module
from label_smoothing.theory.gamma import gamma_optimum, gamma_transition
from label_smoothing.theory.memorising import loss


def test_gamma_has_both_ends_of_its_jump():
    numbers = module.numbers()
    for M, here in numbers.groupby("classes"):
        transition = gamma_transition(M)
        assert set(here["a_c"]) == {transition.a_c}
        ends = here[here["a"] == transition.a_c].set_index("branch")["p"]
        assert ends.to_dict() == {"below": transition.p_below, "above": transition.p_above}
        inner = here[here["a"] != transition.a_c]
        assert_array_equal(inner["p"], gamma_optimum(inner["a"].to_numpy(), M))
        assert (inner["p"].between(ends["below"], ends["above"], inclusive="neither")).sum() == 0
        losses = loss(ends.to_numpy(), transition.a_c, M, "gamma")
        assert losses[0] == pytest.approx(losses[1], abs=1e-9)


def test_no_line_crosses_the_jump_of_gamma():
    numbers = module.numbers()
    figure = module.draw(numbers)
    (panel,) = figure.axes
    drawn = [line for line in panel.get_lines() if len(line.get_xdata())]
    solid = [line for line in drawn if line.get_linestyle() == "-"]
    for M in (3, 5, 10, 100, 1000):
        a_c, below, above, *_ = gamma_transition(M)
        dashes, ends = [line for line in drawn if set(line.get_ydata()) == {below, above}]
        assert_array_equal(dashes.get_xdata(), [a_c, a_c])
        assert dashes.get_linestyle() == "--"
        assert (ends.get_linestyle(), ends.get_marker()) == ("None", "o")
        assert f"M = {M}: jump at $a_c$ = {a_c:.4f}" in legend(figure)
    # Between them they draw every number, and none of them jumps.
    points = {pair for line in solid for pair in zip(*line.get_data(), strict=True)}
    assert points == set(zip(numbers["a"], numbers["p"], strict=True))
    assert max(np.abs(np.diff(line.get_ydata())).max() for line in solid) < 0.05
    assert "M = 2: no jump, onset at $a_c$ = 0.7500" in legend(figure)
