"""Which smoothing is best for what, and what is gained by it."""

from dataclasses import dataclass

import numpy as np

from label_smoothing.analysis.advice.clean_scores import IMPUTED, Correction, hits, right_on
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
    AS_IT_IS,
    CALIBRATION,
    CLEAN_LOSS,
    CORRECTED,
    GAIN,
    GOALS,
    NO_DIFFERENCE,
    NOISY_LOSS,
    SUPPOSED,
    WHICH,
    Row,
)
from label_smoothing.theory.rates import p_from_epsilon

HABIT = 0.1  # PyTorch's label_smoothing that most recipes have


@dataclass(frozen=True)
class Goal:
    """
    What one goal minimises.

    Attributes
    ----------
    costs : list of ndarray, shape (S, N, P)
        The p is chosen by these, first as estimated, then at the limits of the clean rate.
    gains : list of ndarray, shape (S, N, P)
        What is gained is reckoned from these.
    source, gain_source : str
    """

    costs: list[np.ndarray]
    gains: list[np.ndarray]
    source: str
    gain_source: str


@dataclass(frozen=True)
class Smoothing:
    """Rows, the place of the best p by goal, and what each goal minimises."""

    rows: list[Row]
    best: dict[str, int]
    goals: dict[str, Goal]


def habit(p: np.ndarray, M: int) -> int | None:
    """Return the place of PyTorch's 0.1 in a grid of p, or None."""
    apart = np.abs(np.asarray(p) - p_from_epsilon(HABIT, M))
    return int(apart.argmin()) if apart.min() < 0.01 else None


def which_smoothing(
    plain: Networks, truth: Correction, supposed: Correction | None = None
) -> Smoothing:
    """
    Return the best p of the grid for each goal, and all p that may be as good.

    No network of `plain` diverged. `supposed` is the correction as if the noise were uniform, where
    the labels do not tell.
    """
    goals, rows, best = _goals(plain, truth), [], {}
    for name in GOALS:
        if name not in goals:
            continue
        choice = choose_by_all(goals[name].costs)
        best[name] = choice.best
        note = "every p may be as good" if len(choice.tied) == len(plain.p) else ""
        if len(choice.tied) == 1:
            note = "the others of the grid are worse"
        rows.append(Row(WHICH, name, "p", _range(plain, choice), "p", goals[name].source, note))
    if supposed:
        choice = choose_by_all(supposed.imputed(-plain.outputs.astype(np.float64)))
        what = f"{CLEAN_LOSS}, {SUPPOSED}"
        limits = _range(plain, choice)
        rows.append(Row(WHICH, what, "p", limits, "p", IMPUTED, "not checked here"))
    return Smoothing(rows, best, goals)


def _range(plain: Networks, choice: Choice) -> Limits:
    p = np.asarray(plain.p)
    return Limits(p[choice.best], p[choice.tied].min(), p[choice.tied].max())


def _goals(plain: Networks, truth: Correction) -> dict[str, Goal]:
    outputs = plain.outputs.astype(np.float64)
    losses = [plain.losses()]
    errors = [1 - right_on(outputs, plain.labels)]
    goals = {NOISY_LOSS: Goal(losses, losses, AS_IT_IS, AS_IT_IS)}
    if not truth:
        return goals | {ACCURACY: Goal(errors, errors, AS_IT_IS, AS_IT_IS)}
    clean_losses = truth.imputed(-outputs)
    goals[CLEAN_LOSS] = Goal(clean_losses, clean_losses, IMPUTED, IMPUTED)
    # Under uniform noise, which p is most right does not depend on the rate; the gain does.
    clean_errors = [1 - right for right in truth.scores(hits(outputs))]
    goals[ACCURACY] = Goal(errors, clean_errors, AS_IT_IS, CORRECTED)
    if not truth.uniform:
        goals[ACCURACY] = Goal(clean_errors, clean_errors, CORRECTED, CORRECTED)
    confidence = np.exp(outputs.max(axis=3)).transpose(0, 2, 1)
    gaps = [confidence - right for right in truth.imputed(hits(outputs))]
    sizes = [signs * gap for signs in _signs(gaps[0]) for gap in gaps]
    goals[CALIBRATION] = Goal(sizes, sizes, IMPUTED, IMPUTED)
    return goals


def _signs(gaps: np.ndarray) -> list[np.ndarray]:
    """Return the signs that make a mean gap its size: as measured first, then all that may be."""
    signs = np.where(gaps.mean(axis=(0, 1)) < 0, -1, 1)
    P = gaps.shape[2]
    open_ones = [j for j in range(P) if mean_with_limits(gaps[..., j], P).open_sign]
    # Of two p both signs may be open: each alone, and all together.
    flips = [[j] for j in open_ones] + [open_ones] * (len(open_ones) > 1)
    return [signs, *(np.where(np.isin(np.arange(P), flip), -signs, signs) for flip in flips)]


def what_is_gained(plain: Networks, smoothing: Smoothing) -> list[Row]:
    """Return what the best p of each goal gains over no smoothing and over PyTorch's 0.1."""
    p, rows = plain.p, []
    others = {f"no smoothing (p = {p[-1]:g})": len(p) - 1} if p[-1] == 1 else {}
    if (usual := habit(np.asarray(p), plain.classes)) is not None:
        others[f"{HABIT:g} in PyTorch (p = {p[usual]:g})"] = usual
    for goal in GOALS:
        if goal not in smoothing.goals:
            continue
        unit, scale = ("points", 100) if goal in (ACCURACY, CALIBRATION) else ("nats", 1)
        best, costs = smoothing.best[goal], smoothing.goals[goal]
        for name, other in others.items():
            what = f"{goal}: p = {p[best]:g} instead of {name}"
            if best == other:
                none, note = Limits(0.0, 0.0, 0.0), "it is the best p measured"
                rows.append(Row(GAIN, what, "gain", none, unit, "", note))
                continue
            limits = envelope(
                mean_with_limits(scale * (cost[..., other] - cost[..., best]), max(len(p) - 1, 1))
                for cost in costs.gains
            )
            note = NO_DIFFERENCE if limits.open_sign else ""
            rows.append(Row(GAIN, what, "gain", limits, unit, costs.gain_source, note))
    return rows
