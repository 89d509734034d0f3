"""The verdicts on the claims, by real Snakemake."""

import csv


def test_study_of_one_seed_has_rows_and_reasons_but_no_verdict(finished_study):
    (path,) = finished_study.files("claims.csv")
    rows = list(csv.DictReader(path.open()))
    assert len(rows) == 8
    assert {row["verdict"] for row in rows} == {"not testable here"}
    assert all(row["reason"] for row in rows)
    (page,) = finished_study.files("claims.html")
    assert page.read_text().count("not testable here</span>") == 8


def test_study_without_theory_offers_no_verdicts_and_says_why(empty):
    methods = {"logit": {"loss": "logit_smoothing"}}
    empty.configure({**empty.config(), "methods": methods})
    assert "judge_claims" not in empty.planned()
    process = empty.snakemake("--dry-run", "--", "results/claims.csv", check=False)
    assert process.returncode != 0
    assert "claims.csv is not offered: config.yaml: methods is logit; needed: " in process.stdout
