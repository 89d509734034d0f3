"""Honest reruns: exactly what a change affects runs again, and nothing is lost."""

import os
import re
import shutil
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
from conftest import following, hide_gpus
from samples import ROOT

from label_smoothing.files import read_arrays

LIBRARY = "workflow/scripts/label_smoothing"
RUNS = "results/runs/digits/uniform"
LABELS = "results/labels/digits/uniform/a0.6/seed0.npz"
DATASET = "results/datasets/mine.safetensors"
LOSS = "functional.cross_entropy(logits, S.T[labels])"


def count(jobs, rule):
    return sum(job.rule == rule for job in jobs)


def test_what_changes_no_result_reruns_nothing(finished, jobs):
    files = ["Snakefile", "config.yaml", LABELS, "results/datasets/digits.safetensors"]
    for file in [*files, *(ROOT / "workflow").rglob("*.py"), *(ROOT / "workflow").rglob("*.smk")]:
        os.utime(finished.path / (file if file in files else file.relative_to(ROOT)))
    # Comments, docstrings, layout.
    finished.edit("What every training loss is", "What all training losses are")
    finished.edit(f"    return {LOSS}", f"    # columns of S\n    return (\n        {LOSS})")
    # The same config in other words and in another order.
    config = finished.config() | {"checkpoint_every": 1, "jobs_per_gpu": 4}
    assert config["device"] == "cpu"
    recipe = config["training"]["memorise"]
    recipe |= {"crop": 0, "flip": False, "milestones": [], "factor": 0.1, "precision": "fp32"}
    for section in ("datasets", "models", "training", "methods", "noise_types"):
        for name, entry in config[section].items():
            config[section][name] = dict(reversed(entry.items()))
    finished.configure(dict(reversed(config.items())))
    assert finished.planned() == {}
    config["training"]["memorise"]["crop"] = 1
    finished.configure(config)
    assert finished.planned() == following(jobs, lambda job: job.rule == "train")


def test_a_finished_study_stays_finished_on_a_machine_without_its_device(finished):
    hide_gpus(finished.path, "nowhere")
    for device, arguments in (("auto", ["--jobs", "2"]), ("cuda", ["--executor", "slurm"])):
        finished.configure(finished.config() | {"device": device})
        plan = finished.snakemake("--dry-run", *arguments, "--jobs", "2").stdout
        assert "Nothing to be done" in plan, (device, arguments)
    assert "Nothing to be done" in finished.run().stdout


def test_a_study_of_two_machines_says_so(finished):
    score = finished.path / "results/metrics/digits/alpha/label_smoothing/a0.6/p0.5/seed0.json"
    (here,) = re.findall('"(cpu, Python [^"]+)"', score.read_text())
    assert all(f"{name} {version(name)}" in here for name in ("torch", "numpy", "snakemake"))
    score.write_text(score.read_text().replace(here, "another device"))
    output = finished.run("--", "results/study.csv").stdout
    assert f"were not all trained alike: another device; {here}\n" in output


@pytest.mark.parametrize(
    ("old", "new", "rules"),
    [
        (LOSS, f"2 * {LOSS}", "train"),
        ("#0072B2", "#0072B3", "draw_.*"),  # a colour, of all figures
        ("_MOST_COLUMNS = 5", "_MOST_COLUMNS = 6", "draw_calibration"),
    ],
)
def test_a_change_of_the_code_reruns_what_it_affects_and_no_more(finished, jobs, old, new, rules):
    finished.edit(old, new)
    assert finished.planned() == following(jobs, lambda job: re.fullmatch(rules, job.rule))


def test_a_change_early_in_the_chain_leaves_what_comes_before(finished, jobs):
    config = finished.config()
    finished.configure(config | {"memorised_at": 0.5})
    planned = finished.planned()
    assert following(jobs, lambda job: job.rule == "aggregate").items() <= planned.items()
    assert not {"train", "evaluate"} & planned.keys()
    finished.configure(config)
    finished.edit("flip < np.diag(T)", "flip <= np.diag(T)")
    planned = finished.planned()
    assert following(jobs, lambda job: job.rule == "corrupt_dataset").items() <= planned.items()
    assert "prepare_dataset" not in planned


