"""Misprints of arXiv 2010.12648: the printed form fails and the corrected form holds.

One test per row of the errata in docs/theory.md, named there; the forms are those of the print.
The judge is a Monte Carlo run of the memorising network with a fixed seed, or a numerical optimum,
never the formula itself.
"""

import re

import numpy as np
import pytest
from numpy.testing import assert_allclose
from samples import ROOT
from scipy.optimize import minimize, minimize_scalar
from scipy.special import log_softmax, logsumexp, softmax, xlogy

from label_smoothing.analysis.theory_fits import fit_clean_rate
from label_smoothing.theory.matrices import (
    alpha_joint,
    beta_joint,
    mean_field_p,
    optimal_matrix,
    smoothing_matrix,
)
from label_smoothing.theory.memorising import loss, matrix_loss

SAMPLES = 200_000

# Four classes, columns sum to 1, rows do not; no symmetry that would hide an error.
T = np.array(
    [
        [0.70, 0.05, 0.20, 0.10],
        [0.10, 0.80, 0.15, 0.00],
        [0.15, 0.05, 0.50, 0.30],
        [0.05, 0.10, 0.15, 0.60],
    ]
)
PRIOR = np.array([0.4, 0.3, 0.2, 0.1])
# Rows sum to 1 too, but it is not symmetric, and no two rows hold the same numbers.
DOUBLY_STOCHASTIC = np.array(
    [
        [0.70, 0.05, 0.20, 0.05],
        [0.10, 0.80, 0.10, 0.00],
        [0.15, 0.05, 0.50, 0.30],
        [0.05, 0.10, 0.20, 0.65],
    ]
)
UNIFORM = np.full(4, 0.25)


class Memorised:
    """Samples of clean, training and independently corrupted test labels."""

    def __init__(self, T, prior, seed=20):
        rng = np.random.default_rng(seed)
        M = len(prior)
        cumulative = np.cumsum(T, axis=0)
        self.clean = rng.choice(M, size=SAMPLES, p=prior)
        draws = rng.random((2, 1, SAMPLES))
        self.train, self.test = np.minimum((draws > cumulative[:, self.clean]).sum(axis=1), M - 1)

    def loss(self, S, test):
        """Mean loss of outputs S[:, train] on one-hot `test` labels, and its standard error."""
        losses = -np.log(S[test, self.train])
        return losses.mean(), losses.std() / np.sqrt(SAMPLES)


def uniform(a, M):
    return Memorised(smoothing_matrix(a, M), np.full(M, 1 / M))


def assert_judged(judge, right, printed):
    """Compare with a Monte Carlo mean: the right value agrees, the printed one does not."""
    mean, error = judge
    assert_allclose(right, mean, rtol=0, atol=4 * error + 1e-12)
    assert abs(printed - mean) > 20 * error + 1e-6


def best_matrix(J):
    """Numerical minimiser of the loss over all S with columns that sum to 1."""
    M = len(J)

    def loss(logits):
        return -np.sum(J * log_softmax(logits.reshape(M, M), axis=0))

    def gradient(logits):
        return (softmax(logits.reshape(M, M), axis=0) * J.sum(axis=0) - J).ravel()

    found = minimize(loss, np.zeros(M * M), jac=gradient, method="BFGS", options={"gtol": 1e-9})
    return softmax(found.x.reshape(M, M), axis=0)


def best_p(loss):
    return minimize_scalar(loss, bounds=(0, 1), method="bounded", options={"xatol": 1e-10}).x


def entropy(p):
    return -xlogy(p, p) - xlogy(1 - p, 1 - p)


def test_eq3_is_the_loss_on_smoothed_targets():
    p = 0.7
    run = uniform(1, 2)
    S = smoothing_matrix(p, 2)
    assert_judged(run.loss(S, run.clean), right=-np.log(p), printed=entropy(p))
    assert_allclose(loss(p, 1, 2, "alpha"), -np.log(p))
    # H(p) is the training loss: there, and under gamma, the targets are smoothed as well.
    training = -np.sum(S[:, run.train] * np.log(S[:, run.train])) / SAMPLES
    assert_allclose([training, loss(p, 1, 2, "gamma")], entropy(p), rtol=1e-9)


@pytest.mark.parametrize("M", [2, 5])
def test_eq4_to_6_score_the_clean_label(M):
    p, a = 0.8, 0.7
    run = uniform(a, M)
    S = smoothing_matrix(p, M)
    on_noisy_label, _ = run.loss(S, run.train)
    assert_allclose(on_noisy_label, -np.log(p), rtol=1e-9)
    assert_judged(run.loss(S, run.clean), loss(p, a, M, "alpha"), printed=on_noisy_label)


