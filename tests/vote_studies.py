"""Studies made by the vote theory, exactly or with some noise."""

import numpy as np
import pandas as pd
from samples import match

from label_smoothing.theory.votes import vote_accuracy, vote_loss

M = 10
P = np.array([0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9, 0.95, 1.0])


def study(k=1.9, purity=1.0, averaging="probabilities", rates=(0.5, 0.7, 1.0), seeds=2, noise=0.0):
    rng = np.random.default_rng(0)
    rows = []
    for assumption in ("alpha", "beta", "gamma"):
        for a in rates:
            loss = vote_loss(P, a, k, M, assumption, purity=purity, averaging=averaging)
            for seed in range(seeds):
                for p, exact in zip(P, np.minimum(loss, 9.0), strict=True):
                    rows.append(
                        {
                            "dataset": "d",
                            "method": "label_smoothing",
                            "noise": assumption,
                            "assumption": assumption,
                            "a": a,
                            "p": p,
                            "seed": seed,
                            "classes": M,
                            "expected_clean_rate": a,
                            "expected_agreement": match(a, "beta"),
                            "clean_test_accuracy": vote_accuracy(a, k, M),
                            "share_variance": a * (1 - a) / k,
                            "test_loss": exact + noise * rng.normal(),
                            "memorised": True,
                            "diverged_epoch": 0,
                        }
                    )
    return pd.DataFrame(rows)
