"""Alpha is one line for every number of classes; beta falls to its limit."""

import numpy as np
from drawn import legend, lines
from numpy.testing import assert_allclose, assert_array_equal

from label_smoothing.figures import optimum_over_classes as module
from label_smoothing.theory.memorising import optimum


def test_alpha_is_one_line_for_every_number_of_classes():
    numbers = module.numbers()
    alpha = numbers[numbers["noise"] == "alpha"]
    assert set(alpha["classes"]) == {2, 3, 5, 10, 100, 1000}
    assert_array_equal(alpha["p"], alpha["a"])
    figure = module.draw(numbers)
    (line,) = lines(figure.axes[0], "alpha, every M")
    assert len(line.get_xdata()) == alpha["a"].nunique()


def test_beta_over_classes_reaches_its_limit():
    numbers = module.numbers()
    beta = numbers[numbers["noise"] == "beta"]
    finite = beta[np.isfinite(beta["classes"])]
    a, M = finite["a"].to_numpy(), finite["classes"].to_numpy()
    assert_array_equal(finite["p"], optimum(a, M, "beta"))
    assert_allclose(finite["above_limit"], (1 - a) ** 2 / (M - 1), atol=1e-15)
    limit = beta[np.isinf(beta["classes"])]
    assert_allclose(limit["p"], limit["a"] ** 2)
    figure = module.draw(numbers)
    wanted = [f"beta, M = {M}" for M in (2, 3, 5, 10, 100, 1000)]
    assert legend(figure) == ["alpha, every M", *wanted, "beta, M → ∞: a²"]