def test_eq10_loss_of_a_class_takes_its_column():
    # Training labels of images of class 0 are drawn from the column T[:, 0]; the print has the row.
    S = smoothing_matrix(0.6, 4) @ smoothing_matrix(0.9, 4) + 0.02 * (np.eye(4)[::-1] - 0.25)
    run = Memorised(T, np.eye(4)[0])
    right, printed = -T[:, 0] @ np.log(S[0]), -T[0] @ np.log(S[0])
    assert_judged(run.loss(S, run.clean), right, printed)
    assert_allclose(right, matrix_loss(S, alpha_joint(T, np.eye(4)[0])), rtol=1e-12)


def test_eq10_optimal_matrix_is_the_posterior():
    J = alpha_joint(T, PRIOR)
    right = PRIOR[:, None] * T.T / (T @ PRIOR)
    assert_allclose(optimal_matrix(J), right, rtol=1e-12)
    assert_allclose(best_matrix(J), right, atol=1e-4)
    assert np.abs(best_matrix(J) - T).max() > 0.1
    run = Memorised(T, PRIOR)
    best, error = run.loss(right, run.clean)
    # T[1, 3] = 0 would make the printed loss infinite; the comparison should not rest on that.
    printed, _ = run.loss(np.maximum(T, 1e-3), run.clean)
    assert printed > best + 20 * error
    assert_allclose(matrix_loss(right, J), best, atol=4 * error)
    # Nor is it T where T is doubly stochastic, but its transpose.
    assert_allclose(best_matrix(alpha_joint(DOUBLY_STOCHASTIC)), DOUBLY_STOCHASTIC.T, atol=1e-4)


def test_sums_over_classes_start_at_one():
    # A sum from 0 has one class too many, and so at least the smallest term.
    S = smoothing_matrix(0.6, 4)
    terms = -np.sum(T.T / 4 * np.log(S), axis=1)
    run = Memorised(T, UNIFORM)
    assert_judged(run.loss(S, run.clean), right=terms.sum(), printed=terms.sum() + terms.min())
    match = np.mean(run.train == run.test)
    squares = np.sum(T**2, axis=0) / 4
    error = np.sqrt(match * (1 - match) / SAMPLES)
    assert_judged((match, error), squares.sum(), squares.sum() + squares.min())


def test_section_4_1_forward_correction_is_solved_by_the_noisy_label():
    # One image of class 0 with the noisy label 2: the print has the clean label as the solution.
    label, clean = 2, 0

    def forward_loss(logits):
        return -logsumexp(log_softmax(logits), b=DOUBLY_STOCHASTIC[label])

    found = softmax(minimize(forward_loss, np.zeros(4)).x)
    assert found[label] > 0.999
    assert forward_loss(30 * np.eye(4)[clean]) > forward_loss(30 * np.eye(4)[label]) + 0.5


def test_eq12_off_diagonal_terms_count_once():
    M = len(T)
    S = smoothing_matrix(0.6, M) @ smoothing_matrix(0.9, M)
    S = S + 0.02 * (np.roll(np.eye(M), 1, 0) - np.roll(np.eye(M), 2, 0))
    terms = -beta_joint(T) * np.log(S)
    diagonal = np.trace(terms)
    run = Memorised(T, np.full(M, 1 / M))
    assert_judged(
        run.loss(S, run.test),
        right=matrix_loss(S, beta_joint(T)),
        printed=diagonal + 2 * (terms.sum() - diagonal),
    )


def test_text_after_eq12_weights_the_mean_square_by_m_minus_1():
    # The mean is over row i, as printed: how often the test label is i where the training label is.
    M, i = 4, 2
    row = DOUBLY_STOCHASTIC[i]
    mean_square = np.mean(np.delete(row, i) ** 2)
    run = Memorised(DOUBLY_STOCHASTIC, UNIFORM)
    test = run.test[run.train == i]
    match = np.mean(test == i)
    right, printed = row[i] ** 2 + (M - 1) * mean_square, row[i] ** 2 + mean_square / (M - 1)
    assert_judged((match, np.sqrt(match * (1 - match) / test.size)), right, printed)
    assert_allclose(best_matrix(beta_joint(DOUBLY_STOCHASTIC))[i, i], right, atol=1e-4)


def test_text_after_eq12_off_diagonal_has_no_factor_two():
    best = best_matrix(beta_joint(DOUBLY_STOCHASTIC))
    product = DOUBLY_STOCHASTIC @ DOUBLY_STOCHASTIC.T
    assert_allclose(best, product, atol=1e-4)
    # Whatever the proportionality sign leaves open, the ratio of two entries is not: with the right
    # diagonal the printed entries are twice too large beside it; nor do they agree with Eq 13.
    i, j = 2, 3
    printed = 2 * product[i, j] / product[i, i]
    assert_allclose(printed / (best[i, j] / best[i, i]), 2, rtol=1e-3)
    assert_allclose(2 * product[i, j] / (product[i, j] / 2), 4)


