"""The whole advice on given labels: how noisy, which smoothing, what else, how sure."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from label_smoothing.analysis.advice.clean_scores import correction
from label_smoothing.analysis.advice.how_noisy import confusions, how_noisy, noise_of
from label_smoothing.analysis.advice.limits import Limits
from label_smoothing.analysis.advice.more import what_helps_more
from label_smoothing.analysis.advice.networks import Inputs, Networks, memorising
from label_smoothing.analysis.advice.noise_model import (
    MOST_OPEN,
    NoiseMatrix,
    NoiseModel,
    RateLikelihood,
    most_suspicious,
)
from label_smoothing.analysis.advice.rows import FIRST, SURE, Row, percent, table
from label_smoothing.analysis.advice.smoothing import what_is_gained, which_smoothing
from label_smoothing.theory.rates import asks_for_label


class Advice(NamedTuple):
    """
    The answer.

    Attributes
    ----------
    rows : DataFrame
        Columns question, what, quantity, value, low, high, unit, source, note. Limits are of 95 %.
    warnings : list of str
        Premises that fail, and what is therefore missing.
    likelihood : RateLikelihood or None
        Of the clean rate, by the noise model.
    matrix : NoiseMatrix or None
    right : ndarray, shape (N, M), or None
        How probable it is that each class is the right one of a test image.
    """

    rows: pd.DataFrame
    warnings: list[str]
    likelihood: RateLikelihood | None
    matrix: NoiseMatrix | None
    right: np.ndarray | None


def give_advice(inputs: Inputs, suspects: int = 20) -> Advice:
    """
    Return what can be said about given labels; no right label but those checked by hand is known.

    `suspects` is how many labels to look at first.
    """
    labels, finite = inputs.plain.labels[0], inputs.plain.finite()
    lost = _diverged(inputs.plain, finite)
    plain = inputs.plain.at(finite)
    # How noisy, and with that the way to clean labels.
    noise = noise_of(inputs)
    model = noise.model
    noisy = how_noisy(inputs, model)
    truth = correction(model, noisy.rate, labels)
    supposed = None
    if model is not None and not model.tells:
        # A rate with a value was checked by hand.
        likely = model.clean_rate if np.isnan(noisy.rate.value) else noisy.rate
        supposed = correction(model, likely, labels, suppose=True)
    # What to do.
    smoothing = which_smoothing(plain, truth, supposed)
    rows = [*noisy.rows, *smoothing.rows]
    rows += what_helps_more(plain, inputs.forward, noise.place, truth, smoothing)
    rows += what_is_gained(plain, smoothing)
    # How sure that is, and where to look.
    rows += _how_sure(inputs, model)
    if model and model.tells:
        rows += [*confusions(model), *_suspects(model, labels, suspects, inputs.rows)]
    return Advice(
        table(rows),
        [*lost, *noise.warnings, *noisy.warnings, *truth.warnings, *_doubts(inputs)],
        model.likelihood if model and model.tells else None,
        model and model.matrix,
        model and model.right,
    )


def _diverged(plain: Networks, finite: np.ndarray) -> list[str]:
    if not finite.any():
        raise ValueError(
            "no network of label smoothing has scores; needed: one that did not diverge"
        )
    lost = ", ".join(f"{p:g}" for p in np.asarray(plain.p)[~finite])
    return [] if finite.all() else [f"Networks at p = {lost} diverged and are left out."]


class _Memorised(NamedTuple):
    """The share of the networks that memorised, and the lowest train accuracy."""

    share: float
    lowest: float


def _memorised(inputs: Inputs) -> _Memorised:
    plain, p = inputs.plain, np.asarray(inputs.plain.p)
    # Below 1/M a network learns to avoid its label.
    mask = (p <= 1) & asks_for_label(p, plain.classes) & plain.finite()
    share = float(memorising(inputs)[:, mask].mean()) if mask.any() else 1.0
    return _Memorised(share, float(plain.train_accuracies[:, mask].min(initial=1.0)))


def _how_sure(inputs: Inputs, model: NoiseModel | None) -> list[Row]:
    share, lowest = _memorised(inputs)
    S, N = inputs.plain.labels.shape

    def row(what, quantity, value, source, note, unit=""):
        return Row(SURE, what, quantity, Limits(value), unit, source, note)

    note = f"the lowest train accuracy is {lowest:.3f}"
    rows = [row("networks that memorised", "share", share, "label smoothing", note, "share")]
    if model:
        what = "images whose right label stays open"
        note = f"from {percent(MOST_OPEN)} on it cannot tell hard images from wrong labels"
        rows.append(row(what, "share", model.still_open, "noise model", note, "share"))
    if model and model.matrix:
        note = "uniform noise would do" if model.uniform else "the noise is not uniform"
        rows.append(row("uniform noise", "p-value", model.matrix.p_value, "noise model", note))
    rows.append(row("seeds", "number", S, "study", "few" if S < 3 else ""))
    rows.append(row("test labels", "number", N, "study", "few" if N < 500 else ""))
    return rows


def _doubts(inputs: Inputs) -> list[str]:
    """Return the warnings on how the networks were trained."""
    (share, lowest), doubts = _memorised(inputs), []
    if share < 1:
        doubts.append(
            f"{percent(1 - share)} of the networks of label smoothing did not memorise their "
            f"labels (train accuracy {lowest:.3f}, {inputs.memorised_at:g} is needed). What is "
            "said of smoothing is of networks that stopped before that; more epochs may change it."
        )
    if len(inputs.plain.labels) < 2:
        doubts.append("With one seed no interval holds what another seed would change.")
    if inputs.repeated:
        doubts.append(
            f"{inputs.repeated} test rows also stand in the training part. They are left out here, "
            "but early stopping is judged with them."
        )
    return doubts


def _suspects(
    model: NoiseModel, labels: np.ndarray, count: int, numbers: np.ndarray | None
) -> list[Row]:
    if model.right is None:
        return []
    rows = []
    for place in most_suspicious(model.right, labels, count):
        suggested = int(model.right[place].argmax())
        number = place if numbers is None else numbers[place]
        what = f"test image {number}: given {labels[place]}, suggested {suggested}"
        own = Limits(float(model.right[place, labels[place]]))
        rows.append(Row(FIRST, what, "P(given is right)", own, "share", "noise model"))
    return rows
