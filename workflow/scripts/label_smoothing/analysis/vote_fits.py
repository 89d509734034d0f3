"""The vote theory fitted to measurements: on how many labels `k` a network draws.

Three measurements tell it: the losses over p, the spread of the outputs, and the accuracy. Notation
as in `label_smoothing.theory.votes`.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.interpolate import CubicSpline
from scipy.optimize import brentq, minimize_scalar

from label_smoothing.analysis.cells import is_uniform
from label_smoothing.analysis.intervals import Interval, mean_interval
from label_smoothing.theory.checks import check_assumption, check_classes, in_range
from label_smoothing.theory.rates import asks_for_label, informative, match_probability
from label_smoothing.theory.votes import share_loss, vote_accuracy, vote_loss

# Of k - 1: below, one label; above, more than a loss can tell from infinitely many.
_SMALLEST, _LARGEST = 1e-4, 1e4
# Of log(k - 1), where the curves are computed; between them a spline.
_NODES = np.linspace(np.log(_SMALLEST), np.log(_LARGEST), 121)


class VoteFit(NamedTuple):
    """
    Result of `fit_votes`.

    Attributes
    ----------
    k : float
        Labels that a network draws on; at an end of [1 + 1e-4, 1 + 1e4] the losses know no better.
    purity : float
        Share of its neighbours that are of the same class; what was given unless it was fitted.
    rmse : float
        Root mean square of measured minus fitted losses, in nats.
    r2 : float
        1 minus the sum of their squares over that of the losses about their mean; nan if that is 0.
    points : int
        Losses that were fitted.
    """

    k: float
    purity: float
    rmse: float
    r2: float
    points: int


def fit_votes(
    p: ArrayLike,
    a: ArrayLike,
    loss: ArrayLike,
    M: int,
    assumption: ArrayLike,
    *,
    purity: float | None = 1.0,
) -> VoteFit:
    """Return the k, and with ``purity=None`` the purity, that fit losses best by least squares.

    Parameters
    ----------
    p, a, loss : array_like, shape (n,)
        Points at p <= 1/M and p >= 1 are left out: the paper's theory, which is k = 1, has nothing
        to say there.
    assumption : str or array_like of str, shape (n,)
        What each loss was measured against.
    """
    p, a, loss, assumption = np.broadcast_arrays(
        np.asarray(p, float), np.asarray(a, float), np.asarray(loss, float), assumption
    )
    M = int(check_classes(M))
    in_range("a", a)
    for one in np.unique(assumption):
        check_assumption(one)
    if purity is not None:
        in_range("purity", purity)
    used = informative(p, M) & asks_for_label(p, M)
    p, a, loss, assumption = p[used], a[used], loss[used], assumption[used]
    if not len(p):
        raise ValueError("p has no value in (1/M, 1); allowed: one or more")
    if not np.isfinite(loss).all():
        raise ValueError(f"loss is {loss[~np.isfinite(loss)][0]}; allowed: finite")

    def squares(share):
        """Return the sum of squares as a function of log(k - 1)."""
        curve = _curve(p, a, M, assumption, share)
        return lambda x: float(np.sum((curve(x) - loss) ** 2))

    share = purity
    if share is None:
        candidates = 1 / M + (1 - 1 / M) * _PURITIES
        best = int(np.argmin([_lowest(squares(c), _COARSE).fun for c in candidates]))
        bounds = candidates[max(best - 1, 0)], candidates[min(best + 1, len(candidates) - 1)]
        share = float(
            minimize_scalar(
                lambda c: _lowest(squares(c), _COARSE).fun,
                bounds=bounds,
                method="bounded",
                options={"xatol": 1e-4},
            ).x
        )
    found = _lowest(squares(share), _FINE)
    about_mean = float(np.sum((loss - loss.mean()) ** 2))
    return VoteFit(
        k=1 + float(np.exp(found.x)),
        purity=share,
        rmse=float(np.sqrt(found.fun / len(p))),
        r2=1 - found.fun / about_mean if about_mean > 0 else np.nan,
        points=len(p),
    )


def predict(
    p: ArrayLike,
    a: ArrayLike,
    k: float,
    M: int,
    assumption: ArrayLike,
    *,
    purity: float = 1.0,
) -> np.ndarray:
    """Return the losses of the vote theory, each point with its own p, a and assumption."""
    p, a, assumption = np.broadcast_arrays(p, a, assumption)
    predicted = np.empty(len(p))
    for one in np.unique(assumption):
        of = assumption == one
        predicted[of] = vote_loss(p[of], a[of], k, M, one, purity)
    return predicted


_COARSE, _FINE = 1e-3, 1e-7  # of log(k - 1)
_PURITIES = np.array([0.02, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.88, 0.94, 0.97, 0.99, 1.0])


def _lowest(squares, tolerance):
    # The coarse grid is enough to bracket the minimum.
    nodes = _NODES[::3]
    lowest = int(np.argmin([squares(x) for x in nodes]))
    bounds = nodes[max(lowest - 1, 0)], nodes[min(lowest + 1, len(nodes) - 1)]
    return minimize_scalar(squares, bounds=bounds, method="bounded", options={"xatol": tolerance})


def _curve(p, a, M, assumption, purity):
    """
    Return the losses as a smooth function of log(k - 1), by a spline through a few k.

    What is expensive does not depend on the losses, and the seeds of a study share it.
    """
    hit = np.select([assumption == "alpha", assumption == "beta"], [1.0, a], p)
    values = np.empty((len(_NODES), len(p)))
    for rate in np.unique(a):
        at = a == rate
        grid, place = np.unique(p[at], return_inverse=True)
        share = match_probability(rate, M, "gamma", purity)  # kappas multiply
        right, wrong = (curves[:, place] for curves in _at_nodes(tuple(grid), share, M))
        values[:, at] = hit[at] * right + (1 - hit[at]) * wrong
    return CubicSpline(_NODES, values)


@lru_cache(maxsize=512)
def _at_nodes(p, share, M):
    """Return the losses on test labels that are the image's own class, and on all others."""
    p, votes = np.array(p), 1 + np.exp(_NODES)
    return tuple(np.stack([share_loss(p, share, hit, k, M) for k in votes]) for hit in (1.0, 0.0))


