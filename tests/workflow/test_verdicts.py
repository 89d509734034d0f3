"""The verdicts on the claims, by real Snakemake."""

import csv

from samples import ROOT

from label_smoothing.analysis.claims.table import read_claims

TABLE = ROOT / "workflow" / "resources" / "claims.yaml"


def test_study_of_one_seed_has_rows_and_reasons_but_no_verdict(finished_study):
    (path,) = finished_study.files("claims.csv")
    rows = list(csv.DictReader(path.open()))
    claims = [c.words for c in read_claims(TABLE) if c.matrix == "p"]
    assert [row["claim"] for row in rows] == claims  # one a below 1, no matrix
    assert {row["verdict"] for row in rows} == {"not testable here"}
    assert all(row["reason"] for row in rows)
    assert {row["setting"] for row in rows} == {"other data", "any data"}
    (page,) = finished_study.files("claims.html")
    assert page.read_text().count("</span><br><small>other data") == sum(
        row["setting"] == "other data" for row in rows
    )
