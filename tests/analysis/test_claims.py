"""Each claim meets a study where it holds, one where it does not and one that cannot tell."""

import itertools
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from label_smoothing.analysis.claims import CLAIMS, COLUMNS, _judge, judge_claims
from label_smoothing.analysis.claims_page import claims_page, claims_short
from label_smoothing.study.offered import FIGURES
from label_smoothing.theory.gamma import gamma_optimum
from label_smoothing.theory.identities import averaged_loss
from label_smoothing.theory.memorising import loss, memorised_loss
from label_smoothing.theory.rates import match_probability

A = [0.5, 0.6, 0.7, 0.8, 0.85, 0.95, 1.0]
P = [0.2, 0.35, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0]
M = 10
LOSS, BETA, GROWTH, APART, GAMMA, WEAK, MINIMA, SCATTER = (claim.text for claim in CLAIMS)


def alpha(a, p, seed):
    return loss(p, a, M, "alpha")


def best_at(one, other, once):
    """Return an accuracy that is best at one of two p, and at a third for one a and seed."""

    def accuracy(a, p, seed):
        best = one if (A.index(a) + seed) % 2 else other
        return 0.8 - (p - (once if (a, seed) == (0.5, 2) else best)) ** 2

    return accuracy


def two_valleys(a, p, seed):
    return 0.3 - 0.1 * np.cos(4 * np.pi * (p - 0.2) / 0.8)


# Of each claim: the score that it is about, a surface where it holds and one where it does not.
SURFACES = {
    LOSS: ("test_loss", alpha, lambda a, p, seed: averaged_loss(p, a, M)),
    BETA: (
        "test_loss",
        lambda a, p, seed: loss(p, a, M, "beta"),
        lambda a, p, seed: averaged_loss(p, a, M),
    ),
    GROWTH: ("test_loss", alpha, lambda a, p, seed: loss(p, 1.45 - a, M, "alpha")),
    APART: (
        "test_accuracy",
        lambda a, p, seed: 0.8 - (p - 0.35) ** 2,
        lambda a, p, seed: 0.8 - (p - a) ** 2,
    ),
    GAMMA: ("test_loss", lambda a, p, seed: memorised_loss(p, gamma_optimum(a, M), M), alpha),
    WEAK: (
        "test_accuracy",
        lambda a, p, seed: 0.8 + (p < 1) * (a - 0.87) / 10,
        lambda a, p, seed: 0.8 - (p < 1) * (a - 0.87) / 10,
    ),
    MINIMA: ("test_accuracy", two_valleys, lambda a, p, seed: 0.8 - (p - 0.6) ** 2),
    SCATTER: (
        "oracle_stop_accuracy",
        best_at(0.95, 0.2, 0.35),
        best_at(0.95, 0.9, 0.8),
    ),
}


def cells(claim, holds=lambda seed: True, seeds=4, rates=A, grid=P):
    """Return the tables of a study where the claim holds in some seeds; alpha's loss otherwise."""
    score, right, wrong = SURFACES[claim]
    assumption = "beta" if claim == BETA else "alpha"
    rng = np.random.default_rng(0)
    rows = []
    for a, p, seed in itertools.product(rates, grid, range(seeds)):
        row = {
            "dataset": "d",
            "noise": assumption,
            "assumption": assumption,
            "method": "label_smoothing",
            "a": a,
            "p": p,
            "seed": seed,
            "classes": M,
            "expected_clean_rate": a,
            "expected_agreement": match_probability(a, M, "beta"),
            "match_probability": match_probability(a, M, assumption),
            "memorised": True,
            "diverged_epoch": 0,
            "test_loss": alpha(a, p, seed),
            "test_accuracy": 0.8,
            "oracle_stop_accuracy": 0.8,
        }
        row[score] = (right if holds(seed) else wrong)(a, p, seed)
        row["test_loss"] = min(row["test_loss"], 8.0)
        for name in {"test_loss", score}:
            row[name] += 1e-4 * rng.normal()
        rows.append(row)
    return pd.DataFrame(rows)


def judge(claim, table):
    rows = judge_claims(table)
    return rows[rows["claim"] == claim].iloc[0]


@pytest.mark.parametrize("claim", SURFACES)
def test_claim_that_holds_is_supported(claim):
    row = judge(claim, cells(claim))
    assert row["verdict"] == "supported"
    assert row["threshold"] < row["low"] < row["value"] < row["high"]
    assert row["n"] == 4
    assert row["figure"].startswith("d/label_smoothing/")


@pytest.mark.parametrize("claim", SURFACES)
def test_claim_that_does_not_hold_is_not_supported(claim):
    row = judge(claim, cells(claim, holds=lambda seed: False))
    assert row["verdict"] == "not supported"
    assert row["low"] < row["value"] < row["high"] < row["threshold"]


