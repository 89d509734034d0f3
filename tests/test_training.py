"""Training: what it promises, and that the default recipe memorises."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from numpy.testing import assert_allclose, assert_array_equal

from label_smoothing.datasets import load_digits
from label_smoothing.models import build_model
from label_smoothing.noise import corrupt_labels, uniform_transition
from label_smoothing.training import choose_device, train_network

ROOT = Path(__file__).parents[1]
CONFIG = yaml.safe_load((ROOT / "config.yaml").read_text())
RECIPE = CONFIG["training"]["memorise"]
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


def train(digits, a=0.6, p=0.8, seed=0, **changes):
    settings = {
        "loss": "label_smoothing",
        "model": MODEL,
        "device": "cpu",
        **RECIPE,
        "epochs": 2,
        **changes,
    }
    return train_network(digits, *corrupted(digits, a), p=p, seed=seed, **settings)


@pytest.mark.parametrize("p", [0.35, 1.0])
def test_default_recipe_memorises_the_hardest_cells(digits, p):
    # The most noise of the default study, with the weakest signal and with hard targets.
    a = min(CONFIG["clean_rates"])
    result = train(digits, a=a, p=p, epochs=RECIPE["epochs"])
    assert result.train_accuracy >= CONFIG["memorised_at"] >= 0.99


def test_same_seed_gives_the_same_bits(digits):
    first, again = train(digits), train(digits)
    assert_array_equal(first.log_probabilities, again.log_probabilities)
    assert first.train_loss == again.train_loss


def test_global_random_state_neither_matters_nor_changes(digits):
    first = train(digits)
    torch.manual_seed(123)
    state = torch.get_rng_state()
    assert_array_equal(train(digits).log_probabilities, first.log_probabilities)
    assert_array_equal(torch.get_rng_state(), state)


def test_seeds_differ(digits):
    a, b = (train(digits, seed=seed).log_probabilities for seed in (0, 1))
    assert np.abs(a - b).max() > 0.1


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
    assert 0 < result.train_accuracy <= 1


@pytest.mark.parametrize(("optimizer", "rate"), [("sgd", 0.05), ("adam", 0.003)])
@pytest.mark.parametrize("schedule", ["constant", "one_cycle"])
def test_every_optimizer_and_schedule_learns(digits, optimizer, rate, schedule):
    recipe = {"optimizer": optimizer, "learning_rate": rate, "schedule": schedule}
    result = train(digits, a=1.0, p=0.9, epochs=8, **recipe)
    assert result.history[-1]["test_accuracy"] > 0.9


def test_divergence_is_an_error_that_names_the_epoch(digits):
    diverging = {"optimizer": "sgd", "schedule": "constant", "learning_rate": 1e9}
    with pytest.raises(FloatingPointError, match=r"training loss is (nan|inf) in epoch \d"):
        train(digits, **diverging)


def test_training_spares_the_import_of_the_compiler():
    code = (
        "import sys, torch\n"
        "from label_smoothing.optimizers import Adam\n"
        "x = torch.ones(2, requires_grad=True)\n"
        "x.sum().backward()\n"
        "Adam([x], 0.9).step(0.1)\n"
        "assert 'torch._dynamo' not in sys.modules\n"
    )
    scripts = ROOT / "workflow/scripts"
    subprocess.run([sys.executable, "-c", code], cwd=scripts, check=True)


@pytest.mark.parametrize(
    ("setting", "available", "device"),
    [("auto", True, "cuda"), ("auto", False, "cpu"), ("cpu", True, "cpu"), ("cuda", True, "cuda")],
)
def test_device(setting, available, device):
    assert choose_device(setting, available) == device


def test_missing_gpu_is_an_error():
    with pytest.raises(ValueError, match="device is 'cuda', but no GPU is visible"):
        choose_device("cuda", cuda_available=False)


@pytest.mark.parametrize(
    ("shape", "classes", "pool"), [((8, 8, 1), 10, [2, 1]), ((28, 28, 3), 7, [2, 2])]
)
def test_cnn_maps_images_to_logits(shape, classes, pool):
    network = build_model({**MODEL, "pool": pool}, shape, classes)
    height, width, depth = shape
    assert network(torch.zeros(5, depth, height, width)).shape == (5, classes)


def test_cnn_refuses_to_pool_everything_away():
    with pytest.raises(ValueError, match=r"pool is \[8, 2\], too much for images of 8x8"):
        build_model({**MODEL, "pool": [8, 2]}, (8, 8, 1), 10)


def test_unknown_model_is_refused():
    with pytest.raises(ValueError, match="model kind is 'vit', allowed: cnn"):
        build_model({"kind": "vit"}, (8, 8, 1), 10)
