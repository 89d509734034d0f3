"""
How many of the given labels are wrong: checked by hand, or between two bounds on a condition.

Labels alone cannot tell. Networks learn mistakes that follow the look of an image, and then agree
with them. On the condition that no mistake does, two bounds are known: networks are right on no
more labels than are right, and the noise model finds no more mistakes than there are.
"""

from typing import NamedTuple

import numpy as np

from label_smoothing.analysis.advice.limits import Limits
from label_smoothing.analysis.advice.networks import Inputs
from label_smoothing.analysis.advice.noise_model import (
    NoiseModel,
    fit_noise_model,
    lowest_loss,
    probability_right,
)
from label_smoothing.analysis.advice.rows import (
    CHECKED,
    CONFUSION,
    HOW_NOISY,
    IF,
    NOT_BY_LOOK,
    WRONG,
    Row,
    percent,
)
from label_smoothing.analysis.intervals import binomial_limits

_CONFUSIONS = 5
WHAT = "labels of the hold-out"


class Noise(NamedTuple):
    """
    What is known of the noise in the hold-out.

    Attributes
    ----------
    rows : list of Row
        The best answer first.
    model : NoiseModel or None
        None if there is none, or if labels that were checked by hand contradict the model.
    right : Limits
        Bounds of the share of right labels; they have a value only if labels were checked.
    place : int or None
        Which p of the forward-corrected networks fits the given labels best.
    ranking : ndarray, shape (N, M), or None
        How probable each class is to be the right one, to rank labels by; also of a model that
        checked labels contradict, whose order may still be good.
    warnings : list of str
    """

    rows: list[Row]
    model: NoiseModel | None
    right: Limits
    place: int | None
    ranking: np.ndarray | None
    warnings: list[str]


def how_noisy(inputs: Inputs) -> Noise:
    """Return how many labels of the hold-out are wrong, and what each answer rests on."""
    rows, checked = [], None
    if inputs.checked:
        trials, right = inputs.checked
        checked = Limits(*binomial_limits(right, trials))
        note = f"{trials} labels, drawn at random"
        rows.append(Row(HOW_NOISY, WHAT, WRONG, _wrong(checked), "share", CHECKED, "", note))
    forward = inputs.forward
    if forward is None or not forward.finite().any():
        none = "There are no networks" if forward is None else "All networks diverged"
        why = f"{none} of forward correction, so that nothing is said of right labels."
        return Noise(rows, None, checked or Limits(np.nan, 0.0, 1.0), None, None, [why])
    losses = np.where(forward.finite(), forward.losses().mean(axis=(0, 1)), np.nan)
    place, outputs = lowest_loss(losses, forward.uncorrected)
    model = fit_noise_model(outputs, forward.labels[0])
    ranking = probability_right(model.outputs, forward.labels[0], model.T)
    bounds = _bounds(inputs, model)
    if bounds.low > bounds.high:
        why = (
            f"Networks are right on more than {percent(bounds.low, 1)} of the labels, and the "
            f"noise model takes at most {percent(bounds.high, 1)} for right: the two contradict "
            "each other, so that nothing is said of right labels."
        )
        return Noise(rows, None, checked or Limits(np.nan, 0.0, 1.0), place, ranking, [why])
    if checked and (checked.high < bounds.low or bounds.high < checked.low):
        why = (
            f"Of the checked labels {percent(1 - checked.value)} are wrong "
            f"[{percent(1 - checked.high)}, {percent(1 - checked.low)}]; {NOT_BY_LOOK}, it would "
            f"be {percent(1 - bounds.high)} to {percent(1 - bounds.low)}. So mistakes do depend on "
            "the look, or a class is mostly wrong, and all that rests on the condition is left out."
        )
        return Noise(rows, None, checked, place, ranking, [why])
    condition = NOT_BY_LOOK
    note = "the images are too hard for a lower bound" if model.hard else ""
    rows.append(Row(HOW_NOISY, WHAT, WRONG, _wrong(bounds), "share", IF, condition, note))
    if checked:  # both hold
        bounds = Limits(checked.value, *np.clip(bounds[1:], checked.low, checked.high))
    return Noise([*rows, *_confusions(model)], model, bounds, place, ranking, [])


def _wrong(right: Limits) -> Limits:
    return Limits(*(1 - end for end in (right.value, right.high, right.low)))


def _bounds(inputs: Inputs, model: NoiseModel) -> Limits:
    """Return the bounds of the share of right labels; hard images have no upper one."""
    return Limits(np.nan, early_stopping(inputs), 1.0 if model.hard else model.most_right)


def early_stopping(inputs: Inputs) -> float:
    """
    Return a lower bound of the clean rate: no network is right on more labels than are right.

    A network of accuracy g on right labels agrees with the share ``a g + (1 - a)(1 - g)/(M - 1)``
    of noisy ones, at most a where a >= 1/M. So it is as long as mistakes do not depend on the look
    and the right label is the most frequent one of each class.

    The bound is the one-sided 95 % limit of Clopper and Pearson for the highest accuracy of all p,
    epochs and methods, for all these choices at once (Bonferroni).
    """
    parts = [part for part in (inputs.plain, inputs.forward) if part is not None]
    choices = np.concatenate([part.accuracies.mean(axis=0).ravel() for part in parts])
    choices = choices[~np.isnan(choices)]
    if not len(choices):
        return 0.0
    best, trials = float(choices.max()), inputs.plain.labels.shape[1]
    return float(binomial_limits(best * trials, trials, 0.05 / len(choices))[1])


def _confusions(model: NoiseModel) -> list[Row]:
    """Return the largest entries of the noise matrix off its diagonal, most labels first."""
    if model.hard:
        return []
    M = len(model.T)
    joint = model.least * model.outputs.mean(axis=0)
    np.fill_diagonal(joint, 0)
    rows = []
    for place in np.argsort(-joint, axis=None)[: min(_CONFUSIONS, M * (M - 1))]:
        given, right = divmod(int(place), M)
        if model.least[given, right] < 0.005:
            break
        limits = Limits(np.nan, model.least[given, right], 1.0)
        what = f"right {right}, given {given}"
        rows.append(Row(HOW_NOISY, what, CONFUSION, limits, "share", IF, NOT_BY_LOOK))
    return rows
