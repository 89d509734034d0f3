"""The vote theory's claims hold in studies that it made, and fail in others, as their twins do."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from samples import CONFIG, ROOT
from vote_studies import study

from label_smoothing.analysis.claims import CLAIMS, judge_claims
from label_smoothing.analysis.vote_claims import VOTE_CLAIMS

RATES = (0.5, 0.7, 0.85, 1.0)
TEXTS = [claim.text for claim in VOTE_CLAIMS]


def judge(cells, name=""):
    """Return the rows of the claims whose text begins so."""
    sections = CONFIG | {"datasets": {"d": {"source": "digits"}}}
    claims = [claim for claim in VOTE_CLAIMS if claim.text.startswith(name)]
    return judge_claims(cells, sections, claims).set_index("claim")


def verdicts(cells, name):
    return judge(cells, name)["verdict"]


@pytest.fixture(scope="module")
def votes():
    # Little noise: at a = 0.85 the losses at p = 0.95 and 1 are nearly equal.
    return study(k=1.9, rates=RATES, seeds=6, noise=0.0005)


@pytest.fixture(scope="module")
def memorised():
    return study(k=1.0, rates=RATES, seeds=6, noise=0.003)


def test_all_hold_where_the_theory_made_the_study(votes):
    rows = verdicts(votes, "votes: ")
    # Without purity below 1, nothing at a = 1 tells k; gamma at one rate hardly tells them apart.
    open_to_both = rows.index.str.contains("purity of a = 1|purity.*gamma")
    assert set(rows[~open_to_both]) == {"supported"}, rows
    assert rows[~open_to_both].size == 16


def test_the_papers_theory_is_refuted_there(votes):
    rows = verdicts(votes, "paper: ")
    losses = rows.index.str.contains("losses at|alpha losses|accuracy|spread")
    assert set(rows[losses]) == {"not supported"}, rows


def test_the_papers_theory_holds_where_networks_memorise(memorised):
    rows = verdicts(memorised, "paper: ")
    losses = rows.index.str.contains("losses|accuracy|spread")
    assert set(rows[losses]) == {"supported"}, rows


def test_purity_and_k_of_one_rate_predict_the_rest_on_hard_data():
    rows = verdicts(study(k=1.9, purity=0.6, rates=RATES, seeds=6, noise=1e-4), "votes: k and")
    of_one_rate = rows.index.str.contains("gamma")  # at one rate gamma hardly tells the two apart
    assert set(rows[~of_one_rate]) == {"supported"}, rows
    assert rows[~of_one_rate].size == 8


def test_another_k_at_each_rate_refutes():
    rates = (0.5, 0.7, 0.85)
    parts = [
        study(k=k, rates=(a,), seeds=6, noise=0.003)
        for k, a in zip((6, 2, 1.2), rates, strict=True)
    ]
    rows = verdicts(pd.concat(parts), "votes: k of the lowest a predicts the alpha")
    assert set(rows) == {"not supported"}


def test_noise_between_seeds_leaves_it_open():
    cells = study(k=1.9, rates=RATES, seeds=3)
    # Each seed has all its alpha losses off by another amount: 0.1 nats is within the noise.
    off = cells["seed"].map({0: 0.0, 1: 0.12, 2: 0.2})
    cells["test_loss"] += np.where(cells["assumption"] == "alpha", off, 0)
    assert (
        judge(cells).loc["votes: k of beta predicts the alpha losses, nats", "verdict"]
        == "undecided"
    )


def test_an_accuracy_that_is_5_points_higher_is_refuted(votes):
    cells = votes.assign(clean_test_accuracy=votes["clean_test_accuracy"] + 0.05)
    name = "votes: k of the losses predicts the accuracy"
    row = judge(cells, name).loc[name]
    assert row["verdict"] == "not supported"
    assert_allclose(row["value"], 5, atol=0.3)
    assert "-5" in row["reason"]


def test_the_loss_at_p_1_is_predicted_from_small_p(votes):
    name = "votes: k of small p predicts the loss at p = 1"
    assert judge(votes, name).loc[name, "verdict"] == "supported"
    cells = votes.copy()
    cells.loc[(cells["p"] == 1) & (cells["a"] == 0.5), "test_loss"] += 0.5
    row = judge(cells, name).loc[name]
    assert row["verdict"] == "not supported"
    assert_allclose(row["value"], 0.5, atol=0.05)


@pytest.mark.parametrize(("k", "best"), [(1.5, 0.7), (8.0, 1.0)])
def test_the_threshold_says_where_no_smoothing_is_best(k, best):
    cells = study(k=k, rates=(0.5, 0.7), seeds=6, noise=1e-4)
    name = "votes: no smoothing is best where k exceeds its threshold"
    row = judge(cells, name).loc[name]
    assert (row["verdict"], row["value"]) == ("supported", 1.0)
    alpha = cells[(cells["assumption"] == "alpha") & (cells["a"] == 0.5)]
    assert alpha.groupby("p")["test_loss"].mean().idxmin() == best


def test_p_beyond_1_is_another_question():
    cells = study(k=1.5, rates=(0.5, 0.7), seeds=6, noise=1e-4)
    beyond = cells[cells["p"] == 1.0].assign(p=1.05, test_loss=0.0)
    name = "votes: no smoothing is best where k exceeds its threshold"
    row = judge(pd.concat([cells, beyond], ignore_index=True), name).loc[name]
    assert (row["verdict"], row["value"]) == ("supported", 1.0)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"rates": (1.0,)}, "clean rates below 1"),
        ({"rates": (0.5,)}, "1 clean rates below 1, memorised, 2 needed"),
    ],
)
def test_what_a_study_lacks_is_not_testable(change, reason):
    name = "votes: k of the lowest a predicts the alpha losses at all others, R²"
    row = judge(study(seeds=2, **change), name).loc[name]
    assert row["verdict"] == "not testable here"
    assert reason in row["reason"]


def test_other_noise_is_not_testable(votes):
    table = judge(votes.assign(expected_agreement=0.3))
    assert set(table["verdict"]) == {"not testable here"}
    assert table["reason"].str.contains("not uniform").all()


def test_every_claim_stands_in_the_document_and_no_text_twice():
    assert len(set(TEXTS)) == len(TEXTS)
    assert not set(TEXTS) & {claim.text for claim in CLAIMS}
    page = (ROOT / "docs" / "votes.md").read_text(encoding="utf-8")
    for number in range(1, 8):
        assert f"| V{number} |" in page
