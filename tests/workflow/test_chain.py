"""From two config lines to figures, by real Snakemake."""

import csv
import json
import re

import numpy as np
import pytest
import yaml
from samples import ROOT


def test_every_stage_left_its_files(finished_study):
    assert len(finished_study.files("labels/digits/uniform/a*/seed0.npz")) == 2
    assert len(finished_study.files("runs/**/predictions.npz")) == 4
    assert len(finished_study.files("runs/**/history.csv")) == 4
    assert len(finished_study.files("metrics/**/*.json")) == 8
    assert len(finished_study.files("tables/**/*.csv")) == 4
    assert len(finished_study.files("summaries/**/*.csv")) == 4
    assert len(finished_study.files("theory/digits/**/*.csv")) == 2
    assert len(finished_study.files("shares/digits/uniform/*/a*.csv")) == 2
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
    with (
        np.load(
            finished_study.path
            / "results/runs/digits/uniform/label_smoothing/a0.6/p0.5/seed0/predictions.npz"
        ) as run,
        np.load(finished_study.path / "results/labels/digits/uniform/a0.6/seed0.npz") as labels,
    ):
        outputs = run["log_probabilities"].astype(float)
        loss = -outputs[np.arange(500), labels["test"]].mean()
    assert cell["test_loss"] == pytest.approx(loss, rel=1e-9)
    (figure,) = finished_study.files("figures/digits/*/loss_over_p_beta.csv")
    with figure.open() as file:
        (row,) = [
            row
            for row in csv.DictReader(file)
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
    rows = list(csv.DictReader(table.open()))
    assert [row["memorised"] for row in rows] == ["False", "False"]


def test_one_table_holds_every_number_of_the_study(finished_study):
    with (finished_study.path / "results/study.csv").open() as file:
        rows = list(csv.DictReader(file))
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


def _rows(path):
    with path.open() as file:
        return list(csv.DictReader(file))


def test_any_file_of_any_stage_is_a_target(empty):
    cell = "a0.6/p0.5/seed0"
    stages = {
        "results/datasets/digits.safetensors": {},
        "results/labels/digits/uniform/a0.6/seed0.npz": {"corrupt_dataset": 1},
        f"results/runs/digits/uniform/label_smoothing/{cell}/predictions.npz": {"train": 1},
        f"results/runs/digits/uniform/label_smoothing/{cell}/history.csv": {"train": 1},
        f"results/metrics/digits/beta/label_smoothing/{cell}.json": {"train": 1, "evaluate": 1},
        "results/tables/digits/alpha/label_smoothing/a1.0.csv": {"train": 2, "aggregate": 1},
        "results/summaries/digits/alpha/label_smoothing/a1.0.csv": {"train": 2, "aggregate": 1},
        "results/theory/digits/alpha/label_smoothing.csv": {"train": 4, "fit_theory": 1},
        "results/figures/digits/label_smoothing/optimum_over_a.svg": {
            "train": 4,
            "fit_theory": 2,
            "fit_votes": 1,
            "draw_optimum_over_a": 1,
        },
    }
    for target, expected in stages.items():
        jobs = empty.planned(target)
        assert jobs["prepare_dataset"] == 1
        assert expected.items() <= jobs.items(), target
        assert set(jobs) - set(expected) <= {
            "prepare_dataset",
            "corrupt_dataset",
            "evaluate",
            "aggregate",
        }


def test_one_figure_trains_only_what_it_shows(empty):
    config = empty.config()
    config["datasets"]["other"] = {**config["datasets"]["digits"], "split_seed": 1}
    empty.configure(config)
    assert empty.planned()["train"] == 8
    jobs = empty.planned("results/figures/other/label_smoothing/calibration_alpha.svg")
    assert jobs == {
        "prepare_dataset": 1,
        "corrupt_dataset": 2,
        "train": 4,
        "evaluate": 4,
        "aggregate": 2,
        "draw_calibration": 1,
    }


def test_drawn_clean_rates_are_all_that_a_figure_over_p_asks_for(empty):
    empty.configure({**empty.config(), "drawn_clean_rates": [0.6]})
    folder = "results/figures/digits/label_smoothing"
    jobs = empty.planned(f"{folder}/calibration_alpha.svg")
    assert (jobs["train"], jobs["aggregate"]) == (2, 1)
    # Its vote curve has the k and the purity of all clean rates and noise types.
    jobs = empty.planned(f"{folder}/loss_over_p_alpha.svg")
    assert (jobs["train"], jobs["aggregate"], jobs["fit_votes"]) == (4, 4, 1)
    assert empty.planned()["train"] == 4


def test_the_methods_at_the_drawn_clean_rates_train_no_others(empty):
    config = empty.config()
    config["drawn_clean_rates"] = [0.6]
    config["methods"] |= {
        "logit": {"loss": "logit_smoothing"},
        "backward": {"loss": "backward_correction", "matrix": "transition"},
    }
    empty.configure(config)
    jobs = empty.planned("results/figures/digits/methods_beta.svg")
    # Two methods over two p, and one with a single network.
    assert (jobs["train"], jobs["evaluate"], jobs["aggregate"]) == (5, 5, 3)


def test_the_theory_waits_for_no_network(empty):
    names = (
        "landscapes",
        "optimum_two_classes",
        "optimum_over_classes",
        "gamma_optimum",
        "optimum_over_votes",
    )
    jobs = {f"draw_{name}": 1 for name in names}
    for kind in ("svg", "csv"):
        figures = [f"results/figures/theory/{name}.{kind}" for name in names]
        assert empty.planned(*figures) == jobs


@pytest.mark.parametrize(("device", "gpus"), [("auto", "1"), ("cuda", "1"), ("cpu", "0")])
def test_training_asks_for_a_gpu_unless_told_not_to(empty, device, gpus):
    config = empty.config()
    config["device"] = device
    empty.configure(config)
    output = empty.snakemake(
        "--dry-run", "--cores", "8", "--resources", "gpu=2", "--quiet", "host"
    ).stdout
    assert set(re.findall(r"gpu=(\d+)", output)) == {gpus}
    assert "mem_mb=1500" in output
    assert "runtime=30" in output


def test_a_machine_without_gpu_runs_with_a_gpu_limit(empty):
    config = empty.config()
    config["device"] = "auto"
    empty.configure(config)
    target = "results/runs/digits/uniform/label_smoothing/a1.0/p0.5/seed0/history.csv"
    empty.snakemake("--cores", "8", "--resources", "gpu=2", "--", target)
    assert empty.files("runs/**/history.csv")


def test_a_study_given_by_configfile_stands_alone(empty, tmp_path):
    config = empty.config()
    config["smoothing"] = [0.7]
    config["datasets"] = {"mine": config["datasets"]["digits"]}
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(config))
    output = empty.snakemake("--dry-run", "--configfile", tmp_path / "mine.yaml").stdout
    assert re.search(r"^train +2$", output, re.MULTILINE)


