"""
The statistics behind the verdicts: what a study says of each of the paper's claims.

Each takes the cells of one data set, noise type and method and gives one value for each seed.
docs/claims.md states and justifies them.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import pandas as pd

from label_smoothing.analysis.cells import curves_over_p
from label_smoothing.analysis.intervals import other_seeds_interval
from label_smoothing.analysis.predictions import explained_share, predicted_loss, unscaled
from label_smoothing.analysis.theory_fits import measured_optimum
from label_smoothing.theory.gamma import gamma_optimum, gamma_transition
from label_smoothing.theory.rates import asks_for_label

# Accuracies are shares of a few hundred images: what differs by less is equal.
TIE = 1e-9
# Nats between two predictions, from which networks can be expected to show a difference.
LEAST_LEAD = 0.01


class Measured(NamedTuple):
    """
    What a study says of a claim.

    Attributes
    ----------
    parts : DataFrame
        The statistic: one row a seed; one column a part of the claim, or a clean rate.
    note : str or dict
        What a reader should know beside it, or that by clean rate.
    highest : dict
        Where the statistic chooses among p, a wrong choice makes it too low; this is then the
        upper limit of the most favourable choice, by part.
    """

    parts: pd.DataFrame
    note: str | dict[float, str]
    highest: Mapping[str, float] = MappingProxyType({})


class Scale(NamedTuple):
    """On which scale means and limits are taken, and how they come back from it."""

    name: str
    back: Callable[[float], np.ndarray]


MISSED = Scale("the logarithm of what is missed", unscaled)
CORRELATION = Scale("its inverse hyperbolic tangent", np.tanh)
LOGARITHM = Scale("the logarithm, by the jackknife", np.exp)


class NotTestableError(ValueError):
    """What the study lacks for a claim; more seeds would not help."""


class TooFewSeedsError(ValueError):
    """What the statistic of a claim needs several seeds for."""


# ---- the loss and the theory --------------------------------------------------------------------


def likeness_of_shape(cells: pd.DataFrame) -> Measured:
    """
    Return by a the correlation of measured and predicted losses, on the scale of `CORRELATION`.

    Losses 1, 2, 4 that are predicted as 2, 3, 4 correlate by 0.98, and so they do 0.3 nats higher.
    """
    measured, predicted, noiseless = _losses(cells)
    likeness = _correlations(measured, predicted)
    # Where all losses are exactly as predicted, the scale would have no value.
    parts = np.arctanh(likeness.clip(upper=1 - 1e-12))
    plain = _correlations(measured, noiseless).mean(axis=1)
    return Measured(parts.T, _each("{:.2f} with the loss without noise", plain))


def distance_of_minimum(cells: pd.DataFrame) -> Measured:
    """
    Return by a how far the measured p* is from the predicted one.

    With a measured p* of 0.9 where the theory says 0.7, the distance is 0.2.
    """
    minima, theories = _minima_and_theories(cells[cells["a"] < 1])
    parts = minima.sub(theories[cells["assumption"].iloc[0]], axis=0).abs()
    return Measured(parts.T, _each("measured p* {:.2f}", minima.mean(axis=1)))


def height_of_loss(cells: pd.DataFrame) -> Measured:
    """
    Return by a how much of what the noise costs is measured as predicted, on the scale of `MISSED`.

    Losses of 1.1, 1.9, 3.2 that are predicted as 1, 2, 3, and as 0.5, 1, 1 without noise, miss
    0.14 (root mean square) of 1.32: 0.89 of the cost is as predicted.
    """
    measured, predicted, noiseless = _losses(cells)
    missed = measured.sub(predicted, axis=0)
    explained = explained_share(cells)
    pooled = unscaled(explained.scaled_shares.mean())
    rmse = np.sqrt((missed**2).mean(axis=1).groupby("a").mean())
    used = f"{explained.deviations.size} of {explained.cells} cells memorised by every seed"
    note = _each(f"RMSE {{:.2f}} nats; R² of all a {pooled:.2f}, {used}", rmse)
    return Measured(_share_missed(missed, predicted - noiseless).T, note)


def height_on_training_images(cells: pd.DataFrame) -> Measured:
    """Return the same as `height_of_loss` for the loss on the clean labels of training images."""
    return height_of_loss(cells.assign(test_loss=_empirical_loss(cells)))


def worth_of_training_images(cells: pd.DataFrame) -> Measured:
    """
    Return by a how much of what the noise costs the training images foretell of the test loss.

    On the scale of `MISSED`. Test losses of 1.1, 1.9, 3.2 that are 1, 2, 3 on the clean labels of
    the training images differ by 0.14 (root mean square); if the noise costs 1.32, 0.89 of it is
    foretold.
    """
    on_training, _, _ = _losses(cells.assign(test_loss=_empirical_loss(cells)))
    measured, predicted, noiseless = _losses(cells)
    missed = measured - on_training
    excess = missed.mean(axis=1).groupby("a").mean()
    note = _each("test loss higher by {:.2f} nats on average", excess)
    return Measured(_share_missed(missed, predicted - noiseless).T, note)


def growth_of_optimum(cells: pd.DataFrame) -> Measured:
    """
    Return the slope of the measured p* of the loss over a, by least squares.

    p* of 0.8, 0.9, 1 at a = 0.5, 0.7, 0.9 has the slope 0.5.
    """
    return _growth(_minima(curves_over_p(cells[cells["a"] < 1], "test_loss")))


def growth_of_accuracy_optimum(cells: pd.DataFrame) -> Measured:
    """Return the same as `growth_of_optimum` for the p with the highest accuracy."""
    cells = _above_chance(cells[cells["a"] < 1])
    return _growth(_each_rate(_tied_maximum, curves_over_p(cells, "test_accuracy")))


def _growth(optima: pd.DataFrame) -> Measured:
    _require_rates(optima, 3, "clean rates below 1")
    slope = np.polyfit(optima.index, optima, 1)[0]
    ends = optima.mean(axis=1).iloc[[0, -1]]
    note = " to ".join(f"p* {p:.2f} at a = {a:g}" for a, p in ends.items())
    return Measured(one_part(pd.Series(slope, optima.columns)), note)


def distance_of_beta_below_alpha(cells: pd.DataFrame, beta: pd.DataFrame) -> Measured:
    """
    Return how far the p* of the alpha loss lies above that of the beta loss, mean over a.

    p* of 0.7, 0.8, 0.9 for alpha and 0.5, 0.7, 0.9 for beta are 0.1 apart on average.
    """
    cells, beta = (
        _more_right_than_chance(table[table["a"] < 1]).pipe(curves_over_p, "test_loss")
        for table in (cells, beta)
    )
    _require_rates(beta, 1, "clean rates between 1/M and 1")
    distance = _minima(cells) - _minima(beta)
    note = _at_rates("distance", distance.mean(axis=1))
    return Measured(one_part(distance.mean()), note)


def nearness_of_gamma(cells: pd.DataFrame) -> Measured:
    """
    Return how much nearer gamma's p* are to the measured ones than alpha's and than beta's.

    Measured p* of 0.6, 0.7, 0.8 where gamma says 0.6, 0.6, 0.8 and alpha 0.9, 0.9, 0.9 are 0.06
    from gamma and 0.22 from alpha (root mean squares): gamma is nearer by 0.16.
    """
    minima, theories = _minima_and_theories(cells[cells["a"] < 1])
    _require_rates(minima, 2, "clean rates below 1 and memorised")
    distance = pd.DataFrame(
        {name: np.sqrt((minima.sub(p, axis=0) ** 2).mean()) for name, p in theories.items()}
    )
    note = ", ".join(f"{name} {mean:.2f}" for name, mean in distance.mean().items())
    nearer = distance[["alpha", "beta"]].sub(distance["gamma"], axis=0)
    rates = ", ".join(f"{a:g}" for a in minima.index)
    return Measured(nearer.add_prefix("than "), f"distances: {note}, at a = {rates}")


def nearness_of_gamma_above_transition(cells: pd.DataFrame) -> Measured:
    """Return the same as `nearness_of_gamma` for the clean rates where gamma's p* is above 1/M."""
    return nearness_of_gamma(cells[_above_transition(cells)])


