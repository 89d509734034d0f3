"""Figures of how well the theory of the memorising network agrees with what was measured."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from label_smoothing.analysis.intervals import mean_interval
from label_smoothing.analysis.prediction import (
    explained_share,
    match_over_a,
    predicted_loss,
    unscaled,
)
from label_smoothing.figures.style import (
    FITTED,
    MEASURED,
    PREDICTED,
    STYLE,
    count_range,
    draw_legend,
    error_bars,
    graded_colours,
    noise_panels,
)

# ---- measured against predicted loss ------------------------------------------------------------


def measured_against_predicted_numbers(cells: pd.DataFrame) -> pd.DataFrame:
    """
    Return the numbers of `draw_measured_against_predicted`.

    Parameters
    ----------
    cells : DataFrame
        Slices of one data set and method, any noise types, see `comparison.compare_with_theory`.

    Returns
    -------
    DataFrame
        Rows with quantity "loss", one a network: predicted and measured (nats; predicted is inf at
        p = 1 where the theory diverges and nan for p > 1, measured is nan if the training diverged)
        and memorised. For each noise type, rows with a value: "R2" (mean over seeds with 95 %
        t-interval, of -log(1 - R²)), "RMSE" and "mean deviation" (measured minus predicted) over
        the networks that put the theory to the test (see `prediction.explained_share`), the number
        of those ("tested") and, among all, of those that are "shown", that "diverged", and that are
        "without prediction".
    """
    rows = []
    for noise, group in cells.groupby("noise", sort=False):
        assumption, M = group["assumption"].iloc[0], int(group["classes"].iloc[0])
        group = group.assign(predicted=np.nan, measured=group["test_loss"], quantity="loss")
        foreseen = group["p"] <= 1
        p, match = group.loc[foreseen, ["p", "match_probability"]].to_numpy().T
        group.loc[foreseen, "predicted"] = predicted_loss(p, match, M, assumption)
        values = pd.DataFrame(_agreement(group), columns=["quantity", "value", "low", "high"])
        rows += [group, values.assign(noise=noise, assumption=assumption)]
    numbers = pd.concat(rows, ignore_index=True)
    for column in ("method", "dataset"):
        numbers[column] = cells[column].iloc[0]
    columns = ["dataset", "method", "noise", "assumption", "quantity", "a", "p", "seed"]
    return numbers[[*columns, "predicted", "measured", "memorised", "value", "low", "high"]]


def _agreement(losses):
    finite = np.isfinite(losses["predicted"])
    explained = explained_share(losses)
    deviations = explained.deviations.to_numpy()
    *share, _ = mean_interval(explained.scaled_shares)
    values = {
        "RMSE": explained.rmse,
        "mean deviation": deviations.mean() if deviations.size else None,
        "tested": deviations.size,
        "shown": int((finite & losses["measured"].notna()).sum()),
        "diverged": int((finite & losses["measured"].isna()).sum()),
        "without prediction": int((~finite).sum()),
    }
    return [("R2", *unscaled(share)), *((*item, None, None) for item in values.items())]


def draw_measured_against_predicted(numbers: pd.DataFrame, study: str) -> plt.Figure:
    """Draw the measured over the predicted test loss of each network, a panel a noise type."""
    losses = numbers[np.isfinite(numbers["predicted"]) & numbers["measured"].notna()]
    top = 1.05 * losses[["predicted", "measured"]].to_numpy().max(initial=0.1)
    colours = graded_colours(sorted(numbers["a"].dropna().unique()))
    with plt.rc_context(STYLE):
        figure, panels = noise_panels(numbers, 1, 4.6)
        for panel, noise in zip(panels[0], numbers["noise"].unique(), strict=True):
            panel.plot(
                [0, top], [0, top], color=PREDICTED, lw=1.4, zorder=3, label="measured = predicted"
            )
            here = losses[losses["noise"] == noise]
            for a, group in here.groupby("a"):
                for memorised, points in group.groupby("memorised"):
                    panel.plot(
                        points["predicted"],
                        points["measured"],
                        "o",
                        ms=4.5,
                        mec=colours[a],
                        mfc=colours[a] if memorised else "white",
                        label=f"a = {a:g}" if memorised else "not memorised (open)",
                    )
            values = numbers[numbers["noise"] == noise].set_index("quantity")
            panel.text(
                0.04, 0.97, _agreement_text(values), transform=panel.transAxes, va="top", fontsize=9
            )
            panel.set(xlim=(0, top), ylim=(0, top), aspect="equal")
            panel.set_xlabel("predicted test loss (nats)")
        panels[0, 0].set_ylabel("measured test loss (nats)")
        draw_legend(figure, 6, frameon=False)
        figure.suptitle(f"{study}: measured against predicted test loss, one point a network")
    return figure


def _agreement_text(values):
    lines = []
    if values.loc["tested", "value"]:
        share = values.loc["R2"]
        limits = f" [{share['low']:.2f}, {share['high']:.2f}]" if pd.notna(share["low"]) else ""
        lines = [
            f"R² = {share['value']:.2f}{limits}, n = {values.loc['tested', 'value']:.0f}",
            f"RMSE = {values.loc['RMSE', 'value']:.2f} nats",
            f"mean deviation = {values.loc['mean deviation', 'value']:+.2f} nats",
        ]
    if beyond := int(values.loc["without prediction", "value"]):
        lines += [f"{beyond} at p ≥ 1 not shown:", "no finite prediction"]
    if diverged := int(values.loc["diverged", "value"]):
        lines.append(f"{diverged} not shown: diverged")
    return "\n".join(lines)


# ---- effective match probability and accuracy ---------------------------------------------------


def effective_clean_rate_numbers(fits: pd.DataFrame) -> pd.DataFrame:
    """
    Return the numbers of `draw_effective_clean_rate`.

    Parameters
    ----------
    fits : DataFrame
        Tables of `comparison.compare_with_theory` for the noise types of one data set and method.

    Returns
    -------
    DataFrame
        Rows with quantity "fitted match" and "measured accuracy" (mean over seeds with 95 %
        t-interval) and "theory" (both of a network that memorises, on a fine grid of a).
    """
    rows = []
    for noise, table in fits.groupby("noise", sort=False):
        first = table.iloc[0]
        names = (noise, first["assumption"])
        for quantity, column in (
            ("fitted match", "fitted_match"),
            ("measured accuracy", "measured_accuracy"),
        ):
            for fit in table.to_dict("records"):
                limits = (fit[f"{column}{end}"] for end in ("", "_low", "_high"))
                rows.append((*names, quantity, fit["a"], *limits, fit["seeds"]))
        grid = np.linspace(table["a"].min(), 1, 181)
        for a, match in zip(grid, match_over_a(table, grid), strict=True):
            rows.append((*names, "theory", a, match, np.nan, np.nan, 0))
    columns = ["noise", "assumption", "quantity", "a", "value", "low", "high", "seeds"]
    numbers = pd.DataFrame(rows, columns=columns)
    for column in ("method", "dataset"):
        numbers.insert(0, column, fits[column].iloc[0])
    return numbers


def draw_effective_clean_rate(numbers: pd.DataFrame, study: str) -> plt.Figure:
    """Draw fitted match probability and accuracy over the clean rate, a panel a noise type."""
    with plt.rc_context(STYLE):
        figure, panels = noise_panels(numbers, 1, 4.2)
        for panel, noise in zip(panels[0], numbers["noise"].unique(), strict=True):
            here = numbers[numbers["noise"] == noise]
            by = {quantity: group for quantity, group in here.groupby("quantity")}
            panel.plot(
                by["theory"]["a"],
                by["theory"]["value"],
                color=PREDICTED,
                lw=1.8,
                label="theory, no fit (both alike)",
            )
            for quantity, fmt, colour, shift, label in (
                ("measured accuracy", "o", MEASURED, -0.006, "measured accuracy"),
                ("fitted match", "s", FITTED, 0.006, "match probability fitted to the losses"),
            ):
                points = by[quantity]
                panel.errorbar(
                    points["a"] + shift,
                    points["value"],
                    yerr=error_bars(points, "value"),
                    fmt=fmt,
                    color=colour,
                    ms=5,
                    capsize=2.5,
                    lw=1.2,
                    label=label,
                )
            panel.set_xlabel("clean rate a")
            panel.set_ylim(0, 1.08)
        panels[0, 0].set_ylabel("match probability c, accuracy")
        draw_legend(figure, 3, frameon=False)
        counts = count_range(numbers.loc[numbers["quantity"] != "theory", "seeds"])
        figure.suptitle(
            f"{study}: effective match probability and accuracy, "
            f"mean of {counts} seeds with 95 % t-interval"
        )
    return figure
