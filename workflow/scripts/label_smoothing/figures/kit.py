"""What several figures draw or tabulate alike, and how a figure and its numbers are written."""

import os
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from label_smoothing.figures.style import (
    CLEAN_RATE,
    GIVEN_TEST_SETS,
    OPEN,
    TEST_SETS,
    house_style,
)
from label_smoothing.files import replacing


@house_style()
def write_figure(
    figure: plt.Figure, numbers: pd.DataFrame, svg: str | os.PathLike, csv: str | os.PathLike
) -> None:
    """Write a figure as SVG and the numbers in it as CSV."""
    with replacing(svg) as temporary:
        figure.savefig(temporary, metadata={"Date": None}, bbox_inches="tight")
    with replacing(csv) as temporary:
        numbers.to_csv(temporary, index=False, float_format="%.10g")
    plt.close(figure)


# ---- tables of numbers --------------------------------------------------------------------------


def identified(numbers: pd.DataFrame, cells: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Return numbers behind columns that say what they are of, alike in all cells."""
    if "labels" in cells:
        columns = ("labels", *columns)
    for column in reversed(columns):
        numbers.insert(0, column, cells[column].iloc[0])
    return numbers


def by_quantity(numbers: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the rows of each quantity; of one that has none, an empty table."""
    groups = dict(list(numbers.groupby("quantity")))
    return defaultdict(lambda: numbers.iloc[:0], groups)


def fine_smoothing(lowest: float, count: int) -> np.ndarray:
    """Return p from the lowest to 1, finer towards 1, where losses grow without bound."""
    return 1 - (1 - lowest) * np.linspace(1, 0, count) ** 2


def votes_rows(found: Any) -> list[pd.DataFrame]:
    """Return the row "votes" of a `vote_prediction.FittedVotes`, or nothing where none is known."""
    # Without an import of FittedVotes: a change of the vote theory redraws no figure without it.
    if not found.known:
        return []
    row: dict[str, Any] = {"quantity": "votes", "seeds": found.k.n}
    for name, interval in found._asdict().items():
        row |= {name: interval.mean, f"{name}_low": interval.low, f"{name}_high": interval.high}
    return [pd.DataFrame([row])]


# ---- words --------------------------------------------------------------------------------------


def draw_title(draw: Callable[..., Any], study: str, text: str, **style: Any) -> None:
    """Draw a title by `draw`, such as ``figure.suptitle``, with the study's name as it stands."""
    name = "".join(sign if sign.isprintable() else " " for sign in study)
    # Dollars in the name are no formula.
    draw(f"{name}: {text}", parse_math=False, **style)


def of_noise(numbers: pd.DataFrame) -> str:
    """Return the noise type of some numbers, and the test labels that it scores against."""
    first = numbers.iloc[0]
    return f"{first['noise']} ({_test_set(numbers, first['assumption'])})"


def rate_axis(numbers: pd.DataFrame) -> str:
    """Return what the clean rate of some numbers is called on an axis."""
    return f"{CLEAN_RATE} of the noise added" if labels_given(numbers) else CLEAN_RATE


def rate_title(numbers: pd.DataFrame, a: float) -> str:
    """Return "clean rate a = 0.7" as the title of a panel, of given labels what was added."""
    if not labels_given(numbers):
        return f"{CLEAN_RATE} = {a:g}"
    return f"noise added: a = {a:g}" if a < 1 else "no noise added"


def labels_given(numbers: pd.DataFrame) -> bool:
    """Return whether the labels of the data set are given, so that its clean rate is unknown."""
    return "labels" in numbers and bool((numbers["labels"] == "given").all())


def _test_set(numbers, assumption):
    return (GIVEN_TEST_SETS if labels_given(numbers) else TEST_SETS)[assumption]


def mean_of(seeds: pd.Series, interval: str = "95 % t-interval") -> str:
    """Return "mean of 3 seeds with ...", or "mean of 2 to 3 seeds ..." where numbers differ."""
    low, high = (int(seeds.min()), int(seeds.max())) if len(seeds) else (0, 0)
    count = str(low) if low == high else f"{low} to {high}"
    return f"mean of {count} seeds" + (f" with {interval}" if interval else "")


def vote_label(numbers: pd.DataFrame) -> str:
    """Return "votes, k = 1.93 [1.90, 1.96], purity 0.98" of the row "votes", or "" without one."""
    rows = numbers[numbers["quantity"] == "votes"]
    if rows.empty:
        return ""
    row = rows.iloc[0]
    limits = f" [{row['k_low']:.2f}, {row['k_high']:.2f}]" if np.isfinite(row["k_low"]) else ""
    return f"votes, k = {row['k']:.2f}{limits}, purity {row['purity']:.2f}"


# ---- panels and what stands in them -------------------------------------------------------------


def panel_grid(
    rows: int, columns: int, size: tuple[float, float], sharey: bool | str = True, **style: Any
) -> tuple[plt.Figure, np.ndarray]:
    """Return a figure of this size in inches, and its panels, shape (rows, columns)."""
    style |= {"sharex": True, "sharey": sharey, "squeeze": False, "layout": "constrained"}
    return plt.subplots(rows, columns, figsize=size, **style)


def noise_panels(
    numbers: pd.DataFrame, rows: int, height: float, beside: float = 1.0
) -> tuple[plt.Figure, np.ndarray]:
    """Return a figure with a column of titled panels for each noise type; sizes are in inches."""
    types = numbers[["noise", "assumption"]].drop_duplicates()
    figure, panels = panel_grid(rows, len(types), (beside + 3.3 * len(types), height))
    for panel, (noise, assumption) in zip(panels[0], types.to_numpy(), strict=True):
        panel.set_title(f"{noise}: {_test_set(numbers, assumption)}", fontsize=10)
    return figure, panels


def wrapped(count: int, most: int) -> tuple[int, int]:
    """Return how many lines, of `most` panels or fewer, and how many columns hold all panels."""
    lines = -(-count // most)
    return lines, -(-count // lines)


def label_lowest(panels: np.ndarray, count: int, label: str) -> None:
    """Hide all panels but the first `count`; name the x axis below the last of each column."""
    for panel in panels.flat[count:]:
        panel.set_visible(False)
    for panel in panels.flat[count - panels.shape[1] : count]:
        panel.set_xlabel(label)
        panel.tick_params(labelbottom=True)


def draw_legend(figure: plt.Figure, columns: int, **style: Any) -> None:
    """Draw one legend below all panels. Panels differ in what they show; each label stands once."""
    entries = {
        label: handle
        for panel in figure.axes
        for handle, label in zip(*panel.get_legend_handles_labels(), strict=True)
    }
    figure.legend(
        entries.values(),
        entries.keys(),
        loc="outside lower center",
        ncols=min(columns, len(entries)),
        **{"frameon": False, **style},
    )


def draw_means(
    panel: plt.Axes, points: pd.DataFrame, x: str, y: str, beside: float = 0.0, **style: Any
) -> None:
    """Draw the column y over x, a little beside it, with bars from the column low to high."""
    panel.errorbar(
        points[x] + beside,
        points[y],
        yerr=error_bars(points, y),
        **{"ms": 5, "capsize": 2.5, "lw": 1.2, **style},
    )


def draw_split(
    panel: plt.Axes,
    points: pd.DataFrame,
    filled: pd.Series,
    labels: tuple[str, str],
    x: str,
    y: str,
    beside: float = 0.0,
    **style: Any,
) -> None:
    """Draw means as `draw_means`, those that are not `filled` as open markers of another label."""
    for chosen, face, label in ((filled, style["color"], labels[0]), (~filled, OPEN, labels[1])):
        if chosen.any():
            draw_means(panel, points[chosen], x, y, beside, mfc=face, label=label, **style)


def error_bars(points: pd.DataFrame, column: str) -> np.ndarray:
    """Return the lengths of the bars from `column` to the columns low and high, shape (2, n)."""
    bars = np.stack([points[column] - points["low"], points["high"] - points[column]])
    return np.nan_to_num(bars)  # one seed has no interval


def graded_colours(values: Sequence) -> dict:
    """Return a colour for each of some ordered values, at equal steps."""
    # Dark to light, without the yellow end, which is lost on white.
    return dict(zip(values, plt.cm.viridis(np.linspace(0, 0.82, len(values))), strict=True))
