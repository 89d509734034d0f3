"""Loss and accuracies over the plane, with the best p of the mean and of each seed."""

import numpy as np
import pandas as pd
from drawn import legend, lines
from numpy.testing import assert_allclose
from planes import RATES, slices
from samples import P
from vote_studies import votes_table

from label_smoothing.figures import loss_and_accuracy as module
from label_smoothing.theory.rates import compose_clean_rates, match_probability
from label_smoothing.theory.votes import vote_accuracy


def test_each_score_has_its_best_p():
    numbers = module.numbers(slices())
    best = numbers[numbers["quantity"] == "best"].pivot(index="a", columns="score", values="p")
    assert (best["test_accuracy"] == 0.5).all()
    assert (best["oracle_stop_accuracy"] == 0.35).all()
    assert best["test_loss"].tolist() == [0.65, 0.8, 1.0]
    seeds = numbers[numbers["quantity"] == "seed's best"]
    assert seeds.groupby(["score", "a"]).size().eq(3).all()


def test_loss_and_accuracy_figure_marks_seeds_within_their_cell():
    figure = module.draw(module.numbers(slices(noise=0.2)), "a study")
    titles = [panel.get_title() for panel in figure.axes[:3]]
    assert titles == ["test loss", "test accuracy", "accuracy at early stopping"]
    for panel in figure.axes[:3]:
        (singles,) = lines(panel, "best of a single seed")
        assert len(singles.get_xdata()) == 3 * len(RATES)
        assert (np.abs(np.subtract.outer(singles.get_xdata(), RATES)).min(axis=1) < 0.1).all()


def test_accuracies_over_a_are_means_of_the_p_that_ask_for_the_label():
    measured = slices()
    low = measured[measured["p"] == 0.5].assign(p=0.05, test_accuracy=0.01)
    numbers = module.numbers(pd.concat([measured, low]), votes_table(1.9))
    at = numbers[(numbers["score"] == "test_accuracy") & (numbers["a"] == 0.6)]
    by = at.groupby("quantity").first()
    p = np.array(P)
    assert_allclose(by.loc["all p", "value"], 0.6 - 0.1 * abs(p - 0.5).mean())
    assert_allclose(by.loc["all p", ["low", "high"]].astype(float), [0.55, 0.6])
    assert_allclose(by.loc["paper", "value"], 0.6)
    assert_allclose(by.loc["voted", "value"], vote_accuracy(0.6, 1.9, 10))
    figure = module.draw(numbers, "a study")
    assert figure.axes[-1].get_title() == "accuracy over all p"
    assert "votes, k = 1.90 [1.80, 2.00], purity 1.00" in legend(figure)


def test_beta_is_scored_on_labels_as_noisy_as_those_of_the_training():
    numbers = module.numbers(slices("beta"), votes_table(1.9, purity=0.5))
    lines = numbers[(numbers["a"] == 0.6)].set_index("quantity")["value"]
    # The test labels are of the images themselves, whatever the training images beside them are.
    accuracy = compose_clean_rates(vote_accuracy(0.6, 1.9, 10, 0.5), 0.6, M=10)
    assert_allclose(lines["voted"], accuracy)
    assert_allclose(lines["paper"], match_probability(0.6, 10, "beta"))
