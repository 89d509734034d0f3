"""Training: what it promises, and that the default recipe memorises."""

import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from numpy.testing import assert_allclose, assert_array_equal
from small_trainings import Killed, killed_and_resumed

from label_smoothing.data.corrupt import corrupt_labels
from label_smoothing.data.sources import load_digits
from label_smoothing.study.grid import Study
from label_smoothing.theory.matrices import smoothing_matrix
from label_smoothing.theory.noise import uniform_transition
from label_smoothing.training.checkpoints import Checkpoint
from label_smoothing.training.loop import train_network
from label_smoothing.training.losses.base import load_loss
from label_smoothing.training.process import Interrupted
from label_smoothing.training.recipe import Recipe

ROOT = Path(__file__).parents[2]
CONFIG = yaml.safe_load((ROOT / "config.yaml").read_text())
RECIPE = Recipe(**Study(CONFIG).training_of("digits"))
MODEL = CONFIG["models"]["small_cnn"]


@pytest.fixture(scope="module")
def digits():
    return load_digits(test_size=500, seed=0)


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


def corrupted(digits, a, seed=0):
    T, rng = uniform_transition(a, 10), np.random.default_rng(seed)
    return corrupt_labels(digits.y_train, T, rng), corrupt_labels(digits.y_test, T, rng)


def train(
    digits,
    a=0.6,
    p=0.8,
    seed=0,
    loss="label_smoothing",
    warm_up_epochs=0,
    model=MODEL,
    checkpoint=None,
    clean_labels_known=True,
    **recipe,
):
    return train_network(
        digits,
        *corrupted(digits, a),
        loss=load_loss(loss, warm_up_epochs=warm_up_epochs),
        matrix=smoothing_matrix(p, 10),
        model=model,
        recipe=RECIPE._replace(**{"epochs": 2, **recipe}),
        seed=seed,
        device="cpu",
        checkpoint=checkpoint,
        clean_labels_known=clean_labels_known,
    )


@pytest.mark.parametrize("p", [0.35, 1.0])
def test_default_recipe_memorises_the_hardest_cells(digits, p):
    # The most noise of the default study, with the weakest signal and with hard targets.
    a = min(CONFIG["clean_rates"])
    result = train(digits, a=a, p=p, epochs=RECIPE.epochs)
    assert result.train_accuracy >= CONFIG["memorised_at"] >= 0.99


def test_the_seed_alone_decides(digits):
    first = train(digits)
    torch.manual_seed(123)
    state = torch.get_rng_state()
    assert_same(train(digits), first)
    assert_array_equal(torch.get_rng_state(), state)
    other = train(digits, seed=1)
    assert np.abs(other.log_probabilities - first.log_probabilities).max() > 0.1


def test_result_is_consistent(digits):
    result = train(digits, p=0.7, epochs=3)
    outputs = result.log_probabilities
    assert outputs.shape == (500, 10)
    assert outputs.dtype == np.float32
    assert_allclose(np.exp(outputs).sum(axis=1), 1, rtol=1e-5)
    assert [row["epoch"] for row in result.history] == [1, 2, 3]
    last = result.history[-1]
    hits = outputs.argmax(axis=1) == digits.y_test
    assert_allclose(last["test_accuracy"], hits.mean())
    assert_allclose(last["test_loss"], -outputs[np.arange(500), digits.y_test].mean(), rtol=1e-5)
    noisy = corrupted(digits, 0.6)[1]
    assert_allclose(last["noisy_test_loss"], -outputs[np.arange(500), noisy].mean(), rtol=1e-5)
    assert last["train_loss"] < result.history[0]["train_loss"]
    assert_allclose(last["uniform_test_loss"], -outputs.mean(), rtol=1e-5)
    assert 0 < result.train_accuracy <= 1
    entropy = -0.7 * np.log(0.7) - 0.3 * np.log(0.3 / 9)
    assert_allclose(result.train_kl, result.train_loss - entropy, rtol=1e-4)


