"""The advice says what is true, and nothing where nothing can be said."""

import numpy as np
import pandas as pd
import pytest
from advice_inputs import N, P, early, study

from label_smoothing.analysis.advice.answer import give_advice
from label_smoothing.analysis.advice.rows import (
    ACCURACY_GAIN,
    CHECKED,
    CLEAN_ACCURACY,
    CLEAN_LOSS,
    COLUMNS,
    FIRST,
    GAIN,
    HOW_NOISY,
    IF,
    LOSS_GAIN,
    MEASURED,
    MORE,
    NOISY_ACCURACY,
    NOISY_LOSS,
    NOT_BY_LOOK,
    SURE,
    WHICH,
    WRONG,
)


def of(advice, question, **values):
    rows = advice.rows[advice.rows["question"] == question]
    for column, value in values.items():
        rows = rows[rows[column] == value]
    return rows


def wrong(advice, kind=IF):
    """Return what is said of the share of wrong labels in the hold-out."""
    (row,) = of(advice, HOW_NOISY, quantity=WRONG, kind=kind).itertuples()
    return row


@pytest.fixture(scope="module")
def noisy():
    """Return right labels, given labels of clean rate 0.7, inputs and advice."""
    clean, given, inputs = study(0.7, seed=1)
    return clean, given, inputs, give_advice(inputs)


def test_all_questions_are_answered_and_every_number_has_its_source(noisy):
    *_, advice = noisy
    assert list(advice.rows.columns) == COLUMNS
    assert set(advice.rows["question"]) == {HOW_NOISY, WHICH, MORE, GAIN, SURE, FIRST}
    assert set(advice.rows["kind"]) == {MEASURED, IF}
    assert advice.warnings == []


def test_what_is_said_of_right_labels_has_its_condition_in_its_line(noisy):
    *_, advice = noisy
    conditional = advice.rows["kind"] == IF
    assert (advice.rows["condition"] == np.where(conditional, NOT_BY_LOOK, "")).all()
    of_right = advice.rows[["what", "quantity"]].agg(" ".join, axis=1)
    of_right = of_right.str.contains("right labels|wrong labels|right [0-9]|P\\(given")
    assert (of_right == conditional).all()


@pytest.mark.parametrize("a", [0.5, 0.7, 0.9, 1.0])
def test_the_share_of_wrong_labels_is_within_its_bounds(a):
    for seed in range(3):
        clean, given, inputs = study(a, seed=seed)
        row = wrong(give_advice(inputs))
        assert np.isnan(row.value)
        assert row.low <= (clean != given).mean() <= row.high


def test_the_best_p_is_that_of_the_right_labels(noisy):
    clean, _, inputs, advice = noisy
    own = inputs.plain.outputs[:, :, np.arange(N), clean]
    losses = -own.mean(axis=(0, 2))
    (row,) = of(advice, WHICH, what=CLEAN_LOSS).itertuples()
    assert losses[P.index(row.value)] - losses.min() < 0.03
    assert row.low <= P[losses.argmin()] <= row.high
    (gain,) = (
        of(advice, GAIN)
        .query("what.str.startswith('loss on right') and what.str.contains('no s')")
        .itertuples()
    )
    true = losses[-1] - losses[P.index(row.value)]
    assert gain.low <= true <= gain.high


def test_what_helps_more_comes_first_and_its_clean_accuracy_is_true(noisy):
    clean, _, inputs, advice = noisy
    ranking = of(advice, MORE, quantity=NOISY_ACCURACY)
    assert ranking["value"].is_monotonic_decreasing
    best = ranking.iloc[0]["what"]
    assert "early stopping" in best or "forward" in best
    (gain,) = of(advice, MORE, what=best, quantity=ACCURACY_GAIN).itertuples()
    assert gain.low > 0
    forward = [what for what in ranking["what"] if what.startswith("forward")]
    (row,) = of(advice, MORE, what=forward[0], quantity=CLEAN_ACCURACY).itertuples()
    true = (inputs.forward.uncorrected[0, 0].argmax(axis=1) == clean).mean()
    assert row.low <= true <= row.high


