"""Theory against closed forms, optimisers, finite differences, Monte Carlo and brute force."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal, assert_array_less
from scipy.optimize import minimize, minimize_scalar
from scipy.special import lambertw, log_softmax, logsumexp, rel_entr, softmax

from label_smoothing.theory import memorising as theory

# A failure must not depend on the day, nor on how busy the machine is.
fixed = settings(derandomize=True, max_examples=50, deadline=None)

pytestmark = pytest.mark.filterwarnings("error")

LOSSES = {"alpha": theory.alpha_loss, "beta": theory.beta_loss, "gamma": theory.gamma_loss}
OPTIMA = {"alpha": theory.alpha_optimum, "beta": theory.beta_optimum, "gamma": theory.gamma_optimum}

rates = st.floats(0, 1)
inner = st.floats(1e-6, 1 - 1e-6)
classes = st.integers(2, 1000)


def global_minimum(loss, M):
    """Minimiser of a loss on (0, 1): the best of a fine grid, polished."""
    logit = np.linspace(-12, 12 + np.log(M), 4001)
    grid = 1 / (1 + (M - 1) * np.exp(-logit))
    i = np.clip(np.argmin(loss(grid)), 1, grid.size - 2)
    result = minimize_scalar(
        loss, bounds=(grid[i - 1], grid[i + 1]), method="bounded", options={"xatol": 1e-12}
    )
    return result.x, result.fun


def random_columns(rng, M):
    return rng.dirichlet(np.full(M, 0.7), size=M).T


def random_doubly_stochastic(rng, M):
    return sum(w * np.eye(M)[rng.permutation(M)] for w in rng.dirichlet(np.ones(4)))


def pair_flip(a, M):
    return a * np.eye(M) + (1 - a) * np.roll(np.eye(M), 1, axis=0)


# ---- losses -------------------------------------------------------------------------------------


@pytest.mark.parametrize("noise", theory.NOISE_TYPES)
@fixed
@given(a=rates, M=classes)
def test_uniform_output_costs_log_m(noise, a, M):
    assert_allclose(LOSSES[noise](1 / M, a, M), np.log(M), rtol=1e-12)


@fixed
@given(a=inner, M=classes)
def test_gamma_loss_at_p_equal_a_is_beta_loss(a, M):
    assert_allclose(theory.gamma_loss(a, a, M), theory.beta_loss(a, a, M), rtol=1e-12)


@fixed
@given(p=inner, a=rates)
def test_gamma_loss_of_two_classes_is_symmetric(p, a):
    assert_allclose(theory.gamma_loss(p, a), theory.gamma_loss(1 - p, a), rtol=1e-9)


@fixed
@given(p=inner, a=rates, M=st.integers(2, 20))
def test_gamma_loss_is_a_mixture_of_two_divergences(p, a, M):
    U, S = np.full(M, 1 / M), theory.smoothing_matrix(p, M)[0]
    k = theory.kappa(a, M)
    mixture = np.log(M) + (1 - k) * rel_entr(U, S).sum() - k * rel_entr(S, U).sum()
    assert_allclose(theory.gamma_loss(p, a, M), mixture, rtol=1e-9, atol=1e-12)


@fixed
@given(a=rates, b=rates, p=rates, M=classes)
def test_match_probabilities_compose_kappas(a, b, p, M):
    beta, gamma = (
        theory.match_probability(a, M, "beta"),
        theory.match_probability(a, M, "gamma", p),
    )
    assert_allclose(beta, theory.compose_clean_rates(a, a, M=M), atol=1e-12)
    assert_allclose(gamma, theory.compose_clean_rates(a, p, M=M), atol=1e-12)
    assert_allclose(theory.kappa(beta, M), theory.kappa(a, M) ** 2, atol=1e-12)
    assert_allclose(theory.kappa_inverse(theory.kappa(a, M), M), a, atol=1e-12)


def test_composition_is_a_product_of_uniform_transition_matrices():
    M, chain = 4, (0.9, 0.3, 0.7)
    product = np.linalg.multi_dot([theory.smoothing_matrix(x, M) for x in chain])
    rate = theory.compose_clean_rates(*chain, M=M)
    assert_allclose(product, theory.smoothing_matrix(rate, M), rtol=1e-12)


@pytest.mark.parametrize("M", [2, 3, 10])
def test_losses_at_the_ends_are_exact(M):
    p = np.array([0, 1])
    a = np.array([0, 1 / M, 1])[:, None]
    hidden = np.log(M - 1)  # loss when p = 0 and the given class is never right
    alpha = [[hidden, np.inf], [np.inf, np.inf], [np.inf, 0]]
    # With two classes a = 0 flips training and test labels alike, and gamma's targets with them.
    beta = [[np.inf, 0 if M == 2 else np.inf], [np.inf, np.inf], [np.inf, 0]]
    gamma = [[np.inf, np.inf], [np.inf, np.inf], [hidden, 0]]
    assert_array_equal(theory.alpha_loss(p, a, M), alpha)
    assert_array_equal(theory.beta_loss(p, a, M), beta)
    assert_array_equal(theory.gamma_loss(p, a, M), gamma)


@pytest.mark.parametrize("noise", theory.NOISE_TYPES)
@fixed
@given(p=rates, a=rates, M=classes)
def test_losses_are_never_nan_or_negative(noise, p, a, M):
    assert LOSSES[noise](p, a, M) >= 0


@pytest.mark.parametrize("noise", theory.NOISE_TYPES)
def test_loss_diverges_towards_no_smoothing(noise):
    p = 1 - 10.0 ** -np.arange(3, 16)
    assert np.all(np.diff(LOSSES[noise](p, 0.8, 5)) > 0)
    assert LOSSES[noise](1, 1 - 2**-53, 5) == np.inf


def test_averaging_network_prefers_no_smoothing():
    p = np.linspace(0, 1, 11)
    loss = theory.averaged_loss(p, 0.8, 5)
    assert_array_less(np.diff(loss), 0)
    assert_allclose(loss[-1], -np.log(0.8))
    # Averaging the outputs never costs more than averaging the losses.
    assert np.all(loss <= theory.alpha_loss(p, 0.8, 5) + 1e-12)
    assert theory.averaged_loss(0, 1) == np.inf


@pytest.mark.parametrize("noise", theory.NOISE_TYPES)
@pytest.mark.parametrize("M", [2, 3, 10, 1000])
def test_curvature_matches_finite_differences(noise, M):
    p, a, h = np.linspace(0.1, 0.9, 9), np.array([[0.0], [0.4], [1.0]]), 1e-4
    loss = LOSSES[noise]
    difference = (loss(p + h, a, M) - 2 * loss(p, a, M) + loss(p - h, a, M)) / h**2
    assert_allclose(theory.loss_curvature(p, a, M, noise), difference, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("noise", ["alpha", "beta"])
def test_curvature_at_the_optimum(noise):
    a, M = np.linspace(0.1, 0.9, 9), 7
    c = theory.match_probability(a, M, noise)
    assert_allclose(theory.loss_curvature(c, a, M, noise), 1 / (c * (1 - c)), rtol=1e-12)


def test_broadcasting_and_scalars():
    p, a, M = np.full((5, 1, 1), 0.3), np.full((4, 1), 0.6), np.array([2, 3, 10])
    for noise in theory.NOISE_TYPES:
        assert LOSSES[noise](p, a, M).shape == (5, 4, 3)
        assert OPTIMA[noise](a, M).shape == (4, 3)
        assert theory.loss_curvature(p, a, M, noise).shape == (5, 4, 3)
        assert theory.memorised_accuracy(a, M, noise).shape == (4, 3)
        assert type(LOSSES[noise](0.3, 0.6, 3)) is float
        assert type(OPTIMA[noise](0.6, 3)) is float
        assert type(theory.memorised_accuracy(0.6, 3, noise)) is float
    together = theory.gamma_optimum(a, M)
    assert_array_equal(together[0], [theory.gamma_optimum(0.6, m) for m in M])


# ---- optima -------------------------------------------------------------------------------------


@pytest.mark.parametrize("noise", theory.NOISE_TYPES)
@pytest.mark.parametrize("M", [2, 3, 5, 10, 100, 1000, 10**6])
def test_optima_match_a_numerical_optimiser(noise, M):
    learning = theory.gamma_transition(M).a_c
    for a in (0.02, 0.5 / M, 1 / M, 0.3, learning - 1e-3, learning + 1e-3, 0.77, 0.9, 0.99):
        found, value = global_minimum(lambda p, a=a: LOSSES[noise](p, a, M), M)
        p = OPTIMA[noise](a, M)
        if noise == "gamma" and M == 2:
            found = max(found, 1 - found)
            # The minimum is flat (quartic) near a = 3/4: compare it in depth only.
            assert_allclose(p, found, atol=2e-3 if abs(a - 0.75) < 2e-3 else 1e-6)
        else:
            assert_allclose(p, found, atol=1e-6)
        assert LOSSES[noise](p, a, M) <= value + 1e-13


@fixed
@given(a=inner, M=classes)
def test_alpha_minimum_is_an_entropy(a, M):
    entropy = -a * np.log(a) - (1 - a) * np.log(1 - a)
    minimum = theory.alpha_loss(theory.alpha_optimum(a, M), a, M)
    assert_allclose(minimum, entropy + (1 - a) * np.log(M - 1), rtol=1e-9)


@fixed
@given(a=rates, M=classes)
def test_beta_optimum_closed_forms(a, M):
    p = theory.beta_optimum(a, M)
    assert_allclose(p, (1 - 2 * a + a**2 * M) / (M - 1), atol=1e-12)
    assert_allclose(p, 1 / M + M * (a - 1 / M) ** 2 / (M - 1), atol=1e-12)
    assert_allclose(theory.beta_optimum(a, 2), 2 * a**2 - 2 * a + 1, atol=1e-12)
    assert_allclose(theory.beta_optimum(a, 10**9), a**2, atol=1e-8)


@fixed
@given(a=rates, M=classes)
def test_beta_optimum_is_below_alpha_exactly_above_chance(a, M):
    difference = theory.alpha_optimum(a, M) - theory.beta_optimum(a, M)
    k = theory.kappa(a, M)
    assert_allclose(difference, (M - 1) / M * k * (1 - k), atol=1e-12)
    assert difference * (a - 1 / M) >= -1e-12
    assert_allclose(theory.beta_optimum([1 / M, 1], M), [1 / M, 1], rtol=1e-12)


@fixed
@given(a=st.floats(0, 1), M=classes)
def test_beta_clean_rate_round_trip(a, M):
    c = theory.match_probability(a, M, "beta")
    # The root loses half the digits at a = 1/M, where c does not depend on a to first order.
    assert_allclose(theory.clean_rate_from_beta(c, M), 1 / M + abs(a - 1 / M), atol=5e-8)


# p*(a) from 40-digit bisection of the stationarity condition; a is the exact value of the double.
GAMMA_OPTIMA = [
    (2, 0.75 + 2.0**-40, 0.5000016518123698843),
    (2, 0.75 + 2.0**-20, 0.5016914507048713917),
    (2, 0.8, 0.8350888410988768886),
    (2, 0.95, 0.9874313322316909287),
    (2, 1 - 2.0**-50, 0.9999999999999999768),
    (3, 0.661, 0.5178830178838890439),
    (3, 0.9, 0.9728437604794543757),
    (10, 0.48, 0.5051032537131473887),
    (10, 0.75, 0.9277549501674930911),
    (1000, 0.2, 0.3718115284805084687),
    (1000, 1 - 2.0**-20, 0.9999999601730534321),
    (1000000, 0.09, 0.1761237969725793601),
    (1000000, 0.999, 0.9999581099804070883),
]


@pytest.mark.parametrize(("M", "a", "p"), GAMMA_OPTIMA)
def test_gamma_optimum_reference_values(M, a, p):
    assert_allclose(theory.gamma_optimum(a, M), p, rtol=0, atol=1e-13)


@pytest.mark.parametrize("M", [2, 3, 10, 1000, 10**6])
def test_gamma_optimum_inverts_the_closed_form(M):
    a = np.linspace(theory.gamma_transition(M).a_c + 1e-3, 0.999, 500)
    p = theory.gamma_optimum(a, M)
    odds = (p - 1 / M) / (p * (1 - p) * np.log(p * (M - 1) / (1 - p)))
    assert_allclose(theory.kappa(a, M), odds / (1 + odds), rtol=1e-9)
    assert_array_less(0, np.diff(p))


def test_gamma_optimum_of_two_classes():
    a = np.linspace(0, 0.75, 50)
    assert_array_equal(theory.gamma_optimum(a), 0.5)
    a = np.linspace(0.7501, 0.9999, 50)
    t = 2 * theory.gamma_optimum(a) - 1
    assert_allclose(2 * a - 1, t / (t + (1 - t**2) * np.arctanh(t)), rtol=1e-11)
    eps = 2.0 ** -np.arange(12, 46)
    onset = theory.gamma_optimum(0.75 + eps) - 0.5
    assert_allclose(onset, np.sqrt(3 * eps) * (1 - 3.2 * eps), rtol=2e-6, atol=1e-15)


@pytest.mark.parametrize("M", [2, 3, 10, 1000, 10**6])
def test_gamma_optimum_near_clean_labels(M):
    a = 1 - 2.0 ** -np.arange(24, 45)
    limit = (1 - a) / -lambertw(-(1 - a) / (M - 1), -1).real
    p = theory.gamma_optimum(a, M)
    assert_allclose(1 - p, limit, rtol=1e-3, atol=1e-15)
    assert theory.gamma_optimum(1, M) == 1
    assert theory.gamma_optimum(1 - 1e-15, M) > 1 - 1e-15


@pytest.mark.parametrize("M", [2, 3, 10, 1000, 10**6])
def test_gamma_optimum_does_not_learn_below_the_transition(M):
    a_c = theory.gamma_transition(M).a_c
    a = np.append(np.linspace(0, a_c, 20), [1 / M, np.nextafter(a_c, 0)])
    # At a_c itself the two minima tie and 1/M is the answer.
    assert_array_equal(theory.gamma_optimum(a, M), 1 / M)


def test_gamma_optimum_is_fast():
    a = np.linspace(0, 1, 10_000)
    start = time.perf_counter()
    theory.gamma_optimum(a, 10)
    assert time.perf_counter() - start < 1


# a_c, p above, lower spinodal from 40-digit arithmetic.
GAMMA_TRANSITIONS = [
    (3, 0.6601498960384594, 0.4993254282338535, 0.6593499568703706),
    (10, 0.4768182089407503, 0.4827449767264030, 0.4692346645360551),
    (100, 0.2880077906886384, 0.4088626659734986, 0.2752892199483714),
    (1000000, 0.08961598197660416, 0.1687383945991914, 0.08720480890288685),
]


@pytest.mark.parametrize(("M", "a_c", "p_above", "lower_spinodal"), GAMMA_TRANSITIONS)
def test_gamma_transition_reference_values(M, a_c, p_above, lower_spinodal):
    found = theory.gamma_transition(M)
    expected = (a_c, 1 / M, p_above, lower_spinodal, (M + 1) / (2 * M))
    assert_allclose(found, expected, rtol=0, atol=1e-11)


def test_gamma_transition_of_two_classes_is_continuous():
    assert theory.gamma_transition(2) == (0.75, 0.5, 0.5, 0.75, 0.75)


@pytest.mark.parametrize("M", [3, 4, 10, 100])
def test_gamma_transition_is_where_two_minima_tie(M):
    a_c, p_below, p_above, lower, upper = theory.gamma_transition(M)
    assert 1 / M < lower < a_c < upper
    assert_allclose(theory.gamma_loss(p_above, a_c, M), np.log(M), rtol=1e-13)
    assert_allclose(theory.gamma_optimum(a_c + 1e-12, M), p_above, atol=1e-9)
    p = np.linspace(1 / M, 0.999, 20_000)[1:]
    U, S = 1 / M, (p, (1 - p) / (M - 1))
    ratio = -(np.log(M * S[0]) + (M - 1) * np.log(M * S[1])) * U
    ratio = ratio / (S[0] * np.log(M * S[0]) + (M - 1) * S[1] * np.log(M * S[1]))
    k = theory.kappa(a_c, M)
    assert_allclose(k / (1 - k), ratio[100:].min(), rtol=1e-7)
    assert_allclose(p[100:][np.argmin(ratio[100:])], p_above, atol=1e-3)

    def minima(a):
        return np.count_nonzero(np.diff(np.sign(np.diff(theory.gamma_loss(p, a, M)))) > 0)

    assert [minima(lower - 1e-4), minima(lower + 1e-4)] == [0, 1]
    assert theory.loss_curvature(p_below, upper - 1e-6, M, "gamma") > 0
    assert theory.loss_curvature(p_below, upper + 1e-6, M, "gamma") < 0


def test_gamma_transition_has_no_finite_limit_curve():
    M = 10.0 ** np.array([3, 6, 9, 12, 30, 100])
    scaled = np.array([theory.gamma_transition(m).a_c * np.log(m) for m in M])
    assert_array_less(np.diff(scaled), 0)
    assert_array_less(1, scaled)
    assert scaled[-1] < 1.03


# ---- Monte Carlo of the memorising network ------------------------------------------------------


def corrupt(labels, a, M, rng):
    other = (labels + rng.integers(1, M, labels.size)) % M
    return np.where(rng.random(labels.size) < a, labels, other)


@pytest.mark.parametrize("noise", theory.NOISE_TYPES)
@pytest.mark.parametrize(("p", "a", "M"), [(0.7, 0.8, 2), (0.7, 0.6, 5), (0.1, 0.3, 4)])
def test_losses_match_a_memorising_network(noise, p, a, M):
    rng = np.random.default_rng(7)
    clean = rng.integers(M, size=200_000)
    output = theory.smoothing_matrix(p, M)[:, corrupt(clean, a, M, rng)]
    test = corrupt(clean, a, M, rng) if noise == "beta" else clean
    target = theory.smoothing_matrix(p if noise == "gamma" else 1, M)[:, test]
    losses = -np.sum(target * np.log(output), axis=0)
    error = losses.std() / np.sqrt(losses.size)
    assert error < 0.01
    assert_allclose(losses.mean(), LOSSES[noise](p, a, M), rtol=0, atol=4 * error)
    if p > 1 / M:
        accuracy = np.mean(output.argmax(axis=0) == test)
        assert_allclose(accuracy, theory.memorised_accuracy(a, M, noise), atol=4 * 0.5 / 447)


def test_averaged_loss_matches_an_averaging_network():
    p, a, M = 0.7, 0.6, 5
    rng = np.random.default_rng(1)
    labels = corrupt(np.zeros(200_000, int), a, M, rng)
    mean_output = theory.smoothing_matrix(p, M)[:, labels].mean(axis=1)
    assert_allclose(-np.log(mean_output[0]), theory.averaged_loss(p, a, M), atol=0.01)
    assert mean_output.argmax() == 0


# ---- general noise matrix -----------------------------------------------------------------------


@pytest.fixture(params=[2, 3, 5])
def case(request):
    """Seeded T without symmetry and a prior without uniformity."""
    rng = np.random.default_rng(request.param)
    return random_columns(rng, request.param), rng.dirichlet(np.full(request.param, 2.0))


def brute_force_joints(T, prior):
    M = len(prior)
    alpha, beta = np.zeros((M, M)), np.zeros((M, M))
    for clean in range(M):
        for train in range(M):
            alpha[clean, train] += prior[clean] * T[train, clean]
            for test in range(M):
                beta[test, train] += prior[clean] * T[train, clean] * T[test, clean]
    return alpha, beta


def test_joints_match_brute_force(case):
    T, prior = case
    alpha, beta = brute_force_joints(T, prior)
    assert_allclose(theory.alpha_joint(T, prior), alpha, rtol=1e-12)
    assert_allclose(theory.beta_joint(T, prior), beta, rtol=1e-12)
    for joint in (theory.alpha_joint, theory.beta_joint):
        assert_allclose(joint(T, prior).sum(axis=0), T @ prior, rtol=1e-12)
        uniform = np.full(len(T), 1 / len(T))
        assert_array_equal(joint(T), joint(T, uniform))


@pytest.mark.parametrize("joint", [theory.alpha_joint, theory.beta_joint])
def test_optimal_matrix_matches_a_numerical_optimiser(joint, case):
    J = joint(*case)
    M = len(J)

    def loss(logits):
        return -np.sum(J * log_softmax(logits.reshape(M, M), axis=0))

    def gradient(logits):
        return (softmax(logits.reshape(M, M), axis=0) * J.sum(axis=0) - J).ravel()

    found = minimize(loss, np.zeros(M * M), jac=gradient, method="BFGS", options={"gtol": 1e-9})
    S = theory.optimal_matrix(J)
    assert_allclose(S, softmax(found.x.reshape(M, M), axis=0), atol=1e-5)
    assert_allclose(S.sum(axis=0), 1, rtol=1e-12)
    assert_allclose(theory.matrix_loss(S, J), found.fun, rtol=1e-9)


@pytest.mark.parametrize("joint", [theory.alpha_joint, theory.beta_joint])
def test_mean_field_matches_a_numerical_optimiser(joint, case):
    J = joint(*case)
    M = len(J)
    p = theory.mean_field_p(J)
    found = minimize_scalar(
        lambda p: theory.matrix_loss(theory.smoothing_matrix(p, M), J),
        bounds=(0, 1),
        method="bounded",
        options={"xatol": 1e-10},
    )
    assert_allclose(p, found.x, atol=1e-6)
    best = theory.matrix_loss(theory.optimal_matrix(J), J)
    assert_allclose(theory.mean_field_gap(J), found.fun - best, rtol=1e-9)
    n = J.sum(axis=0)
    conditional_entropy = -np.sum(J * np.log(J / n))
    entropy = theory.alpha_loss(p, p, M)  # H(p) + (1 - p) log(M - 1)
    assert_allclose(theory.mean_field_gap(J), entropy - conditional_entropy, rtol=1e-9)


def test_mean_field_of_named_matrices():
    T, prior = random_columns(np.random.default_rng(8), 4), np.array([0.1, 0.2, 0.3, 0.4])
    assert_allclose(theory.mean_field_p(theory.alpha_joint(T, prior)), prior @ np.diag(T))
    assert_allclose(theory.mean_field_p(theory.beta_joint(T, prior)), (T**2).sum(axis=0) @ prior)
    D = random_doubly_stochastic(np.random.default_rng(9), 4)
    assert_allclose(theory.optimal_matrix(theory.alpha_joint(D)), D.T, atol=1e-14)
    assert_allclose(theory.optimal_matrix(theory.beta_joint(D)), D @ D.T, atol=1e-14)


@fixed
@given(p=inner, a=rates, M=st.integers(2, 12))
def test_uniform_noise_is_a_special_case(p, a, M):
    T, S = theory.smoothing_matrix(a, M), theory.smoothing_matrix(p, M)
    for joint, noise in ((theory.alpha_joint, "alpha"), (theory.beta_joint, "beta")):
        J = joint(T)
        assert_allclose(theory.matrix_loss(S, J), LOSSES[noise](p, a, M), rtol=1e-9)
        assert_allclose(theory.mean_field_p(J), OPTIMA[noise](a, M), atol=1e-12)
        assert_allclose(theory.mean_field_gap(J), 0, atol=1e-12)


@fixed
@given(a=inner, M=st.integers(3, 12))
def test_mean_field_gap_of_pair_flips(a, M):
    T = pair_flip(a, M)
    alpha = theory.mean_field_gap(theory.alpha_joint(T))
    beta = theory.mean_field_gap(theory.beta_joint(T))
    assert_allclose(alpha, (1 - a) * np.log(M - 1), rtol=1e-9, atol=1e-14)
    assert_allclose(beta, 2 * a * (1 - a) * np.log((M - 1) / 2), rtol=1e-9, atol=1e-14)
    p = theory.mean_field_p(theory.beta_joint(T))
    assert_allclose(p, a**2 + (1 - a) ** 2, rtol=1e-12)


@fixed
@given(seed=st.integers(0, 2**32 - 1), M=st.integers(2, 8))
def test_gap_is_never_negative_and_beta_exceeds_its_uniform_formula(seed, M):
    rng = np.random.default_rng(seed)
    T, prior = random_columns(rng, M), rng.dirichlet(np.ones(M))
    alpha, beta = theory.alpha_joint(T, prior), theory.beta_joint(T, prior)
    assert theory.mean_field_gap(alpha) >= 0
    assert theory.mean_field_gap(beta) >= 0
    rate = theory.mean_field_p(alpha)
    assert theory.mean_field_p(beta) >= theory.beta_optimum(rate, M) - 1e-12


def test_beta_depends_on_more_than_the_mean_clean_rate():
    a, M = 0.6, 5
    uniform, pairs = theory.smoothing_matrix(a, M), pair_flip(a, M)
    alpha = [theory.mean_field_p(theory.alpha_joint(T)) for T in (uniform, pairs)]
    beta = [theory.mean_field_p(theory.beta_joint(T)) for T in (uniform, pairs)]
    assert_allclose(alpha, [a, a])
    assert_allclose(beta, [0.4, 0.52])


def test_gamma_depends_on_the_noise_matrix_through_the_mean_clean_rate_only(case):
    T, prior = case
    M, p = len(T), 0.7
    S = theory.smoothing_matrix(p, M)
    brute_force = -np.einsum("j,ij,kj,ki->", prior, T, S, np.log(S))
    rate = theory.mean_field_p(theory.alpha_joint(T, prior))
    assert_allclose(theory.gamma_loss(p, rate, M), brute_force, rtol=1e-12)


def test_matrix_functions_at_the_limits():
    clean = theory.alpha_joint(np.eye(3))
    assert_array_equal(theory.optimal_matrix(clean), np.eye(3))
    assert theory.matrix_loss(np.eye(3), clean) == 0
    assert theory.mean_field_p(clean) == 1
    assert theory.mean_field_gap(clean) == 0
    flipped = theory.alpha_joint(pair_flip(0.9, 3))
    assert theory.matrix_loss(np.eye(3), flipped) == np.inf
    # A class that never occurs leaves its column free.
    absent = theory.alpha_joint(np.eye(3), [0.5, 0.5, 0])
    assert_array_equal(theory.optimal_matrix(absent)[:, 2], [1 / 3] * 3)
    nearly = np.array([[0.5, 1e-20], [1e-20, 0.5]])
    assert np.isfinite(theory.mean_field_gap(nearly))


# ---- losses of section 6.2 ----------------------------------------------------------------------


@fixed
@given(seed=st.integers(0, 2**32 - 1), M=st.integers(2, 6))
def test_label_smoothing_loss_is_at_least_the_forward_loss_of_the_same_weights(seed, M):
    rng = np.random.default_rng(seed)
    log_sigma, weights = log_softmax(rng.normal(scale=3, size=M)), rng.dirichlet(np.ones(M))
    assert -weights @ log_sigma >= -logsumexp(log_sigma, b=weights) - 1e-12


@fixed
@given(seed=st.integers(0, 2**32 - 1), p=rates, M=st.integers(2, 12))
def test_uniform_logit_smoothing_is_a_temperature(seed, p, M):
    logits = np.random.default_rng(seed).normal(scale=5, size=M)
    smoothed = log_softmax(theory.smoothing_matrix(p, M) @ logits)
    # The inverse temperature p - q is kappa(p): negative for p < 1/M, so that the ranking reverses.
    assert_allclose(smoothed, log_softmax(theory.kappa(p, M) * logits), atol=1e-11)


@fixed
@given(rho=st.floats(0, 0.9), seed=st.integers(0, 2**32 - 1), M=st.integers(2, 8))
def test_backward_correction_is_unbiased_and_negative_smoothing(rho, seed, M):
    T = (1 - rho) * np.eye(M) + rho / M
    cross_entropy = -log_softmax(np.random.default_rng(seed).normal(scale=3, size=M))
    corrected = np.linalg.inv(T).T @ cross_entropy  # one loss per noisy label
    assert_allclose(T.T @ corrected, cross_entropy, rtol=1e-9, atol=1e-9)
    eps = -rho / (1 - rho)
    smoothed = (1 - eps) * cross_entropy + eps * cross_entropy.mean()
    assert_allclose(corrected, smoothed, rtol=1e-9, atol=1e-9)


# ---- refusals -----------------------------------------------------------------------------------

GOOD_T = [[0.9, 0.2], [0.1, 0.8]]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: theory.alpha_loss(1.1, 0.5), r"p = 1\.1 is outside \[0, 1\]"),
        (lambda: theory.beta_loss([0.5, -0.1], 0.5), r"p = -0\.1 is outside \[0, 1\]"),
        (lambda: theory.gamma_loss(np.nan, 0.5), r"p = nan is outside \[0, 1\]"),
        (lambda: theory.alpha_optimum(1.5), r"a = 1\.5 is outside \[0, 1\]"),
        (lambda: theory.gamma_optimum([0.5, np.nan]), r"a = nan is outside \[0, 1\]"),
        (lambda: theory.beta_optimum(0.5, 1), r"M = 1 is not an integer in \[2, inf\)"),
        (lambda: theory.gamma_transition(2.5), r"M = 2\.5 is not an integer"),
        (lambda: theory.alpha_loss(0.5, 0.5, np.inf), r"M = inf is not an integer"),
        (lambda: theory.memorised_loss(0.5, 2), r"c = 2\.0 is outside \[0, 1\]"),
        (lambda: theory.match_probability(0.5, 2, "delta"), r"noise = 'delta' is not one of"),
        (lambda: theory.match_probability(0.5, 2, "gamma"), r"p = None: needed"),
        (lambda: theory.match_probability(0.5, 2, "beta", 0.5), r"p = 0\.5: needed"),
        (lambda: theory.loss_curvature(1, 0.5), r"p = 1\.0 is outside \(0, 1\)"),
        (lambda: theory.kappa(1.2, 3), r"x = 1\.2 is outside"),
        (lambda: theory.kappa_inverse(-0.6, 3), r"k = -0\.6 is outside \[-0\.5, 1\]"),
        (lambda: theory.clean_rate_from_beta(0.3, 3), r"c = 0\.3 is outside \[0\.333333, 1\]"),
        (lambda: theory.compose_clean_rates(M=3), "rates: 0 given"),
        (lambda: theory.compose_clean_rates(0.5, 2, M=3), r"rates\[1\] = 2\.0 is outside"),
        (lambda: theory.alpha_joint([[0.9, 0.2], [0.2, 0.8]]), r"T: sum of column 0 = 1\.1"),
        (lambda: theory.alpha_joint([[1.1, 0], [-0.1, 1]]), r"an entry of T = 1\.1 is outside"),
        (lambda: theory.beta_joint([[1, 0, 0], [0, 1, 0]]), r"T has shape \(2, 3\)"),
        (lambda: theory.beta_joint(GOOD_T, [0.5, 0.4]), r"prior: sum = 0\.9 is not 1"),
        (lambda: theory.alpha_joint(GOOD_T, [1]), r"prior has shape \(1,\), allowed is \(2,\)"),
        (lambda: theory.optimal_matrix(GOOD_T), "J: sum = 2 is not 1"),
        (lambda: theory.matrix_loss(np.eye(3), np.eye(2) / 2), r"S has shape \(3, 3\)"),
        (lambda: theory.smoothing_matrix(0.5, 1), "M = 1 is not an integer"),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
