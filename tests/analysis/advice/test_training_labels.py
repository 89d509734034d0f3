"""The labels of a training part that come first are wrong, and nothing is named blindly."""

import numpy as np
import pytest
from advice_inputs import P, study

from label_smoothing.analysis.advice.answer import give_advice
from label_smoothing.analysis.advice.rows import (
    HOW_NOISY,
    IF,
    NOT_BY_LOOK,
    TRAINING,
    table,
)
from label_smoothing.analysis.advice.training_labels import (
    RANKING,
    HeldOut,
    rank_training_labels,
    with_training_labels,
)


def held_out(a, hard=0.06):
    """Return right labels and networks on images that they have not seen."""
    clean, given, inputs = study(a, hard=hard)
    forward = inputs.forward
    return clean, HeldOut(P[:-1], forward.outputs, forward.uncorrected, given)


@pytest.fixture(scope="module")
def noisy():
    clean, networks = held_out(0.7)
    return clean, networks, rank_training_labels(networks, 1000 + np.arange(len(clean)))


def test_the_first_are_wrong_and_the_last_are_right(noisy):
    clean, networks, found = noisy
    places = found.ranking["index"].to_numpy() - 1000
    assert sorted(places) == list(range(len(clean)))
    assert list(found.ranking) == RANKING
    assert found.ranking["given"].tolist() == networks.labels[places].tolist()
    assert found.ranking["probability"].is_monotonic_increasing
    wrong = (clean != networks.labels)[places]
    assert wrong[:50].mean() > 0.95
    assert wrong[-50:].mean() < 0.05
    first = found.ranking.iloc[:50]
    assert (first["suggested"] == clean[places[:50]]).mean() > 0.9


def test_the_share_of_wrong_ones_is_within_its_bounds(noisy):
    clean, networks, found = noisy
    row = found.rows[0]
    assert (row.kind, row.condition) == (IF, NOT_BY_LOOK)
    assert row.limits.low <= (clean != networks.labels).mean() <= row.limits.high


def test_suspects_are_the_first_that_networks_dispute(noisy):
    _, networks, found = noisy
    suspects = found.suspects
    assert len(suspects.places) == 20
    assert suspects.given.tolist() == networks.labels[suspects.places].tolist()
    assert (1000 + suspects.places).tolist() == found.ranking["index"].tolist()[:20]


def test_a_diverged_p_does_not_count(noisy):
    _, networks, found = noisy
    outputs, uncorrected = networks.outputs.copy(), networks.uncorrected.copy()
    outputs[0, 3], uncorrected[1, 2] = np.nan, np.nan
    lost = networks._replace(outputs=outputs, uncorrected=uncorrected)
    again = rank_training_labels(lost, found.ranking["index"].sort_values().to_numpy())
    assert again.ranking["probability"].notna().all()
    outputs[:], uncorrected[:] = np.nan, np.nan
    nothing = rank_training_labels(lost, np.arange(len(networks.labels)))
    assert nothing.ranking.empty
    assert "diverged" in nothing.warnings[0]


def test_the_advice_has_them_too(noisy):
    *_, found = noisy
    _, _, inputs = study(0.7)
    before = give_advice(inputs)
    advice = with_training_labels(before, table(found.rows).to_dict("records"), found.warnings)
    assert len(advice.rows) == len(before.rows) + len(found.rows)
    assert set(advice.rows["question"]) == {*before.rows["question"], TRAINING}
    assert advice.rows[advice.rows["question"] == HOW_NOISY].equals(
        before.rows[before.rows["question"] == HOW_NOISY]
    )
    assert advice.warnings == before.warnings


def test_a_hold_out_of_other_noise_is_warned_of(noisy):
    *_, found = noisy
    _, _, inputs = study(1.0)
    advice = with_training_labels(
        give_advice(inputs), table(found.rows).to_dict("records"), found.warnings
    )
    assert any("in the hold-out, which should be as noisy" in text for text in advice.warnings)