def nearness_of_gamma_at_all_rates(cells: pd.DataFrame) -> Measured:
    """Return the same as `nearness_of_gamma` if some clean rates have gamma's p* at 1/M."""
    if _above_transition(cells).all():
        threshold = gamma_transition(int(cells["classes"].iloc[0])).a_c
        raise NotTestableError(f"no clean rate up to a_c = {threshold:.3f}: as above a_c")
    return nearness_of_gamma(cells)


def _above_transition(cells: pd.DataFrame) -> pd.Series:
    return cells["expected_clean_rate"] > gamma_transition(int(cells["classes"].iloc[0])).a_c


def excess_of_forward_correction(cells: pd.DataFrame, forward: pd.DataFrame) -> Measured:
    """
    Return how far forward correction's loss lies above that of smoothing with p = a, and below.

    As a share of what the noise costs, mean over a. Losses of 1.9, 1.6, 1.2 against 1.8, 1.5, 1.1
    where noise costs 1, 0.5, 0.2 are above by 0.1, 0.2 and 0.5, on average 0.27.
    """
    best = cells[np.isclose(cells["p"], cells["a"])]
    return _excess(best, forward, "no clean rate below 1 with p = a that every seed has")


def excess_over_best_matrix(cells: pd.DataFrame, forward: pd.DataFrame) -> Measured:
    """Return the same as `excess_of_forward_correction` for smoothing with S*."""
    return _excess(cells, forward, "no clean rate below 1 that every seed has")


