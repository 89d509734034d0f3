"""From two config lines to figures, by real Snakemake."""

import csv
import json
import re

import numpy as np
import pytest
import yaml
from samples import ROOT

from label_smoothing.files import read_arrays

RUNS = "results/runs/digits/uniform/label_smoothing"
FIGURES = "results/figures/digits"


def _rows(path):
    with path.open() as file:
        return list(csv.DictReader(file))


def test_every_stage_left_its_files(finished_study):
    numbers = {
        "labels/digits/uniform/a*/seed0.npz": 2,
        "runs/**/predictions.npz": 4,
        "runs/**/history.csv": 4,
        "metrics/**/*.json": 8,
        "tables/**/*.csv": 4,
        "summaries/**/*.csv": 4,
        "theory/digits/**/*.csv": 2,
        "shares/digits/uniform/*/a*.csv": 2,
    }
    assert {pattern: len(finished_study.files(pattern)) for pattern in numbers} == numbers
    figures = finished_study.files("figures/**/*.svg")
    assert {figure.stem for figure in figures} >= {
        "loss_and_accuracy_beta",
        "loss_landscapes",
        "loss_over_p_alpha",
        "loss_over_p_beta",
        "optimum_over_a",
        "votes",
        "gamma_optimum",
        "landscapes",
        "optimum_over_classes",
        "optimum_over_votes",
        "optimum_two_classes",
    }
    assert all(figure.with_suffix(".csv").stat().st_size > 100 for figure in figures)
    assert not [f for f in finished_study.files("**/.*") if f.is_file()]


def test_numbers_reach_the_figure_unchanged(finished_study):
    (path,) = finished_study.files("metrics/digits/beta/*/a0.6/p0.5/seed0.json")
    cell = json.loads(path.read_text())
    run = read_arrays(finished_study.path / RUNS / "a0.6/p0.5/seed0/predictions.npz")
    labels = read_arrays(finished_study.path / "results/labels/digits/uniform/a0.6/seed0.npz")
    loss = -run["log_probabilities"].astype(float)[np.arange(500), labels["test"]].mean()
    assert cell["test_loss"] == pytest.approx(loss, rel=1e-9)
    (figure,) = finished_study.files("figures/digits/*/loss_over_p_beta.csv")
    (row,) = [
        row
        for row in _rows(figure)
        if (row["quantity"], row["a"], row["p"]) == ("measured", "0.6", "0.5")
    ]
    assert float(row["loss"]) == pytest.approx(loss, rel=1e-9)
    assert row["seeds"] == "1"
    assert row["low"] == ""


def test_cells_that_did_not_memorise_are_named(finished_study):
    (log,) = finished_study.files("logs/tables/digits/alpha/*/a0.6.log")
    assert re.search(
        r"a = 0.6, p = 0.5, seed 0 did not memorise: train accuracy 0\.\d+, memorised_at 0.99",
        log.read_text(),
    )
    (table,) = finished_study.files("tables/digits/alpha/*/a0.6.csv")
    assert [row["memorised"] for row in _rows(table)] == ["False", "False"]


def test_one_table_holds_every_number_of_the_study(finished_study):
    rows = _rows(finished_study.path / "results/study.csv")
    tables = [row for path in finished_study.files("tables/**/*.csv") for row in _rows(path)]
    assert len(rows) == 8
    assert sorted(map(repr, rows)) == sorted(map(repr, tables))
    keys = ("dataset", "noise", "method", "a", "p", "epsilon", "seed")
    cells = [tuple(row[key] for key in keys) for row in rows]
    assert ("digits", "beta", "label_smoothing", "0.6", "1.0", "0.0", "0") in cells
    assert len(set(cells)) == 8


def test_the_docs_read_that_table(finished_study, monkeypatch, capsys):
    monkeypatch.chdir(finished_study.path)
    (example,) = re.findall(
        r"```python\n(.*?)```", (ROOT / "docs/results.md").read_text(), re.DOTALL
    )
    exec(example, {})
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["epsilon", "test_loss", "test_accuracy"]
    assert [line.split()[:-3] for line in lines[2:]] == [
        ["0.6", "0.5"],
        ["1.0"],
        ["1.0", "0.5"],
        ["1.0"],
    ]


