"""Files and code that change while a run is under way, or without a newer time; lost files."""

import os
import re
import shutil
from pathlib import Path

import numpy as np

LABELS = "results/labels/digits/uniform/a0.6/seed0.npz"
DATASET = "results/datasets/mine.safetensors"


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
    assert empty.planned(DATASET) == {}
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


def test_every_file_is_asked_for(finished):
    output = finished.snakemake("--dry-run", "--forcerun", "all", "--quiet", "host").stdout
    wanted = re.search(r"rule all:\n    input: (.*)", output)[1].split(", ")
    found = {
        str(file.relative_to(finished.path)) for file in finished.files("**/*") if file.is_file()
    }
    assert found - set(wanted) == {file for file in found if file.startswith("results/logs/")}


CELL = "digits/uniform/label_smoothing/a0.6/p0.5/seed0"
SCORED = "digits/beta/label_smoothing/a0.6"
FIGURE = "figures/digits/label_smoothing/loss_over_p_beta"
OF_VOTES = (
    "loss_landscapes",
    "measured_against_predicted",
    "optimum_over_a",
    "votes",
)
# A table's readers, and what reads all tables of a data set.
OF_A_TABLE = {
    "aggregate": 1,
    "gather_study": 1,
    "answer_question": 1,
    "fit_theory": 1,
    "fit_votes": 1,
    "judge_claims": 1,
} | {f"draw_{figure}": 1 for figure in ("calibration", *OF_VOTES)}
# Those of both noise types have the k that is fitted to all tables.
OF_A_TABLE |= {"draw_loss_over_p": 2, "draw_loss_and_accuracy": 2}
# Both noise types are scored on the same networks.
OF_A_NETWORK = OF_A_TABLE | {
    "train": 1,
    "evaluate": 2,
    "aggregate": 2,
    "fit_theory": 2,
    "draw_calibration": 2,
    "count_shares": 1,
}
LOST = [
    (
        ["datasets/digits.safetensors"],
        OF_A_NETWORK
        | {"prepare_dataset": 1, "corrupt_dataset": 2, "train": 4, "evaluate": 8, "aggregate": 4}
        | {"count_shares": 2},
    ),
    (
        ["labels/digits/uniform/a0.6/seed0.npz"],
        OF_A_NETWORK | {"corrupt_dataset": 1, "train": 2, "evaluate": 4},
    ),
    ([f"runs/{CELL}/predictions.npz"], OF_A_NETWORK),
    ([f"runs/{CELL}/history.csv"], OF_A_NETWORK),
    ([f"metrics/{SCORED}/p0.5/seed0.json"], OF_A_TABLE | {"evaluate": 1}),
    ([f"tables/{SCORED}.csv"], OF_A_TABLE),
    ([f"summaries/{SCORED}.csv"], OF_A_TABLE),
    (
        ["theory/digits/beta/label_smoothing.csv"],
        {"fit_theory": 1, "draw_optimum_over_a": 1},
    ),
    (
        ["shares/digits/uniform/label_smoothing/a0.6.csv"],
        {"count_shares": 1, "draw_votes": 1},
    ),
    (["study.csv"], {"gather_study": 1}),
    (
        ["votes/digits/label_smoothing.csv", "claims.html", f"{FIGURE}.csv"],
        {"fit_votes": 1, "judge_claims": 1, "draw_loss_over_p": 2, "draw_loss_and_accuracy": 2}
        | {f"draw_{figure}": 1 for figure in OF_VOTES},
    ),
    (
        ["claims.csv", f"{FIGURE}.svg", "figures/theory/landscapes.csv"],
        {"judge_claims": 1, "draw_loss_over_p": 1, "draw_landscapes": 1},
    ),
    (
        ["claims_short.html", "figures/theory/landscapes.svg"],
        {"judge_claims": 1, "draw_landscapes": 1},
    ),
    (["answers.csv", "answers.html"], {"answer_question": 1}),
]


def test_a_lost_file_of_any_kind_is_planned_with_what_follows_from_it(finished, tmp_path):
    results = finished.path / "results"
    found = {file.relative_to(results) for file in finished.files("**/*") if file.is_file()}
    kinds = {(file.parts[0], file.suffix) for file in found if file.parts[0] != "logs"}
    lost = [Path(file) for files, _ in LOST for file in files]
    assert {(file.parts[0], file.suffix) for file in lost} == kinds
    for files, jobs in LOST:
        for number, file in enumerate(files):
            (results / file).rename(tmp_path / str(number))
        assert finished.planned() == jobs, files
        for number, file in enumerate(files):
            (tmp_path / str(number)).rename(results / file)


def test_lost_notes_are_told_with_what_to_do(finished):
    told = "metadata is missing or empty, but results/runs holds results"
    assert told not in finished.snakemake("--dry-run").stdout
    shutil.rmtree(finished.path / ".snakemake/metadata")
    assert finished.snakemake("--dry-run").stdout.count(told) == 1
