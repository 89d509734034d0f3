"""The vote theory's claims hold in studies that it made, and fail in others, as the paper's do."""

import numpy as np
import pandas as pd
import pytest
from claim_studies import VOTE_CLAIMS
from numpy.testing import assert_allclose
from samples import CONFIG
from vote_studies import study

from label_smoothing.analysis.claims.judge import judge_claims

RATES = (0.5, 0.7, 0.85, 1.0)
OTHER_RATES, FROM_BETA, ACCURACY, SPREAD, NO_SMOOTHING, FROM_CLEAN = (c.words for c in VOTE_CLAIMS)


def judge(cells):
    """Return the rows of the claims, by their words."""
    sections = CONFIG | {"datasets": {"d": {"source": "digits"}}}
    return judge_claims(cells, sections, VOTE_CLAIMS).set_index("claim")


@pytest.fixture(scope="module")
def votes():
    return study(k=1.9, rates=RATES, seeds=4, noise=0.0005)


def test_all_hold_where_the_theory_made_the_study_and_the_papers_do_not(votes):
    rows = judge(votes).drop(FROM_CLEAN)  # with purity 1, nothing at a = 1 tells k
    assert set(rows["verdict"]) == {"supported"}, rows
    assert (rows["paper_value"] > rows["threshold"]).all(), rows
    assert rows.loc[NO_SMOOTHING, "paper_value"] == np.inf


def test_the_papers_theory_holds_where_networks_memorise():
    rows = judge(study(k=1.0, rates=RATES, seeds=4, noise=0.003)).drop(NO_SMOOTHING)
    assert (rows["paper_value"] < rows["threshold"]).all(), rows


def test_purity_and_k_of_one_rate_predict_the_rest_on_hard_data():
    row = judge(study(k=1.9, purity=0.6, rates=RATES, seeds=4, noise=1e-4)).loc[FROM_CLEAN]
    assert row["verdict"] == "supported"
    assert row["paper_value"] > 0.1


def test_another_k_at_each_rate_refutes():
    parts = [study(k=k, rates=(a,), seeds=4, noise=0.003) for k, a in ((6, 0.5), (2, 0.7))]
    assert judge(pd.concat(parts)).loc[OTHER_RATES, "verdict"] == "not supported"


def test_noise_between_seeds_leaves_it_open():
    cells = study(k=1.9, rates=RATES, seeds=3)
    # Each seed has all its alpha losses off by another amount: 0.1 nats is within the noise.
    off = cells["seed"].map({0: 0.0, 1: 0.12, 2: 0.2})
    cells["test_loss"] += np.where(cells["assumption"] == "alpha", off, 0)
    assert judge(cells).loc[FROM_BETA, "verdict"] == "undecided"


@pytest.mark.parametrize(
    ("claim", "column", "at", "change", "size", "tolerance"),
    [
        (ACCURACY, "clean_test_accuracy", lambda table: table["p"] > 0, 0.05, 5, 0.3),
        (SPREAD, "share_variance", lambda table: table["p"] > 0, 0.1, 0.12, 0.03),
        (NO_SMOOTHING, "test_loss", lambda table: table["p"] == 1, 0.5, 0.5, 0.05),
    ],
)
def test_what_is_missed_is_in_the_unit_of_the_threshold(
    votes, claim, column, at, change, size, tolerance
):
    cells = votes[votes["a"].isin([0.5, 1.0])]
    cells = cells.assign(**{column: cells[column] + change * at(cells)})
    row = judge(cells).loc[claim]
    assert row["verdict"] == "not supported"
    assert_allclose(row["value"], size, atol=tolerance)


@pytest.mark.parametrize(
    ("rates", "reason"),
    [((1.0,), "clean rates below 1"), ((0.5,), "1 clean rates below 1, memorised, 2 needed")],
)
def test_what_a_study_lacks_is_not_testable(rates, reason):
    row = judge(study(seeds=2, rates=rates)).loc[OTHER_RATES]
    assert row["verdict"] == "not testable here"
    assert reason in row["reason"]


def test_other_noise_is_not_testable(votes):
    table = judge(votes.assign(expected_agreement=0.3))
    assert set(table["verdict"]) == {"not testable here"}
    assert table["reason"].str.contains("not uniform").all()
