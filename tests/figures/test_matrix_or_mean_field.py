"""Both losses and what the mean field costs, paired over seeds, beside what the theory predicts."""

import numpy as np
import pandas as pd
from drawn import legend
from numpy.testing import assert_allclose

from label_smoothing.figures import matrix_or_mean_field as module

MATRICES = {
    "best": "alpha_optimal",
    "single": "alpha_mean_field",
    "of beta": "beta_optimal",
    "beta single": "beta_mean_field",
    "mine": "file",
}


def cells(noise="pairs", assumption="alpha", seeds=3, rates=(0.6, 0.8)):
    loss = {"best": 0.6, "single": 1.4, "of beta": 0.9, "beta single": 1.1, "mine": 2.0}
    return pd.DataFrame(
        {
            "dataset": "d",
            "noise": noise,
            "assumption": assumption,
            "method": method,
            "a": a,
            "p": 1.0,
            "seed": seed,
            "predicted_loss": 2 * loss[method] * a,
            # What seeds differ in is shared by all their networks, but for a little.
            "test_loss": loss[method] + seed + (0.01 * seed if method == "single" else 0),
            "memorised": True,
            "diverged_epoch": 0,
        }
        for a in rates
        for method in MATRICES
        for seed in range(seeds)
    )


def row(numbers, quantity, a=0.6):
    (found,) = numbers[(numbers["quantity"] == quantity) & (numbers["a"] == a)].itertuples()
    return found


def test_the_cost_is_paired_over_seeds():
    numbers = module.numbers(cells(), MATRICES)
    assert_allclose(row(numbers, "best matrix").value, 1.6)
    cost = row(numbers, "cost")
    assert_allclose(cost.value, 0.81)
    assert cost.low > 0.78
    assert row(numbers, "mean field").low < 0
    predicted = [row(numbers, name).predicted for name in ("best matrix", "mean field", "cost")]
    assert_allclose(predicted, [0.72, 1.68, 0.96])
    assert (cost.seeds, cost.memorised) == (3, 3)


def test_each_noise_type_has_the_matrices_of_its_assumption():
    tables = pd.concat([cells(), cells("other", "beta"), cells("smoothed", "gamma")])
    numbers = module.numbers(tables, MATRICES)
    assert set(numbers["noise"]) == {"pairs", "other"}
    of_beta = numbers[numbers["noise"] == "other"]
    assert_allclose(row(of_beta, "best matrix").value, 1.9)
    assert_allclose(row(of_beta, "cost").value, 0.2)
    alone = {"best": "alpha_optimal", "single": "alpha_mean_field"}
    assert set(module.numbers(tables, alone)["noise"]) == {"pairs"}


def test_a_seed_of_which_one_diverged_has_no_cost_and_who_did_not_memorise_is_open():
    tables = cells()
    lost = (tables["method"] == "best") & (tables["seed"] == 1)
    tables.loc[lost, ["test_loss", "memorised"]] = [np.nan, False]
    slow = (tables["method"] == "single") & (tables["seed"] == 2)
    tables.loc[slow, "memorised"] = False
    numbers = module.numbers(tables, MATRICES)
    assert [row(numbers, name).seeds for name in ("best matrix", "mean field", "cost")] == [2, 3, 2]
    memorised = [row(numbers, name).memorised for name in ("best matrix", "mean field", "cost")]
    assert memorised == [2, 2, 1]
    labels = legend(module.draw(numbers, "a study"))
    assert "loss of the best matrix" in labels
    assert "loss of the best single p (mean field), not all seeds memorised" in labels
