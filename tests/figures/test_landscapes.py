"""The theory's figures draw the theory's numbers, its divergence and its jump as what they are."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from label_smoothing.figures import theory_figures as figures
from label_smoothing.figures.style import write_figure
from label_smoothing.theory.gamma import gamma_optimum, gamma_transition
from label_smoothing.theory.literature import literature_table
from label_smoothing.theory.memorising import loss, optimum
from label_smoothing.theory.rates import ASSUMPTIONS

LITERATURE = Path(__file__).parents[2] / "workflow/resources/literature.csv"


def legend(figure):
    return [text.get_text() for box in figure.legends for text in box.get_texts()]


def lines(panel, label):
    return [line for line in panel.get_lines() if line.get_label() == label]


@pytest.fixture(scope="module")
def landscapes():
    return figures.landscapes_numbers()


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
    figure = figures.draw_landscapes(landscapes)
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
        assert best.get_color() == "white"
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


def test_optimum_for_two_classes():
    numbers = figures.optimum_two_classes_numbers()
    best = numbers[numbers["quantity"] == "optimum"].set_index("noise")
    assert_allclose(best.loc["alpha", "p"], best.loc["alpha", "a"])
    a = best.loc["beta", "a"]
    assert_allclose(best.loc["beta", "p"], 2 * a**2 - 2 * a + 1)
    assert_allclose(best.loc["gamma", "p"], gamma_optimum(best.loc["gamma", "a"].to_numpy(), 2))
    figure = figures.draw_optimum_two_classes(numbers)
    (panel,) = figure.axes
    assert (panel.get_xlabel(), panel.get_ylabel()) == ("clean rate a", "optimum p*")
    assert [label.split(":")[0] for label in legend(figure)] == ["alpha", "beta", "gamma", "gamma"]


def test_alpha_is_one_line_for_every_number_of_classes():
    numbers = figures.optimum_over_classes_numbers()
    alpha = numbers[numbers["noise"] == "alpha"]
    assert set(alpha["classes"]) == {2, 3, 5, 10, 100, 1000}
    assert_array_equal(alpha["p"], alpha["a"])
    figure = figures.draw_optimum_over_classes(numbers)
    (line,) = lines(figure.axes[0], "alpha, every M")
    assert len(line.get_xdata()) == alpha["a"].nunique()


def test_beta_over_classes_reaches_its_limit():
    numbers = figures.optimum_over_classes_numbers()
    beta = numbers[numbers["noise"] == "beta"]
    finite = beta[np.isfinite(beta["classes"])]
    a, M = finite["a"].to_numpy(), finite["classes"].to_numpy()
    assert_array_equal(finite["p"], optimum(a, M, "beta"))
    assert_allclose(finite["above_limit"], (1 - a) ** 2 / (M - 1), atol=1e-15)
    limit = beta[np.isinf(beta["classes"])]
    assert_allclose(limit["p"], limit["a"] ** 2)
    figure = figures.draw_optimum_over_classes(numbers)
    wanted = [f"beta, M = {M}" for M in (2, 3, 5, 10, 100, 1000)]
    assert legend(figure) == ["alpha, every M", *wanted, "beta, M → ∞: a²"]


def test_gamma_has_both_ends_of_its_jump():
    numbers = figures.gamma_optimum_numbers()
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
    numbers = figures.gamma_optimum_numbers()
    figure = figures.draw_gamma_optimum(numbers)
    (panel,) = figure.axes
    drawn = [line for line in panel.get_lines() if len(line.get_xdata())]
    for M in (3, 5, 10, 100, 1000):
        a_c, below, above, *_ = gamma_transition(M)
        dashes, ends = [line for line in drawn if set(line.get_ydata()) == {below, above}]
        assert_array_equal(dashes.get_xdata(), [a_c, a_c])
        assert dashes.get_linestyle() == "--"
        assert (ends.get_linestyle(), ends.get_marker()) == ("None", "o")
        assert f"M = {M}: jump at $a_c$ = {a_c:.4f}" in legend(figure)
    solid = [line for line in drawn if line.get_linestyle() == "-"]
    assert len(solid) == 12  # two branches each
    steps = [np.abs(np.diff(line.get_ydata())).max() for line in solid]
    assert max(steps) < 0.05
    assert "M = 2: no jump, onset at $a_c$ = 0.7500" in legend(figure)


@pytest.mark.parametrize(
    "name", ["landscapes", "optimum_two_classes", "optimum_over_classes", "gamma_optimum"]
)
def test_figure_and_numbers_are_written_reproducibly(name, tmp_path):
    numbers = getattr(figures, f"{name}_numbers")()
    for copy in ("a", "b"):
        figure = getattr(figures, f"draw_{name}")(numbers)
        write_figure(figure, numbers, tmp_path / f"{copy}.svg", tmp_path / f"{copy}.csv")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    read = pd.read_csv(tmp_path / "a.csv")
    assert list(read) == list(numbers)
    assert_allclose(read["p"], numbers["p"], rtol=1e-9)
    if "loss" in read:
        assert_array_equal(np.isinf(read["loss"]), np.isinf(numbers["loss"]))
        assert read["loss"].notna().all()


def test_literature_table_holds_p_and_a_reference_for_each_row():
    entries = pd.read_csv(LITERATURE, dtype={"arxiv": str})
    table = literature_table(entries)
    M, epsilon = table["classes"], table["epsilon"]
    assert_allclose(table["p"], 1 - epsilon * (M - 1) / M)
    assert_allclose(epsilon, M * (1 - table["p"]) / (M - 1))
    assert all(re.fullmatch(r"\d{4}\.\d{5}", number) for number in table["arxiv"])
    assert (table["without"].isna() == table["with"].isna()).all()
    assert list(table.drop(columns="p")) == list(entries)
