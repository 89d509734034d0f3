"""The pictures inside a page of advice, each as the address of its own data."""

import base64
import io

import matplotlib.pyplot as plt
import numpy as np

from label_smoothing.analysis.advice.answer import Advice
from label_smoothing.analysis.advice.limits import mean_with_limits
from label_smoothing.analysis.advice.networks import Networks
from label_smoothing.analysis.advice.rows import CLEAN_RATE, HOW_NOISY
from label_smoothing.figures.style import BLUE, GREEN, SMOOTHING, house_style

_MOST_ANNOTATED = 12  # classes whose matrix has its numbers in it


def address(figure: plt.Figure, kind: str = "svg") -> str:
    """Return a figure as a data address, and close it."""
    content = io.BytesIO()
    metadata = {"Date": None} if kind == "svg" else {}
    with house_style():
        figure.savefig(content, format=kind, bbox_inches="tight", dpi=110, metadata=metadata)
    plt.close(figure)
    media = {"svg": "image/svg+xml", "png": "image/png"}[kind]
    return f"data:{media};base64,{base64.b64encode(content.getvalue()).decode()}"


@house_style()
def draw_losses(plain: Networks) -> plt.Figure:
    """Draw the losses on noisy labels over p, and without smoothing as a number if it is beyond."""
    figure, panel = plt.subplots(figsize=(6.4, 3.9), layout="constrained")
    losses = plain.losses()
    mean, low, high = np.array([mean_with_limits(losses[..., i]) for i in range(len(plain.p))]).T
    bars = [mean - low, high - mean]
    panel.errorbar(plain.p, mean, yerr=bars, fmt="o", color=BLUE, ms=5, capsize=2.5, lw=1.2)
    # nan: it diverged
    top = 1.25 * np.nan_to_num(mean[np.asarray(plain.p) < 1]).max(initial=0.0)
    panel.set_ylim(0, top)
    if (highest := np.nan_to_num(mean).max()) > top:
        style = {"xycoords": "axes fraction", "ha": "right", "va": "bottom", "fontsize": 9}
        panel.annotate(f"without smoothing: {highest:.1f}", (1, 1), **style)
    panel.set_xlabel(SMOOTHING)
    panel.set_ylabel("test loss on noisy labels (nats)")
    return figure


@house_style()
def draw_rates(advice: Advice) -> plt.Figure:
    """Draw all estimates of the clean rate, and above them the likelihood of the noise model."""
    rows = advice.rows[
        (advice.rows["question"] == HOW_NOISY) & (advice.rows["quantity"] == CLEAN_RATE)
    ].dropna(subset="low")
    likelihood = advice.likelihood
    tall = likelihood is not None
    figure, panels = plt.subplots(
        1 + tall,
        1,
        figsize=(6.4, 1.0 + 0.36 * len(rows) + 1.7 * tall),
        sharex=True,
        squeeze=False,
        layout="constrained",
        height_ratios=[1.7, 0.36 * len(rows) + 0.6] if tall else None,
    )
    if likelihood is not None:
        panel = panels[0, 0]
        panel.plot(likelihood.rates, np.exp(likelihood.log_likelihoods), color=GREEN, lw=2)
        panel.axvspan(likelihood.low, likelihood.high, color=GREEN, alpha=0.15, lw=0)
        panel.set_ylabel("likelihood\n(noise model)")
        panel.set_ylim(0, 1.05)
        panel.set_yticks([0, 0.5, 1])
    panel = panels[-1, 0]
    places = np.arange(len(rows))[::-1]
    bars = np.nan_to_num([rows["value"] - rows["low"], rows["high"] - rows["value"]])
    bound = (rows["source"] == "early stopping").to_numpy()
    for mask, marker, colour in ((~bound, "o", BLUE), (bound, ">", "#000000")):
        style = {"fmt": marker, "color": colour, "ms": 5, "capsize": 2.5, "lw": 1.2}
        panel.errorbar(rows["value"][mask], places[mask], xerr=bars[:, mask], **style)
    ranges = rows["value"].isna().to_numpy()
    panel.hlines(
        places[ranges], rows["low"][ranges], rows["high"][ranges], color=BLUE, lw=4, alpha=0.4
    )
    panel.set_yticks(places, rows["source"])
    panel.set_ylim(-0.6, len(rows) - 0.4)
    panel.set_xlabel("share of right labels (clean rate a)")
    lowest = rows[["value", "low"]].min(axis=None)
    lowest = max(0.0, lowest - 0.1 * (1.05 - lowest))
    panel.set_xlim(lowest, 1 + 0.01 * (1 - lowest))
    return figure


@house_style(grid=False)
def draw_matrix(T: np.ndarray) -> plt.Figure:
    """Draw the share of the labels of each right class that is given as each class."""
    M = len(T)
    figure, panel = plt.subplots(figsize=(5.4, 4.7), layout="constrained")
    moved = T - np.diag(np.diag(T))
    scale = max(float(moved.max()), 0.02)
    # The diagonal would drown all others: it has its numbers.
    shown = panel.imshow(
        np.ma.masked_where(np.eye(M, dtype=bool), T), cmap="Blues", vmin=0, vmax=scale
    )
    panel.set_facecolor("#f3f3f3")
    if M <= _MOST_ANNOTATED:
        for i, j in np.ndindex(M, M):
            if i == j or T[i, j] >= 0.005:
                dark = i != j and T[i, j] > 0.6 * scale
                text = f"{100 * T[i, j]:.0f}"
                colour = "white" if dark else "black"
                panel.text(j, i, text, ha="center", va="center", fontsize=8, color=colour)
        panel.set_xticks(range(M))
        panel.set_yticks(range(M))
    panel.set_xlabel("right class")
    panel.set_ylabel("given class")
    panel.spines[:].set_visible(False)
    bar = figure.colorbar(shown, ax=panel, shrink=0.8, label="share of the right class's labels")
    bar.outline.set_visible(False)
    return figure


@house_style(grid=False)
def draw_suspects(
    images: np.ndarray, given: np.ndarray, suggested: np.ndarray, places: np.ndarray
) -> plt.Figure:
    """Draw n images, shape (n, H, W, C), with their given and suggested labels and their places."""
    columns = min(5, len(images))
    lines = -(-len(images) // columns)
    figure, panels = plt.subplots(
        lines,
        columns,
        figsize=(1.45 * columns, 1.95 * lines),
        squeeze=False,
        layout="constrained",
    )
    top = images.max() or 1
    for panel in panels.flat:
        panel.axis("off")
    for panel, image, label, other, place in zip(
        panels.flat, images, given, suggested, places, strict=False
    ):
        # Data may use part of the scale only, as the digits' 0 to 16 do.
        grey = image.shape[2] not in (3, 4)
        shown = image.mean(axis=2) if grey else image
        panel.imshow(shown, cmap="gray_r" if grey else None, vmin=0, vmax=top)
        panel.set_title(f"{label} \N{RIGHTWARDS ARROW} {other}", fontsize=11, pad=3)
        style = {"ha": "center", "va": "top", "fontsize": 8, "color": "#666666"}
        panel.text(0.5, -0.03, f"no. {place}", transform=panel.transAxes, **style)
    return figure
