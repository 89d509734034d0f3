"""Advice on given labels as one HTML page that needs no other file."""

from collections.abc import Iterable
from typing import Any

import jinja2
import numpy as np
import pandas as pd

from label_smoothing.analysis.advice.answer import Advice
from label_smoothing.analysis.advice.networks import Inputs
from label_smoothing.analysis.advice.noise_model import most_suspicious
from label_smoothing.analysis.advice.rows import (
    ACCURACY,
    ACCURACY_GAIN,
    CLEAN_ACCURACY,
    CLEAN_LOSS,
    CLEAN_RATE,
    CONFUSION,
    FIRST,
    GAIN,
    HOW_NOISY,
    LOSS_GAIN,
    LOWER_BOUND,
    MORE,
    NOISY_ACCURACY,
    NOISY_LOSS,
    SUPPOSED,
    SURE,
    TRAINING,
    WHICH,
)
from label_smoothing.analysis.advice.training_labels import Suspects
from label_smoothing.figures.advice_pictures import (
    address,
    draw_losses,
    draw_matrix,
    draw_rates,
    draw_suspects,
)
from label_smoothing.theory.rates import epsilon_from_p

_NOTHING, _MINUS = "\N{EN DASH}", "\N{MINUS SIGN}"


def advice_page(
    template: str,
    advice: Advice,
    inputs: Inputs,
    images: np.ndarray | None,
    dataset: str,
    study: str,
    training: tuple[Suspects, np.ndarray] | None = None,
) -> str:
    """
    Return the page from the Jinja2 `template` workflow/resources/advice.html.j2.

    `images` are the test images, uint8 of shape (N, H, W, C), to show the suspects; None for
    features. `training` has the training labels to look at first, if they were ranked, and the
    training images; they are only shown if `images` are.
    """
    M = inputs.plain.outputs.shape[3]
    labels = inputs.plain.labels[0]
    pictures = {
        "losses": address(draw_losses(inputs.plain)),
        "rates": address(draw_rates(advice)),
    }
    if advice.matrix is not None and advice.right is not None:
        pictures["matrix"] = address(draw_matrix(advice.matrix.T))
        places = most_suspicious(advice.right, labels, 20)
        if images is not None and len(places):
            suggested = advice.right[places].argmax(axis=1)
            numbers = np.arange(len(labels)) if inputs.rows is None else inputs.rows
            figure = draw_suspects(images[places], labels[places], suggested, numbers[places])
            pictures["suspects"] = address(figure, "png")
    if training is not None and images is not None and training[0].places:
        of_them, x_train = training
        given, suggested, index = map(np.array, (of_them.given, of_them.suggested, of_them.numbers))
        figure = draw_suspects(x_train[of_them.places], given, suggested, index)
        pictures["training"] = address(figure, "png")
    tables = {
        question: [_shown(row, M) for row in group.to_dict("records")]
        for question, group in advice.rows.groupby("question", sort=False)
    }
    noisy, more = tables.get(HOW_NOISY, []), tables.get(MORE, [])
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    return environment.from_string(template).render(
        dataset=dataset,
        study=study,
        short=map(_unbroken, summary(advice, M)),
        warnings=advice.warnings,
        pictures=pictures,
        rates=[row for row in noisy if row["quantity"] == CLEAN_RATE],
        confusions=[row for row in noisy if row["quantity"] == CONFUSION],
        which=tables.get(WHICH, []),
        methods=_side_by_side(more, _ACCURACIES),
        losses=_side_by_side(more, _LOSSES),
        gains=tables.get(GAIN, []),
        sure=tables.get(SURE, []),
        first=tables.get(FIRST, []),
        training=tables.get(TRAINING, []),
        seeds=len(inputs.plain.labels),
        images=len(labels),
        classes=M,
    )


def summary(advice: Advice, M: int) -> list[str]:
    """Return the answers in a few sentences, each with its interval."""
    rows = advice.rows
    sentences = [_how_noisy(rows)]
    which = rows[rows["question"] == WHICH].set_index("what")
    for goal in (CLEAN_LOSS, f"{CLEAN_LOSS}, {SUPPOSED}", ACCURACY):
        if goal in which.index:
            sentences.append(_best(which.loc[goal], goal, M))
    more = rows[rows["question"] == MORE]
    if len(more):
        sentences += filter(None, (_more(more), _lower(more)))
    training = rows[(rows["question"] == TRAINING) & (rows["quantity"] == "number")]
    for row in training.to_dict("records"):
        sentences.append(
            f"About {row['value']:.0f} {row['note']} are wrong, {row['low']:.0f} to "
            f"{row['high']:.0f}; training_labels.csv ranks them."
        )
    return sentences


def _how_noisy(rows):
    first = rows[(rows["question"] == HOW_NOISY) & (rows["quantity"] == CLEAN_RATE)].iloc[0]
    wrong, least, most = (100 * (1 - first[end]) for end in ("value", "high", "low"))
    if first["note"].startswith(LOWER_BOUND):
        return f"At most {most:.0f} % of the labels are wrong ({first['source']})."
    if np.isnan(first["value"]):
        return (
            f"Between {max(least, 0):.0f} and {most:.0f} % of the labels are wrong: these "
            "data cannot tell hard images from patterned noise."
        )
    return (
        f"About {wrong:.0f} % of the labels are wrong, 95 % interval {max(least, 0):.0f} to "
        f"{most:.0f} % ({first['source']})."
    )


