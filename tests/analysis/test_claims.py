"""The rows, words and pages of the verdicts."""

import claim_studies as made
import numpy as np
import pandas as pd
import pytest
from claim_studies import ALL_CLAIMS, CLAIMS, EACH_RATE, RESOURCES, STUDY, cells, judge
from samples import ROOT, of_given_labels

from label_smoothing.analysis.claims import beside
from label_smoothing.analysis.claims.judge import COLUMNS, STATISTICS, judge_claims
from label_smoothing.analysis.claims.page import claims_page, claims_short
from label_smoothing.analysis.claims.table import criteria_table
from label_smoothing.study.figure_registry import FIGURES


def short(verdicts):
    return claims_short(verdicts, (RESOURCES / "claims_short.html.j2").read_text())


def test_the_part_that_decides_is_named():
    row = judge(made.WEAK, cells(made.WEAK, holds=lambda seed: False))
    assert row["reason"].startswith("interval below 0 (the cost)")
    row = judge(made.GAMMA, cells(made.GAMMA))
    assert row["reason"].startswith("interval above 0 (than alpha)")
    table = cells(made.WEAK)
    table.loc[(table["a"] < 0.9) & (table["p"] < 1), "test_accuracy"] += 0.2  # gains everywhere
    row = judge(made.WEAK, table)
    assert row["verdict"] == "not supported"
    assert row["reason"].startswith("interval below 0 (the cost)")


def test_equal_values_are_decided_as_all_others():
    row = judge(made.APART, cells(made.APART, seeds=2).assign(test_accuracy=0.8))
    assert (row["low"], row["high"], row["verdict"]) == (0, 0, "not supported")


def test_rows_are_claims_of_each_data_set_method_noise_type_and_rate():
    table = cells(made.ALPHA_HEIGHT, seeds=2)
    types = STUDY["noise_types"] | {"pairs": {"assumption": "alpha", "transition": "pairs"}}
    sets = {name: {"source": "digits"} for name in "de"}
    rows = judge_claims(
        pd.concat([table, table.assign(noise="pairs"), table.assign(dataset="e")]),
        STUDY | {"noise_types": types, "datasets": sets},
        CLAIMS,
    )
    assert list(rows.columns) == COLUMNS
    # Those about a matrix have no rows where no method has it.
    over_p = [claim for claim in CLAIMS if claim.matrix == "p"]
    assert list(rows["claim"].unique()) == [claim.words for claim in over_p]
    each = [claim for claim in over_p if claim.each_rate and claim.assumption == "alpha"]
    of_beta = [claim for claim in over_p if claim.assumption == "beta"]
    once = len(over_p) - len(each) - len(of_beta)
    assert len(rows) == 3 * (6 * len(each) + once) + 2 * len(of_beta)
    missing = rows[rows["claim"] == made.BETA_HEIGHT]
    assert set(missing["reason"]) == {"no noise type with assumption beta"}
    assert set(missing["verdict"]) == {"not testable here"}
    rates = rows.loc[rows["claim"] == made.ALPHA_HEIGHT, "a"]
    assert sorted(rates.unique()) == [0.5, 0.6, 0.7, 0.8, 0.85, 0.95]


@pytest.mark.parametrize("claim", [made.ALPHA_PLACE, made.BETA_PLACE])
@pytest.mark.parametrize("rates", [[1.0], [0.6], [0.6, 1.0]])
@pytest.mark.parametrize("grid", [[1.0], [0.2], [0.5, 1.0]])
@pytest.mark.parametrize("fate", ["memorised", "not memorised", "diverged"])
def test_the_smallest_studies_get_verdicts(claim, rates, grid, fate):
    table = cells(claim, seeds=1, rates=rates, grid=grid)
    table["memorised"] = fate == "memorised"
    table["diverged_epoch"] = int(fate == "diverged")
    verdicts = judge_claims(table, STUDY, CLAIMS)["verdict"]
    assert set(verdicts) <= {"undecided", "not testable here"}


def test_no_claim_is_judged_on_labels_of_an_unknown_clean_rate():
    table = pd.concat([cells(made.ALPHA_PLACE), cells(made.BETA_PLACE)])
    given = of_given_labels(table).assign(dataset="mine")
    study = STUDY | {"datasets": STUDY["datasets"] | {"mine": {"source": "npz"}}}
    rows = judge_claims(given, study, ALL_CLAIMS)
    assert set(rows["claim"]) == {c.words for c in ALL_CLAIMS if c.matrix == "p"}
    assert not rows["claim"].duplicated().any()
    assert set(rows["verdict"]) == {"not testable here"}
    reason = "the labels of the data set are given, and their clean rate is unknown"
    assert set(rows["reason"]) == {reason}
    # A data set beside it is judged as if alone.
    both = judge_claims(pd.concat([table, given]), study, CLAIMS)
    others = both[both["dataset"] != "mine"].reset_index(drop=True)
    pd.testing.assert_frame_equal(others, judge_claims(table, STUDY, CLAIMS).reset_index(drop=True))


def test_a_rate_without_memorised_cells_is_named_and_the_others_are_judged():
    table = cells(made.ALPHA_HEIGHT)
    table.loc[table["a"] == 0.5, "memorised"] = False
    assert judge(made.ALPHA_HEIGHT, table, a=0.5)["verdict"] == "not testable here"
    assert judge(made.ALPHA_HEIGHT, table, a=0.7)["verdict"] == "supported"


