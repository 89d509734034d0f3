"""The pictures inside a page of advice, each as the address of its own data."""

import base64
import io

import matplotlib.pyplot as plt
import numpy as np

from label_smoothing.analysis.advice.limits import mean_with_limits
from label_smoothing.analysis.advice.networks import Networks
from label_smoothing.figures.style import BLUE, SMOOTHING, house_style


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
