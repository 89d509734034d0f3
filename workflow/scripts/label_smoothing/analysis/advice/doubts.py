"""What to read with care: premises of the advice that fail, from what is computed already."""

import numpy as np

from label_smoothing.analysis.advice.networks import Inputs, Networks, memorising
from label_smoothing.analysis.advice.rows import percent
from label_smoothing.theory.rates import asks_for_label

FEW_ROWS = 100
# The labels to train on count as noisier from these many accuracy points on.
_APART = 0.05


def diverged(plain: Networks) -> list[str]:
    """Return which networks of label smoothing are left out; an error if all are."""
    finite = plain.finite()
    if not finite.any():
        raise ValueError(
            "no network of label smoothing has scores; needed: one that did not diverge"
        )
    lost = ", ".join(f"{p:g}" for p in np.asarray(plain.p)[~finite])
    return [f"Networks at p = {lost} diverged and are left out."] if lost else []


def share_memorised(inputs: Inputs) -> tuple[float, float]:
    """Return the share of the networks that memorised, and the lowest train accuracy."""
    plain, p = inputs.plain, np.asarray(inputs.plain.p)
    # Below 1/M a network learns to avoid its label.
    mask = (p <= 1) & asks_for_label(p, plain.classes) & plain.finite()
    share = float(memorising(inputs)[:, mask].mean()) if mask.any() else 1.0
    return share, float(plain.train_accuracies[:, mask].min(initial=1.0))


def doubts(inputs: Inputs) -> list[str]:
    """Return one warning for each premise that fails."""
    labels = inputs.plain.labels
    found = [_not_memorised(inputs), _parts_differ(inputs), _never_right(inputs)]
    if labels.shape[1] < FEW_ROWS:
        found.append(
            f"The hold-out has {labels.shape[1]} rows. Below {FEW_ROWS} hardly any difference "
            "between methods can be seen."
        )
    if len(labels) < 2:
        found.append("With one seed no interval holds what another seed would change.")
    if inputs.repeated:
        found.append(
            f"{inputs.repeated} test rows also stand in the training part. They are left out here, "
            "but early stopping is judged with them."
        )
    return [text for text in found if text]


def _not_memorised(inputs: Inputs) -> str:
    share, lowest = share_memorised(inputs)
    if share == 1:
        return ""
    return (
        f"{percent(1 - share)} of the networks did not memorise their labels (train accuracy "
        f"{lowest:.3f}; {inputs.memorised_at:g} is needed). Tables of few features often cannot be "
        "memorised. The vote theory says nothing of such networks. Everything measured here stands."
    )


def _parts_differ(inputs: Inputs) -> str:
    """
    Compare the labels of both parts, at the epoch of highest accuracy on the hold-out.

    By then a network has seen the training part, so that it should be as right there as on the
    hold-out, or more. Where it is less right, the labels that it is trained on are noisier.
    """
    gaps = []
    for part in (inputs.plain, inputs.forward):
        if part is None or part.train_history is None:
            continue
        ours = part.train_history[..., 1:]  # of an epoch on average: what the epoch began with
        held = part.accuracies[..., : ours.shape[-1]]
        if held.shape[-1] == 0 or np.isnan(held).all():
            continue
        epoch = np.nan_to_num(held, nan=-1.0).argmax(axis=-1)[..., None]
        gaps.append(np.take_along_axis(held - ours, epoch, axis=-1).ravel())
    if not gaps:
        return ""
    gap = float(np.nanmedian(np.concatenate(gaps)))
    if not gap > _APART:
        return ""
    return (
        f"The training labels look noisier than those of the hold-out: where networks do best on "
        f"the hold-out, they agree with {100 * gap:.0f} points fewer of the labels that they are "
        "trained on. How noisy the labels are is said of the hold-out alone. FOLDS=5 ranks those "
        "of the training part."
    )


def _never_right(inputs: Inputs) -> str:
    """Return which classes no network recognises on the hold-out."""
    plain, M = inputs.plain, inputs.plain.classes
    found = np.nan_to_num(plain.outputs).argmax(axis=3) == plain.labels[:, None]
    shares = [
        found[:, :, plain.labels[0] == c].mean(axis=2).max() if (plain.labels[0] == c).any() else 1
        for c in range(M)
    ]
    never = [str(c) for c, share in enumerate(shares) if share < 1 / M]
    if not never:
        return ""
    return (
        f"No network agrees with the labels of class {', '.join(never)} on the hold-out: the two "
        "parts may mean different things by that label."
    )
