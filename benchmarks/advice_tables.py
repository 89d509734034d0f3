"""The tables of benchmarks/advice.md, from the numbers of benchmarks/advice.py."""

from typing import Any

import numpy as np

from label_smoothing.analysis.advice.rows import ACCURACY, CLEAN_LOSS, SUPPOSED

TITLES = {
    "digits-features": "digits as features",
    "mnist": "MNIST",
    "fashion-mnist": "Fashion-MNIST",
    "cifar10": "CIFAR-10",
}
SOURCES = ("noise model", "vote theory", "nearest neighbours", "cleanlab")


def tables(rows: list[dict[str, Any]]) -> str:
    """Return the rows as the tables of advice.md; intervals that miss the truth are bold."""
    numbers = [row for row in rows if np.isfinite(row["noise model"][0])]
    held, bounds = [], [row["early stopping"][1] <= row["truth"] for row in rows]
    for source in SOURCES:
        there = [_holds(row, source) for row in rows if source in row]
        errors = [abs(row[source][0] - row["truth"]) for row in numbers if source in row]
        held.append(f"{sum(there)} of {len(there)}; {_mean(errors):.3f}")
    last = f"intervals that hold the truth; mean error of the {len(numbers)} with a number"
    how_noisy = [
        (*_setting(row), *(_estimate(row, source) for source in SOURCES), _bound(row))
        for row in rows
    ]
    how_noisy.append((last, "", *held, f"{sum(bounds)} of {len(bounds)}"))
    return "\n\n".join(
        _table(*table)
        for table in (
            (("data, noise", "truth", *SOURCES, "early stopping: at least"), how_noisy),
            (WHICH, [(*_setting(row), *_which(row)) for row in rows]),
            (MORE, [(*_setting(row), *_more(row)) for row in rows]),
            (("over all settings", "number"), _sums(rows)),
        )
    )


WHICH = (
    *("data, noise", "truth", "p: best, advised", "regret", "0.1", "none"),
    "gain over none: true, estimated",
    "accuracy, points of regret: advised, 0.1, none",
)
MORE = (
    *("data, noise", "truth", "ranked first", "right on clean labels", "no smoothing", "0.1"),
    "best of the ranking",
    "its intervals of clean accuracy that hold",
    "first 20 suspects that are wrong",
)


def _setting(row):
    title = TITLES.get(row["data"], row["data"])
    return f"{title}, {row['noise']}", f"{row['truth']:.3f}"


def _holds(row, source):
    _, low, high = row[source]
    return bool(low <= row["truth"] <= high)


def _estimate(row, source):
    if source not in row:
        return "none"
    value, low, high = row[source]
    known = np.isfinite(value)
    text = f"{value:.3f} [{low:.3f}, {high:.3f}]" if known else f"[{low:.2f}, {high:.2f}]"
    return text if _holds(row, source) else f"**{text}**"


def _bound(row):
    return f">= {row['early stopping'][1]:.3f}"


def _which(row):
    loss, accuracy, gain = row[CLEAN_LOSS], row[ACCURACY], row.get("gain")
    gained = f"{gain[0]:.3f}, {gain[1]:.3f} [{gain[2]:.3f}, {gain[3]:.3f}]" if gain else "none"
    if gain and loss["advised"] == 1:
        gained = "0: it is p = 1"
    advised = f"{_shown(loss['advised'], 'g')}{' if uniform' * loss['supposed']}"
    points = (f"{100 * accuracy[name]:.1f}" for name in ("regret", "habit", "none"))
    return (
        f"{loss['best']:g}, {advised}",
        _shown(loss["regret"], ".3f"),
        *(f"{loss[name]:.3f}" for name in ("habit", "none")),
        gained,
        ", ".join(points),
    )


def _more(row):
    method, (suspects, wrong) = row["method"], row["suspects"]
    held = method["held"]
    return (
        method["advised"],
        *(f"{100 * method[name]:.1f} %" for name in ("accuracy", "plain", "habit", "best")),
        f"{sum(held):.0f} of {len(held)}" if held else "none given",
        f"{wrong} of {suspects}" if suspects else "none named",
    )


def _sums(rows):
    """Yield what is said of all settings together."""
    names = {"regret": "advised", "habit": "0.1", "none": "none"}
    losses = [row[CLEAN_LOSS] for row in rows]
    for supposed, name in ((False, ""), (True, f" {SUPPOSED}")):
        some = [loss for loss in losses if loss["supposed"] == supposed]
        for who, title in names.items():
            values = [loss[who] for loss in some if np.isfinite(loss.get(who, np.nan))]
            yield f"mean regret of the loss{name}: {title}", f"{_mean(values):.3f} ({len(values)})"
    for who in ("regret", "habit", "none"):
        points = [100 * row[ACCURACY][who] for row in rows]
        yield f"mean regret of accuracy, points: {names[who]}", f"{_mean(points):.1f}"
    gains = [row["gain"] for row in rows if "gain" in row and row[CLEAN_LOSS]["advised"] < 1]
    kept = sum(low <= true <= high for true, _, low, high in gains)
    yield "intervals of the gain over no smoothing that hold", f"{kept} of {len(gains)}"
    accuracies = [held for row in rows for held in row["method"]["held"]]
    count = f"{sum(accuracies):.0f} of {len(accuracies)}"
    yield "intervals of clean accuracies that hold", count
    missed = [row["method"]["best"] - row["method"]["accuracy"] for row in rows]
    count = (
        f"{sum(points < 5e-4 for points in missed)}, at worst {100 * max(missed):.1f} points below"
    )
    yield "the first of the ranking is the best", count
    suspects, wrong = np.sum([row["suspects"] for row in rows], axis=0)
    yield "suspects that are wrong", f"{wrong} of {suspects}"


def _mean(values):
    return float(np.mean(values)) if values else np.nan


def _table(heads, rows):
    lines = (heads, ["---"] * len(heads), *rows)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def ranking_table(rows: list[dict[str, Any]]) -> str:
    """Return what is known of the training labels as a Markdown table."""
    heads = ("data, noise", "wrong", "estimated", "wrong of the first 20", "of 50")
    heads += ("of as many as are estimated to be wrong",)
    lines = []
    for row in rows:
        training, setting = row["training labels"], _setting(row)[0]
        if not (first := training.get("first")):
            lines.append((setting, str(training["wrong"]), "not told", "", "", ""))
            continue
        value, low, high = training["estimated"]
        counts = (f"{hits} of {n}" for n, hits in first.values())
        estimated = f"{value:.0f} [{low:.0f}, {high:.0f}]"
        lines.append((setting, str(training["wrong"]), estimated, *counts))
    return _table(heads, lines)


def _shown(value: float, style: str) -> str:
    return "none" if np.isnan(value) else format(value, style)