def _excess(best: pd.DataFrame, forward: pd.DataFrame, lack: str) -> Measured:
    excess = (_losses_over_a(forward) - _losses_over_a(best)).dropna()
    if excess.empty:
        raise NotTestableError(lack)
    predicted, noiseless = _predicted_over_a(best)
    share = excess.div((predicted - noiseless).loc[excess.index], axis=0)
    note = _at_rates("above, in nats", excess.mean(axis=1))
    return Measured(pd.DataFrame({"above": share.mean(), "below": -share.mean()}), note)


# ---- matrices for noise that is not uniform -----------------------------------------------------


def deviation_of_best_matrix(cells: pd.DataFrame) -> Measured:
    """
    Return by a how far the loss of S* lies above the predicted one, and below.

    As a share of what the noise costs. A loss of 1.02 that is predicted as 1 and, without noise, as
    0.6, is 0.05 above.
    """
    measured = _losses_over_a(cells, memorised=True)
    _require_memorised(measured)
    predicted, noiseless = (values.loc[measured.index] for values in _predicted_over_a(cells))
    above = measured.sub(predicted, axis=0).div(predicted - noiseless, axis=0)
    note = _at_rates("measured minus predicted, in nats", measured.mean(axis=1) - predicted)
    return Measured(_both_sides(above), note)


def lead_of_best_matrix(cells: pd.DataFrame, others: pd.DataFrame) -> Measured:
    """
    Return by how many nats the loss of each other matrix exceeds that of S*, mean over a.

    Losses of 0.9 and 0.7 at two clean rates, where S* has 0.6 and 0.5: 0.25. Matrices whose
    predicted loss is the same are left out.
    """
    best, (predicted, _) = _losses_over_a(cells, memorised=True), _predicted_over_a(cells)
    parts, leads = {}, []
    for method, other in others.groupby("method", sort=False):
        lead = (_losses_over_a(other, memorised=True) - best).dropna()
        # Missing is infinite: the matrix rules out what happens.
        expected = (_predicted_over_a(other)[0].fillna(np.inf) - predicted).loc[lead.index].mean()
        if len(lead) and expected >= LEAST_LEAD:
            parts[f"below {method}"] = lead.mean()
            leads.append(f"{method} {lead.mean(axis=None):.2f} (predicted {expected:.2f})")
    if not parts:
        raise NotTestableError("no other matrix, memorised, whose predicted loss is higher")
    return Measured(pd.DataFrame(parts), f"nats above it: {', '.join(leads)}")