def votes_of_spread(a: ArrayLike, variance: ArrayLike) -> np.ndarray:
    """Return the k of a variance of the true class's share over test images, a (1 - a)/variance."""
    a = np.asarray(a, dtype=float)
    return a * (1 - a) / np.asarray(variance, dtype=float)


def votes_of_accuracy(accuracy: float, a: float, M: int) -> float:
    """Return the k at which the vote theory has this accuracy on clean labels.

    It is 1 for an accuracy up to a, nan where the accuracy tells nothing (a <= 1/M or a = 1), and
    inf if no k reaches it.
    """
    if not 1 / M < a < 1 or np.isnan(accuracy):
        return np.nan

    def excess(x):
        return vote_accuracy(a, 1 + np.exp(x), M) - accuracy

    low, high = np.log([_SMALLEST, _LARGEST])
    if excess(low) >= 0:
        return 1.0
    if excess(high) <= 0:
        return np.inf
    return 1 + float(np.exp(brentq(excess, low, high, xtol=1e-6)))


# ---- tables -------------------------------------------------------------------------------------


def fit_vote_table(cells: pd.DataFrame) -> pd.DataFrame:
    """Return k by every way of measuring it, with its interval over seeds.

    `cells` are of one data set and method, any noise types.

    Returns
    -------
    DataFrame
        One row for each measurement. Each is made for each seed and then averaged, k on the scale
        of log(k - 1); ``_low`` and ``_high`` are the limits of its 95 % t-interval over seeds.

        - dataset, method; noise, assumption: "all" for a fit to all noise types
        - source: "losses"; "losses and purity" (both fitted); "spread" of the outputs; "accuracy"
        - a: the clean rate, or nan for all below 1 ("losses and purity": all, 1 among them, of
          seeds with three losses or more)
        - k, purity, rmse (nats), r2; seeds
    """
    cells = cells[(cells["diverged_epoch"] == 0) & is_uniform(cells)]
    rows = [*_fits_to_losses(cells), *_other_measurements(cells)]
    table = pd.DataFrame(rows, columns=COLUMNS)
    for column, name in (("method", "method"), ("dataset", "dataset")):
        table.insert(0, column, cells[name].iloc[0] if len(cells) else "")
    return table


