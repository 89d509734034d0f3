"""Made-up studies: for each claim one in which it holds and one in which it does not."""

import itertools

import numpy as np
import pandas as pd
from identities import averaged_loss
from samples import ROOT

from label_smoothing.analysis.claims.judge import judge_claims
from label_smoothing.analysis.claims.table import read_claims
from label_smoothing.theory.gamma import gamma_optimum
from label_smoothing.theory.memorising import loss, memorised_loss
from label_smoothing.theory.rates import match_probability

RESOURCES = ROOT / "workflow" / "resources"
ALL_CLAIMS = read_claims(RESOURCES / "claims.yaml")
CLAIMS = tuple(claim for claim in ALL_CLAIMS if claim.place != "the vote theory")
VOTE_CLAIMS = ALL_CLAIMS[len(CLAIMS) :]
A = [0.5, 0.6, 0.7, 0.8, 0.85, 0.95, 1.0]
P = [0.2, 0.35, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0]
M = 10
(
    ALPHA_SHAPE,
    ALPHA_PLACE,
    ALPHA_HEIGHT,
    BETA_SHAPE,
    BETA_PLACE,
    BETA_HEIGHT,
    ON_TRAINING,
    FORETELLS,
    GROWTH,
    ACCURACY_GROWTH,
    BETA_BELOW,
    APART,
    GAMMA,
    WEAK,
    MINIMA,
    SCATTER,
    NOT_NEEDED,
    FORWARD,
) = (claim.words for claim in CLAIMS if claim.matrix == "p")
EACH_RATE = [claim.words for claim in CLAIMS if claim.each_rate]
STUDY = {
    "datasets": {"d": {"source": "digits"}},
    "methods": {
        "smoothing": {"loss": "label_smoothing", "matrix": "p"},
        "forward": {"loss": "forward_correction", "matrix": "transition"},
    },
    "noise_types": {
        "alpha": {"assumption": "alpha", "transition": "uniform"},
        "beta": {"assumption": "beta", "transition": "uniform"},
    },
    "transitions": {"uniform": {"kind": "uniform"}, "pairs": {"kind": "pair_flip"}},
}
SCORES = ("test_loss", "empirical_loss", "test_accuracy", "oracle_stop_accuracy")


def alpha(a, p, seed=0):
    return loss(p, a, M, "alpha")


def beta(a, p, seed=0):
    return loss(p, a, M, "beta")


def averaged(a, p, seed):
    return averaged_loss(p, a, M)


def beta_too_high(a, p, seed):
    return beta(a, p) + 0.4


def best_at(one, other, once):
    """Return an accuracy that is best at one of two p, and at a third for one a and seed."""

    def accuracy(a, p, seed):
        best = one if (A.index(a) + seed) % 2 else other
        return 0.8 - (p - (once if (a, seed) == (0.5, 2) else best)) ** 2

    return accuracy


def valley_barrier_plateau(a, p, seed):
    return 1 - np.interp(p, [0.2, 0.35, 0.7, 1], [0.3, 0.1, 0.4, 0.2])


def two_valleys(a, p, seed):
    """Return an accuracy whose error has two minima, and a maximum at p = 1."""
    return 0.3 - 0.1 * np.cos(4 * np.pi * (p - 0.2) / 0.8)


