"""Identities of the theory that tests compare with: an averaging network, curvature, mean field."""

import numpy as np
from scipy.special import rel_entr, xlogy

from label_smoothing.theory.rates import kappa, match_probability


def averaged_loss(p, a, M):
    """Return the clean test loss -log(a p + (1 - a) q) of a network that averages the noise."""
    return -xlogy(1.0, match_probability(a, M, "gamma", p))


def loss_curvature(p, a, M, assumption):
    """Return the second derivative of the loss with respect to p, for 0 < p < 1."""
    c = match_probability(a, M, assumption, p)
    curvature = c / p**2 + (1 - c) / (1 - p) ** 2
    return curvature - (2 * kappa(a, M) / (p * (1 - p)) if assumption == "gamma" else 0)


def mean_field_gap(J):
    """Return what one p for all labels costs against the optimal matrix: a mean KL divergence."""
    M = len(J)
    # The off-diagonal mass is summed, not 1 - p: it must stay positive when p rounds to 1.
    S = np.full((M, M), J[~np.eye(M, dtype=bool)].sum() / (M - 1))
    np.fill_diagonal(S, np.trace(J))
    return max(float(np.sum(rel_entr(J, S * J.sum(axis=0)))), 0.0)