def test_the_loss_of_early_stopping_is_true_and_compared_with_the_best_smoothing(noisy):
    _, given, inputs, advice = noisy
    stopped = early(inputs.forward.uncorrected[0, 0].argmax(axis=1))
    (smoothing,) = of(advice, MORE, note="the best smoothing", quantity=LOSS_GAIN)["what"]
    best = P.index(float(smoothing.rpartition(" ")[2]))
    ours = -inputs.plain.outputs[:, best, np.arange(N), given].mean()
    its = -stopped[np.arange(N), given].mean()
    what = "early stopping by loss, no smoothing (p = 1)"
    (loss,) = of(advice, MORE, what=what, quantity=NOISY_LOSS).itertuples()
    (gain,) = of(advice, MORE, what=what, quantity=LOSS_GAIN).itertuples()
    assert loss.value == pytest.approx(its)
    assert loss.low <= its <= loss.high
    assert gain.low <= ours - its <= gain.high
    assert (gain.low > 0) == (gain.note == "")


def test_without_a_history_no_loss_is_told_of_early_stopping():
    _, _, inputs = study(0.7)
    parts = [part._replace(noisy_losses=None, uniform_losses=None) for part in inputs[:2]]
    advice = give_advice(inputs._replace(plain=parts[0], forward=parts[1]))
    assert not of(advice, MORE, quantity=NOISY_LOSS)["what"].str.startswith("early").any()


def test_the_largest_confusions_are_bounds_from_below():
    rng = np.random.default_rng(0)
    _, given, inputs = study(1.0)
    flipped = np.where((given < 2) & (rng.random(N) < 0.4), given + 1, given)
    labels = np.broadcast_to(flipped, inputs.plain.labels.shape)
    plain, forward = (
        part._replace(labels=labels, accuracies=0.8 * part.accuracies) for part in inputs[:2]
    )
    advice = give_advice(inputs._replace(plain=plain, forward=forward))
    rows = of(advice, HOW_NOISY, quantity="P(given | right)")
    assert set(rows["what"][:2]) == {"right 0, given 1", "right 1, given 2"}
    assert rows["low"][:2].between(0.1, 0.4).all()


def test_the_first_suspects_are_wrong(noisy):
    clean, given, _, advice = noisy
    places = [int(what.split(":")[0].split()[-1]) for what in of(advice, FIRST)["what"]]
    assert len(places) == 20
    assert (clean[places] != given[places]).mean() > 0.9


def test_of_right_labels_few_are_called_wrong():
    _, _, inputs = study(1.0)
    row = wrong(give_advice(inputs))
    assert row.low == 0
    assert row.high < 0.15


def test_on_hard_images_there_is_no_lower_bound_of_the_noise():
    _, _, inputs = study(1.0, hard=0.6)
    advice = give_advice(inputs)
    assert wrong(advice).low == 0
    assert "too hard" in wrong(advice).note
    assert not of(advice, HOW_NOISY, quantity="P(given | right)").size
    assert of(advice, WHICH, what=NOISY_LOSS)["value"].notna().all()


@pytest.mark.parametrize("kl, memorised", [(None, 0.0), (0.9, 0.0), (0.01, 1.0)])
def test_networks_memorise_by_their_accuracy_or_close_to_their_targets(kl, memorised):
    _, _, inputs = study(0.7, train_accuracy=0.8)
    if kl is not None:
        close = np.full(inputs.plain.train_accuracies.shape, kl)
        close[:, 0] = 0.0  # at p = 0.44 there is little to memorise
        inputs = inputs._replace(plain=inputs.plain._replace(train_kl=close))
    advice = give_advice(inputs)
    share = of(advice, SURE, what="networks that memorised")["value"].item()
    assert share == pytest.approx(memorised, abs=0.2)
    assert any("did not memorise" in warning for warning in advice.warnings) == (share < 1)


