"""What a run says of itself: counts, the time that is left, what became of a training."""

import time

import pytest

from label_smoothing.study.progress import Progress, duration, failure_line, training_line

NAMES = {
    "dataset": "digits",
    "transition": "uniform",
    "method": "label_smoothing",
    "a": "0.5",
    "p": "0.7",
    "seed": "0",
}


def run_one(progress, job, rule, began, ended):
    progress.start(job, rule, began)
    return progress.finish(job, ended)


@pytest.fixture
def progress():
    """Four trainings of 10 s, two by two, and what follows."""
    progress = Progress({"train": 4, "evaluate": 4, "draw": 2}, "train", ("train", "evaluate"))
    for job in (1, 2):
        progress.start(job, "train", 100.0)
    for job in (1, 2):
        assert progress.finish(job, 110.0) == 10
    return progress


def test_nothing_is_said_of_the_time_before_a_training_has_ended():
    progress = Progress({"train": 2, "prepare": 1}, "train", ("train",))
    assert progress.left(0.0) is None
    run_one(progress, 1, "prepare", 100.0, 101.0)
    assert progress.left(101.0) is None
    assert progress.time_left(101.0) == ""


def test_time_left_goes_by_rule_and_by_how_many_run_side_by_side(progress):
    # Two trainings of 10 s side by side; of the others nothing is known.
    assert progress.left(110.0) == pytest.approx(10)
    # From here on one at a time: 21 s of work in 11 s.
    run_one(progress, 3, "evaluate", 110.0, 111.0)
    work = 2 * 10 + 3 * 1 + 2 * 1  # a figure counts as what is known of short jobs
    assert progress.left(111.0) == pytest.approx(work / 21 * 11)


def test_what_runs_has_done_a_part_already(progress):
    progress.start(3, "train", 110.0)
    progress.start(4, "train", 110.0)
    assert progress.left(114.0) == pytest.approx((2 * 10 - 2 * 4) / 28 * 14)
    # One that takes longer than all before it counts as about to end.
    assert progress.left(150.0) == pytest.approx(0)


def test_a_run_without_trainings_says_how_long_it_takes():
    progress = Progress({"draw": 4}, "train", ("train",))
    run_one(progress, 1, "draw", 100.0, 103.0)
    assert progress.left(103.0) == pytest.approx(9)
    end = time.strftime("%H:%M", time.localtime(112.0))
    assert progress.time_left(103.0) == f"9 s left, until {end}"
    assert progress.bars(103.0, 60).startswith("other [#####---------------] 1/4  9 s left")


def test_bars_have_a_line_to_themselves_and_no_more(progress):
    line = progress.bars(110.0, 90)
    assert line.startswith("train [###----] 2/4  evaluate [-------] 0/4  other [-------] 0/2  10 s")
    for width in (10, 40, 60, 61, 80, 200):
        assert len(progress.bars(110.0, width)) <= width
    assert progress.bars(110.0, 70).startswith("train 2/4  evaluate 0/4  other 0/2  10 s left")


def test_a_failure_shows_until_the_job_is_tried_again(progress):
    progress.start(3, "train", 110.0)
    progress.fail(3)
    assert progress.bars(111.0, 200).endswith("  1 failed")
    progress.start(3, "train", 112.0)
    assert "failed" not in progress.bars(112.0, 200)
    progress.finish(3, 122.0)
    assert progress.done["train"] == 3


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4, "0 s"),
        (59.4, "59 s"),
        (61, "2 min"),
        (3540, "59 min"),
        (3600, "1 h 0 min"),
        (12000, "3 h 20 min"),
        (187200, "2 d 4 h"),
    ],
)
def test_durations_have_the_units_that_matter(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("rows", "outcome"),
    [
        ("1,2.1,0.500\n2,1.5,0.558\n", "test accuracy 0.558"),
        ("1,2.1,0.500\n2,nan,\n", "diverged in epoch 2"),
    ],
)
def test_a_training_says_what_became_of_it(tmp_path, rows, outcome):
    history = tmp_path / "history.csv"
    history.write_text(f"epoch,train_loss,test_accuracy\n{rows}")
    cell = "digits uniform label_smoothing a=0.5 p=0.7 seed=0"
    assert training_line(NAMES, history) == f"{cell}: {outcome}"


def test_labels_that_are_given_have_no_accuracy_but_the_noisy_one(tmp_path):
    history = tmp_path / "history.csv"
    history.write_text("epoch,train_loss,noisy_test_accuracy\n1,2.1,0.41\n")
    assert training_line(NAMES, history).endswith(": test accuracy 0.410 on noisy labels")


def test_a_history_that_cannot_be_read_stops_nothing(tmp_path):
    assert training_line(NAMES, tmp_path / "none.csv").endswith(": done")


def test_a_failed_training_is_named_with_the_reason(tmp_path):
    log = tmp_path / "seed0.log"
    line = failure_line(NAMES, "", log)
    assert line == "digits uniform label_smoothing a=0.5 p=0.7 seed=0 failed: no reason was given"
    log.write_text("Traceback\nValueError: the loss is nan\n")
    assert failure_line(NAMES, "", log).endswith("failed: ValueError: the loss is nan")
    refused = "sbatch: error: invalid partition."
    line = failure_line(NAMES, f"{refused}\nsbatch call: {'word ' * 1000}", log)
    assert f"failed: {refused} sbatch call: word" in line
    assert line.endswith(" ...; its log ends with: ValueError: the loss is nan")
    assert len(line) < 500