@pytest.mark.parametrize("claim", SURFACES)
def test_claim_that_holds_in_some_of_the_seeds_is_undecided(claim):
    every = 4 if claim == SCATTER else 2  # two that scatter differ from all others
    row = judge(claim, cells(claim, holds=lambda seed: seed % every == 0))
    assert row["verdict"] == "not testable here"
    assert row["reason"].startswith("undecided: interval contains")
    assert row["low"] < row["threshold"] < row["high"]


@pytest.mark.parametrize("claim", SURFACES)
def test_one_seed_decides_nothing(claim):
    row = judge(claim, cells(claim, seeds=1))
    assert row["verdict"] == "not testable here"
    assert ("fewer than 3 seeds" if claim == SCATTER else "one seed") in row["reason"]


@pytest.mark.parametrize(
    ("claim", "lack", "reason"),
    [
        (LOSS, {"rates": [0.5, 1.0]}, "1 clean rates below 1"),
        (BETA, {"grid": [0.1, 0.5, 0.9, 1.0]}, "0 clean rates below 1"),
        (GROWTH, {"rates": [0.5, 1.0]}, "2 clean rates"),
        (APART, {"rates": [1.0]}, "0 clean rates below 1"),
        (GAMMA, {"rates": [0.5, 1.0]}, "1 clean rates below 1"),
        (WEAK, {"grid": P[:-1]}, "no p = 1"),
        (WEAK, {"grid": [0.2, 0.5, 1.0]}, "no p = 1 or no p from 0.9"),
        (WEAK, {"rates": [0.9, 1.0]}, "none below"),
        (MINIMA, {"rates": [0.9, 1.0]}, "0 clean rates up to 0.85"),
        (SCATTER, {"rates": [0.5, 0.7, 1.0]}, "3 clean rates"),
    ],
)
def test_study_that_is_too_small_says_what_it_lacks(claim, lack, reason):
    row = judge(claim, cells(claim, **lack))
    assert (row["verdict"], row["n"]) == ("not testable here", 0)
    assert reason in row["reason"]
    assert np.isnan(row["value"])


@pytest.mark.parametrize("claim", [LOSS, BETA, GAMMA])
def test_theory_is_not_judged_on_cells_that_did_not_memorise(claim):
    row = judge(claim, cells(claim).assign(memorised=False))
    assert row["verdict"] == "not testable here"
    assert "memorised" in row["reason"]


@pytest.mark.parametrize("claim", SURFACES)
def test_cell_that_diverged_is_left_out_in_all_seeds(claim):
    table = cells(claim)
    scores = ["test_loss", "test_accuracy", "oracle_stop_accuracy"]
    lost = (table["p"] == 0.5) & (table["a"] == 0.7)
    without = judge_claims(table[~lost])
    table.loc[lost & (table["seed"] == 1), scores] = np.nan
    table.loc[lost & (table["seed"] == 1), "memorised"] = False
    columns = ["claim", "verdict", "value", "low", "high"]
    pd.testing.assert_frame_equal(judge_claims(table)[columns], without[columns])
    table[scores] = np.nan
    assert judge(claim, table.assign(memorised=False))["verdict"] == "not testable here"


def test_explained_share_is_the_one_of_the_definition():
    row = judge(LOSS, table := cells(LOSS, holds=lambda seed: False, seeds=2))
    used = table[(table["a"] < 1) & (table["p"] < 1)]
    lacks = []
    for _, seed in used.groupby("seed"):
        error = seed["test_loss"] - loss(seed["p"].to_numpy(), seed["a"].to_numpy(), M, "alpha")
        lacks.append((error**2).mean() / seed["test_loss"].var(ddof=0))
    assert_allclose(row["value"], 1 - np.sqrt(np.prod(lacks)))
    assert row["high"] < 1


def test_size_of_each_effect_is_in_its_unit():
    assert_allclose(judge(GROWTH, cells(GROWTH))["value"], 1, atol=0.1)
    assert_allclose(judge(WEAK, cells(WEAK))["value"], 1.05, atol=0.05)
    assert_allclose(judge(APART, cells(APART))["value"], 17, atol=1.5)  # mean (a - 0.35)²
    assert_allclose(judge(MINIMA, cells(MINIMA))["value"], 17.07, atol=0.1)


@pytest.mark.parametrize(("points", "verdict"), [(1, "not testable here"), (0.1, "not supported")])
def test_accuracy_without_a_best_p_is_not_mistaken_for_two_minima_or_another_p(points, verdict):
    rng = np.random.default_rng(0)
    table = cells(APART, seeds=10)
    table["test_accuracy"] = 0.8 + points / 100 * rng.normal(size=len(table))
    for row in (judge(APART, table), judge(MINIMA, table)):
        assert row["verdict"] == verdict
        assert row["low"] < row["value"] < row["high"]
        assert "most favourable choice" in row["interval"]


def noisy_verdicts(claim, accuracy, seeds, points=2, score="test_accuracy", studies=20):
    """Return the verdicts of some studies whose accuracies scatter by so many points."""
    rng = np.random.default_rng(0)
    table = cells(claim, seeds=seeds)
    of_claim = next(one for one in CLAIMS if one.text == claim)
    for _ in range(studies):
        noise = points / 100 * rng.normal(size=len(table))
        table[score] = accuracy(table["a"], table["p"]) + noise
        yield _judge(of_claim, table)["verdict"]