def test_eq13_optimal_matrix_has_no_factor_one_half():
    right = DOUBLY_STOCHASTIC @ DOUBLY_STOCHASTIC.T
    J = beta_joint(DOUBLY_STOCHASTIC)
    assert_allclose(best_matrix(J), right, atol=1e-4)
    assert_allclose(optimal_matrix(J), right, rtol=1e-12)
    assert_allclose((right / 2).sum(axis=0), 0.5)
    with pytest.raises(ValueError, match=r"S: column 0 sums to 0\.5"):
        matrix_loss(right / 2, J)


@pytest.mark.parametrize(("matrix", "prior"), [(T, UNIFORM), (DOUBLY_STOCHASTIC, PRIOR)])
def test_eq13_needs_a_doubly_stochastic_matrix_and_a_uniform_prior(matrix, prior):
    J = beta_joint(matrix, prior)
    right = (matrix * prior) @ matrix.T / (matrix @ prior)
    assert_allclose(best_matrix(J), right, atol=1e-4)
    assert np.abs(matrix @ matrix.T - right).max() > 0.02


def test_text_after_eq13_neither_solution_has_the_printed_shape():
    alpha, beta = best_matrix(alpha_joint(T, PRIOR)), best_matrix(beta_joint(T, PRIOR))
    assert_allclose(alpha.sum(axis=0), 1)
    assert np.abs(alpha.sum(axis=1) - 1).max() > 0.1  # not doubly stochastic
    assert np.abs(beta - beta.T).max() > 0.05  # not symmetric


def test_before_eq14_off_diagonal_is_one_minus_a():
    M, a = 5, 0.8
    run = uniform(a, M)
    moved = np.mean((run.train == 1) & (run.clean == 0)) * M
    error = np.sqrt(moved / (SAMPLES / M))
    right, printed = (1 - a) / (M - 1), a / (M - 1)
    assert_judged((moved, error), right, printed)
    assert_allclose([a + (M - 1) * right, a + (M - 1) * printed], [1, 2 * a])


def test_after_eq15_large_m_form_lacks_a_term():
    p, a = 0.7, 0.6
    M = 10.0 ** np.arange(2, 8)
    # As printed: the loss of two classes, and log M for each miss of the target.
    printed = loss(p, a, 2, "gamma") + (1 - a * p) * np.log(M)
    missing = (1 - a) * (1 - p) * np.log(p / (1 - p))
    exact = loss(p, a, M, "gamma")
    assert np.all(np.abs(exact - (printed + missing)) < 2 * np.log(M) / M)
    assert_allclose((exact - printed)[-1], missing, rtol=1e-4)
    assert missing > 0.1
    # The judge: a memorising network with many classes.
    many = 1000
    hit = np.random.default_rng(15).random(2_000_000) < a
    q = (1 - p) / (many - 1)
    on_hit = -p * np.log(p) - (1 - p) * np.log(q)
    on_miss = -q * np.log(p) - (1 - q) * np.log(q)
    losses = np.where(hit, on_hit, on_miss)
    judge = losses.mean(), losses.std() / np.sqrt(hit.size)
    value = loss(p, a, 2, "gamma") + (1 - a * p) * np.log(many)
    assert_allclose(value + missing, judge[0], atol=4 * judge[1] + 2 * np.log(many) / many)
    assert abs(value - judge[0]) > 20 * judge[1]


def test_eq16_beta_loss_of_one_class():
    M, p = len(T), 0.6
    s = np.sum(T[:, 0] ** 2)

    def right(p):
        return -s * np.log(p) - (1 - s) * np.log((1 - p) / (M - 1))

    def printed(p):
        # The double sum is over all k and j, equal ones among them.
        return -s * np.log(p) - 2 * np.outer(T[:, 0], T[:, 0]).sum() * np.log(1 - p)

    run = Memorised(T, np.eye(M)[0])
    assert_judged(run.loss(smoothing_matrix(p, M), run.test), right(p), printed(p))
    match = np.mean(run.train == run.test)
    assert_allclose(best_p(right), match, atol=5e-3)
    assert_allclose(best_p(right), mean_field_p(beta_joint(T, np.eye(M)[0])))
    assert abs(best_p(printed) - match) > 0.1


def test_eq17_mean_field_p_is_a_trace_over_m():
    M = len(T)
    run = Memorised(T, np.full(M, 1 / M))

    def loss(p):
        return run.loss(smoothing_matrix(p, M), run.test)[0]

    found = best_p(loss)
    right = np.trace(T @ T.T) / M
    assert_allclose(found, right, atol=5e-3)
    assert_allclose(mean_field_p(beta_joint(T)), right, rtol=1e-12)
    double_sum, trace = np.sum(T**2) / 2, np.trace(T @ T.T) / (2 * M)
    assert abs(double_sum - trace) > 0.1  # the two printed sides differ from each other
    assert abs(double_sum - found) > 0.1
    assert abs(trace - found) > 0.1


