"""Honest reruns: exactly what a change affects runs again, and nothing is lost."""

import os

import pytest
from conftest import LONG_STUDY, assert_resumed

from label_smoothing.files import read_arrays

LIBRARY = "workflow/scripts/label_smoothing"
DRAW_THEORY = {
    "draw_landscapes": 1,
    "draw_optimum_two_classes": 1,
    "draw_optimum_over_classes": 1,
    "draw_gamma_optimum": 1,
    "draw_optimum_over_votes": 1,
}
CELL = "results/runs/digits/uniform/label_smoothing/a0.6/p0.5/seed0"


def until_fits(jobs):
    """Leave out what nothing but figures and claims hangs on, and these."""
    last = (
        "draw_",
        "judge_",
        "list_",
        "fit_votes",
        "count_shares",
        "estimate_",
        "gather_",
        "answer_",
    )
    return {rule: count for rule, count in jobs.items() if not rule.startswith(last)}


def edit(project, file, old, new):
    path = project.path / file
    text = path.read_text()
    assert text.count(old) == 1, f"{file} holds {old!r} {text.count(old)} times"
    path.write_text(text.replace(old, new))


def test_a_finished_run_has_nothing_to_do(finished):
    assert finished.planned() == {}


def test_touching_files_reruns_nothing(finished):
    for file in (
        f"{LIBRARY}/training/losses/label_smoothing.py",
        "workflow/scripts/train.py",
        "workflow/rules/training.smk",
        "workflow/Snakefile",
        "Snakefile",
        "config.yaml",
        # Each older than what it is made of.
        "results/labels/digits/uniform/a0.6/seed0.npz",
        "results/datasets/digits.safetensors",
    ):
        os.utime(finished.path / file)
    assert finished.planned() == {}


def test_comments_docstrings_and_layout_rerun_nothing(finished):
    edit(
        finished,
        f"{LIBRARY}/training/losses/base.py",
        "What every training loss is",
        "What all training losses are",
    )
    edit(
        finished,
        f"{LIBRARY}/training/losses/label_smoothing.py",
        "    return functional.cross_entropy(logits, S.T[labels])",
        "    # columns of S\n    return functional.cross_entropy(\n        logits, S.T[labels])",
    )
    assert finished.planned() == {}


def test_a_changed_loss_retrains_but_corrupts_nothing_anew(finished):
    edit(
        finished,
        f"{LIBRARY}/training/losses/label_smoothing.py",
        "functional.cross_entropy(logits, S.T[labels])",
        "2 * functional.cross_entropy(logits, S.T[labels])",
    )
    jobs = finished.planned()
    assert until_fits(jobs) == {"train": 4, "evaluate": 8, "aggregate": 4, "fit_theory": 2}
    assert not DRAW_THEORY.keys() & jobs.keys()


def test_a_changed_loss_retrains_its_own_cells_alone(finished):
    config = finished.config()
    config["methods"] |= {
        "forward": {"loss": "forward_correction"},
        "gce": {"loss": "generalised_cross_entropy", "matrix": "identity", "q": 0.7},
    }
    finished.configure(config)
    runs = "results/runs/digits/uniform"
    forward = f"{runs}/forward/a1.0/p0.5/seed0/history.csv"
    gce = f"{runs}/gce/a1.0/p1.0/seed0/history.csv"
    smoothing = f"{runs}/label_smoothing/a1.0/p0.5/seed0/history.csv"
    assert finished.planned(smoothing, forward, gce) == {"train": 2}
    finished.run("--", forward, gce)

    forward_loss = "losses/forward_correction.py"
    edit(
        finished, f"{LIBRARY}/training/{forward_loss}", "logsumexp(1).mean()", "logsumexp(1).sum()"
    )
    assert finished.planned(smoothing, gce) == {}
    assert finished.planned(forward) == {"train": 1}
    config["methods"]["gce"]["q"] = 0.5
    finished.configure(config)
    assert finished.planned(smoothing, gce) == {"train": 1}
    config["methods"]["label_smoothing"]["warm_up_epochs"] = 1
    finished.configure(config)
    assert finished.planned(smoothing) == {"train": 1}


def test_a_new_loss_and_a_new_network_retrain_nothing(finished):
    library = finished.path / LIBRARY / "training"
    for old, new in (
        ("losses/label_smoothing.py", "losses/mine"),
        ("networks/mlp.py", "networks/mine"),
    ):
        text = (library / old).read_text()
        (library / f"{new}.py").write_text(text)
    edit(finished, f"{LIBRARY}/study/sections.py", '"mlp": Mlp', '"mine": Mlp, "mlp": Mlp')
    edit(
        finished,
        f"{LIBRARY}/study/sections.py",
        '"label_smoothing": LossKeys',
        '"mine": LossKeys(("p",)), "label_smoothing": LossKeys',
    )
    assert finished.planned() == {}
    # What is there now can be trained.
    config = finished.config()
    config["methods"]["mine"] = {"loss": "mine"}
    config["models"]["mine"] = {"kind": "mine", "hidden": [8]}
    config["datasets"]["other"] = config["datasets"]["digits"] | {"model": "mine"}
    finished.configure(config)
    finished.run("--", "results/runs/other/uniform/mine/a1.0/p0.5/seed0/history.csv")


