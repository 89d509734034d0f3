"""What several tests share: the default config and made-up cells of a study."""

from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from label_smoothing.analysis.predictions import predicted_loss
from label_smoothing.theory.rates import match_probability

ROOT = Path(__file__).parents[1]
CONFIG = yaml.safe_load((ROOT / "config.yaml").read_text())
P = [0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 1.0]


def match(a, assumption):
    return match_probability(a, 10, "beta") if assumption == "beta" else a


def cells(assumption, a, true_rate=None, noise=0.0, offset=0.0, seeds=3):
    rng = np.random.default_rng(0)
    rows = []
    for seed in range(seeds):
        for p in P:
            loss = predicted_loss(p, match(true_rate or a, assumption), 10, assumption) + offset
            rows.append(
                {
                    "dataset": "d",
                    "noise": assumption,
                    "assumption": assumption,
                    "method": "label_smoothing",
                    "a": a,
                    "p": p,
                    "seed": seed,
                    "classes": 10,
                    "expected_clean_rate": a,
                    "expected_agreement": match(a, "beta"),
                    "match_probability": match(a, assumption),
                    "test_accuracy": match(true_rate or a, assumption),
                    "test_loss": min(loss, 8.0) + noise * rng.normal(),
                    "memorised": p > 0.2,
                    "diverged_epoch": 0,
                }
            )
    return pd.DataFrame(rows)


def of_given_labels(table):
    """Return cells as they are if the labels of the data set are given."""
    unknown = ("expected_clean_rate", "expected_agreement", "match_probability")
    return table.assign(labels="given", **dict.fromkeys(unknown, np.nan))