def _best(row, goal, M):
    p, low, high = (float(row[end]) for end in ("value", "low", "high"))
    goal = f"the lowest {goal}" if goal.startswith("loss") else f"the highest {goal}"
    if row["note"].startswith("every"):
        return f"For {goal}, no difference between the p that these data can show."
    best = f"p = {p:g}, {_pytorch(p, M)}"
    if low == high:
        return f"For {goal}: {best}."
    others = f"nothing from p = {low:g} to {high:g} can be told from it"
    return f"For {goal}: {best}; {others}."


def _more(more):
    gained = more[more["quantity"] == ACCURACY_GAIN].set_index("what")
    noisy = more[more["quantity"] == NOISY_ACCURACY].set_index("what")
    clean = more[more["quantity"] == CLEAN_ACCURACY].set_index("what")
    sure = gained.index[gained["low"] > 0]
    if gained["low"].isna().all():  # no smoothing diverged
        return ""
    if not len(sure):
        return (
            "No method is more accurate than training without smoothing, as far as these data show."
        )
    best = noisy["value"].loc[sure].idxmax()
    rate, limits = clean.loc[best], gained.loc[best]
    value, low, high = (100 * limits[end] for end in ("value", "low", "high"))
    sentence = f"Most accurate: {best}, by {value:.1f} points over training "
    sentence += f"without smoothing on these labels [{low:.1f}, {high:.1f}]"
    if np.isfinite(rate["value"]):
        sentence += f"; on clean labels it is right in {100 * rate['low']:.0f} to "
        sentence += f"{100 * rate['high']:.0f} %"
    return sentence + "."


def _lower(more):
    """Return what lowers the loss more than smoothing does, if anything surely does."""
    gains = more[(more["quantity"] == LOSS_GAIN) & (more["low"] > 0)]
    if not len(gains):
        return ""
    best = gains.loc[gains["value"].idxmax()]
    return (
        f"A lower {NOISY_LOSS} than with any smoothing: {best['what']}, by {best['value']:.2f} "
        f"nats [{best['low']:.2f}, {best['high']:.2f}]."
    )


def _pytorch(p, M):
    epsilon = float(epsilon_from_p(p, M)) + 0.0  # no -0.0
    if abs(epsilon) < 1e-9:
        return "which is no smoothing"
    return f"label_smoothing={epsilon:.3g} in PyTorch"


_ACCURACIES = {NOISY_ACCURACY: "noisy", CLEAN_ACCURACY: "clean", ACCURACY_GAIN: "gain"}
_LOSSES = {NOISY_LOSS: "loss", LOSS_GAIN: "gain"}


def _side_by_side(
    rows: Iterable[dict[str, Any]], names: dict[str, str]
) -> list[dict[str, dict[str, Any]]]:
    """Return one entry a method, its quantities of these names in it."""
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        if name := names.get(row["quantity"]):
            found.setdefault(row["what"], {"what": row["what"]})[name] = row
    return list(found.values())


def _shown(row: dict[str, Any], M: int) -> dict[str, Any]:
    """Return a row with its value and its interval as text."""
    unit, value = row["unit"], row["value"]
    signed = row["quantity"].startswith("gain")
    scale, digits = {"share": (100, 1), "points": (1, 1), "nats": (1, 3)}.get(unit, (1, 3))
    if row["quantity"] == "number":
        digits = 0

    def text(x):
        if unit == "p":
            return f"{x:.3g}"
        spelled = f"{scale * x:+.{digits}f}" if signed else f"{scale * x:.{digits}f}"
        return spelled.replace("-", _MINUS)

    name = {"share": " %", "nats": " nats", "points": " points"}.get(unit, "")
    if signed and unit == "share":
        name = " points"
    interval = ""
    if not pd.isna(row["low"]) and not (row["low"] == row["high"] == value and unit != "p"):
        interval = f"{text(row['low'])} to {text(row['high'])}"
        if unit == "p" and row["low"] == row["high"]:
            interval = ""
    pytorch = ""
    if unit == "p" and not pd.isna(value):
        epsilon = float(epsilon_from_p(value, M)) + 0.0
        pytorch = "none" if abs(epsilon) < 1e-9 else f"{epsilon:.3g}"
    shown = _NOTHING if pd.isna(value) else text(value) + name
    if row["note"].startswith(LOWER_BOUND):
        shown, interval = f"at least {text(row['low'])}{name}", ""
    elif signed and row["low"] == row["high"] == value == 0:  # it is compared with itself
        shown = _NOTHING
    what = _unbroken(row["what"])
    return {**row, "what": what, "shown": shown, "interval": interval, "pytorch": pytorch}


def _unbroken(text: str) -> str:
    """Return a text that no line end parts at an equals sign."""
    return text.replace(" = ", "\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}")