@pytest.mark.parametrize(
    ("file", "old", "new"), [("style", "#0072B2", "#0072B3"), ("kit", '"ms": 5', '"ms": 6')]
)
def test_a_change_of_what_all_figures_share_redraws_all_and_no_more(finished, file, old, new):
    edit(finished, f"{LIBRARY}/figures/{file}.py", old, new)
    jobs = finished.planned()
    assert {"draw_loss_over_p": 2, "draw_optimum_over_a": 1, **DRAW_THEORY}.items() <= jobs.items()
    assert all(rule.startswith("draw_") for rule in jobs)
    assert sum(jobs.values()) == len(finished.files("figures/**/*.svg"))


@pytest.mark.parametrize(
    ("file", "old", "new", "jobs"),
    [
        ("landscapes", "_HIGHEST_LOSS = 2.0", "_HIGHEST_LOSS = 3.0", {"draw_landscapes": 1}),
        ("loss_landscapes", "margin = 0.02", "margin = 0.03", {"draw_loss_landscapes": 1}),
        ("theory_lines", "CLASSES = (2, 3,", "CLASSES = (2, 4,", DRAW_THEORY),
    ],
)
def test_a_changed_figure_is_drawn_again_alone(finished, file, old, new, jobs):
    edit(finished, f"{LIBRARY}/figures/{file}.py", old, new)
    assert finished.planned() == jobs


NEW_FIGURE = """
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from label_smoothing.figures.kit import draw_title
from label_smoothing.files import read_arrays


def numbers(predictions, scale):
    values = [read_arrays(path)["log_probabilities"].max() for path in predictions]
    return pd.DataFrame({"highest": np.multiply(values, scale)})


def draw(numbers, study):
    figure, panel = plt.subplots()
    panel.plot(numbers["highest"])
    draw_title(figure.suptitle, study, "highest outputs")
    return figure
"""
NEW_ENTRY = """FIGURES["outputs"] = Figure(
    "{dataset}/{method}/outputs_{noise}",
    _LEARNT,
    "highest outputs",
    {
        "predictions": lambda study, names: over(
            a=_rates, p=lambda _: study.smoothing_of(names["method"]), seed=lambda _: study.seeds
        )(study, {**names, "transition": study.transition_of(names["noise"])})
    },
    settings={"scale": lambda study: 2},
)
"""


def test_a_new_figure_is_a_module_an_entry_and_a_caption(finished):
    (finished.path / LIBRARY / "figures/outputs.py").write_text(NEW_FIGURE)
    (finished.path / "workflow/report/outputs.rst").write_text("The highest outputs.\n")
    with (finished.path / LIBRARY / "study/offered.py").open("a") as registry:
        registry.write(NEW_ENTRY)
    # The verdicts lead to figures, so they are written anew; nothing else is.
    assert finished.planned() == {"draw_outputs": 2, "judge_claims": 1}
    finished.run()
    outputs = finished.files("runs/**/predictions.npz")
    highest = [2 * read_arrays(path)["log_probabilities"].max() for path in outputs]
    for noise in ("alpha", "beta"):
        (path,) = finished.files(f"figures/digits/label_smoothing/outputs_{noise}.csv")
        _, *rows = path.read_text().split()
        assert list(map(float, rows)) == pytest.approx(highest)
    assert finished.planned() == {}


def test_a_registered_figure_without_its_module_or_caption_ends_in_one_line(empty):
    with (empty.path / LIBRARY / "study/offered.py").open("a") as registry:
        registry.write(NEW_ENTRY)
    missing = {
        f"{LIBRARY}/figures/outputs.py": NEW_FIGURE,
        "workflow/report/outputs.rst": "The highest outputs.\n",
    }
    for file, content in missing.items():
        refused = empty.snakemake("--dry-run", check=False)
        assert refused.returncode == 1
        last = refused.stdout.strip().splitlines()[-1]
        assert last == f"FIGURES in study/offered.py holds 'outputs'; needed: {empty.path / file}"
        assert "Traceback" not in refused.stdout
        (empty.path / file).write_text(content)
    empty.snakemake("--dry-run")


def test_a_changed_entry_of_the_literature_lists_it_anew(finished):
    edit(finished, "workflow/resources/literature.csv", "NASNet", "NASNet-A")
    assert finished.planned() == {"list_literature": 1}


