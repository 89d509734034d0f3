"""k over the epochs: that of the networks whose histories are read, each at its own epoch."""

import itertools

import numpy as np
import pandas as pd
import pytest
from drawn import legend, visible
from numpy.testing import assert_allclose
from vote_studies import study, write_history

from label_smoothing.figures import votes_over_epochs as module

RATES, P, SEEDS = (0.5, 0.7), (0.05, 0.5, 0.9, 1.0), (0, 1, 2)
EPOCHS = 60
VOTES = {0: np.linspace(4, 2, EPOCHS), 1: np.linspace(4, 2, EPOCHS), 2: np.linspace(4, 2, EPOCHS)}


def numbers_of(folder, votes=VOTES, change=None, smoothing=P):
    """Return the numbers of networks with these votes of each seed over the epochs."""
    files = []
    for a, p, seed in itertools.product(RATES, smoothing, SEEDS):
        files.append(folder / f"a{a}p{p}seed{seed}.csv")
        write_history(files[-1], a, p, votes[seed])
        if change:
            table = change(pd.read_csv(files[-1]), seed, p)
            table.to_csv(files[-1], index=False, na_rep="nan")
    return module.numbers(study(rates=RATES), files, RATES, smoothing, SEEDS)


@pytest.fixture(scope="module")
def numbers(tmp_path_factory):
    return numbers_of(tmp_path_factory.mktemp("histories"))


def test_k_is_found_at_each_epoch_from_losses_and_accuracy(numbers):
    for (source, a), rows in numbers.groupby(["quantity", "a"]):
        assert rows["epoch"].is_monotonic_increasing
        assert {rows["epoch"].iloc[0], rows["epoch"].iloc[-1]} == {1, EPOCHS}
        assert 10 < len(rows) <= 20
        assert a in RATES
        if source in ("losses", "accuracy"):
            k = np.interp(rows["epoch"], range(1, EPOCHS + 1), VOTES[0])
            assert_allclose(rows["value"], k, rtol=2e-3)
    assert (numbers["seeds"] == 3).all()
    assert (numbers.loc[numbers["quantity"] == "losses", "rmse"] < 1e-3).all()


def test_seeds_are_averaged_and_their_interval_holds_the_mean(tmp_path):
    votes = {seed: np.full(4, k) for seed, k in enumerate((1.5, 2.0, 3.0))}
    numbers = numbers_of(tmp_path, votes)
    losses = numbers[numbers["quantity"] == "losses"]
    assert_allclose(losses["value"], 2.0, rtol=2e-3)  # of log(k - 1)
    assert (losses["low"] < 1.5).all()
    assert (losses["high"] > 2.5).all()


def test_epochs_that_are_not_scored_and_seeds_that_diverged_are_passed_over(tmp_path):
    def lose(table, seed, p):
        scores = ["test_loss", "test_accuracy"]
        table.loc[table["epoch"] % 10 != 0, scores] = np.nan
        return table[table["epoch"] <= 30] if (seed, p) == (1, 0.9) else table

    numbers = numbers_of(tmp_path, change=lose)
    losses = numbers[(numbers["quantity"] == "losses") & (numbers["a"] == 0.5)]
    seeds = dict(zip(losses["epoch"], losses["seeds"], strict=True))
    assert seeds == {10: 3, 20: 3, 30: 3, 40: 2, 50: 2, 60: 2}


def test_epochs_at_which_the_theory_is_off_are_open(numbers, tmp_path):
    assert "losses, off by more than 0.1 nats" not in legend(module.draw(numbers, "a study"))

    def untrained(table, seed, p):
        table.loc[table["epoch"] == 1, "test_loss"] = 2.0 + p
        return table

    figure = module.draw(numbers_of(tmp_path, change=untrained), "a study")
    assert {"losses", "losses, off by more than 0.1 nats"} <= set(legend(figure))
    assert [panel.get_title() for panel in visible(figure)[:2]] == [
        "clean rate a = 0.5",
        "clean rate a = 0.7",
    ]


def test_a_study_without_a_p_that_tells_k_is_drawn_all_the_same(tmp_path):
    numbers = numbers_of(tmp_path, smoothing=(1.0,))
    assert numbers.empty
    module.draw(numbers, "a study")
