"""Studies made by the vote theory, exactly or with some noise."""

import numpy as np
import pandas as pd
from samples import match

from label_smoothing.analysis.shares import count_shares
from label_smoothing.theory.rates import compose_clean_rates
from label_smoothing.theory.votes import vote_accuracy, vote_loss

M = 10
P = np.array([0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9, 0.95, 1.0])


def votes_table(k=1.9, noise="all", purity=1.0):
    """Return the row of a study's votes table that figures draw, k within 0.1, and others."""
    row = {
        "dataset": "d",
        "method": "label_smoothing",
        "noise": noise,
        "source": "losses and purity",
        "a": np.nan,
    }
    row |= {"assumption": noise, "k": k, "k_low": k - 0.1, "k_high": k + 0.1, "seeds": 3}
    row |= {"purity": purity, "purity_low": purity - 0.01, "purity_high": purity + 0.01}
    spread = {"noise": "alpha", "assumption": "alpha", "source": "spread", "a": 0.6}
    at_one = {"source": "losses", "purity": 1.0}
    beside = ({"a": 1.0}, {**at_one, "a": 0.5}, at_one, spread)
    other = {**row, "k": 9.0, "k_low": 8.9, "k_high": 9.1, "purity": 0.3}
    return pd.DataFrame([row, *({**other, **what} for what in beside)])


def shares_table(k=1.9, rates=(0.6, 0.8), p=(0.2, 0.5, 0.9, 1.0), purity=1.0):
    """Return the shares of three seeds with 1,000 images, drawn as the vote theory says."""
    rng = np.random.default_rng(0)
    parts = []
    for seed in range(3):
        for a in rates:
            own = compose_clean_rates(a, purity, M=M)
            for smoothing in p:
                shares = rng.beta((k - 1) * own, (k - 1) * (1 - own), size=1000)
                cell = {"dataset": "d", "transition": "uniform", "method": "label_smoothing"}
                cell |= {"a": a, "p": smoothing, "seed": seed}
                parts.append(count_shares(shares).assign(**cell))
    return pd.concat(parts, ignore_index=True)


def study(k=1.9, purity=1.0, rates=(0.5, 0.7, 1.0), seeds=2, noise=0.0):
    rng = np.random.default_rng(0)
    rows = []
    for assumption in ("alpha", "beta", "gamma"):
        for a in rates:
            loss = vote_loss(P, a, k, M, assumption, purity=purity)
            accuracy = vote_accuracy(a, k, M, purity)
            own = compose_clean_rates(a, purity, M=M)
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
                            "match_probability": match(a, assumption),
                            "test_accuracy": match(accuracy, assumption),
                            "clean_test_accuracy": accuracy,
                            "share_variance": own * (1 - own) / k,
                            "test_loss": exact + noise * rng.normal(),
                            "memorised": True,
                            "diverged_epoch": 0,
                        }
                    )
    return pd.DataFrame(rows)
