"""Made-up cells of the plane of clean rate and p."""

import pandas as pd
from samples import cells

RATES = (0.6, 0.8, 1.0)


def slices(assumption="alpha", noise=0.001):
    """Return a study whose accuracy is best at p = 0.5, and at p = 0.35 when stopped early."""
    measured = pd.concat([cells(assumption, a, noise=noise) for a in RATES], ignore_index=True)
    measured["test_accuracy"] -= 0.1 * abs(measured["p"] - 0.5)
    measured["oracle_stop_accuracy"] = measured["test_accuracy"] + 0.2 * (measured["p"] == 0.35)
    return measured