def test_every_method_runs_and_reports_both_outputs(untrained):
    (untrained.path / "S.csv").write_text(
        "\n".join(",".join("0.7" if i == j else str(0.3 / 9) for j in range(10)) for i in range(10))
    )
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
    untrained.configure(config)
    # The figures of several methods, and of one those that have a theory of its own.
    figures = [
        "forward/loss_over_p_alpha",
        "forward/optimum_over_a",
        "methods_alpha",
        "matrix_or_mean_field",
    ]
    targets = [f"results/figures/digits/{figure}.svg" for figure in figures]
    targets += ["results/claims.csv", "results/answers.csv", "results/study.csv"]
    untrained.run("--", *targets)
    tables = {}
    for path in untrained.files("tables/digits/alpha/*/a0.6.csv"):
        tables[path.parent.name] = list(csv.DictReader(path.open()))
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
    judged = list(csv.DictReader((untrained.path / "results/claims.csv").open()))
    of_matrix = {row["claim"] for row in judged if row["method"] == "optimal"}
    assert "no other matrix is better than alpha's best" in of_matrix
    plan = untrained.snakemake("--dry-run", "--quiet", "host").stdout
    assert set(re.findall(r"figures/digits/([\w-]+)/\w+\.svg", plan)) == {"forward"}
    refused = untrained.snakemake(
        "--dry-run", "results/figures/digits/logit/loss_over_p_alpha.svg", check=False
    )
    assert refused.returncode != 0
    assert "loss_over_p_alpha is not offered: config.yaml: methods.logit has loss" in refused.stdout
    assert untrained.planned(*targets) == {}