def test_a_changed_noise_reruns_what_follows_it(finished):
    edit(finished, f"{LIBRARY}/data/noise.py", "flip < np.diag(T)", "flip <= np.diag(T)")
    jobs = finished.planned()
    assert (jobs["corrupt_dataset"], jobs["train"], jobs["evaluate"]) == (2, 4, 8)
    assert "prepare_dataset" not in jobs


def test_a_changed_threshold_retrains_nothing(finished):
    config = finished.config()
    config["memorised_at"] = 0.5
    finished.configure(config)
    assert set(until_fits(finished.planned())) == {"aggregate", "fit_theory"}


def test_a_changed_recipe_retrains(finished):
    config = finished.config()
    config["training"]["memorise"]["learning_rate"] = 0.001
    finished.configure(config)
    assert finished.planned()["train"] == 4


def test_deleted_cells_come_back_and_what_follows_from_them_never_imports_torch(
    finished, tmp_path, monkeypatch
):
    before = finished.contents()
    labels = "results/labels/digits/uniform/a1.0/seed0.npz"
    cells = [f"{CELL}/predictions.npz", f"{CELL.replace('p0.5', 'p1.0')}/history.csv"]
    for file in (labels, *cells):
        (finished.path / file).unlink()
    trap = tmp_path / "trap"
    trap.mkdir()
    (trap / "torch.py").write_text("raise ImportError('the trap was imported')\n")
    with monkeypatch.context() as patch:
        patch.setenv("PYTHONPATH", str(trap))
        finished.run("--", labels)
        jobs = {"train": 2, "evaluate": 4, "aggregate": 2, "fit_theory": 2}
        assert until_fits(finished.planned()) == jobs
        refused = finished.snakemake("--cores", "2", "--", *cells, check=False)
        assert refused.returncode != 0
        assert "the trap was imported" in refused.stdout
    finished.run("--", *cells)
    kept = ("runs", "labels", "datasets", "interpolators", "figures/theory")
    finished.remove(lambda name: not name.startswith(kept))
    monkeypatch.setenv("PYTHONPATH", str(trap))
    finished.run()
    assert finished.contents() == before
    assert finished.planned() == {}


def test_a_deleted_score_is_noticed(finished):
    path = "results/metrics/digits/beta/label_smoothing/a0.6/p0.5/seed0.json"
    (finished.path / path).unlink()
    jobs = finished.planned()
    assert (jobs["evaluate"], jobs["aggregate"], jobs["fit_theory"]) == (1, 1, 1)
    assert "train" not in jobs


def test_adding_one_p_trains_only_the_new_cells(finished):
    config = finished.config()
    config["smoothing"].append(0.7)
    finished.configure(config)
    jobs = finished.planned()
    assert (jobs["train"], jobs["evaluate"]) == (2, 4)
    assert "corrupt_dataset" not in jobs
    old = {file: file.stat().st_mtime_ns for file in finished.files("runs/**/predictions.npz")}
    finished.run("--", "results/study.csv")
    assert all(file.stat().st_mtime_ns == time for file, time in old.items())
    assert len(finished.files("runs/**/predictions.npz")) == 6
    assert finished.planned("results/study.csv") == {}


def test_adding_a_noise_type_trains_nothing(finished):
    config = finished.config()
    config["noise_types"]["gamma"] = {"assumption": "gamma", "transition": "uniform"}
    finished.configure(config)
    jobs = finished.planned()
    assert "train" not in jobs
    assert jobs["evaluate"] == 4


def test_a_killed_run_resumes_with_the_same_results(long_trainings, tmp_path):
    start, undisturbed = long_trainings
    killed = start.copy(tmp_path / "killed")
    killed.kill_in_training()
    assert not killed.files("runs/**/predictions.npz")
    refused = killed.snakemake("--cores", "2", check=False)
    assert "LockException" in refused.stdout
    killed.snakemake("--unlock")
    killed.run("--", *LONG_STUDY)
    assert_resumed(killed, undisturbed)


def test_a_preempted_training_resumes_with_the_same_results(long_trainings, tmp_path):
    start, undisturbed = long_trainings
    preempted = start.copy(tmp_path / "preempted")
    # The only checkpoint is the one that SIGTERM leaves.
    preempted.configure(preempted.config() | {"checkpoint_every": 1000})
    assert preempted.preempt_trainings() != 0
    assert not preempted.files("runs/**/predictions.npz")
    assert len(preempted.files("checkpoints/**/seed*.safetensors")) == 2
    preempted.run("--", *LONG_STUDY)
    assert_resumed(preempted, undisturbed)


def test_how_often_to_checkpoint_and_how_many_share_a_gpu_change_no_result(finished):
    finished.configure(finished.config() | {"checkpoint_every": 1, "jobs_per_gpu": 4})
    assert finished.planned() == {}