def test_more_of_a_study_trains_what_is_new_alone(finished, jobs):
    config = finished.config()
    config["noise_types"]["gamma"] = {"assumption": "gamma", "transition": "uniform"}
    finished.configure(config)
    planned = finished.planned()
    assert "train" not in planned
    assert planned["evaluate"] == 4  # networks
    del config["noise_types"]["gamma"]
    config["smoothing"].append(0.7)
    finished.configure(config)
    planned = finished.planned()
    assert planned["train"] == 2
    assert planned["evaluate"] == 2 * count(jobs, "evaluate") // count(jobs, "train")
    assert "corrupt_dataset" not in planned
    old = {file: file.stat().st_mtime_ns for file in finished.files("runs/**/predictions.npz")}
    table = "results/tables/digits/alpha/label_smoothing/a0.6.csv"
    finished.run("--", table)
    assert all(file.stat().st_mtime_ns == time for file, time in old.items())
    assert len(finished.files("runs/**/predictions.npz")) == 5
    assert finished.planned(table) == {}


def test_a_changed_loss_retrains_its_own_cells_alone(finished):
    config = finished.config()
    config["methods"] |= {
        "forward": {"loss": "forward_correction"},
        "gce": {"loss": "generalised_cross_entropy", "matrix": "identity", "q": 0.7},
    }
    finished.configure(config)
    forward = f"{RUNS}/forward/a1.0/p0.5/seed0/history.csv"
    gce = f"{RUNS}/gce/a1.0/p1.0/seed0/history.csv"
    smoothing = f"{RUNS}/label_smoothing/a1.0/p0.5/seed0/history.csv"
    assert finished.planned(smoothing, forward, gce) == {"train": 2}
    finished.run("--", forward, gce)

    finished.edit("logsumexp(1).mean()", "logsumexp(1).sum()")
    config["methods"]["gce"]["q"] = 0.5
    finished.configure(config)
    assert finished.planned(smoothing) == {}
    assert finished.planned(smoothing, gce) == {"train": 1}
    assert finished.planned(smoothing, forward) == {"train": 1}
    config["methods"]["label_smoothing"]["warm_up_epochs"] = 1
    finished.configure(config)
    assert finished.planned(smoothing) == {"train": 1}


def test_a_new_loss_and_a_new_network_retrain_nothing(finished):
    library = finished.path / LIBRARY / "training"
    for old, new in (("losses/label_smoothing", "losses/mine"), ("networks/mlp", "networks/mine")):
        (library / f"{new}.py").write_text((library / f"{old}.py").read_text())
    finished.edit('"mlp": Mlp', '"mine": Mlp, "mlp": Mlp')
    finished.edit('kind: Literal["mlp"]', 'kind: Literal["mlp", "mine"]')
    finished.edit(
        '"label_smoothing": LossKeys', '"mine": LossKeys(("p",)), "label_smoothing": LossKeys'
    )
    assert finished.planned() == {}
    # What is there now can be trained.
    config = finished.config()
    config["methods"]["mine"] = {"loss": "mine"}
    config["models"]["mine"] = {"kind": "mine", "hidden": [8]}
    config["datasets"]["digits"]["model"] = "mine"
    finished.configure(config)
    finished.run("--", f"{RUNS}/mine/a1.0/p0.5/seed0/history.csv")


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
    (registry,) = [
        file
        for file in (finished.path / LIBRARY / "study").glob("*.py")
        if "\nFIGURES" in file.read_text()
    ]
    with registry.open("a") as file:
        file.write(NEW_ENTRY)
    for missing, content in (
        (f"{LIBRARY}/figures/outputs.py", NEW_FIGURE),
        ("workflow/report/outputs.rst", "The highest outputs.\n"),
    ):
        refused = finished.snakemake("--dry-run", check=False)
        assert refused.returncode == 1
        last = refused.stdout.strip().splitlines()[-1]
        where = f"study/{registry.name}"
        assert last == f"FIGURES in {where} holds 'outputs'; needed: {finished.path / missing}"
        assert "Traceback" not in refused.stdout
        (finished.path / missing).write_text(content)
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


