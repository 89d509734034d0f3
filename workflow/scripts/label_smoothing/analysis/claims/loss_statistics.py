"""
The statistics of the test loss, and of the p where it is lowest.

Each takes the cells of one data set, noise type and method and gives one value for each seed.
docs/findings.md states and justifies them.
"""

import numpy as np
import pandas as pd

from label_smoothing.analysis.cells import curves_over_p
from label_smoothing.analysis.claims.measured import (
    Measured,
    NotTestableError,
    above_chance,
    at_rates,
    each_rate,
    minima,
    more_right_than_chance,
    note_of_each,
    one_part,
    require_rates,
    tied_maximum,
)
from label_smoothing.analysis.predictions import explained_share, predicted_loss, unscaled
from label_smoothing.theory.gamma import gamma_optimum, gamma_transition


def likeness_of_shape(cells: pd.DataFrame) -> Measured:
    """
    Return by a the correlation of measured and predicted losses.

    Losses 1, 2, 4 that are predicted as 2, 3, 4 correlate by 0.98, and so they do 0.3 nats higher.
    """
    measured, predicted, noiseless = _losses(cells)
    likeness = _correlations(measured, predicted)
    plain = _correlations(measured, noiseless).mean(axis=1)
    return Measured(likeness.T, note_of_each("{:.2f} with the loss without noise", plain))


def distance_of_minimum(cells: pd.DataFrame) -> Measured:
    """
    Return by a how far the measured p* is from the predicted one.

    With a measured p* of 0.9 where the theory says 0.7, the distance is 0.2.
    """
    found, theories = _minima_and_theories(cells[cells["a"] < 1])
    parts = found.sub(theories[cells["assumption"].iloc[0]], axis=0).abs()
    return Measured(parts.T, note_of_each("measured p* {:.2f}", found.mean(axis=1)))


def height_of_loss(cells: pd.DataFrame) -> Measured:
    """
    Return by a how much of what the noise costs is measured as predicted.

    Losses of 1.1, 1.9, 3.2 that are predicted as 1, 2, 3, and as 0.5, 1, 1 without noise, miss
    0.14 (root mean square) of 1.32: 0.89 of the cost is as predicted.
    """
    measured, predicted, noiseless = _losses(cells)
    missed = measured.sub(predicted, axis=0)
    explained = explained_share(cells)
    pooled = unscaled(explained.scaled_shares.mean())
    rmse = np.sqrt((missed**2).mean(axis=1).groupby("a").mean())
    used = f"{explained.deviations.size} of {explained.cells} cells memorised by every seed"
    note = note_of_each(f"RMSE {{:.2f}} nats; R² of all a {pooled:.2f}, {used}", rmse)
    return Measured(_share_as_predicted(missed, predicted - noiseless).T, note)


def height_on_training_images(cells: pd.DataFrame) -> Measured:
    """Return the same as `height_of_loss` for the loss on the clean labels of training images."""
    return height_of_loss(cells.assign(test_loss=_empirical_loss(cells)))


def worth_of_training_images(cells: pd.DataFrame) -> Measured:
    """
    Return by a how much of what the noise costs the training images foretell of the test loss.

    Test losses of 1.1, 1.9, 3.2 that are 1, 2, 3 on the clean labels of
    the training images differ by 0.14 (root mean square); if the noise costs 1.32, 0.89 of it is
    foretold.
    """
    on_training, _, _ = _losses(cells.assign(test_loss=_empirical_loss(cells)))
    measured, predicted, noiseless = _losses(cells)
    missed = measured - on_training
    excess = missed.mean(axis=1).groupby("a").mean()
    note = note_of_each("test loss higher by {:.2f} nats on average", excess)
    return Measured(_share_as_predicted(missed, predicted - noiseless).T, note)


def growth_of_optimum(cells: pd.DataFrame) -> Measured:
    """
    Return the slope of the measured p* of the loss over a, by least squares.

    p* of 0.8, 0.9, 1 at a = 0.5, 0.7, 0.9 has the slope 0.5.
    """
    return _growth(minima(curves_over_p(cells[cells["a"] < 1], "test_loss")))


def growth_of_accuracy_optimum(cells: pd.DataFrame) -> Measured:
    """Return the same as `growth_of_optimum` for the p with the highest accuracy."""
    cells = above_chance(cells[cells["a"] < 1])
    return _growth(each_rate(tied_maximum, curves_over_p(cells, "test_accuracy")))


def _growth(optima: pd.DataFrame) -> Measured:
    require_rates(optima, 3, "clean rates below 1")
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
        more_right_than_chance(table[table["a"] < 1]).pipe(curves_over_p, "test_loss")
        for table in (cells, beta)
    )
    require_rates(beta, 1, "clean rates between 1/M and 1")
    distance = minima(cells) - minima(beta)
    note = at_rates("distance", distance.mean(axis=1))
    return Measured(one_part(distance.mean()), note)


def nearness_of_gamma(cells: pd.DataFrame) -> Measured:
    """
    Return how much nearer gamma's p* are to the measured ones than alpha's and than beta's.

    At the clean rates above a_c, where gamma's p* is above 1/M.

    Measured p* of 0.6, 0.7, 0.8 where gamma says 0.6, 0.6, 0.8 and alpha 0.9, 0.9, 0.9 are 0.06
    from gamma and 0.22 from alpha (root mean squares): gamma is nearer by 0.16.
    """
    M = int(cells["classes"].iloc[0])
    cells = cells[(cells["expected_clean_rate"] > gamma_transition(M).a_c) & (cells["a"] < 1)]
    found, theories = _minima_and_theories(cells)
    require_rates(found, 2, "clean rates below 1, above a_c and memorised")
    distance = pd.DataFrame(
        {name: np.sqrt((found.sub(p, axis=0) ** 2).mean()) for name, p in theories.items()}
    )
    note = ", ".join(f"{name} {mean:.2f}" for name, mean in distance.mean().items())
    nearer = distance[["alpha", "beta"]].sub(distance["gamma"], axis=0)
    rates = ", ".join(f"{a:g}" for a in found.index)
    return Measured(nearer.add_prefix("than "), f"distances: {note}, at a = {rates}")


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


def _share_as_predicted(missed: pd.DataFrame, cost: pd.Series) -> pd.DataFrame:
    """Return 1 - D/C by a: D and C are root mean squares of what is missed and of the cost."""
    missed, cost = ((values**2).groupby("a").mean() for values in (missed, cost))
    return 1 - np.sqrt(missed.div(cost, axis=0))


def _minima_and_theories(cells: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return by a the measured p* of each seed, of memorised cells, and each theory's."""
    if cells.empty:
        raise NotTestableError("no clean rate below 1 that the claim is about")
    found = minima(curves_over_p(cells, "test_loss", memorised=True))
    rates = cells.groupby("a")[["expected_clean_rate", "expected_agreement"]].first()
    clean, agreement = (column for _, column in rates.loc[found.index].items())
    M = int(cells["classes"].iloc[0])
    theories = {"alpha": clean, "beta": agreement, "gamma": gamma_optimum(clean, M)}
    return found, pd.DataFrame(theories, found.index)
