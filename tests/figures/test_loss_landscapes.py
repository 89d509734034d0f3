"""Theory and measurement on one scale: the cells as they are, the divergence, the best p."""

import numpy as np
import pandas as pd
import pytest
from drawn import legend
from numpy.testing import assert_allclose
from planes import RATES, slices
from samples import P, match
from vote_studies import votes_table

from label_smoothing.analysis.predictions import predicted_loss
from label_smoothing.figures import loss_landscapes as module
from label_smoothing.theory.votes import vote_loss


@pytest.fixture(scope="module")
def loss_numbers():
    return module.numbers(
        pd.concat([slices(assumption) for assumption in ("alpha", "beta", "gamma")]),
        votes_table(purity=0.8),
    )


@pytest.mark.parametrize("assumption", ["alpha", "beta", "gamma"])
def test_theory_and_measurement_stand_in_one_table(loss_numbers, assumption):
    here = loss_numbers[loss_numbers["noise"] == assumption]
    theory = here[here["quantity"] == "theory"]
    assert np.isinf(theory["value"][(theory["p"] == 1) & (theory["a"] < 1)]).all()
    assert np.isfinite(theory["value"][theory["p"] < 1]).all()
    row = theory[(theory["p"] < 1) & (theory["a"] < 0.9)].iloc[-1]
    expected = predicted_loss(row["p"], match(row["a"], assumption), 10, assumption)
    assert_allclose(row["value"], expected)
    voted = here[(here["quantity"] == "voted") & (here["a"] < 1)]
    row = voted.iloc[len(voted) // 2]
    assert_allclose(row["value"], vote_loss(row["p"], row["a"], 1.9, 10, assumption, 0.8))
    lowest = voted.groupby("a")["value"].min()
    best = here[here["quantity"] == "voted optimum"].set_index("a")["value"]
    assert (best[lowest.index] <= lowest + 1e-9).all()
    measured = here[here["quantity"] == "mean"]
    assert set(zip(measured["a"], measured["p"], strict=True)) == {(a, p) for a in RATES for p in P}
    lowest = here[here["quantity"] == "lowest"]
    for a, value in zip(lowest["a"], lowest["value"], strict=True):
        assert value == measured["value"][measured["a"] == a].min()


def test_loss_landscapes_share_scale_and_draw_the_measured_cells_alone(loss_numbers):
    figure = module.draw(loss_numbers, "a study")
    meshes = [mesh for panel in figure.axes[:9] for mesh in panel.collections]
    assert len({tuple(mesh.norm.boundaries) for mesh in meshes}) == 1
    columns = figure.axes[6].collections
    means = loss_numbers[(loss_numbers["quantity"] == "mean") & (loss_numbers["noise"] == "alpha")]
    drawn = np.concatenate([mesh.get_array().compressed() for mesh in columns])
    assert_allclose(np.sort(drawn), np.sort(means["value"]))
    # A column a measured clean rate, no wider than the two nearest are apart.
    ends = [mesh.get_coordinates()[0, :, 0] for mesh in columns]
    assert_allclose(ends, [[a - 0.1, a + 0.1] for a in RATES])
    theories = ["theory: loss = ∞", "paper's best p", "vote theory's best p"]
    assert legend(figure) == [*theories, "lowest measured loss"]