def test_after_eq17_one_variable_estimates_the_clean_rate():
    # Mean diagonal and mean off-diagonal of a transition matrix are one number, not two.
    rng = np.random.default_rng(17)
    M = 4
    matrices = [rng.dirichlet(np.ones(M), size=M).T for _ in range(50)]
    diagonal = np.array([np.trace(m) / M for m in matrices])
    off_diagonal = np.array([(m.sum() - np.trace(m)) / (M * (M - 1)) for m in matrices])
    assert_allclose(off_diagonal, (1 - diagonal) / (M - 1), rtol=1e-10)
    printed = np.stack([np.ones(50), diagonal, off_diagonal], axis=1)
    assert np.linalg.matrix_rank(printed) == 2
    # One unknown, so one loss curve of the network is enough to find it.
    run = Memorised(T, PRIOR)
    p = np.array([0.5, 0.9])
    losses = [run.loss(smoothing_matrix(x, M), run.clean)[0] for x in p]
    fit = fit_clean_rate(p, losses, M, "alpha")
    assert_allclose(fit.clean_rate, PRIOR @ np.diag(T), atol=5e-3)
    assert_allclose(fit.standard_error, 0, atol=1e-12)


# ---- readings and statements --------------------------------------------------------------------


def section_6_2_losses(S, logits, i):
    """Label smoothing, forward correction and logit smoothing with S, for training label i."""
    log_sigma = log_softmax(logits)
    return -S[i] @ log_sigma, -logsumexp(log_sigma, b=S[i]), -log_softmax(S @ logits)[i]


@pytest.mark.parametrize("S", [smoothing_matrix(0.7, 4), DOUBLY_STOCHASTIC + 1e-9])
def test_eq18_is_reversed_as_printed_and_holds_with_the_sum_inside(S):
    for logits in np.random.default_rng(18).normal(scale=2, size=(500, 4)):
        log_sigma = log_softmax(logits)
        smoothing = np.sum(S * log_sigma)
        printed = np.sum(np.log(S) + log_sigma)
        assert smoothing > printed + 1
        inside = np.sum(logsumexp(log_sigma, b=S, axis=1))
        assert smoothing <= inside + 1e-8
        # Label by label, as losses.
        losses = [section_6_2_losses(S, logits, i)[:2] for i in range(4)]
        assert all(label >= forward - 1e-8 for label, forward in losses)


def test_eq18_needs_weights_that_sum_to_one():
    lopsided = np.array([[0.9, 0.8], [0.1, 0.2]])
    label, forward, _ = section_6_2_losses(lopsided, np.zeros(2), 1)
    assert_allclose([label, forward], [0.3 * np.log(2), -np.log(0.15)])
    assert label < forward


def test_eq19_forward_and_logit_smoothing_have_no_fixed_order():
    rng = np.random.default_rng(19)
    differences = []
    for logits in rng.normal(scale=2, size=(500, 4)):
        _, forward, logit = section_6_2_losses(DOUBLY_STOCHASTIC, logits, 0)
        differences.append(forward - logit)
    assert min(differences) < -0.1
    assert max(differences) > 0.1


def local_minima(a, M):
    """All p on a fine grid that have a lower gamma loss than their neighbours."""
    p = np.linspace(1e-4, 1 - 1e-4, 20_001)
    losses = loss(p, a, M, "gamma")
    inner = (losses[1:-1] < losses[:-2]) & (losses[1:-1] < losses[2:])
    return p[1:-1][inner], losses[1:-1][inner]


@pytest.mark.parametrize("a", [0.3, 0.55, 0.7, 0.749])
def test_section_3_3_the_value_lost_is_one_half_and_there_is_a_minimum_for_every_a(a):
    p, _ = local_minima(a, 2)
    assert_allclose(p, [0.5], atol=1e-4)


@pytest.mark.parametrize("a", [0.76, 0.8, 0.95])
def test_figure_1_gamma_has_two_optima_above_three_quarters(a):
    p, losses = local_minima(a, 2)
    assert p.size == 2
    assert_allclose(p.sum(), 1, atol=1e-9)
    assert_allclose(losses[0], losses[1], rtol=1e-12)
    assert np.abs(p - 0.5).min() > 0.05


def test_every_row_of_the_errata_has_its_test():
    page = (ROOT / "docs/theory.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(test_\w+)`", page[page.index("## Errata") :]))
    assert named == {name for name in globals() if name.startswith("test_")} - {
        "test_every_row_of_the_errata_has_its_test"
    }
