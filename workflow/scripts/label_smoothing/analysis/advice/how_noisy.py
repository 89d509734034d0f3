"""How noisy the labels are: the share of right ones, and the largest confusions."""

from typing import NamedTuple

import numpy as np

from label_smoothing.analysis.advice.limits import Limits
from label_smoothing.analysis.advice.networks import Inputs, Networks
from label_smoothing.analysis.advice.noise_model import NoiseModel, fit_noise_model, lowest_loss
from label_smoothing.analysis.advice.rows import (
    CLEAN_RATE,
    CONFUSION,
    HOW_NOISY,
    LOWER_BOUND,
    Row,
    percent,
)
from label_smoothing.analysis.intervals import binomial_limits

_CONFUSIONS = 5


class Noise(NamedTuple):
    """
    The noise model, if there is one.

    Attributes
    ----------
    model : NoiseModel or None
    place : int or None
        Which p of the forward-corrected networks it rests on.
    warnings : list of str
    """

    model: NoiseModel | None
    place: int | None
    warnings: list[str]


class HowNoisy(NamedTuple):
    """
    The answers to how noisy the labels are.

    Attributes
    ----------
    rows : list of Row
        The best answer first.
    rate : Limits
        The clean rate to go on with; without a value where only limits are known.
    warnings : list of str
    """

    rows: list[Row]
    rate: Limits
    warnings: list[str]


def noise_of(inputs: Inputs) -> Noise:
    """Return the noise model of the forward-corrected networks that fit the given labels best."""
    forward = inputs.forward
    if forward is None or not forward.finite().any():
        none = "There are no networks" if forward is None else "All networks diverged"
        why = (
            f"{none} of forward correction, so that the noise model is missing: the clean rate is "
            "a lower bound only, and nothing is said of clean labels."
        )
        return Noise(None, None, [why])
    losses = np.where(forward.finite(), forward.losses().mean(axis=(0, 1)), np.nan)
    place, outputs = lowest_loss(losses, forward.uncorrected)
    model, warnings = fit_noise_model(outputs, forward.labels[0]), []
    if not model.tells:
        warnings = [
            f"{cannot_tell(model)} The share of right labels lies anywhere in between. Of clean "
            "labels is only said which smoothing is best if the noise is uniform: a wrong label is "
            "any of the others alike. Check some by hand."
        ]
    elif not model.uniform:
        warnings = [
            "The noise is not uniform: some classes lose more labels than others, or to some more "
            "than to others. What is said of clean labels rests on the estimated noise matrix."
        ]
    return Noise(model, place, warnings)


def describe(model: NoiseModel) -> str:
    """Return what a noise model takes the noise for, if it tells it from hard images."""
    return "uniform noise" if model.uniform else "with the noise matrix as it is"


def cannot_tell(model: NoiseModel) -> str:
    """Return why a noise model says nothing of right labels."""
    return (
        f"The right label of {percent(model.still_open)} of the images stays open. Either these "
        "images are hard, or their labels are wrong in a pattern that networks learn, such as "
        "always the same other class: the labels alone cannot tell."
    )


def how_noisy(inputs: Inputs, model: NoiseModel | None) -> HowNoisy:
    """Return the share of right labels by each source, and the one to go on with."""
    bound, warnings = early_stopping(inputs), list[str]()
    answers = []
    if inputs.checked:
        trials, right = inputs.checked
        limits = Limits(*binomial_limits(right, trials))
        answers.append(_rate("checked by hand", limits, f"{trials} test labels"))
    if model:
        answers.append(_of_model(model, bound))
    # Few checked labels say less than the noise model, unless the two contradict each other.
    if len(answers) == 2:
        one, other = (answer.limits for answer in answers)
        if one.high < other.low or other.high < one.low:
            warnings.append(
                "The labels that were checked by hand and the noise model contradict each other: "
                "if the checked ones were drawn at random, trust them."
            )
        else:
            answers.sort(key=lambda answer: answer.limits.high - answer.limits.low)
    rate = answers[0].limits if answers else Limits(np.nan, bound.low, 1.0)
    if bound.low > rate.high:
        warnings.append(
            f"Some networks are right on {percent(bound.value, 1)} of the given labels, more "
            f"than the clean rate of at most {percent(rate.high, 1)} allows: the labels are better "
            "than that."
        )
        rate = Limits(np.nan, bound.low, 1.0)
    note = f"{LOWER_BOUND}, for all epochs, p and methods at once"
    if model and not model.tells:
        note += "; if no class has mostly one wrong label"
    return HowNoisy([*answers, _rate("early stopping", bound, note)], rate, warnings)


def _rate(source: str, limits: Limits, note: str) -> Row:
    return Row(HOW_NOISY, "share of right labels", CLEAN_RATE, limits, "share", source, note)


def _of_model(model: NoiseModel, bound: Limits) -> Row:
    if model.tells:
        return _rate("noise model", model.clean_rate, describe(model))
    # On hard images even uniform noise is estimated too high: CIFAR-10 in docs/advice.md.
    limits = Limits(np.nan, min(bound.low, model.likelihood.low), 1.0)
    note = "from patterned noise on easy images to hard images with right labels"
    return _rate("noise model", limits, note)


def early_stopping(inputs: Inputs) -> Limits:
    """
    Return a lower bound of the clean rate: no network is right on more labels than are right.

    A network of accuracy g on clean labels agrees with the share ``a g + (1 - a)(1 - g)/(M - 1)``
    of noisy ones, at most a where a >= 1/M. So it is under uniform noise, and as long as the right
    label is the most frequent one of each class.

    Returns
    -------
    Limits
        The highest mean accuracy of all p, epochs and methods; as low, the one-sided limit of
        Clopper and Pearson for all these choices at once (Bonferroni); as high, 1.
    """
    methods: list[Networks] = [part for part in (inputs.plain, inputs.forward) if part is not None]
    means = [part.accuracies.mean(axis=0).ravel() for part in methods]
    choices = np.concatenate(means)
    choices = choices[~np.isnan(choices)]
    if not len(choices):
        return Limits(np.nan)
    best, trials = float(choices.max()), inputs.plain.labels.shape[1]
    return Limits(best, binomial_limits(best * trials, trials, 0.05 / len(choices))[1], 1.0)


def confusions(model: NoiseModel) -> list[Row]:
    """Return the largest entries of the noise matrix off its diagonal, most labels first."""
    if model.matrix is None:
        return []
    T, M = model.matrix.T, len(model.matrix.T)
    joint = T * model.outputs.mean(axis=0)
    np.fill_diagonal(joint, 0)
    rows = []
    for place in np.argsort(-joint, axis=None)[: min(_CONFUSIONS, M * (M - 1))]:
        i, j = divmod(int(place), M)
        limits = Limits(T[i, j], model.matrix.low[i, j], model.matrix.high[i, j])
        what = f"right {j}, given {i}"
        rows.append(Row(HOW_NOISY, what, CONFUSION, limits, "share", "noise model"))
    return rows
