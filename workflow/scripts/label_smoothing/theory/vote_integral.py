"""The integral that all losses of the vote theory rest on, and its quadrature."""

import numpy as np
from scipy.special import gammainc, xlog1py, xlogy

# In log u the integrands are analytic and positive: the trapezoidal rule converges like
# exp(-pi^2/step), and beyond the margins nothing but pure exponentials is left to rounding.
_STEP = 0.3
_MARGIN = 36.0


def weighted(weight, value):
    """Product that is 0 where the weight is, whatever the value."""
    return np.multiply(weight, value, out=np.zeros(np.shape(value)), where=weight > 0)


def paired_outputs(p, M):
    """Return p and q, each with what it lacks to 1, which must not be lost near 1."""
    return [(p, 1 - p), ((1 - p) / (M - 1), (M - 2 + p) / (M - 1))]


def _weighted_log(weight, c, lack):
    return np.where(c < 0.5, xlogy(weight, c), xlog1py(weight, -lack))


def mean_log_loss(shares, outputs, k):
    """E[-log sum_i c_i w_i] for shares w of mean t_i; outputs are pairs c_i and 1 - c_i."""
    terms = [(t, c, lack) for t, (c, lack) in zip(shares, outputs, strict=True)]
    memorised = -sum(_weighted_log(*term) for term in terms)
    mean, lack = sum(t * c for t, c, _ in terms), sum(t * lack for t, _, lack in terms)
    averaged = -_weighted_log(1.0, mean, lack)
    between = (k > 1) & (k < np.inf)
    if not between.any():
        return np.where(k > 1, averaged, memorised)
    n = np.where(between, k - 1, 1.0)
    voted = _dirichlet_log_loss([(n * t, c, lack) for t, c, lack in terms])
    return np.where(between, voted, np.where(k > 1, averaged, memorised))


def _dirichlet_log_loss(terms):
    """E[-log sum_i c_i w_i] for w ~ Dirichlet(shapes): the trapezoidal sum of the integral."""
    n = sum(shape for shape, _, _ in terms)
    x = _nodes(n, [c for _, c, _ in terms])
    log_first, log_ratio = _log_products(x, n, terms)
    total = (np.exp(log_first) * -np.expm1(-log_ratio))[..., :-1].sum(axis=-1)

    # From the last node on the products are exp(gain - rate x) and exp(-n x), where rate counts the
    # shapes of the outputs above 0: the rest of the sum is geometric.
    rate = sum(np.where(c > 0, shape, 0) for shape, c, _ in terms)
    finite, rate = rate > 0, np.where(rate > 0, rate, 1)
    gain = -sum(np.where(c > 0, _weighted_log(shape, c, lack), 0) for shape, c, lack in terms)
    lost = sum(np.where(c > 0, 0, shape) for shape, c, _ in terms)
    last = x[-1]
    total += np.exp(gain - rate * last) * -np.expm1(-gain) * _geometric(rate)
    total += np.exp(-rate * last) * -np.expm1(-lost * last) * _geometric(n)
    total += (
        np.exp(-rate * (last + _STEP)) * -np.expm1(-lost * _STEP) * _geometric(rate) * _geometric(n)
    )
    return np.where(finite, _STEP * total, np.inf)


def _nodes(n, outputs):
    """Values of log u from where nothing has happened to where all factors are powers of u."""
    smallest = min(c.min(initial=1.0, where=c > 0) for c in outputs)
    low, high = -np.log(max(n.max(initial=1.0), 1.0)) - _MARGIN, -np.log(smallest) + _MARGIN
    return low + _STEP * np.arange(int(np.ceil((high - low) / _STEP)) + 1)


def _log_products(x, n, terms):
    """Logarithms of prod_i (1 + c_i u)^-n_i and of its ratio to (1 + u)^-n, term by term >= 0."""
    v = np.exp(-x)
    log_ratio = sum(
        shape[..., None] * np.log1p(lack[..., None] / (v + c[..., None]))
        for shape, c, lack in terms
    )
    return log_ratio - n[..., None] * np.logaddexp(0, x), log_ratio


def _geometric(rate):
    """Sum of exp(-rate step j) over j = 0, 1, ..."""
    return -1 / np.expm1(-rate * _STEP)


def slope(p, t, hit, n, M):
    """Return the derivative of the loss with respect to p, for 0 < p < 1."""
    other = (1 - t) / (M - 1)
    return hit * _slope_of_share(p, t, n, M) + (1 - hit) * _slope_of_share(p, other, n, M)


def _slope_of_share(p, t, n, M):
    q = (1 - p) / (M - 1)
    own, other = paired_outputs(p, M)
    x = _nodes(n, [p, q])
    log_first, _ = _log_products(x, n, [(n * t, *own), (n * (1 - t), *other)])
    v = np.exp(-x)
    raises, lowers = t[..., None] / (v + p[..., None]), (1 - t)[..., None] / (v + q[..., None])
    terms = np.exp(log_first) * (lowers / (M - 1)[..., None] - raises)
    tail = terms[..., -1] * _geometric(n)
    return _STEP * n * (terms[..., :-1].sum(axis=-1) + tail)


def slopes_at_the_ends(t, hit, n, M):
    """Return the derivatives at p = 0 and p = 1, from E[1/w] and E[1/(1 - w)], infinite or not."""
    zero, one = np.zeros_like(t), np.zeros_like(t)
    for share, weight in ((t, hit), ((1 - t) / (M - 1), 1 - hit)):
        zero = zero + weighted(weight, M - (M - 1) * _mean_inverse(1 - share, n))
        one = one + weighted(weight, (_mean_inverse(share, n) - M) / (M - 1))
    return zero, one


def _mean_inverse(t, n):
    """E[1/w] of a share w of mean t."""
    above = n * t > 1
    inverse = np.where(above, (n - 1) / np.where(above, n * t - 1, 1), np.inf)
    return np.where(t == 1, 1.0, inverse)


def largest_share_probability(a, k, M):
    """Return the probability that the own class has the largest share.

    It is int g_own(x) F_other(x)^(M - 1) dx over log x, for gamma variables.
    """
    if k == 1 or a in (0.0, 1.0):
        return a
    if k == np.inf:
        return float(a > 1 / M) if a != 1 / M else 1 / M
    n = k - 1
    own, other = n * a, n * (1 - a) / (M - 1)
    largest = max(own, other)
    high = np.log(largest + 12 * np.sqrt(largest) + 50)
    low = max(np.log(own) - np.sqrt(80 / own) - 40 / own, -_MARGIN)
    step = min(_STEP, 0.6 / np.sqrt(largest))
    log_x = low + step * np.arange(int(np.ceil((high - low) / step)) + 1)
    above = log_x - np.log(own)
    density = np.exp(own * (above - np.expm1(above)))
    largest_share = density * gammainc(other, np.exp(log_x)) ** (M - 1)

    def total(terms, rate):  # below the first node they are multiples of x^rate: a geometric sum
        return terms[1:].sum() - terms[0] / np.expm1(-rate * step)

    return float(total(largest_share, n) / total(density, own))