@pytest.mark.parametrize(("optimizer", "rate"), [("sgd", 0.05), ("adam", 0.003)])
@pytest.mark.parametrize("schedule", ["constant", "one_cycle", "milestones"])
def test_every_optimizer_and_schedule_learns(digits, optimizer, rate, schedule):
    recipe = {"optimizer": optimizer, "learning_rate": rate, "schedule": schedule}
    result = train(digits, a=1.0, p=0.9, epochs=8, milestones=[6], **recipe)
    assert result.history[-1]["test_accuracy"] > 0.9
    if schedule == "milestones":
        rates = [row["learning_rate"] / rate for row in result.history]
        assert_allclose(rates, [1] * 6 + [0.5] * 2)


@pytest.mark.parametrize(
    "loss", ["matrix_smoothing", "forward_correction", "backward_correction", "logit_smoothing"]
)
def test_every_loss_learns(digits, loss):
    result = train(digits, a=0.9, p=0.9, loss=loss, epochs=6)
    assert result.history[-1]["test_accuracy"] > 0.8
    both = result.log_probabilities, result.uncorrected_log_probabilities
    assert_allclose(np.exp(both).sum(axis=2), 1, rtol=1e-5)
    corrects = loss in ("forward_correction", "logit_smoothing")
    assert np.array_equal(*both) != corrects


def test_forward_correction_outputs_are_corrected(digits):
    result = train(digits, loss="forward_correction", p=0.8)
    corrected = np.exp(result.uncorrected_log_probabilities) @ smoothing_matrix(0.8, 10).T
    assert_allclose(np.exp(result.log_probabilities), corrected, rtol=1e-4, atol=1e-7)


def test_augmentation_moves_and_mirrors_training_images_only(digits):
    plain, crop, flip = (
        train(digits, a=1.0, **changes) for changes in ({}, {"crop": 1}, {"flip": True})
    )
    assert not np.array_equal(plain.log_probabilities, crop.log_probabilities)
    assert not np.array_equal(plain.log_probabilities, flip.log_probabilities)
    assert train(digits, a=1.0, epochs=8, crop=1).history[-1]["test_accuracy"] > 0.9


def test_bf16_is_close_to_fp32(digits):
    full, half = (train(digits, a=0.9, epochs=4, precision=name) for name in ("fp32", "bf16"))
    assert not np.array_equal(full.log_probabilities, half.log_probabilities)
    assert half.log_probabilities.dtype == np.float32
    assert_allclose(half.train_loss, full.train_loss, rtol=0.05)
    for a, b in zip(full.history, half.history, strict=True):
        assert_allclose(b["train_loss"], a["train_loss"], rtol=0.05)


@pytest.mark.parametrize("score_every", [1, 5])
def test_divergence_is_recorded_with_its_epoch(digits, caplog, score_every):
    diverging = {"optimizer": "sgd", "schedule": "constant", "learning_rate": 1e9}
    result = train(digits, **diverging, epochs=5, score_every=score_every)
    assert 1 <= result.diverged_epoch == len(result.history) < 5
    assert np.isnan(result.log_probabilities).all()
    assert result.log_probabilities.shape == (500, 10)
    assert np.isnan([result.train_loss, result.train_kl, result.train_accuracy]).all()
    assert np.isnan([result.clean_train_loss, result.uniform_train_loss]).all()
    assert f"diverged: the loss is not finite in epoch {result.diverged_epoch}" in caplog.text


OVERFLOWING = """
import torch

class Network(torch.nn.Sequential):
    def __init__(self, shape, classes):
        super().__init__(torch.nn.Flatten(), torch.nn.Linear(64, classes))

    def forward(self, images):
        logits = super().forward(images)
        return logits if self.training else logits * 1e37
"""


