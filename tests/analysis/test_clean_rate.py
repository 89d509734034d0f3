"""The clean rate is found from corrupted labels alone, and its interval holds it."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import binomtest

from label_smoothing.analysis.clean_rate import (
    covariance_of_mean,
    early_stopping_bound,
    rate_of_confident_joint,
    rate_of_shares,
    rate_of_votes,
)
from label_smoothing.theory.votes import vote_loss

M = 10
P = np.array([0.3, 0.5, 0.7, 0.9, 0.95])


def study(rng, a, k, purity=1.0, seeds=2, N=300, p=P):
    """Draw test labels, and networks whose outputs are means of k labels, of M classes."""
    clean = rng.integers(M, size=N)

    def moved(labels, rate, shape):
        """Move each label with probability 1 - rate to one of the others."""
        wrong = rng.random(shape) >= rate
        return (labels + wrong * rng.integers(1, M, shape)) % M

    labels = moved(clean, a, (seeds, N))
    t = 1 / M + (a - 1 / M) * (M * purity - 1) / (M - 1)
    mean = np.full((N, M), (1 - t) / (M - 1))
    mean[np.arange(N), clean] = t
    votes = rng.standard_gamma((k - 1) * np.broadcast_to(mean, (seeds, N, M)))
    votes /= votes.sum(axis=2, keepdims=True)
    q = (1 - p) / (M - 1)
    outputs = q[:, None, None] + (p - q)[:, None, None] * votes[:, None]
    return clean, labels, np.log(outputs)


def losses(labels, log_probabilities):
    given = np.broadcast_to(labels[:, None, :, None], (*log_probabilities.shape[:3], 1))
    return -np.take_along_axis(log_probabilities, given, axis=3)[..., 0].transpose(0, 2, 1)


def scattered(curve, sd=0.03, seeds=2, N=50):
    """Return losses of seeds and images about a curve over p."""
    return curve + sd * np.random.default_rng(0).normal(size=(seeds, N, len(curve)))


@pytest.mark.parametrize("a", [0.35, 0.6, 0.75])
@pytest.mark.parametrize("k", [1.3, 2.0, 6.0])
def test_rate_and_votes_are_found_from_a_curve(a, k):
    found = rate_of_votes(P, scattered(vote_loss(P, a, k, M, "beta")), M)
    assert_allclose(found.estimate, a, atol=0.01)
    assert_allclose(found.k - 1, k - 1, rtol=0.25)
    assert found.high - found.low < 0.05
    assert found.low <= a <= found.high
    assert found.k_low <= k <= found.k_high


@pytest.fixture(scope="module")
def forty():
    """Return truth, estimate by votes and estimate by shares of 40 studies."""
    rng = np.random.default_rng(3)
    rows = []
    for _ in range(40):
        a, k = rng.uniform(0.4, 0.97), rng.uniform(1.3, 4)
        _, labels, outputs = study(rng, a, k)
        of = losses(labels, outputs)
        rows.append((a, rate_of_votes(P, of, M), rate_of_shares(P, of, M)))
    return rows


@pytest.mark.parametrize("source", [1, 2])
def test_the_interval_holds_the_clean_rate_of_nine_in_ten_studies(forty, source):
    held = sum(row[source].low <= row[0] <= row[source].high for row in forty)
    assert held >= 36
    # And it does so by knowing something.
    assert np.median([row[source].high - row[source].low for row in forty]) < 0.12
    assert max(abs(row[source].estimate - row[0]) for row in forty) < 0.12


def test_votes_need_more_than_two_p():
    assert np.isnan(rate_of_votes(P[:2], scattered(vote_loss(P[:2], 0.6, 2, M, "beta")), M)).all()


def test_where_the_losses_do_not_know_k_its_interval_has_no_end():
    _, labels, outputs = study(np.random.default_rng(0), 1.0, 2.0)
    found = rate_of_votes(P, losses(labels, outputs), M)
    assert (found.k_low, found.k_high) == (1, np.inf)
    assert found.high == 1
    assert found.low > 0.98


def test_what_the_theory_does_not_explain_widens_the_interval():
    curve = vote_loss(P, 0.6, 2, M, "beta")
    sharp = rate_of_votes(P, scattered(curve), M)
    wide = rate_of_votes(P, scattered(curve + 0.05 * np.array([1, -1, 1, -1, 1])), M)
    assert sharp.deviation < 0.01
    assert 0.03 < wide.deviation < 0.09
    assert wide.high - wide.low > 3 * (sharp.high - sharp.low)
    assert wide.low < 0.6 < wide.high


def test_neighbours_of_other_classes_look_like_wrong_labels():
    _, labels, outputs = study(np.random.default_rng(0), 0.8, 2.0, purity=0.7, N=2000)
    for estimate in (rate_of_votes, rate_of_shares):
        found = estimate(P, losses(labels, outputs), M)
        assert 0.6 < found.estimate < found.high < 0.8  # "at least"


def test_seeds_on_the_same_labels_and_outputs_know_no_more_than_one():
    values = np.random.default_rng(0).normal(size=(1, 200, 3))
    one = covariance_of_mean(values)
    assert_allclose(one, np.cov(values[0], rowvar=False) / 200)
    assert_allclose(covariance_of_mean(np.repeat(values, 4, axis=0)), one)


def test_images_seeds_and_the_rest_are_each_counted_once():
    rng = np.random.default_rng(0)
    S, N, sd = 6, 100, (0.5, 0.1, 1.0)  # of images, of seeds, of the rest

    def values():
        images, seeds, rest = rng.normal(size=N), rng.normal(size=(S, 1)), rng.normal(size=(S, N))
        return (sd[0] * images + sd[1] * seeds + sd[2] * rest)[..., None]

    found = np.mean([covariance_of_mean(values()) for _ in range(300)])
    exact = sd[0] ** 2 / N + sd[1] ** 2 / S + sd[2] ** 2 / (N * S)
    assert_allclose(found, exact, rtol=0.1)
    assert_allclose(np.var([values().mean() for _ in range(2000)]), exact, rtol=0.1)


def test_the_bound_of_one_choice_is_clopper_and_pearsons():
    found = early_stopping_bound(np.array([[0.6], [0.64]]), 1000)
    exact = binomtest(620, 1000, alternative="greater").proportion_ci(0.95)
    assert_allclose((found.estimate, found.low, found.high), (0.62, exact.low, 1))


def test_the_bound_holds_for_the_best_of_many_choices():
    """Of 200 epochs that are all equally good, the best one seems better than the clean rate."""
    rng = np.random.default_rng(0)
    found = [early_stopping_bound(rng.binomial(300, 0.6, (1, 200)) / 300, 300) for _ in range(100)]
    assert np.mean([bound.estimate > 0.6 for bound in found]) > 0.9
    assert np.mean([bound.low <= 0.6 for bound in found]) >= 0.95


def test_epochs_without_a_score_are_no_choice():
    scored = early_stopping_bound(np.array([[0.5, 0.6]]), 100)
    assert early_stopping_bound(np.array([[0.5, np.nan, 0.6]]), 100) == scored
    assert np.isnan(early_stopping_bound(np.full((1, 3), np.nan), 100).estimate)


def test_cleanlab_counts_what_a_sure_network_contradicts():
    rng = np.random.default_rng(0)
    clean, labels, _ = study(rng, 0.8, 2.0)
    outputs = np.full((2, len(clean), M), 0.01)
    outputs[:, np.arange(len(clean)), clean] = 0.91
    found = rate_of_confident_joint(np.log(outputs), labels)
    assert_allclose(found.estimate, (labels == clean).mean(), atol=1e-9)
    assert found.low < 0.8 < found.high
    assert 0.02 < found.high - found.low < 0.12