_MEASURED = ("k", "purity", "rmse", "r2")
COLUMNS = [
    "noise",
    "assumption",
    "source",
    "a",
    *(f"{name}{end}" for name in _MEASURED for end in ("", "_low", "_high")),
    "seeds",
]


def _fits_to_losses(cells):
    scopes = [
        (noise, group["assumption"].iloc[0], group) for noise, group in cells.groupby("noise")
    ]
    if len(scopes) > 1:
        scopes.append(("all", "all", cells))
    for noise, assumption, group in scopes:
        noisy = group[group["a"] < 1]
        parts = [(a, part, 1.0) for a, part in noisy.groupby("a")] + [(np.nan, noisy, 1.0)]
        if (group["a"] == 1).any():
            parts.append((1.0, group[group["a"] == 1], None))
        parts.append((np.nan, group, None))
        for a, part, purity in parts:
            fits = [fit_seed(seed, purity=purity) for _, seed in part.groupby("seed")]
            # Two numbers go through any two losses.
            fewest = 1 if purity is not None else 3
            fits = [fit for fit in fits if fit is not None and fit.points >= fewest]
            if not fits:
                continue
            source = "losses and purity" if purity is None else "losses"
            row = {"noise": noise, "assumption": assumption, "source": source, "a": a}
            yield row | _spread(fits)


def fit_seed(cells: pd.DataFrame, **options) -> VoteFit | None:
    """Return `fit_votes` to the memorised cells of one seed, or None if there is none to fit."""
    cells = cells[cells["memorised"].astype(bool)]
    M = int(cells["classes"].iloc[0]) if len(cells) else 2
    p = cells["p"].to_numpy()
    if not (informative(p, M) & asks_for_label(p, M)).any():
        return None
    p, a, loss, assumption = (
        cells[name].to_numpy() for name in ("p", "expected_clean_rate", "test_loss", "assumption")
    )
    return fit_votes(p, a, loss, M, assumption, **options)


def _other_measurements(cells):
    clean = cells[(cells["assumption"] != "beta") & (cells["a"] < 1)]
    clean = clean[clean["noise"] == clean["noise"].iloc[0]] if len(clean) else clean
    for a, part in clean.groupby("a"):
        M = int(part["classes"].iloc[0])
        rate = float(part["expected_clean_rate"].iloc[0])
        usable = (part["p"] <= 1) & asks_for_label(part["p"], M)
        part = part[usable & part["memorised"].astype(bool)]
        accuracy = part.groupby("seed")["clean_test_accuracy"].mean()
        sources = {"accuracy": [votes_of_accuracy(value, rate, M) for value in accuracy]}
        if "share_variance" in part:
            variance = part[part["p"] < 1].groupby("seed")["share_variance"].mean()
            sources["spread"] = pd.Series(votes_of_spread(rate, variance), variance.index)
        for source, k in sources.items():
            fits = [VoteFit(value, np.nan, np.nan, np.nan, 0) for value in k]
            row = {"noise": part["noise"].iloc[0] if len(part) else "", "assumption": "alpha"}
            if fits:
                yield row | {"source": source, "a": a} | _spread(fits)


def mean_votes(values: ArrayLike) -> Interval:
    """Return mean and interval of k over seeds, both of log(k - 1), so that none is below 1."""
    excess = np.clip(np.asarray(values, dtype=float) - 1, _SMALLEST, _LARGEST)
    interval = mean_interval(np.log(excess))
    mean, low, high = (1 + float(np.exp(value)) for value in interval[:3])
    return Interval(mean, low, high, interval[3])


def _spread(fits):
    row = {"seeds": len(fits)}
    for name in _MEASURED:
        interval = mean_votes if name == "k" else mean_interval
        mean, low, high, _ = interval([getattr(fit, name) for fit in fits])
        row |= {name: mean, f"{name}_low": low, f"{name}_high": high}
    return row
