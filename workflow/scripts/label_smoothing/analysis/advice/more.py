"""What helps more than smoothing: early stopping and forward correction."""

from typing import NamedTuple

import numpy as np
from scipy.special import log_softmax, stdtrit

from label_smoothing.analysis.advice.clean_scores import Correction, hits, right_on
from label_smoothing.analysis.advice.limits import (
    UNKNOWN,
    Limits,
    envelope_of_shares,
    mean_with_limits,
)
from label_smoothing.analysis.advice.networks import Networks
from label_smoothing.analysis.advice.rows import (
    ACCURACY,
    ACCURACY_GAIN,
    CLEAN_ACCURACY,
    IF,
    LOSS_GAIN,
    MORE,
    NO_DIFFERENCE,
    NOISY_ACCURACY,
    NOISY_LOSS,
    NOT_BY_LOOK,
    Row,
)
from label_smoothing.analysis.advice.smoothing import HABIT, Smoothing, habit

_PLAIN = "no smoothing (p = 1)"


class Method(NamedTuple):
    """The networks of one method at one p: their name, and their arrays as in `Networks`."""

    name: str
    networks: Networks
    place: int

    @property
    def outputs(self) -> np.ndarray:
        """Log outputs of noisy labels at the end, shape (S, N, M)."""
        return self.networks.outputs[:, self.place]

    @property
    def uncorrected(self) -> np.ndarray:
        """Log outputs of right labels at the end, shape (S, N, M)."""
        return self.networks.uncorrected[:, self.place]


class Compared(NamedTuple):
    """
    What is compared: label smoothing, of which no network diverged, and forward correction.

    Attributes
    ----------
    plain : Networks
    base, usual : int and int or None
        Places of the largest p, which is no smoothing if it is 1, and of PyTorch's 0.1.
    forward : Method or None
        The forward-corrected networks that the noise model rests on.
    """

    plain: Networks
    base: int
    usual: int | None
    forward: Method | None

    @property
    def has_base(self) -> bool:
        """Whether there is training without smoothing, and it did not diverge."""
        return bool(self.plain.p[self.base] == 1)

    def smoothing(self, place: int) -> Method:
        """Return label smoothing at one p by its name; p = 1 is no smoothing."""
        p = self.plain.p[place]
        return Method(_PLAIN if p == 1 else f"label smoothing, p = {p:g}", self.plain, place)

    def habit(self) -> list[Method]:
        """Return PyTorch's 0.1, if the grid has it."""
        if self.usual is None:
            return []
        name = f"label smoothing, {HABIT:g} in PyTorch (p = {self.plain.p[self.usual]:g})"
        return [Method(name, self.plain, self.usual)]


class Accuracy(NamedTuple):
    """The accuracies of one method: on these labels, on right ones, gained; and a note."""

    name: str
    noisy: Limits
    clean: Limits
    gain: Limits
    note: str = ""


def what_helps_more(
    plain: Networks,
    forward: Networks | None,
    place: int | None,
    truth: Correction,
    smoothing: Smoothing,
) -> list[Row]:
    """Return accuracies and then losses of all methods, each part the best first."""
    corrected = None
    if forward is not None and place is not None:
        corrected = Method(f"forward correction, p = {forward.p[place]:g}", forward, place)
    base, usual = int(np.argmax(plain.p)), habit(np.asarray(plain.p), plain.classes)
    compared = Compared(plain, base, usual, corrected)
    accuracies = _accuracies(compared, truth, smoothing.best[ACCURACY])
    return [*_accuracy_rows(accuracies), *_loss_rows(compared, smoothing.best[NOISY_LOSS])]


def _accuracies(compared: Compared, truth: Correction, best: int) -> list[Accuracy]:
    """Return the accuracies at the last epoch and at that of early stopping, the best first."""
    plain, base = compared.plain, compared.base
    last = [compared.smoothing(base)] if compared.has_base else []
    last += compared.habit()
    if best not in (base, compared.usual) or plain.p[best] != 1:
        last.append(compared.smoothing(best))
    last += filter(None, [compared.forward])
    # With all outputs, images and seeds are paired.
    found = []
    reference = right_on(plain.outputs[:, [base]], plain.labels)[..., 0]
    for method in last:
        outputs = method.uncorrected[:, None]
        right = right_on(outputs, plain.labels)[..., 0]
        clean = (mean_with_limits(score[..., 0]) for score in truth.scores(hits(outputs)))
        gain = mean_with_limits(right - reference, max(len(last) - 1, 1))
        noisy = mean_with_limits(right)
        found.append(Accuracy(method.name, noisy, envelope_of_shares(clean), gain))
    # Of early stopping there is the history alone.
    stops = [compared.smoothing(base)]
    if not compared.has_base:
        stops = [Method(f"p = {plain.p[base]:g}", plain, base)]
    if best != base:
        stops.append(compared.smoothing(best))
    stops += filter(None, [compared.forward])
    over = mean_with_limits(reference)
    found += [_stopped_accuracy(method, over) for method in stops]
    if not compared.has_base:
        found = [entry._replace(gain=UNKNOWN) for entry in found]
    return sorted(found, key=lambda entry: -entry.noisy.value)


