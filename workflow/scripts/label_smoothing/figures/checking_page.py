"""A page that shows random rows of the hold-out, to check their labels by hand."""

import base64
import io
import zlib

import jinja2
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from label_smoothing.analysis.advice.suspects import Suspects
from label_smoothing.figures.advice_page import CHECKS, what_checks_buy

ROWS = 100


def rows_to_check(
    labels: np.ndarray, rows: np.ndarray, numbers: np.ndarray, seed: int = 0
) -> pd.DataFrame:
    """
    Return 100 random rows of the hold-out with their given labels: columns index, row, given.

    `labels`, shape (N,), are the given ones of all rows, `numbers` what the rows are called in the
    user's file; `rows` are the places of those to draw from. What a network suggests is not here,
    so that it does not lead the eye.
    """
    drawn = np.random.default_rng(seed).permutation(rows)[:ROWS]
    return pd.DataFrame({"index": drawn, "row": numbers[drawn], "given": labels[drawn]})


def suggestions(to_check: pd.DataFrame, ranked: Suspects, rows: np.ndarray) -> pd.DataFrame:
    """Return what the networks suggest for the rows to check: columns index, row, suggested."""
    of_row = dict(zip(rows[ranked.places].tolist(), ranked.suggested.tolist(), strict=True))
    return to_check[["index", "row"]].assign(suggested=to_check["index"].map(of_row))


def checking_page(
    template: str, to_check: pd.DataFrame, x: np.ndarray, classes: int, dataset: str
) -> str:
    """
    Return the page from the Jinja2 `template` workflow/resources/check.html.j2; it needs no other.

    `x` are the inputs of the whole hold-out. Images, uint8 of shape (N, H, W, C), are shown.
    """
    shown = x.ndim == 4
    top = int(x.max()) if shown else 0
    rows = [
        {**row, "image": _address(x[row["index"]], top) if shown else ""}
        for row in to_check.to_dict("records")
    ]
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    # Another draw, or other labels, begin anew.
    key = f"check {dataset} {zlib.crc32(to_check.to_csv().encode()):x}"
    return environment.from_string(template).render(
        dataset=dataset,
        rows=rows,
        classes=classes,
        key=key,
        buys=[what_checks_buy(count) for count in CHECKS],
    )


def _address(image: np.ndarray, top: int) -> str:
    """Return an image as a data address; data may use part of the scale only."""
    content = io.BytesIO()
    if image.shape[2] in (3, 4):
        plt.imsave(content, image / max(top, 1), format="png")
    else:
        plt.imsave(content, image.mean(axis=2), cmap="gray", vmin=0, vmax=max(top, 1), format="png")
    return f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode()}"
