"""The theory's landscapes show its loss, its divergence and its best p as what they are."""

import numpy as np
import pytest
from drawn import legend, lines
from numpy.testing import assert_allclose, assert_array_equal

from label_smoothing.figures import landscapes as module
from label_smoothing.figures.style import WHITE
from label_smoothing.theory.checks import ASSUMPTIONS
from label_smoothing.theory.memorising import loss


@pytest.fixture(scope="module")
def landscapes():
    return module.numbers()


@pytest.mark.parametrize("noise", ASSUMPTIONS)
def test_landscape_is_the_loss_and_its_optimum_the_lowest_point(landscapes, noise):
    here = landscapes[landscapes["noise"] == noise]
    assert (here["classes"] == 2).all()
    assert_array_equal(here["loss"], loss(here["p"].to_numpy(), here["a"].to_numpy(), 2, noise))
    lowest = here[here["quantity"] == "loss"].groupby("a")["loss"].min()
    best = here[here["quantity"] == "optimum"]
    on_grid = np.interp(lowest.index, best["a"], best["loss"])
    assert (on_grid <= lowest + 1e-4).all()
    assert_allclose(on_grid, lowest, atol=2e-3)


def test_landscape_diverges_where_the_network_rules_out_what_happens(landscapes):
    losses = landscapes[landscapes["quantity"] == "loss"]
    at_one = losses[losses["p"] == 1].pivot(index="a", columns="noise", values="loss")
    infinite = np.isinf(at_one)
    assert infinite.loc[0.01:0.99].all(axis=None)
    assert infinite.loc[0.0].to_dict() == {"alpha": True, "beta": False, "gamma": True}
    assert at_one.loc[1.0].to_dict() == {"alpha": 0, "beta": 0, "gamma": 0}
    assert np.isfinite(losses["loss"][losses["p"].between(0, 1, inclusive="neither")]).all()


def test_the_mirrored_branch_of_gamma_is_equally_good(landscapes):
    gamma = landscapes[landscapes["noise"] == "gamma"]
    mirrored = gamma[gamma["quantity"] == "mirrored optimum"]
    best = gamma[(gamma["quantity"] == "optimum") & (gamma["a"] >= 0.75)]
    assert_allclose(mirrored["a"], best["a"])
    assert_allclose(mirrored["p"], 1 - best["p"])
    assert_allclose(mirrored["loss"], best["loss"], atol=1e-12)


def test_landscapes_mark_the_divergence_and_colour_nothing_finite_there(landscapes):
    figure = module.draw(landscapes)
    *panels, bar = figure.axes
    for panel, noise in zip(panels, ASSUMPTIONS, strict=True):
        assert panel.get_title().startswith(f"{noise}: ")
        losses = landscapes[(landscapes["noise"] == noise) & (landscapes["quantity"] == "loss")]
        infinite = losses[np.isinf(losses["loss"])]
        drawn = set()
        for line in lines(panel, "loss = ∞"):
            drawn |= {(a, p) for a, p in zip(*line.get_data(), strict=True) if np.isfinite(p)}
        assert drawn == set(zip(infinite["a"], infinite["p"], strict=True))
        (best,) = lines(panel, "optimum p*")
        assert best.get_color() == WHITE
        (filled,) = panel.collections
        assert filled.extend == "max"
        # Nothing is interpolated across the edge: the colours end at the last finite p.
        inside = losses["p"][np.isfinite(losses["loss"]) & (losses["a"] == 0.5)]
        below_edge = [
            path.vertices[np.isclose(path.vertices[:, 0], 0.5), 1] for path in filled.get_paths()
        ]
        reached = np.concatenate(below_edge)
        assert inside.min() <= reached.min() and reached.max() <= inside.max()
    limits = {panel.collections[0].get_clim() for panel in panels}
    assert len(limits) == 1
    assert "nats" in bar.get_ylabel()
    assert legend(figure) == ["loss = ∞", "optimum p*", "1 - p*, equally good"]
