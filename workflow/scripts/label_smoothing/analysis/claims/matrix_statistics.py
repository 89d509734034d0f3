"""The statistics of forward correction, and of matrices for noise that is not uniform."""

import numpy as np
import pandas as pd

from label_smoothing.analysis.cells import curves_over_p
from label_smoothing.analysis.claims.measured import Measured, NotTestableError, at_rates

# Nats between two predictions, from which networks can be expected to show a difference.
LEAST_LEAD = 0.01


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
    note = at_rates("above, in nats", excess.mean(axis=1))
    return Measured(pd.DataFrame({"above": share.mean(), "below": -share.mean()}), note)


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
    note = at_rates("measured minus predicted, in nats", measured.mean(axis=1) - predicted)
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
    note = at_rates("cost in nats", measured.mean(axis=1))
    note += "; " + at_rates("predicted", predicted)
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