def test_loss_that_overflows_on_the_test_set_only_is_recorded_as_diverged(digits, tmp_path):
    (tmp_path / "overflowing.py").write_text(OVERFLOWING)
    model = {"kind": f"{tmp_path}/overflowing:Network"}
    result = train(digits, model=model, epochs=4, score_every=2)
    assert result.diverged_epoch == len(result.history) == 2
    assert np.isfinite([row["train_loss"] for row in result.history]).all()
    assert np.isinf(result.history[-1]["uniform_test_loss"])
    assert np.isnan(result.log_probabilities).all()


def test_scores_of_the_training_images_against_clean_labels(digits):
    a, p = 0.5, 1.0
    result = train(digits, a=a, p=p, epochs=RECIPE.epochs)
    noisy = corrupted(digits, a)[0]
    # A network that memorises is right about the clean label wherever the given one is clean.
    assert_allclose(result.clean_train_accuracy, (noisy == digits.y_train).mean(), atol=0.01)
    assert result.clean_train_loss > 10 * result.train_loss
    prior = np.bincount(digits.y_train) / len(digits.y_train)
    losses = result.class_train_losses
    assert losses.shape == (10, 10)
    assert_allclose(losses.diagonal() @ prior, result.clean_train_loss)
    assert_allclose(losses.mean(axis=0) @ prior, result.uniform_train_loss)


def test_unknown_clean_labels_are_not_scored_and_change_nothing_else(digits):
    known, unknown = train(digits), train(digits, clean_labels_known=False)
    assert_array_equal(unknown.log_probabilities, known.log_probabilities)
    assert unknown.train_loss == known.train_loss
    assert unknown.uniform_train_loss == known.uniform_train_loss
    assert unknown.clean_train_loss is unknown.clean_train_accuracy is None
    assert unknown.class_train_losses is None
    clean = {"test_loss", "test_accuracy"}
    for row, expected in zip(unknown.history, known.history, strict=True):
        assert row.keys() == expected.keys() - clean
        assert {**row, "seconds": 0} == {k: v for k, v in expected.items() if k in row} | {
            "seconds": 0
        }


def test_scoring_in_strides_changes_no_other_number(digits):
    every, third = train(digits, epochs=7), train(digits, epochs=7, score_every=3)
    assert_array_equal(third.log_probabilities, every.log_probabilities)
    assert third.train_loss == every.train_loss
    for row, expected in zip(third.history, every.history, strict=True):
        assert row.keys() == expected.keys()
        for key in row.keys() - {"seconds"}:
            if "test" in key and row["epoch"] not in (3, 6, 7):
                assert np.isnan(row[key])
            else:
                assert row[key] == expected[key]


def features_of(digits, shift=0.0, scale=1.0):
    """Return the pixels as features, each on a scale of its own."""
    rng = np.random.default_rng(0)
    shifts, scales = shift * rng.normal(size=64), scale ** rng.normal(size=64)
    train, test = (
        (x.reshape(len(x), -1) * scales + shifts).astype(np.float32)
        for x in (digits.x_train, digits.x_test)
    )
    return digits._replace(x_train=train, x_test=test)


def test_features_are_learnt_whatever_their_scales(digits):
    model, recipe = {"kind": "mlp", "hidden": [64]}, {"epochs": 6, "a": 1.0, "p": 0.9}
    plain = train(features_of(digits), model=model, **recipe)
    scaled = train(features_of(digits, shift=5.0, scale=10.0), model=model, **recipe)
    assert plain.history[-1]["test_accuracy"] > 0.9
    assert_allclose(scaled.log_probabilities, plain.log_probabilities, atol=0.02)


def test_a_feature_that_never_changes_teaches_nothing(digits):
    model, data = {"kind": "mlp", "hidden": [64]}, features_of(digits)
    constant = data._replace(
        x_train=np.pad(data.x_train, [(0, 0), (0, 1)], constant_values=0.1),
        x_test=np.pad(data.x_test, [(0, 0), (0, 1)], constant_values=0.2),
    )
    train_only = constant._replace(x_test=np.pad(data.x_test, [(0, 0), (0, 1)]))
    one, other = (train(data, model=model) for data in (constant, train_only))
    assert np.isfinite(one.log_probabilities).all()
    assert_array_equal(one.log_probabilities, other.log_probabilities)


