"""The best p of each assumption for two classes, in closed form where there is one."""

from drawn import legend
from numpy.testing import assert_allclose

from label_smoothing.figures import optimum_two_classes as module
from label_smoothing.theory.gamma import gamma_optimum


def test_optimum_for_two_classes():
    numbers = module.numbers()
    best = numbers[numbers["quantity"] == "optimum"].set_index("noise")
    assert_allclose(best.loc["alpha", "p"], best.loc["alpha", "a"])
    a = best.loc["beta", "a"]
    assert_allclose(best.loc["beta", "p"], 2 * a**2 - 2 * a + 1)
    assert_allclose(best.loc["gamma", "p"], gamma_optimum(best.loc["gamma", "a"].to_numpy(), 2))
    figure = module.draw(numbers)
    (panel,) = figure.axes
    assert (panel.get_xlabel(), panel.get_ylabel()) == ("clean rate a", "optimum p*")
    assert [label.split(":")[0] for label in legend(figure)] == ["alpha", "beta", "gamma", "gamma"]