def test_any_file_is_a_target_and_trains_only_what_it_shows(empty):
    config = empty.config()
    config["datasets"]["other"] = {**config["datasets"]["digits"], "split_seed": 1}
    empty.configure(config)
    trained = {
        "results/labels/other/uniform/a0.6/seed0.npz": 0,
        "results/metrics/other/beta/label_smoothing/a0.6/p0.5/seed0.json": 1,
        "results/tables/other/alpha/label_smoothing/a1.0.csv": 2,
    }
    for target, networks in trained.items():
        jobs = empty.planned(target)
        assert (jobs["prepare_dataset"], jobs.get("train", 0)) == (1, networks), target
    assert empty.planned("results/figures/other/label_smoothing/calibration_alpha.svg") == {
        "prepare_dataset": 1,
        "corrupt_dataset": 2,
        "train": 4,
        "evaluate": 4,
        "aggregate": 2,
        "draw_calibration": 1,
    }
    assert empty.planned()["train"] == 8


def test_drawn_clean_rates_are_all_that_a_figure_over_p_asks_for(empty):
    config = empty.config()
    config["drawn_clean_rates"] = [0.6]
    config["methods"] |= {
        "logit": {"loss": "logit_smoothing"},
        "backward": {"loss": "backward_correction", "matrix": "transition"},
    }
    empty.configure(config)
    jobs = empty.planned(f"{FIGURES}/label_smoothing/calibration_alpha.svg")
    assert (jobs["train"], jobs["aggregate"]) == (2, 1)
    # Its vote curve has the k and the purity of all clean rates and noise types.
    jobs = empty.planned(f"{FIGURES}/label_smoothing/loss_over_p_alpha.svg")
    assert (jobs["train"], jobs["aggregate"], jobs["fit_votes"]) == (4, 4, 1)
    # Two methods over two p, and one with a single network.
    jobs = empty.planned(f"{FIGURES}/methods_beta.svg")
    assert (jobs["train"], jobs["evaluate"], jobs["aggregate"]) == (5, 5, 3)
    assert empty.planned()["train"] == 10


def test_the_theory_waits_for_no_network(empty):
    names = ("landscapes", "optimum_two_classes", "gamma_optimum", "optimum_over_votes")
    figures = [f"results/figures/theory/{name}.csv" for name in names]
    assert empty.planned(*figures) == {f"draw_{name}": 1 for name in names}


def test_a_study_given_by_configfile_stands_alone(empty, tmp_path):
    config = empty.config()
    config["smoothing"] = [0.7]
    config["datasets"] = {"mine": config["datasets"]["digits"]}
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(config))
    output = empty.snakemake("--dry-run", "--configfile", tmp_path / "mine.yaml").stdout
    assert re.search(r"^train +2$", output, re.MULTILINE)


def test_every_method_runs_and_reports_both_outputs(untrained):
    # Beside the config, which is neither in the working directory nor beside the Snakefile.
    folder = untrained.path / "mine"
    folder.mkdir()
    np.savetxt(folder / "S.csv", (0.7 - 0.3 / 9) * np.eye(10) + 0.3 / 9, delimiter=",")
    config = untrained.config()
    config["clean_rates"], config["smoothing"] = [0.6], [0.4, 0.7]
    del config["noise_types"]["beta"]
    config["methods"] = {
        "forward": {"loss": "forward_correction"},
        "forward-true": {"loss": "forward_correction", "matrix": "transition"},
        "backward": {"loss": "backward_correction", "matrix": "transition"},
        "logit": {"loss": "logit_smoothing"},
        "optimal": {"loss": "matrix_smoothing", "matrix": "alpha_optimal"},
        "single": {"loss": "matrix_smoothing", "matrix": "alpha_mean_field"},
        "mine": {"loss": "matrix_smoothing", "matrix": "file", "path": "S.csv"},
    }
    (folder / "study.yaml").write_text(yaml.safe_dump(config))
    study = ("--configfile", "mine/study.yaml")
    # The figures of several methods, and of one those that have a theory of its own.
    figures = ("forward/loss_over_p_alpha", "forward/optimum_over_a", "methods_alpha")
    targets = [f"{FIGURES}/{figure}.svg" for figure in (*figures, "matrix_or_mean_field")]
    targets += ["results/claims.csv", "results/study.csv"]
    untrained.run(*study, "--", *targets)
    tables = {
        path.parent.name: _rows(path) for path in untrained.files("tables/digits/alpha/*/a0.6.csv")
    }
    assert {name: [row["p"] for row in rows] for name, rows in tables.items()} == {
        "forward": ["0.4", "0.7"],
        "forward-true": ["1.0"],
        "backward": ["1.0"],
        "logit": ["0.4", "0.7"],
        "optimal": ["1.0"],
        "single": ["1.0"],
        "mine": ["1.0"],
    }
    for name, rows in tables.items():
        corrects = name in ("forward", "forward-true", "logit")
        for row in rows:
            assert (row["test_loss"] != row["uncorrected_test_loss"]) == corrects, name
    judged = _rows(untrained.path / "results/claims.csv")
    of_matrix = {row["claim"] for row in judged if row["method"] == "optimal"}
    assert "no other matrix is better than alpha's best" in of_matrix
    plan = untrained.snakemake(*study, "--dry-run", "--quiet", "host").stdout
    assert set(re.findall(r"figures/digits/([\w-]+)/\w+\.svg", plan)) == {"forward"}
    refused = untrained.snakemake(
        *study, "--dry-run", "--", f"{FIGURES}/logit/loss_over_p_alpha.svg", check=False
    )
    assert refused.returncode != 0
    assert "loss_over_p_alpha is not offered: " in refused.stdout
    assert "methods.logit has loss" in refused.stdout
    assert "Nothing to be done" in untrained.run(*study, "--dry-run", "--", *targets).stdout


