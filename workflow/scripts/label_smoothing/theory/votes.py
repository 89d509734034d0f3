"""The vote theory: a network that gives a new image the mean of k memorised targets.

k = 1 is the paper's theory, k = infinity the network that averages the noise away. docs/theory.md
has the definition, the proofs and the limits.

The shares of the training labels around an image of class y are w ~ Dirichlet((k - 1) t), with
t = T[:, y], and the network puts out S w. All its losses rest on one integral: for shares of shapes
n_i that sum to n = k - 1, and weights c_i <= 1,

    E[-log sum_i c_i w_i] = int (prod_i (1 + c_i u)^-n_i - (1 + u)^-n) du/u,  u from 0 to infinity.
"""

from functools import cache

import numpy as np
from numpy.typing import ArrayLike

from label_smoothing.theory.checks import (
    check_assumption,
    check_classes,
    column_stochastic,
    float_or_array,
    in_range,
)
from label_smoothing.theory.matrices import smoothing_matrix, transition_and_prior
from label_smoothing.theory.memorising import optimum
from label_smoothing.theory.rates import bisect, kappa, match_probability
from label_smoothing.theory.vote_integral import (
    largest_share_probability,
    mean_log_loss,
    paired_outputs,
    slope,
    slopes_at_the_ends,
    weighted,
)


def vote_loss(
    p: ArrayLike,
    a: ArrayLike,
    k: ArrayLike,
    M: ArrayLike,
    assumption: str,
    purity: ArrayLike = 1.0,
):
    """Return the test loss of a network that draws on k labels with uniform noise.

    k = 1 is `memorising.loss`, k = inf a network that averages. `purity` is 1 on easy data; its
    kappa and that of a multiply. At p = 1 the loss is finite where k > 1 and every class that the
    test asks for has a share.
    """
    hit = {"alpha": 1.0, "beta": a, "gamma": p}[check_assumption(assumption)]
    return share_loss(p, _own_share(a, purity, M), hit, k, M)


def share_loss(
    p: ArrayLike,
    t: ArrayLike,
    hit: ArrayLike,
    k: ArrayLike,
    M: ArrayLike,
):
    """Return the test loss of a network that draws on k labels, a share t of them of its own class.

    The other labels are spread evenly over the other classes, and so are the other test labels.

    Parameters
    ----------
    t : array_like, in [0, 1]
        Mean share of the image's own class.
    hit : array_like, in [0, 1]
        Probability that the test label is the image's own class.
    """
    p, t, hit, k, M = np.broadcast_arrays(
        in_range("p", p),
        in_range("t", t),
        in_range("hit", hit),
        _check_votes(k),
        check_classes(M),
    )
    outputs = paired_outputs(p, M)
    own = mean_log_loss([t, 1 - t], outputs, k)
    if (hit == 1).all():
        return float_or_array(own)
    other = (1 - t) / (M - 1)
    others = mean_log_loss([other, 1 - other], outputs, k)
    return float_or_array(weighted(hit, own) + weighted(1 - hit, others))


def vote_matrix_loss(
    S: ArrayLike,
    T: ArrayLike,
    k: float,
    assumption: str,
    prior: ArrayLike | None = None,
    confusion: ArrayLike | None = None,
) -> float:
    """Return the test loss of a network that draws on k labels, for any noise, prior and targets.

    Parameters
    ----------
    S : float in [0, 1] or array_like, shape (M, M)
        Targets; a number p stands for `matrices.smoothing_matrix`.
    confusion : array_like, shape (M, M), optional
        ``C[i, j]``, the share of class i among the images that the network draws on for an image of
        class j. On easy data, if not given, it is the identity.

    Notes
    -----
    At k = 1 it is `memorising.matrix_loss` of the joint distribution.
    """
    T, prior = transition_and_prior(T, prior)
    M, k = len(T), _check_votes(k)
    one_p = np.ndim(S) == 0
    targets = smoothing_matrix(float(in_range("S", S)), M) if one_p else column_stochastic("S", S)
    if targets.shape != T.shape:
        raise ValueError(f"S: the shape is {targets.shape}; allowed: that of T, {T.shape}")
    asked = {"alpha": np.eye(M), "beta": T, "gamma": targets}[check_assumption(assumption)]
    weights = asked * prior
    if confusion is not None:
        confusion = column_stochastic("confusion", confusion)
        if confusion.shape != T.shape:
            raise ValueError(
                f"confusion: the shape is {confusion.shape}; allowed: that of T, {T.shape}"
            )
        T = T @ confusion
    if one_p:
        losses = mean_log_loss(
            [T, 1 - T], paired_outputs(np.full_like(T, S), M), np.full_like(T, k)
        )
    else:
        shares = [np.broadcast_to(T[i], T.shape) for i in range(M)]
        outputs = [np.broadcast_to(targets[:, [i]], T.shape) for i in range(M)]
        outputs = [(c, 1 - c) for c in outputs]
        losses = mean_log_loss(shares, outputs, np.full_like(T, k))
    return float(weighted(weights, losses).sum())