@pytest.mark.parametrize(
    ("name", "source", "setting"),
    [
        ("d", "digits", "other data"),
        ("d", "MNIST", "the paper's data"),
        ("d", "CIFAR10", "the paper's data"),
        ("d", "CIFAR100", "other data"),
        ("d", "KMNIST", "other data"),
        ("mnist-10000", "npz", "the paper's data"),
        ("cifar-10-subset", "npz", "the paper's data"),
        ("mnist2", "npz", "other data"),
        ("fashion-mnist", "npz", "other data"),
    ],
)
def test_a_verdict_on_other_data_than_the_papers_is_labelled(name, source, setting):
    study = STUDY | {"datasets": {name: {"source": source}}}
    row = judge(made.BETA_HEIGHT, cells(made.BETA_HEIGHT, seeds=2).assign(dataset=name), study)
    assert row["setting"] == setting
    assert row["paper"] == "MNIST, CIFAR-10: Figure 7, a = 0.5 and 0.95"
    row = judge(made.BETA_BELOW, cells(made.BETA_BELOW, seeds=2).assign(dataset=name), study)
    assert (row["setting"], row["paper"]) == ("any data", "any data: section 3.2")


def test_a_verdict_at_another_clean_rate_than_the_papers_is_labelled():
    study = STUDY | {"datasets": {"d": {"source": "MNIST"}}}
    table = cells(made.BETA_HEIGHT, seeds=2)
    assert judge(made.BETA_HEIGHT, table, study, a=0.95)["setting"] == "the paper's data"
    assert judge(made.BETA_HEIGHT, table, study, a=0.7)["setting"] == "other clean rate"


def test_page_shows_every_verdict_and_escapes_names():
    study = STUDY | {"datasets": {"<d>": {"source": "digits"}}}
    verdicts = judge_claims(cells(made.ALPHA_HEIGHT).assign(dataset="<d>"), study, CLAIMS)
    page = claims_page(verdicts, "A & B", (RESOURCES / "claims.html.j2").read_text())
    assert page.count("<tr>") == 1 + len(verdicts)
    assert "<h1>A &amp; B</h1>" in page
    assert "&lt;d&gt;, smoothing" in page
    row = verdicts.iloc[0]
    assert f"{row['value']:.2f} [{row['low']:.2f}, {row['high']:.2f}]" in page
    assert '<span class="supported">supported</span>' in page
    assert "&gt; 0.9" in page
    assert "&lt; 0.1" in page
    assert "a = 0.85" in page
    assert "MNIST: Figure 9 a" in page
    assert "other data" in page
    assert "nan" not in page


def test_front_page_links_a_claim_to_its_figure():
    verdicts = judge_claims(cells(made.ALPHA_HEIGHT), STUDY, CLAIMS)
    verdicts["figure"] = [None] * (len(verdicts) - 1) + ["results/figures/x'y.svg"]
    table = short(verdicts)
    assert table.count("<tr>") == 1 + len(verdicts)
    assert table.count("<a ") == 1
    assert "results[&#34;results/figures/x&#39;y.svg&#34;]" in table
    assert "<td>smoothing</td>" not in table  # one method: named by no row
    assert "foretells the test loss, a = 0.5" in table
    other = verdicts.assign(method="other")
    assert "<td>smoothing</td>" in short(pd.concat([verdicts, other]))


def test_front_page_has_one_line_for_a_data_set_of_which_nothing_is_testable():
    table = cells(made.ALPHA_HEIGHT)
    given = of_given_labels(table).assign(dataset="<d>")
    study = STUDY | {"datasets": STUDY["datasets"] | {"<d>": {"source": "npz"}}}
    line = "<p>&lt;d&gt;: not testable here, as the labels of the data set are given, and their "
    line += "clean rate is unknown.</p>\n"
    alone = judge_claims(table, STUDY, CLAIMS).assign(figure=None)
    both = judge_claims(pd.concat([given, table]), study, CLAIMS).assign(figure=None)
    assert short(both) == short(alone) + line
    assert short(both[both["dataset"] == "<d>"]) == line


def test_no_cells_give_no_rows():
    assert judge_claims(cells(made.ALPHA_HEIGHT).iloc[:0], STUDY, CLAIMS).empty


def test_each_claim_names_a_figure():
    paths = {figure.path for figure in FIGURES.values()}
    assert {f"{{dataset}}/{claim.figure}" for claim in ALL_CLAIMS} <= paths


def test_document_has_the_table_of_the_criteria():
    text = (ROOT / "docs" / "findings.md").read_text()
    assert (
        f"<!-- criteria: from workflow/resources/claims.yaml -->\n{criteria_table(ALL_CLAIMS)}\n"
        in text
    )


def test_every_entry_names_functions_that_exist_and_no_two_are_alike():
    for claim in ALL_CLAIMS:
        assert claim.statistic in STATISTICS
        assert not claim.beside or hasattr(beside, claim.beside)
    assert {claim.statistic for claim in ALL_CLAIMS} == set(STATISTICS)
    for name in ("id", "words"):
        assert len({getattr(claim, name) for claim in ALL_CLAIMS}) == len(ALL_CLAIMS)


def test_values_are_missing_where_nothing_was_measured():
    row = judge(made.GROWTH, cells(made.GROWTH, rates=[0.5, 1.0]))
    assert np.isnan([row["value"], row["low"], row["high"]]).all()
    assert made.GROWTH not in EACH_RATE


def test_pages_show_the_papers_value_beside_the_votes_and_the_interval():
    words = "votes: k of the lowest a predicts the alpha losses at all others"
    claims = [claim for claim in ALL_CLAIMS if claim.words == words]
    rows = judge_claims(cells(made.ALPHA_HEIGHT), STUDY, claims).assign(figure=None)
    row = rows.iloc[0]
    shown = f"<small>the paper: {row['paper_value']:.2f}</small>"
    assert row["paper_value"] > 0
    assert shown in claims_page(rows, "", (RESOURCES / "claims.html.j2").read_text())
    assert shown in short(rows)