def deviation_of_mean_field_cost(cells: pd.DataFrame, mean_field: pd.DataFrame) -> Measured:
    """
    Return by a how far the cost of the mean field lies above the predicted one, and below.

    As a share of the predicted. Where the mean field's loss is 1.6, that of S* 1 and the theory
    says 1.7 and 0.95, the cost of 0.6 is 0.2 below the predicted 0.75.
    """
    measured = (
        _losses_over_a(mean_field, memorised=True) - _losses_over_a(cells, memorised=True)
    ).dropna()
    _require_memorised(measured)
    predicted = (_predicted_over_a(mean_field)[0] - _predicted_over_a(cells)[0]).loc[measured.index]
    if (predicted < LEAST_LEAD).any():
        raise NotTestableError("the mean field costs nothing where the noise is uniform")
    note = _at_rates("cost in nats", measured.mean(axis=1))
    note += "; " + _at_rates("predicted", predicted)
    return Measured(_both_sides(measured.sub(predicted, axis=0).div(predicted, axis=0)), note)


def _losses_over_a(cells: pd.DataFrame, memorised: bool = False) -> pd.DataFrame:
    """Return the losses of cells with one p at each a < 1: index a, a column a seed."""
    cells = cells[cells["a"] < 1].assign(p=1.0)
    return curves_over_p(cells, "test_loss", 1, memorised).droplevel("p")


