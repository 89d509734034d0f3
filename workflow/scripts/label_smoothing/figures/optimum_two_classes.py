"""The theory's optimum p over the clean rate, for two classes (Figure 2 of the paper)."""

import matplotlib.pyplot as plt
import pandas as pd

from label_smoothing.figures.kit import draw_legend
from label_smoothing.figures.landscapes import MIRROR, two_class_optimum, unit_square
from label_smoothing.figures.style import BLUE, GREEN, TEST_SETS, VERMILLION, house_style
from label_smoothing.theory.checks import ASSUMPTIONS

_LINES = {"alpha": (BLUE, "-"), "beta": (VERMILLION, "--"), "gamma": (GREEN, "-.")}


def numbers() -> pd.DataFrame:
    """Return `landscapes.two_class_optimum` of all three assumptions."""
    return pd.concat(map(two_class_optimum, ASSUMPTIONS), ignore_index=True)


@house_style()
def draw(numbers: pd.DataFrame) -> plt.Figure:
    """Draw p*(a) of the three assumptions for two classes."""
    figure, panel = plt.subplots(figsize=(6.4, 5.2), layout="constrained")
    for noise, (colour, dashes) in _LINES.items():
        line = numbers[(numbers["noise"] == noise) & (numbers["quantity"] == "optimum")]
        label = f"{noise}: {TEST_SETS[noise]}"
        panel.plot(line["a"], line["p"], color=colour, ls=dashes, lw=2.2, label=label)
    mirrored = numbers[numbers["quantity"] == "mirrored optimum"]
    panel.plot(
        mirrored["a"], mirrored["p"], color=GREEN, label="gamma: 1 - p*, equally good", **MIRROR
    )
    unit_square(panel)
    draw_legend(figure, 2)
    panel.set_title("Theory: best smoothing, M = 2 classes")
    return figure