def test_a_lost_file_of_any_kind_is_planned_with_what_follows_from_it(finished, jobs):
    assert finished.planned() == {}
    (asked,) = (job.inputs for job in jobs if job.rule == "all")
    paths = [file.relative_to(finished.path) for file in finished.files("**/*") if file.is_file()]
    assert {str(path) for path in paths if path.parts[1] != "logs"} == asked
    # The last of each kind, and what is read with the scores of a network.
    lost = {(*Path(file).parts[:2], Path(file).suffix): file for file in sorted(asked)}
    lost["history"] = f"{RUNS}/label_smoothing/a0.6/p0.5/seed0/history.csv"
    read = set().union(*(job.inputs for job in jobs if job.rule != "all"))
    last = set(lost.values()) - read  # nothing follows from them: lost all at once
    for files in [last, *({file} for file in lost.values() if file in read)]:
        for file in files:
            (finished.path / file).rename(finished.path / file.replace("/", " "))
        affected = following(jobs, lambda job, files=files: not files.isdisjoint(job.outputs))
        assert finished.planned() == affected, files
        for file in files:
            (finished.path / file.replace("/", " ")).rename(finished.path / file)
    # Snakemake's own notes.
    told = "metadata is missing or empty, but results/runs holds results"
    assert told not in finished.snakemake("--dry-run").stdout
    shutil.rmtree(finished.path / ".snakemake/metadata")
    assert finished.snakemake("--dry-run").stdout.count(told) == 1


def write_images(path, seed):
    rng = np.random.default_rng(seed)
    arrays = {}
    for part, size in (("train", 100), ("test", 20)):
        # More than the 1 MB up to which Snakemake itself compares contents.
        arrays[f"x_{part}"] = rng.integers(0, 256, (size, 100, 100), np.uint8)
        arrays[f"y_{part}"] = np.arange(size) % 10
    np.savez(path, **arrays)
    os.utime(path, (1_000_000_000, 1_000_000_000))


def append(project, script, line):
    with (project.path / f"workflow/scripts/{script}.py").open("a") as file:
        file.write(f"{line}\n")


def test_the_content_of_a_file_decides_not_its_time(empty):
    config = empty.config()
    keys = {key: config["datasets"]["digits"][key] for key in ("model", "training")}
    config["datasets"] = {"mine": {"source": "npz", "path": "mine.npz", **keys}}
    empty.configure(config)
    write_images(empty.path / "mine.npz", 0)
    write_images(empty.path / "next.npz", 1)
    # Another file comes in its place, with an equal time, when it has been read.
    append(empty, "prepare_dataset", "import os\nos.replace('next.npz', 'mine.npz')")
    (empty.path / "again.npz").write_bytes((empty.path / "next.npz").read_bytes())
    empty.run("--", DATASET)
    first = (empty.path / DATASET).read_bytes()
    assert empty.planned(DATASET) == {"prepare_dataset": 1}
    (empty.path / "again.npz").rename(empty.path / "next.npz")
    empty.run("--", DATASET)
    assert (empty.path / DATASET).read_bytes() != first
    (empty.path / "mine.npz").touch()
    assert empty.planned(DATASET) == {}


def test_code_edited_since_the_plan_makes_no_result(empty):
    # The first job edits the script of the second.
    append(
        empty,
        "prepare_dataset",
        "open('workflow/scripts/corrupt_dataset.py', 'a').write('edited = True\\n')",
    )
    refused = empty.snakemake("--cores", "1", "--", LABELS, check=False)
    assert refused.returncode != 0
    assert "the code of corrupt_dataset.py is " in refused.stdout
    assert not (empty.path / LABELS).exists()
    empty.run("--", LABELS)