@pytest.mark.parametrize("changes", [{"flip": True}, {"crop": 1}])
def test_features_cannot_be_augmented(digits, changes):
    with pytest.raises(ValueError, match="allowed with features: False and 0"):
        train(features_of(digits), model={"kind": "mlp", "hidden": []}, **changes)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_resumed_training_gives_the_same_bits(digits, tmp_path, optimizer):
    recipe = {"optimizer": optimizer, "learning_rate": 0.003, "epochs": 4, "crop": 1}
    resumed = killed_and_resumed(partial(train, digits), tmp_path / "cell.safetensors", 2, **recipe)
    assert_same(resumed, train(digits, **recipe))


@pytest.mark.parametrize("steps", [0, 9, 13, 14, 30])
def test_sigterm_in_mid_epoch_loses_nothing(digits, tmp_path, monkeypatch, steps):
    undisturbed = train(digits, epochs=3)
    checkpoint = Checkpoint(tmp_path / "cell.safetensors", "key", every=100)
    from label_smoothing.training import optimizers

    count, step = [0], optimizers.Adam.step

    def terminating(self, rate):
        step(self, rate)
        count[0] += 1
        if count[0] == steps + 1:
            os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(optimizers.Adam, "step", terminating)
    with pytest.raises(Interrupted, match=f"SIGTERM in epoch {steps // 14 + 1}"):
        train(digits, epochs=3, checkpoint=checkpoint)
    assert count[0] == steps + 1
    assert_same(train(digits, epochs=3, checkpoint=checkpoint), undisturbed)
    assert count[0] == 3 * 14


@pytest.mark.parametrize(
    "recipe", [{"loss": "forward_correction"}, {"optimizer": "sgd", "learning_rate": 1e6}]
)
def test_finished_training_is_not_repeated(digits, tmp_path, monkeypatch, recipe):
    checkpoint = Checkpoint(tmp_path / "cell.safetensors", "key", every=1)
    first = train(digits, **recipe, checkpoint=checkpoint)
    assert bool(first.diverged_epoch) == ("optimizer" in recipe)
    monkeypatch.delattr("label_smoothing.training.loop.build_network")
    again = train(digits, **recipe, checkpoint=checkpoint)
    np.testing.assert_equal(again._asdict(), first._asdict())
    assert again.log_probabilities.dtype == np.float32


def test_checkpoint_of_another_training_is_ignored(digits, tmp_path, caplog):
    path = tmp_path / "cell.safetensors"
    with pytest.raises(KeyboardInterrupt):
        train(digits, checkpoint=Killed(path, "one", every=1))
    result = train(digits, checkpoint=Checkpoint(path, "two", every=1))
    assert "ignoring the checkpoint" in caplog.text
    assert_same(result, train(digits))


def assert_same(result, expected):
    assert_array_equal(result.log_probabilities, expected.log_probabilities)
    assert (result.train_loss, result.train_accuracy) == (
        expected.train_loss,
        expected.train_accuracy,
    )
    times = [{**row, "seconds": 0} for row in result.history]
    assert times == [{**row, "seconds": 0} for row in expected.history]


def test_training_spares_the_import_of_the_compiler():
    code = (
        "import sys, torch\n"
        "from label_smoothing.training.optimizers import Adam\n"
        "x = torch.ones(2, requires_grad=True)\n"
        "x.sum().backward()\n"
        "Adam([x], 0.9).step(0.1)\n"
        "assert 'torch._dynamo' not in sys.modules\n"
    )
    scripts = ROOT / "workflow/scripts"
    subprocess.run([sys.executable, "-c", code], cwd=scripts, check=True)