def test_a_cell_that_diverges_does_not_stop_the_study(untrained):
    config = untrained.config()
    recipe = config["training"]["memorise"]
    recipe |= {"optimizer": "sgd", "schedule": "constant", "learning_rate": 1e9}
    del config["noise_types"]["beta"]
    untrained.configure(config)
    output = untrained.run().stdout
    assert "diverged in epoch" in output
    scores = [json.loads(path.read_text()) for path in untrained.files("metrics/**/*.json")]
    assert len(scores) == 4
    assert all(cell["test_loss"] is None and cell["diverged_epoch"] >= 1 for cell in scores)
    (fits,) = untrained.files("theory/digits/**/*.csv")
    assert [row["diverged_cells"] for row in csv.DictReader(fits.open())] == ["2", "2"]
    (figure,) = untrained.files("figures/digits/*/loss_over_p_alpha.csv")
    measured = [row for row in csv.DictReader(figure.open()) if row["quantity"] == "measured"]
    assert [(row["seeds"], row["diverged"], row["loss"]) for row in measured] == [
        ("0", "1", "")
    ] * 4
    assert untrained.planned() == {}


def test_other_transitions_run_and_are_compared_with_their_own_theory(untrained):
    (untrained.path / "T.csv").write_text(
        "\n".join(
            ",".join("0.8" if i == j else "0.2" if i == 9 - j else "0" for j in range(10))
            for i in range(10)
        )
    )
    config = untrained.config()
    config["transitions"] = {
        "pairs": {"kind": "pair_flip"},
        "mine": {"kind": "file", "path": "T.csv"},
    }
    config["noise_types"] = {
        "beta-pairs": {"assumption": "beta", "transition": "pairs"},
        "beta-mine": {"assumption": "beta", "transition": "mine"},
    }
    untrained.configure(config)
    untrained.run()
    for noise in config["noise_types"]:
        (path,) = untrained.files(f"theory/digits/{noise}/*.csv")
        rows = {float(row["a"]): row for row in csv.DictReader(path.open())}
        # One other class takes all flips: two corruptions agree with a^2 + (1 - a)^2.
        assert float(rows[0.6]["match_probability"]) == pytest.approx(0.6**2 + 0.4**2)
        assert float(rows[0.6]["predicted_optimum"]) == pytest.approx(0.52)
        assert float(rows[1.0]["match_probability"]) == 1
    with np.load(untrained.path / "results/labels/digits/mine/a0.6/seed0.npz") as labels:
        assert labels["transition"][9, 0] == pytest.approx(0.4)
    (figure,) = untrained.files("figures/digits/*/optimum_over_a.csv")
    for row in (row for row in _rows(figure) if row["quantity"] == "predicted"):
        a, p = float(row["a"]), float(row["p"])
        assert p == pytest.approx(a**2 + (1 - a) ** 2, abs=1e-8)


def test_report_holds_the_figures(finished):
    finished.snakemake("--report", "report.html")
    report = (finished.path / "report.html").read_text()
    assert "loss_over_p_alpha" in report
    assert "optimum_over_a" in report
    assert "landscapes" in report
    assert "Smoothing in published work" in report
