"""Advice on given labels as one HTML page that needs no other file."""

from collections.abc import Iterable
from typing import Any

import jinja2
import numpy as np
import pandas as pd

from label_smoothing.analysis.advice.answer import Advice
from label_smoothing.analysis.advice.networks import Inputs
from label_smoothing.analysis.advice.rows import (
    ACCURACY,
    ACCURACY_GAIN,
    CHECKED,
    FIRST,
    GAIN,
    HOW_NOISY,
    IF,
    LOSS_GAIN,
    MEASURED,
    MORE,
    NOISY_ACCURACY,
    NOISY_LOSS,
    NOT_BY_LOOK,
    PROBABILITY,
    SURE,
    TRAINING,
    WHICH,
    WRONG,
)
from label_smoothing.analysis.advice.suspects import Suspects, disputed
from label_smoothing.analysis.intervals import binomial_limits
from label_smoothing.figures.advice_pictures import address, draw_losses, draw_suspects
from label_smoothing.theory.rates import epsilon_from_p

_NOTHING, _MINUS = "\N{EN DASH}", "\N{MINUS SIGN}"
CHECKS = (50, 100, 200)
_SHOWN = 20


def advice_page(
    template: str,
    advice: Advice,
    inputs: Inputs,
    images: np.ndarray | None,
    dataset: str,
    study: str,
    training: tuple[Suspects, np.ndarray, np.ndarray] | None = None,
) -> str:
    """
    Return the page from the Jinja2 `template` workflow/resources/advice.html.j2.

    `images` are the test images, uint8 of shape (N, H, W, C), to show the suspects; None for
    features. `training` has the training labels to look at first, if they were ranked, the training
    images, and the number of each in the user's file; they are only shown if `images` are.
    """
    M = inputs.plain.classes
    pictures = {"losses": address(draw_losses(inputs.plain))}
    if images is not None:
        numbers = np.arange(len(images)) if inputs.rows is None else inputs.rows
        shown = {"suspects": (disputed(advice.ranked, _SHOWN), images, numbers)}
        if training is not None:
            shown["training"] = training
        for name, (suspects, pixels, called) in shown.items():
            if len(suspects.places):
                places = suspects.places
                figure = draw_suspects(
                    pixels[places], suspects.given, suspects.suggested, called[places]
                )
                pictures[name] = address(figure, "png")
    rows = [_shown(row, M) for row in advice.rows.to_dict("records")]

    def chosen(*questions, kind=None):
        return [row for row in rows if row["question"] in questions and kind in (None, row["kind"])]

    more = chosen(MORE, kind=MEASURED)
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    return environment.from_string(template).render(
        dataset=dataset,
        study=study,
        do=map(_unbroken, what_to_do(advice.rows, M)),
        noisy=map(_unbroken, how_many_wrong(advice.rows)),
        warnings=advice.warnings,
        pictures=pictures,
        which=chosen(WHICH, kind=MEASURED),
        methods=_side_by_side(more, _ACCURACIES),
        losses=_side_by_side(more, _LOSSES),
        gains=chosen(GAIN, kind=MEASURED),
        checked=chosen(HOW_NOISY, kind=CHECKED),
        buys=[what_checks_buy(count) for count in CHECKS],
        conditional=[
            row
            for row in chosen(HOW_NOISY, WHICH, GAIN, MORE, TRAINING, kind=IF)
            if row["quantity"] != PROBABILITY
        ],
        condition=NOT_BY_LOOK,
        sure=chosen(SURE),
        first=chosen(FIRST),
        ranked=bool(chosen(TRAINING)),
        training=[row for row in chosen(TRAINING) if row["quantity"] == PROBABILITY],
        seeds=len(inputs.plain.labels),
        images=inputs.plain.labels.shape[1],
        classes=M,
    )


def what_to_do(rows: pd.DataFrame, M: int) -> list[str]:
    """Return what to do and what it gains, in sentences that need no assumption."""
    which = rows[rows["question"] == WHICH].set_index("what")
    gains = rows[rows["question"] == GAIN].set_index("what")
    sentences = [_best(which.loc[goal], goal, gains, M) for goal in (NOISY_LOSS, ACCURACY)]
    if len(more := rows[rows["question"] == MORE]):
        sentences += filter(None, (_more(more), _lower(more)))
    return sentences