def vote_accuracy(a: ArrayLike, k: ArrayLike, M: ArrayLike, purity: ArrayLike = 1.0):
    """Return the accuracy on clean labels of a network that draws on k labels, for every p > 1/M.

    It is the probability that the image's own class has the largest share: the mean share at k = 1,
    rising to 1 with k where the mean share is above 1/M.
    """
    t, k, M = np.broadcast_arrays(_own_share(a, purity, M), _check_votes(k), check_classes(M))
    accuracy = [largest_share_probability(*row) for row in zip(t.flat, k.flat, M.flat, strict=True)]
    return float_or_array(np.reshape(accuracy, t.shape))


def smoothing_helps_below(a: ArrayLike, M: ArrayLike, purity: ArrayLike = 1.0):
    """Return the k from which p = 1 is best on clean test labels, 1 + 1/(kappa(a) kappa(purity)).

    It is 2 towards a = purity = 1. (There, where nothing is wrong, p = 1 is best for every k.) It
    is inf up to a = 1/M, where no number of labels tells the class.
    """
    strength = np.asarray(kappa(_own_share(a, purity, M), M))
    informative = strength > 0
    return float_or_array(np.where(informative, 1 + 1 / np.where(informative, strength, 1), np.inf))


def vote_optimum(
    a: ArrayLike, k: ArrayLike, M: ArrayLike, assumption: str, purity: ArrayLike = 1.0
):
    """Return the p in [0, 1] that minimises `vote_loss`, for a finite k.

    Under alpha it is exactly 1 from `smoothing_helps_below` on. Under gamma, where two minima may
    compete, it is the deeper one, or 1/M where nothing beats the uniform output.

    Notes
    -----
    Under alpha and beta the loss is convex in p, as -log of a linear function is: the sign of its
    slope leads to the minimum.
    """
    check_assumption(assumption)
    a, k, M, purity = np.broadcast_arrays(
        in_range("a", a), _check_votes(k, np.finfo(float).max), check_classes(M), purity
    )
    t = np.asarray(_own_share(a, purity, M))
    if assumption == "gamma":
        rows = zip(t.flat, k.flat, M.flat, strict=True)
        return float_or_array(np.reshape([_gamma_vote_optimum(*row) for row in rows], t.shape))
    hit = np.ones_like(a) if assumption == "alpha" else a
    n = np.where(k > 1, k - 1, 1.0)
    at_zero, at_one = slopes_at_the_ends(t, hit, n, M)
    low, high = np.zeros_like(t), np.ones_like(t)
    within = bisect(lambda p: slope(p, t, hit, n, M) < 0, low, high)
    best = np.where(at_one <= 0, 1.0, np.where(at_zero >= 0, 0.0, within))
    c = hit * t + (1 - hit) * (1 - t) / (M - 1)
    return float_or_array(np.where(k > 1, best, c))


def _own_share(a, purity, M):
    return match_probability(a, M, "gamma", in_range("purity", purity))  # kappas multiply


def _check_votes(k, largest=np.inf):
    return in_range("k", k, 1.0, largest)


@cache  # figures and claims ask for the same points again and again
def _gamma_vote_optimum(t, k, M):
    if k == 1:
        return optimum(t, M, "gamma")
    L = np.concatenate([-np.geomspace(30, 1e-3, 150), np.geomspace(1e-3, 30 + np.log(M), 150)])
    grid = np.append(1 / (1 + (M - 1) * np.exp(-L)), 1.0)
    losses = share_loss(grid, t, grid, k, M)
    i = int(losses.argmin())
    if losses[i] > np.log(M) - 1e-14:
        return 1 / M
    if i == grid.size - 1:
        return 1.0
    # The uniform output p = 1/M is a stationary point too, and stays at the end of the bracket.
    low = max(grid[i - 1], 1 / M) if grid[i] > 1 / M else grid[i - 1] if i else 0.0
    high = min(grid[i + 1], 1 / M) if grid[i] < 1 / M else grid[i + 1]
    low, high = np.array([low]), np.array([high])
    arguments = [np.array([value], dtype=float) for value in (t, k - 1, M)]
    best = float(bisect(lambda p: _gamma_slope(p, *arguments) < 0, low, high)[0])
    return max(best, 1 - best) if M == 2 else best


def _gamma_slope(p, t, n, M):
    difference = share_loss(p, t, 1.0, n + 1, M) - share_loss(p, t, 0.0, n + 1, M)
    return difference + slope(p, t, p, n, M)