def test_p_that_make_no_difference_are_not_told_apart():
    _, _, inputs = study(0.7)
    same = np.broadcast_to(inputs.plain.outputs[:, 3:4], inputs.plain.outputs.shape)
    jitter = 1e-3 * np.random.default_rng(0).normal(size=same.shape)
    plain = inputs.plain._replace(outputs=same + jitter, uncorrected=same + jitter)
    advice = give_advice(inputs._replace(plain=plain))
    which = of(advice, WHICH)
    assert (which["note"] == "every p may be as good").all()
    gains = of(advice, GAIN)
    gains = gains[gains["unit"] == "nats"]
    assert (
        gains["note"]
        .isin(["no difference that these data can show", "it is the best p measured"])
        .all()
    )


def test_without_forward_correction_nothing_is_said_of_right_labels():
    _, _, inputs = study(0.7)
    advice = give_advice(inputs._replace(forward=None))
    assert any("nothing is said of right labels" in warning for warning in advice.warnings)
    assert set(advice.rows["kind"]) == {MEASURED}
    assert len(of(advice, FIRST)) == 20


def test_checked_labels_lead_and_narrow_the_bounds():
    _, _, inputs = study(0.7)
    advice = give_advice(inputs._replace(checked=(1000, 710)))
    assert of(advice, HOW_NOISY)["kind"].iloc[0] == CHECKED
    row = wrong(advice, CHECKED)
    assert row.value == pytest.approx(0.29)
    assert 0.25 < row.low < 0.27
    assert 0.31 < row.high < 0.33
    assert wrong(advice).low <= 0.29 <= wrong(advice).high


def test_a_few_checked_labels_take_nothing_away():
    _, _, inputs = study(0.7)
    without, few = give_advice(inputs), give_advice(inputs._replace(checked=(5, 4)))
    assert few.warnings == without.warnings
    others = few.rows[few.rows["kind"] != CHECKED].reset_index(drop=True)
    pd.testing.assert_frame_equal(others, without.rows)


@pytest.mark.parametrize("right", [0, 20])
def test_checked_labels_that_contradict_the_condition_withdraw_what_rests_on_it(right):
    _, _, inputs = study(0.7)
    advice = give_advice(inputs._replace(checked=(20, right)))
    assert set(advice.rows["kind"]) == {CHECKED, MEASURED}
    assert any("depend on the look" in warning for warning in advice.warnings)


def test_a_p_below_chance_memorises_by_avoiding_its_label():
    _, _, inputs = study(0.7)
    plain = inputs.plain
    accuracies = plain.train_accuracies.copy()
    accuracies[:, 0] = 0.0
    below = plain._replace(p=(0.1, *plain.p[1:]), train_accuracies=accuracies)
    advice = give_advice(inputs._replace(plain=below))
    assert not any("did not memorise" in warning for warning in advice.warnings)


def test_one_seed_is_warned_of():
    _, _, inputs = study(0.7)
    parts = [
        part._replace(
            **{name: x[:1] for name, x in part._asdict().items() if name != "p" and x is not None}
        )
        for part in inputs[:2]
    ]
    advice = give_advice(inputs._replace(plain=parts[0], forward=parts[1]))
    assert any("one seed" in warning for warning in advice.warnings)


def test_a_diverged_p_is_left_out_and_named():
    _, _, inputs = study(0.7)
    outputs = inputs.plain.outputs.copy()
    outputs[0, 2] = np.nan
    plain = inputs.plain._replace(outputs=outputs, uncorrected=outputs)
    advice = give_advice(inputs._replace(plain=plain))
    assert any("0.72" in warning and "diverged" in warning for warning in advice.warnings)
    assert np.isfinite(of(advice, WHICH)["value"]).all()


def test_nothing_is_gained_over_training_that_diverged():
    _, _, inputs = study(0.7)
    outputs = inputs.plain.outputs.copy()
    outputs[:, -1] = np.nan
    advice = give_advice(inputs._replace(plain=inputs.plain._replace(outputs=outputs)))
    assert of(advice, MORE, quantity=ACCURACY_GAIN)["value"].isna().all()
    assert not of(advice, GAIN)["what"].str.contains("no smoothing").any()