def test_a_claim_that_holds_is_not_refuted_by_noise():
    def weak(a, p):
        return 0.8 + 0.004 * (p < 1) * np.where(a >= 0.9, 1, -1)

    def valleys(a, p):
        return 0.8 + 0.005 * np.cos(4 * np.pi * (p - 0.2) / 0.8)

    assert list(noisy_verdicts(WEAK, weak, 30)).count("not supported") <= 1
    for seeds in (3, 10):
        assert "not supported" not in noisy_verdicts(MINIMA, valleys, seeds)
        assert "not supported" not in noisy_verdicts(
            APART, lambda a, p: 0.8 + (p == 0.35) / 100, seeds
        )


def test_a_best_p_that_jumps_alike_in_every_seed_does_not_scatter():
    def step(a, p):
        return 0.8 - (p - np.where(a < 0.9, 0.35, 1)) ** 2

    found = noisy_verdicts(SCATTER, step, 10, points=0.5, score="oracle_stop_accuracy")
    assert set(found) == {"not supported"}


def test_a_best_p_drawn_blindly_scatters():
    found = noisy_verdicts(SCATTER, lambda a, p: 0.8, 10, score="oracle_stop_accuracy")
    assert set(found) == {"supported"}


def test_the_part_that_decides_is_named():
    row = judge(WEAK, cells(WEAK, holds=lambda seed: False))
    assert row["reason"].startswith("interval below 0 (the cost)")
    row = judge(GAMMA, cells(GAMMA))
    assert row["reason"].startswith("interval above 0 (than alpha)")
    table = cells(WEAK)
    table.loc[(table["a"] < 0.9) & (table["p"] < 1), "test_accuracy"] += 0.2  # gains everywhere
    row = judge(WEAK, table)
    assert row["verdict"] == "not supported"
    assert row["reason"].startswith("interval below 0 (the cost)")


@pytest.mark.parametrize(("seeds", "verdict"), [(2, "not testable here"), (6, "not supported")])
def test_equal_values_are_decided_by_the_sign_test(seeds, verdict):
    table = cells(APART, seeds=seeds)
    table["test_accuracy"] = 0.8
    row = judge(APART, table)
    assert (row["low"], row["high"], row["verdict"]) == (0, 0, verdict)


def test_rows_are_claims_of_each_data_set_method_and_noise_type():
    table = cells(LOSS, seeds=2)
    rows = judge_claims(pd.concat([table, table.assign(noise="pairs"), table.assign(dataset="e")]))
    assert list(rows.columns) == COLUMNS
    assert list(rows["claim"].unique()) == [claim.text for claim in CLAIMS]
    assert len(rows) == 7 * 3 + 2
    missing = rows[rows["claim"] == BETA]
    assert set(missing["reason"]) == {"no noise type with assumption beta"}
    assert set(missing["verdict"]) == {"not testable here"}


def test_page_shows_every_verdict_and_escapes_names():
    verdicts = judge_claims(cells(LOSS).assign(dataset="<d>"))
    page = claims_page(verdicts, "A & B")
    assert page.count("<tr>") == 1 + len(CLAIMS)
    assert "<h1>A &amp; B</h1>" in page
    assert "&lt;d&gt;, label_smoothing" in page
    row = verdicts.iloc[0]
    assert f"{row['value']:.2f} [{row['low']:.2f}, {row['high']:.2f}]" in page
    assert '<span class="supported">supported</span>' in page
    assert "nan" not in page


def test_front_page_links_a_claim_to_its_figure():
    verdicts = judge_claims(cells(LOSS)).assign(figure=[None] * 7 + ["results/figures/x'y.svg"])
    table = claims_short(verdicts)
    assert table.count("<tr>") == 1 + len(CLAIMS)
    assert table.count("<a ") == 1
    assert "results[&quot;results/figures/x&#x27;y.svg&quot;]" in table
    assert "label_smoothing" not in table  # one method: named by no row
    other = verdicts.assign(method="other")
    assert "<td>label_smoothing</td>" in claims_short(pd.concat([verdicts, other]))


def test_no_cells_give_no_rows():
    assert judge_claims(cells(LOSS).iloc[:0]).empty


def test_each_claim_names_a_figure():
    paths = {figure.path for figure in FIGURES.values()}
    assert {f"{{dataset}}/{{method}}/{claim.figure}" for claim in CLAIMS} <= paths


def test_document_states_every_criterion():
    text = (Path(__file__).parents[2] / "docs" / "claims.md").read_text()
    stated = re.findall(r"^\| \d \| (.*?) \|.*\| ([\d.]+)(?: points)? \| [^|]+ \|$", text, re.M)
    assert stated == [(claim.text, str(claim.threshold)) for claim in CLAIMS]
