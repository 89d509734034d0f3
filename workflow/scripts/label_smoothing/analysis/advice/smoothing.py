"""Which smoothing is best for what, and what is gained by it."""

from dataclasses import dataclass

import numpy as np

from label_smoothing.analysis.advice.clean_scores import Correction, right_on
from label_smoothing.analysis.advice.limits import (
    Choice,
    Limits,
    choose_by_all,
    envelope,
    mean_with_limits,
)
from label_smoothing.analysis.advice.networks import Networks
from label_smoothing.analysis.advice.rows import (
    ACCURACY,
    CLEAN_LOSS,
    GAIN,
    GOALS,
    IF,
    MEASURED,
    NO_DIFFERENCE,
    NOISY_LOSS,
    NOT_BY_LOOK,
    WHICH,
    Row,
)
from label_smoothing.theory.rates import p_from_epsilon

HABIT = 0.1  # PyTorch's label_smoothing that most recipes have


@dataclass(frozen=True)
class Smoothing:
    """
    The best p of the grid for each goal.

    Attributes
    ----------
    rows : list of Row
        The best p, and all that these data cannot tell from it.
    best : dict of str to int
        Its place, by goal.
    costs : dict of str to list of ndarray, shape (S, N, P)
        What each goal minimises, by each noise.
    """

    rows: list[Row]
    best: dict[str, int]
    costs: dict[str, list[np.ndarray]]


def habit(p: np.ndarray, M: int) -> int | None:
    """Return the place of PyTorch's 0.1 in a grid of p, or None."""
    apart = np.abs(np.asarray(p) - p_from_epsilon(HABIT, M))
    return int(apart.argmin()) if apart.min() < 0.01 else None


def which_smoothing(plain: Networks, truth: Correction) -> Smoothing:
    """Return the best p of the grid for each goal; no network of `plain` diverged."""
    costs = {NOISY_LOSS: [plain.losses()], ACCURACY: [1 - right_on(plain.outputs, plain.labels)]}
    if truth:
        costs[CLEAN_LOSS] = truth.imputed(-plain.outputs.astype(np.float64))
    rows, best = [], {}
    for goal in costs:
        choice = choose_by_all(costs[goal])
        best[goal] = choice.best
        note = "every p may be as good" if len(choice.tied) == len(plain.p) else ""
        if len(choice.tied) == 1:
            note = "the others of the grid are worse"
        rows.append(Row(WHICH, goal, "p", _range(plain, choice), "p", *_kind(goal), note))
    return Smoothing(rows, best, costs)


def _kind(goal: str) -> tuple[str, str]:
    """Return the kind of a statement on a goal, and its condition."""
    return (IF, NOT_BY_LOOK) if goal == CLEAN_LOSS else (MEASURED, "")


def _range(plain: Networks, choice: Choice) -> Limits:
    p = np.asarray(plain.p)
    return Limits(p[choice.best], p[choice.tied].min(), p[choice.tied].max())


def what_is_gained(plain: Networks, smoothing: Smoothing) -> list[Row]:
    """Return what the best p of each goal gains over no smoothing and over PyTorch's 0.1."""
    p, rows = plain.p, []
    others = {f"no smoothing (p = {p[-1]:g})": len(p) - 1} if p[-1] == 1 else {}
    if (usual := habit(np.asarray(p), plain.classes)) is not None:
        others[f"{HABIT:g} in PyTorch (p = {p[usual]:g})"] = usual
    for goal in filter(smoothing.costs.__contains__, GOALS):
        unit, scale = ("points", 100) if goal == ACCURACY else ("nats", 1)
        best = smoothing.best[goal]
        for name, other in others.items():
            what = f"{goal}: p = {p[best]:g} instead of {name}"
            if best == other:
                none, note = Limits(0.0, 0.0, 0.0), "it is the best p measured"
                rows.append(Row(GAIN, what, "gain", none, unit, *_kind(goal), note))
                continue
            limits = envelope(
                mean_with_limits(scale * (cost[..., other] - cost[..., best]), max(len(p) - 1, 1))
                for cost in smoothing.costs[goal]
            )
            note = NO_DIFFERENCE if limits.open_sign else ""
            rows.append(Row(GAIN, what, "gain", limits, unit, *_kind(goal), note))
    return rows