def test_a_cell_that_diverges_does_not_stop_the_study(untrained):
    config = untrained.config()
    config["clean_rates"] = [0.6]
    recipe = config["training"]["memorise"]
    recipe |= {"optimizer": "sgd", "schedule": "constant", "learning_rate": 1e9}
    del config["noise_types"]["beta"]
    untrained.configure(config)
    output = untrained.run().stdout
    assert "diverged in epoch" in output
    scores = [json.loads(path.read_text()) for path in untrained.files("metrics/**/*.json")]
    assert len(scores) == 2
    assert all(cell["test_loss"] is None and cell["diverged_epoch"] >= 1 for cell in scores)
    (fits,) = untrained.files("theory/digits/**/*.csv")
    assert [row["diverged_cells"] for row in _rows(fits)] == ["2"]
    (figure,) = untrained.files("figures/digits/*/loss_over_p_alpha.csv")
    measured = [row for row in _rows(figure) if row["quantity"] == "measured"]
    assert [(row["seeds"], row["diverged"], row["loss"]) for row in measured] == [
        ("0", "1", "")
    ] * 2
    assert untrained.planned() == {}


def test_other_transitions_run_and_are_compared_with_their_own_theory(untrained):
    T = 0.8 * np.eye(10) + 0.2 * np.eye(10)[::-1]
    np.savetxt(untrained.path / "T.csv", T, delimiter=",")
    config = untrained.config()
    config["clean_rates"] = [0.6]
    config["transitions"] = {
        "pairs": {"kind": "pair_flip"},
        "mine": {"kind": "file", "path": "T.csv"},
    }
    config["noise_types"] = {
        "beta-pairs": {"assumption": "beta", "transition": "pairs"},
        "beta-mine": {"assumption": "beta", "transition": "mine"},
    }
    untrained.configure(config)
    targets = [f"results/theory/digits/{n}/label_smoothing.csv" for n in config["noise_types"]]
    untrained.run("--", *targets, f"{FIGURES}/label_smoothing/optimum_over_a.svg")
    for noise in config["noise_types"]:
        (path,) = untrained.files(f"theory/digits/{noise}/*.csv")
        (row,) = _rows(path)
        # One other class takes all flips: two corruptions agree with a^2 + (1 - a)^2.
        assert float(row["match_probability"]) == pytest.approx(0.6**2 + 0.4**2)
        assert float(row["predicted_optimum"]) == pytest.approx(0.52)
    labels = read_arrays(untrained.path / "results/labels/digits/mine/a0.6/seed0.npz")
    assert labels["transition"][9, 0] == pytest.approx(0.4)
    (figure,) = untrained.files("figures/digits/*/optimum_over_a.csv")
    for row in (row for row in _rows(figure) if row["quantity"] == "predicted"):
        a, p = float(row["a"]), float(row["p"])
        assert p == pytest.approx(a**2 + (1 - a) ** 2, abs=1e-8)