def how_many_wrong(rows: pd.DataFrame) -> list[str]:
    """Return what is known of the share of wrong labels, by what it rests on."""
    found = rows[(rows["question"] == HOW_NOISY) & (rows["quantity"] == WRONG)]
    checked, bounds = (found[found["kind"] == kind] for kind in (CHECKED, IF))
    sentences = []
    for row in checked.to_dict("records"):
        value, low, high = (100 * row[end] for end in ("value", "low", "high"))
        sentences.append(
            f"Checked by hand: {value:.0f} % of the labels of the hold-out are wrong, 95 % "
            f"interval {low:.0f} to {high:.0f} % ({row['note']})."
        )
    if checked.empty:
        sentences.append(
            "How many labels are wrong cannot be known from the labels alone: networks also learn "
            "mistakes, and then agree with them. Checking 100 labels by hand tells."
        )
    for row in bounds.to_dict("records"):
        low, high = (100 * row[end] for end in ("low", "high"))
        sentences.append(
            f"{NOT_BY_LOOK[0].upper()}{NOT_BY_LOOK[1:]}, {low:.0f} to {high:.0f} % of the labels "
            "of the hold-out are wrong. Labels alone cannot show whether that is so."
        )
    return sentences


def what_checks_buy(count: int, wrong: float = 0.1) -> str:
    """Return the 95 % interval that so many checked labels give, if a tenth of them are wrong."""
    found = round(wrong * count)
    _, low, high = binomial_limits(found, count)
    return f"{count} labels, {found} of them wrong: {100 * low:.0f} to {100 * high:.0f} %"


def _best(row, goal, gains, M):
    p, low, high = (float(row[end]) for end in ("value", "low", "high"))
    if row["note"].startswith("every"):
        return f"{goal[0].upper()}{goal[1:]}: no p differs from another, as far as these data show."
    sentence = f"Best for the {goal}: p = {p:g}, {_pytorch(p, M)}"
    if low != high:
        sentence += f"; p from {low:g} to {high:g} may be as good"
    none = gains[gains.index.str.startswith(f"{goal}: ") & gains.index.str.contains("no smoothing")]
    for gain in none.to_dict("records"):
        if gain["low"] > 0:
            value, least, most = (f"{gain[end]:.2g}" for end in ("value", "low", "high"))
            sentence += f". It gains {value} {gain['unit']} [{least}, {most}] over no smoothing"
    return sentence + "."


def _more(more):
    gained = more[more["quantity"] == ACCURACY_GAIN].set_index("what")
    noisy = more[more["quantity"] == NOISY_ACCURACY].set_index("what")
    sure = gained.index[gained["low"] > 0]
    if gained["low"].isna().all():  # no smoothing diverged
        return ""
    if not len(sure):
        return "No method is more accurate than no smoothing, as far as these data show."
    best = noisy["value"].loc[sure].idxmax()
    value, low, high = (100 * gained.loc[best][end] for end in ("value", "low", "high"))
    sentence = f"Most accurate: {best}, by {value:.1f} points [{low:.1f}, {high:.1f}]"
    return sentence + " over no smoothing, on labels as noisy as these."


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


_ACCURACIES = {NOISY_ACCURACY: "noisy", ACCURACY_GAIN: "gain"}
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
    if pd.isna(value) and interval:  # bounds
        shown, interval = f"{interval}{name}", ""
        if row["high"] == 1:
            shown = f"at least {text(row['low'])}{name}"
    elif signed and row["low"] == row["high"] == value == 0:  # it is compared with itself
        shown = _NOTHING
    what = _unbroken(row["what"])
    return {**row, "what": what, "shown": shown, "interval": interval, "pytorch": pytorch}


def _unbroken(text: str) -> str:
    """Return a text that no line end parts at an equals sign."""
    return text.replace(" = ", "\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}")