def _predicted_over_a(cells: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Return the predicted loss of their targets by a, and the one without noise."""
    by_rate = cells.groupby("a")[["predicted_loss", "noiseless_loss"]].first().astype(float)
    return by_rate["predicted_loss"], by_rate["noiseless_loss"]


def _require_memorised(table: pd.DataFrame) -> None:
    if table.empty:
        raise NotTestableError("no clean rate below 1 that every seed has and memorised")


def _both_sides(shares: pd.DataFrame) -> pd.DataFrame:
    """Return a part for each clean rate and side."""
    return pd.DataFrame(
        {
            f"{side} at a = {a:g}": sign * values
            for a, values in shares.iterrows()
            for side, sign in (("above", 1), ("below", -1))
        }
    )


# ---- the accuracy -------------------------------------------------------------------------------


def worth_of_smaller_p(cells: pd.DataFrame) -> Measured:
    """
    Return how many points the accuracy gains at the best p below the loss's.

    Both p are chosen on the other seeds. Where theirs are accurate to 0.7, 0.8, 0.6 at three p and
    their loss is lowest at the third, a seed with 0.71, 0.76, 0.72 gains 0.76 - 0.72: 4 points.
    """
    cells = _above_chance(cells[cells["a"] < 1])
    losses, accuracies = curves_over_p(cells, "test_loss"), curves_over_p(cells, "test_accuracy")
    _require_rates(accuracies, 1, "clean rates below 1")
    _require_others(accuracies)
    gains = 100 * _each_rate(_gain_of_smaller_p, accuracies, losses)
    apart = (_minima(losses) - _each_rate(_tied_maximum, accuracies)).mean(axis=1)
    most = 100 * np.mean(_values_of_rates(_most_gained_by_smaller_p, accuracies, losses))
    note = _at_rates("p* of the loss minus p* of the accuracy", apart)
    return Measured(one_part(gains.mean()), note, {"": most})


def _gain_of_smaller_p(p, accuracy, loss):
    gained = []
    for seed, lowest in enumerate(_lowest_of_others(loss)):
        # Where none is below, the loss's own p: it gains 0.
        smaller = np.delete(accuracy, seed, axis=1).mean(axis=1)[: max(lowest, 1)]
        best = np.flatnonzero(smaller >= smaller.max() - TIE)
        gained.append(accuracy[best, seed].mean() - accuracy[lowest, seed])
    return gained


def _most_gained_by_smaller_p(p, accuracy, loss):
    """Return the highest upper limit of what any p gains over a higher one, the loss's."""
    lowest = _lowest_of_others(loss)
    of_loss = accuracy[lowest, range(accuracy.shape[1])]
    smaller = accuracy[: max(*lowest, 1)]
    return max(other_seeds_interval(gain).high for gain in smaller - of_loss)


def _lowest_of_others(loss):
    return [np.delete(loss, seed, axis=1).mean(axis=1).argmin() for seed in range(loss.shape[1])]


def gain_of_weak_smoothing(cells: pd.DataFrame) -> Measured:
    """
    Return the points that p = 0.9 and 0.95 gain over p = 1, and cost at lower a.

    With accuracies 0.80, 0.84 at p = 0.9, 0.95 and 0.81 at p = 1, smoothing gains 1 point there.
    """
    cells = _more_right_than_chance(cells)
    p = cells["p"]
    none = curves_over_p(cells[p == 1], "test_accuracy", 1).droplevel("p")
    weak = curves_over_p(cells[p.isin([0.9, 0.95])], "test_accuracy", 1).groupby("a").mean()
    if none.empty or weak.empty:
        raise NotTestableError("no p = 1, or neither p = 0.9 nor 0.95, that every seed has")
    gain = 100 * (weak - none).dropna()
    near = gain.index >= 0.9
    if not near.any() or near.all():
        raise NotTestableError("no clean rate from 0.9 on or none between 1/M and 0.9")
    inside, elsewhere = gain[near].mean(), gain[~near].mean()
    means = gain[~near].mean(axis=1)
    note = (
        f"gain {inside.mean():+.1f} points from a = 0.9 on, {elsewhere.mean():+.1f} below, "
        f"at worst {means.min():+.1f} at a = {means.idxmin():g}"
    )
    return Measured(pd.DataFrame({"the gain": inside, "the cost": -elsewhere}), note)


def two_minima_of_error(cells: pd.DataFrame) -> Measured:
    """
    Return how deep the valley at small p lies below p = 1, and how high the barrier between is.

    Errors of 0.2, 0.5, 0.3 at p = 0.3, 0.7 and 1: the depth is 10 points, the barrier 20. Errors
    of 0.2, 0.3, 0.5 have the depth 30 and the barrier -20. The p are chosen on the other seeds.
    """
    cells = _more_right_than_chance(_above_chance(cells[cells["a"] <= 0.85]))
    errors = 1 - curves_over_p(cells[cells["p"] <= 1], "test_accuracy")
    errors = errors.groupby("a").filter(_reaches_from_small_p_to_1)
    _require_rates(errors, 1, "clean rates up to 0.85, and p = 1, a p up to 0.5 and one between,")
    _require_others(errors)
    valleys = _values_of_rates(_valley, errors)
    limits = 100 * np.mean(_values_of_rates(_highest_valley, errors), axis=0)
    depth, barrier = 100 * np.mean(valleys, axis=0)
    parts = pd.DataFrame({"the depth": depth, "the barrier": barrier}, errors.columns)
    best = errors.mean(axis=1).groupby("a").idxmin()
    note = _at_rates("lowest error at p", pd.Series([p for _, p in best], best.index))
    return Measured(parts, note, dict(zip(parts, limits, strict=True)))


def _reaches_from_small_p_to_1(curve):
    p = curve.index.get_level_values("p")
    return p[0] <= 0.5 and len(p) >= 3 and p[-1] == 1


def _valley(p, error):
    """Return the depths and the barriers, a value a seed."""
    small = np.count_nonzero(p <= 0.5)
    depths, barriers = [], []
    for seed, own in enumerate(error.T):
        others = np.delete(error, seed, axis=1).mean(axis=1)
        # A top must fit between the valley and p = 1.
        foot = others[: min(small, len(p) - 2)].argmin()
        top = foot + 1 + others[foot + 1 : -1].argmax()
        lowest = others.argmin()
        depths.append(own[lowest if lowest >= small else -1] - own[foot])
        barriers.append(own[top] - own[-1])
    return depths, barriers


def _highest_valley(p, error):
    """
    Return the greatest depth and barrier that the seeds allow, over all choices of valley and top.

    With errors 0.2, 0.5, 0.3 and upper limits 5 points above each difference, the depth is at most
    15 points and the barrier 25.
    """
    feet = error[: min(np.count_nonzero(p <= 0.5), len(p) - 2)]
    return (
        max(other_seeds_interval(error[-1] - foot).high for foot in feet),
        max(other_seeds_interval(top - error[-1]).high for top in error[1:-1]),
    )


def scatter_at_early_stopping(cells: pd.DataFrame) -> Measured:
    """
    Return how far the best p at early stopping scatters over seeds, on the scale of `LOGARITHM`.

    Best p of 0.3, 0.6, 0.9 in three seeds scatter by 0.3; the grid of these three p, drawn from
    blindly, by 0.24: a share of 1.2. A share has no value a seed, so the jackknife gives one: what
    is lost without the seed.
    """
    cells = _above_chance(cells)
    curves = curves_over_p(cells, "oracle_stop_accuracy")
    _require_rates(curves, 4, "clean rates")
    if curves.shape[1] < 3:
        raise TooFewSeedsError("fewer than 3 seeds: without one of them, two must be left")
    p = curves.index.unique("p").to_numpy()
    best = _each_rate(_tied_maximum, curves)
    # No less than if one of the cells were one p of the grid off: none has no logarithm.
    least = np.diff(np.sort(p)).min() ** 2 / best.size
    blind, n = p.var(), curves.shape[1]

    def scatter(best: pd.DataFrame) -> float:
        return np.log(np.sqrt(max(best.var(axis=1).mean(), least) / blind))

    without = np.array([scatter(best.drop(columns=seed)) for seed in best])
    jackknifed = pd.Series(n * scatter(best) - (n - 1) * without, best.columns)
    of_loss = np.exp(scatter(_minima(curves_over_p(cells, "test_loss"))))
    return Measured(one_part(jackknifed), f"that of the loss scatters by {of_loss:.2f}")


def gain_at_early_stopping(cells: pd.DataFrame) -> Measured:
    """
    Return how many points the best p below 1 gains over p = 1 at early stopping.

    The p is chosen on the other seeds. Where their early-stopped accuracies are 0.90, 0.93, 0.92 at
    p = 0.5, 0.8 and 1, a seed with 0.91, 0.92, 0.93 gains 0.92 - 0.93: -1 point.
    """
    cells = _more_right_than_chance(_above_chance(cells[cells["a"] < 1]))
    curves = curves_over_p(cells[cells["p"] <= 1], "oracle_stop_accuracy")
    curves = curves.groupby("a").filter(lambda curve: curve.index[-1][1] == 1)
    _require_rates(curves, 1, "clean rates below 1, and p = 1,")
    _require_others(curves)
    gains = 100 * _each_rate(_gain_over_none, curves)
    most = 100 * np.mean(_values_of_rates(_most_gained_over_none, curves))
    note = _at_rates("gain in points", gains.mean(axis=1))
    return Measured(one_part(gains.mean()), note, {"": most})


def _gain_over_none(p, accuracy):
    gained = []
    for seed, own in enumerate(accuracy.T):
        others = np.delete(accuracy, seed, axis=1).mean(axis=1)[:-1]
        gained.append(own[:-1][others >= others.max() - TIE].mean() - own[-1])
    return gained


def _most_gained_over_none(p, accuracy):
    return max(other_seeds_interval(gain).high for gain in accuracy[:-1] - accuracy[-1])


# ---- shared -------------------------------------------------------------------------------------


def _require_rates(table: pd.DataFrame, fewest: int, what: str) -> None:
    found = len(table.index.unique("a"))
    if found < fewest:
        raise NotTestableError(f"{found} {what} with 3 p that every seed has, {fewest} needed")


def _require_others(curves: pd.DataFrame) -> None:
    if curves.shape[1] < 2:
        raise TooFewSeedsError("one seed: p is chosen on one and scored on another")


def _above_chance(cells: pd.DataFrame) -> pd.DataFrame:
    """Return the cells with p > 1/M, where a network is asked for its label."""
    return cells[asks_for_label(cells["p"], cells["classes"])]


def _more_right_than_chance(cells: pd.DataFrame) -> pd.DataFrame:
    """Return the cells with a > 1/M."""
    return cells[asks_for_label(cells["a"], cells["classes"])]


def _empirical_loss(cells: pd.DataFrame) -> pd.Series:
    if "empirical_loss" not in cells or cells["empirical_loss"].isna().all():
        raise NotTestableError("the trainings did not record the loss on the training images")
    return cells["empirical_loss"]


def _losses(cells: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    """
    Return measured losses, predicted ones and those predicted without noise.

    Where the theory is put to the test, see `explained_share`: index a and p, one column a seed.
    """
    M, assumption = int(cells["classes"].iloc[0]), cells["assumption"].iloc[0]
    missed = explained_share(cells).deviations
    a, p = (missed.index.get_level_values(level).to_numpy() for level in ("a", "p"))
    match = cells.groupby("a")["match_probability"].first()[a].to_numpy()
    predicted, noiseless = (
        pd.Series(predicted_loss(p, each, M, assumption), missed.index)
        for each in (match, np.ones_like(match))
    )
    return missed.add(predicted, axis=0), predicted, noiseless


def _correlations(losses: pd.DataFrame, others: pd.Series) -> pd.DataFrame:
    return losses.groupby("a").apply(lambda curves: curves.corrwith(others))


def _share_missed(missed: pd.DataFrame, cost: pd.Series) -> pd.DataFrame:
    """Return -log of the root mean square of what is missed over that of the cost, by a."""
    missed, cost = ((values**2).groupby("a").mean() for values in (missed, cost))
    # Where nothing is missed, the scale would have no value.
    return -np.log(missed.div(cost, axis=0).clip(lower=1e-24)) / 2


def _minima_and_theories(cells: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return by a the measured p* of each seed, of memorised cells, and each theory's."""
    if cells.empty:
        raise NotTestableError("no clean rate below 1 that the claim is about")
    minima = _minima(curves_over_p(cells, "test_loss", memorised=True))
    rates = cells.groupby("a")[["expected_clean_rate", "expected_agreement"]].first()
    clean, agreement = (column for _, column in rates.loc[minima.index].items())
    M = int(cells["classes"].iloc[0])
    theories = {"alpha": clean, "beta": agreement, "gamma": gamma_optimum(clean, M)}
    return minima, pd.DataFrame(theories, minima.index)


def _minima(losses: pd.DataFrame) -> pd.DataFrame:
    """Return the p of the lowest loss: index a, a column a seed."""
    return _each_rate(lambda p, loss: [measured_optimum(p, seed)[0] for seed in loss.T], losses)


def _tied_maximum(p, accuracy):
    best = accuracy >= accuracy.max(axis=0) - TIE
    return (p[:, None] * best).sum(axis=0) / best.sum(axis=0)


def _values_of_rates(measure: Callable, *curves: pd.DataFrame) -> list:
    """Return what `measure` makes of p and the curves, arrays (p, seed), at each a."""
    return [
        measure(curves[0].loc[a].index.to_numpy(), *(curve.loc[a].to_numpy() for curve in curves))
        for a in curves[0].index.unique("a")
    ]


def _each_rate(measure: Callable, *curves: pd.DataFrame) -> pd.DataFrame:
    """Return the same as a table, for a `measure` of one value a seed: index a, a column a seed."""
    values = _values_of_rates(measure, *curves)
    return pd.DataFrame(values, curves[0].index.unique("a"), curves[0].columns)


def one_part(values: pd.Series) -> pd.DataFrame:
    """Return the statistic of a claim that has no parts as `Measured` takes it."""
    return values.to_frame("")


def _each(text: str, values: pd.Series) -> dict[float, str]:
    return {a: text.format(value) for a, value in values.items()}


def _at_rates(what: str, values: pd.Series) -> str:
    return f"{what}: " + ", ".join(f"{value:.2f} at a = {a:g}" for a, value in values.items())
