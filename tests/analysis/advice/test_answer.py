"""The advice says what is true, and nothing where nothing can be said."""

import numpy as np
import pandas as pd
import pytest
from advice_inputs import N, P, early, study

from label_smoothing.analysis.advice.answer import give_advice
from label_smoothing.analysis.advice.rows import (
    ACCURACY_GAIN,
    CALIBRATION,
    CLEAN_ACCURACY,
    CLEAN_LOSS,
    COLUMNS,
    FIRST,
    GAIN,
    GOALS,
    HOW_NOISY,
    LOSS_GAIN,
    MORE,
    NOISY_ACCURACY,
    NOISY_LOSS,
    SUPPOSED,
    SURE,
    WHICH,
)


def of(advice, question, **values):
    rows = advice.rows[advice.rows["question"] == question]
    for column, value in values.items():
        rows = rows[rows[column] == value]
    return rows


def rate(advice, source):
    (row,) = of(advice, HOW_NOISY, quantity="clean rate", source=source).itertuples()
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
    measured = advice.rows[advice.rows["question"] != GAIN]
    assert (measured["source"] != "").all()
    assert advice.warnings == []


@pytest.mark.parametrize("source", ["noise model", "early stopping"])
def test_the_clean_rate_is_within_its_limits(noisy, source):
    clean, given, _, advice = noisy
    row = rate(advice, source)
    assert row.low <= (clean == given).mean() <= row.high


def test_the_best_p_is_that_of_the_right_labels(noisy):
    clean, _, inputs, advice = noisy
    own = inputs.plain.outputs[:, :, np.arange(N), clean]
    losses = -own.mean(axis=(0, 2))
    (row,) = of(advice, WHICH, what=CLEAN_LOSS).itertuples()
    assert losses[P.index(row.value)] - losses.min() < 0.03
    assert row.low <= P[losses.argmin()] <= row.high
    (gain,) = (
        of(advice, GAIN)
        .query("what.str.startswith('loss on clean') and what.str.contains('no s')")
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


def test_noise_that_is_not_uniform_is_warned_of():
    rng = np.random.default_rng(0)
    _, given, inputs = study(1.0)
    flipped = np.where((given < 2) & (rng.random(N) < 0.4), given + 1, given)
    labels = np.broadcast_to(flipped, inputs.plain.labels.shape)
    plain, forward = (part._replace(labels=labels) for part in inputs[:2])
    advice = give_advice(inputs._replace(plain=plain, forward=forward))
    assert any("not uniform" in text for text in advice.warnings)


def test_the_first_suspects_are_wrong(noisy):
    clean, given, _, advice = noisy
    places = [int(what.split(":")[0].split()[-1]) for what in of(advice, FIRST)["what"]]
    assert len(places) == 20
    assert (clean[places] != given[places]).mean() > 0.9


def test_right_labels_are_called_right():
    _, _, inputs = study(1.0)
    advice = give_advice(inputs)
    row = rate(advice, "noise model")
    assert row.high == 1
    assert row.low > 0.97


def test_hard_images_and_patterned_noise_are_not_told_apart():
    _, _, inputs = study(1.0, hard=0.6)
    advice = give_advice(inputs)
    row = rate(advice, "noise model")
    assert np.isnan(row.value)
    assert row.low < 0.75
    assert row.high == 1
    assert any("cannot tell" in warning for warning in advice.warnings)
    assert not of(advice, WHICH, what=CLEAN_LOSS).size
    assert of(advice, WHICH, what=f"{CLEAN_LOSS}, {SUPPOSED}")["note"].item() == "not checked here"
    assert not of(advice, FIRST).size
    assert of(advice, MORE, quantity=CLEAN_ACCURACY)["value"].isna().all()
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
    which = which[which["what"].isin(GOALS[:3])]
    assert (which["note"] == "every p may be as good").all()
    gains = of(advice, GAIN)
    gains = gains[gains["unit"] == "nats"]
    assert (
        gains["note"]
        .isin(["no difference that these data can show", "it is the best p measured"])
        .all()
    )


def test_without_forward_correction_the_clean_rate_is_a_bound_only():
    _, _, inputs = study(0.7)
    advice = give_advice(inputs._replace(forward=None))
    assert any("lower bound only" in warning for warning in advice.warnings)
    assert not of(advice, WHICH, what=CLEAN_LOSS).size
    (bound,) = of(advice, HOW_NOISY)["source"]
    assert bound == "early stopping"


def test_a_checked_sample_comes_first_if_it_says_more():
    _, _, inputs = study(0.7)
    advice = give_advice(inputs._replace(checked=(1000, 710)))
    first, second = of(advice, HOW_NOISY)["source"][:2]
    assert (first, second) == ("checked by hand", "noise model")
    row = of(advice, HOW_NOISY).iloc[0]
    assert row["value"] == 0.71
    assert 0.67 < row["low"] < 0.69
    assert 0.73 < row["high"] < 0.75


def test_a_few_checked_labels_take_nothing_away():
    _, _, inputs = study(0.7)
    without, few = give_advice(inputs), give_advice(inputs._replace(checked=(5, 5)))
    assert of(few, HOW_NOISY)["source"].tolist()[:2] == ["noise model", "checked by hand"]
    assert few.warnings == without.warnings
    others = few.rows[few.rows["source"] != "checked by hand"].reset_index(drop=True)
    pd.testing.assert_frame_equal(others, without.rows)


def test_checked_labels_that_contradict_the_noise_model_are_trusted():
    _, _, inputs = study(0.7)
    advice = give_advice(inputs._replace(checked=(20, 20)))
    assert of(advice, HOW_NOISY)["source"].iloc[0] == "checked by hand"
    assert any("contradict" in warning for warning in advice.warnings)


def test_where_it_cannot_tell_no_bound_is_without_its_premise():
    _, _, inputs = study(1.0, hard=0.6)
    assert "if" in rate(give_advice(inputs), "early stopping").note


def test_a_p_below_chance_memorises_by_avoiding_its_label():
    _, _, inputs = study(0.7)
    plain = inputs.plain
    accuracies = plain.train_accuracies.copy()
    accuracies[:, 0] = 0.0
    below = plain._replace(p=(0.1, *plain.p[1:]), train_accuracies=accuracies)
    advice = give_advice(inputs._replace(plain=below))
    assert not any("did not memorise" in warning for warning in advice.warnings)


def test_the_gain_in_calibration_is_no_surer_than_the_accuracy():
    # That of the best p is open in its sign, and known to about two points.
    _, _, inputs = study(0.7)
    gains = of(give_advice(inputs), GAIN)
    gain = gains[gains["what"].str.startswith(CALIBRATION) & gains["what"].str.contains("no sm")]
    assert (gain["high"] - gain["low"]).item() > 1


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