# Of each claim: the score that it is about, a surface where it holds and one where it does not.
SURFACES = {
    ALPHA_SHAPE: ("test_loss", lambda a, p, seed: alpha(a, p) + 0.3, averaged),
    ALPHA_PLACE: ("test_loss", alpha, lambda a, p, seed: memorised_loss(p, (1 + a) / 2, M)),
    ALPHA_HEIGHT: ("test_loss", alpha, lambda a, p, seed: alpha(a, p) + 0.3),
    BETA_SHAPE: ("test_loss", beta_too_high, averaged),
    BETA_PLACE: ("test_loss", beta_too_high, alpha),
    BETA_HEIGHT: ("test_loss", beta, beta_too_high),
    ON_TRAINING: ("empirical_loss", alpha, averaged),
    FORETELLS: (
        "empirical_loss",
        lambda a, p, seed: alpha(a, p) + 0.01,
        lambda a, p, seed: alpha(a, p) + 0.3,
    ),
    GROWTH: ("test_loss", alpha, lambda a, p, seed: alpha(1.45 - a, p)),
    ACCURACY_GROWTH: (
        "test_accuracy",
        lambda a, p, seed: 0.8 - (p - a - 0.03 * (-1) ** seed) ** 2,
        lambda a, p, seed: 0.8 - (p + a - 1.45 - 0.03 * (-1) ** seed) ** 2,
    ),
    BETA_BELOW: ("test_loss", beta, lambda a, p, seed: memorised_loss(p, (1 + a) / 2, M)),
    APART: (
        "test_accuracy",
        lambda a, p, seed: 0.8 - (p - 0.35) ** 2,
        lambda a, p, seed: 0.8 - (p - 1) ** 2,
    ),
    GAMMA: ("test_loss", lambda a, p, seed: memorised_loss(p, gamma_optimum(a, M), M), alpha),
    WEAK: (
        "test_accuracy",
        lambda a, p, seed: 0.8 + (p < 1) * (a - 0.87) / 10,
        lambda a, p, seed: 0.8 - (p < 1) * (a - 0.87) / 10,
    ),
    MINIMA: ("test_accuracy", valley_barrier_plateau, two_valleys),
    SCATTER: ("oracle_stop_accuracy", best_at(0.95, 0.2, 0.35), best_at(0.95, 0.9, 0.8)),
    NOT_NEEDED: (
        "oracle_stop_accuracy",
        lambda a, p, seed: 0.9 + 0.02 * p,
        lambda a, p, seed: 0.9 - 0.02 * p,
    ),
    FORWARD: ("test_loss", alpha, lambda a, p, seed: alpha(a, p) - 0.3),
}


def cells(claim, holds=lambda seed: True, seeds=4, rates=None, grid=P, noise=1e-4):
    """Return the tables of a study where the claim holds in some seeds; alpha's loss otherwise."""
    rates = rates or A
    rng = np.random.default_rng(0)
    score, right, wrong = SURFACES[claim]
    # The claims about a second noise type or method: the surface is that one's.
    other_noise = claim in (BETA_SHAPE, BETA_PLACE, BETA_HEIGHT, BETA_BELOW)
    slices = [("beta" if other_noise else "alpha", "smoothing", True)]
    if claim == BETA_BELOW:
        slices += [("alpha", "smoothing", False)]
    if claim == FORWARD:
        slices = [("alpha", "smoothing", False), ("alpha", "forward", True)]
    rows = []
    for (assumption, method, own), a, p, seed in itertools.product(
        slices, rates, grid, range(seeds)
    ):
        if method == "forward" and p != 1:
            continue
        row = {
            "dataset": "d",
            "noise": assumption,
            "assumption": assumption,
            "method": method,
            "a": a,
            "p": p,
            "seed": seed,
            "classes": M,
            "expected_clean_rate": a,
            "expected_agreement": match_probability(a, M, "beta"),
            "match_probability": match_probability(a, M, assumption),
            "predicted_loss": loss(p, match_probability(a, M, assumption), M, "alpha"),
            "noiseless_loss": loss(p, 1, M, "alpha"),
            "memorised": True,
            "diverged_epoch": 0,
            "test_loss": alpha(a, p),
            "empirical_loss": alpha(a, p),
            "test_accuracy": 0.8,
            "oracle_stop_accuracy": 0.8,
        }
        if own:
            best = a if method == "forward" else p
            row[score] = (right if holds(seed) else wrong)(a, best, seed)
        row |= {name: min(row[name], 8.0) for name in ("test_loss", "empirical_loss")}
        for name in SCORES:
            if name.endswith("loss") or name == score:
                row[name] += noise * rng.normal()
        rows.append(row)
    return pd.DataFrame(rows)


def judge(claim, table, study=STUDY, a=0.5):
    """Return the row of the claim, at the clean rate where it is judged at each."""
    rows = judge_claims(table, study, [one for one in CLAIMS if one.words == claim])
    rows = rows[rows["method"] == "smoothing"]
    found = rows[rows["a"].isna() | (rows["a"] == a)]
    return found.iloc[0]