def _stopped_accuracy(method: Method, over: Limits) -> Accuracy:
    """
    Return the accuracy at the epoch of highest accuracy of each seed.

    That epoch is chosen on the same labels, so that the lower limit holds for all epochs at once.
    """
    accuracies = method.networks.accuracies[:, method.place]
    best = np.where(np.isnan(accuracies), -np.inf, accuracies).max(axis=1)
    S, N = method.networks.labels.shape
    mean = float(best.mean())
    variance = mean * (1 - mean) / N + (best.var(ddof=1) / S if S > 1 else 0.0)
    epochs = int((~np.isnan(accuracies[0])).sum())
    above, below = (float(stdtrit(np.inf, 1 - 0.025 / n)) * variance**0.5 for n in (1, epochs))
    gain, apart = mean - over.value, np.hypot(below, (over.high - over.low) / 2)
    return Accuracy(
        f"early stopping, {method.name}",
        Limits(mean, mean - below, mean + above),
        UNKNOWN,
        Limits(gain, gain - apart, gain + apart),
        "outputs at that epoch are not kept: the interval is a wide one",
    )


def _accuracy_rows(accuracies: list[Accuracy]) -> list[Row]:
    rows = []
    for name, noisy, clean, gain, note in accuracies:
        rows.append(Row(MORE, name, NOISY_ACCURACY, noisy, "share", note=note))
        rows.append(Row(MORE, name, ACCURACY_GAIN, gain, "share", note=note))
        if np.isfinite(clean.value):
            rows.append(Row(MORE, name, CLEAN_ACCURACY, clean, "share", IF, NOT_BY_LOOK))
    return rows


def _loss_rows(compared: Compared, best: int) -> list[Row]:
    """Compare early stopping with the best smoothing, by the loss on these labels."""
    plain, labels = compared.plain, compared.plain.labels
    smoothing = compared.smoothing(best)
    ends = [smoothing]
    if compared.usual != best:
        ends += compared.habit()
    if compared.has_base and best != compared.base:
        ends.append(compared.smoothing(compared.base))
    stops = [method for method in ends if method.place in (compared.base, best)]
    if compared.forward:
        ends.append(compared.forward)
        stops.append(compared.forward)
    found = {method.name: _losses(method.outputs, labels) for method in ends}
    for method in stops:
        # Networks that memorise as little as a stopped one say how the losses of images differ.
        spread = method.outputs
        if compared.forward and method.networks is plain:
            spread = compared.forward.uncorrected
        if (losses := _stopped_losses(method, spread)) is not None:
            found[f"early stopping by loss, {method.name}"] = losses
    rows, reference = [], found[smoothing.name]
    for name in sorted(found, key=lambda name: found[name].mean()):
        loss = Limits(*(max(end, 0.0) for end in mean_with_limits(found[name])))
        gain = mean_with_limits(reference - found[name], max(len(found) - 1, 1))
        note = NO_DIFFERENCE if gain.open_sign else ""
        note = "the best smoothing" if name == smoothing.name else note
        rows += [
            Row(MORE, name, NOISY_LOSS, loss, "nats"),
            Row(MORE, name, LOSS_GAIN, gain, "nats", note=note),
        ]
    return rows


def _losses(outputs: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the losses of images on their given labels, shape (S, N)."""
    losses = -outputs.astype(np.float64)
    return np.take_along_axis(losses, labels[..., None], axis=2)[..., 0]


def _stopped_losses(method: Method, spread: np.ndarray) -> np.ndarray | None:
    """
    Return the losses of images at each seed's epoch of lowest loss, shape (S, N), if it is known.

    Their mean is in the history. How the losses of images differ is not: `spread`, outputs of
    other networks, say it, to the power at which all labels weigh as much as at that epoch.
    """
    networks = method.networks
    if networks.noisy_losses is None or networks.uniform_losses is None:
        return None
    known = networks.noisy_losses[:, method.place]
    alike = networks.uniform_losses[:, method.place]
    epochs, seeds = np.nanargmin(known, axis=1), np.arange(len(known))
    outputs = np.array(
        [_as_uniform_as(*seed) for seed in zip(spread, alike[seeds, epochs], strict=True)]
    )
    losses = _losses(outputs, networks.labels)
    return losses - losses.mean(axis=1, keepdims=True) + known[seeds, epochs][:, None]


def _as_uniform_as(outputs: np.ndarray, loss: float) -> np.ndarray:
    """Return log outputs, shape (N, M), to the power that gives this loss on all labels alike."""
    low, high = -8.0, 3.0  # log power
    for _ in range(30):
        power = (low + high) / 2
        found = log_softmax(np.exp(power) * outputs.astype(np.float64), axis=1)
        low, high = (power, high) if -found.mean() < loss else (low, power)
    return found
