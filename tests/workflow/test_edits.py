"""Files and code that change while a run is under way, or without a newer time; lost files."""

import os
import re
import shutil

import numpy as np

LABELS = "results/labels/digits/uniform/a0.6/seed0.npz"
DATASET = "results/datasets/mine.safetensors"


def write_images(path, seed):
    rng = np.random.default_rng(seed)
    arrays = {}
    for part, size in (("train", 100), ("test", 20)):
        arrays[f"x_{part}"] = rng.integers(0, 256, (size, 8, 8), np.uint8)
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


def test_deleted_fits_come_back(finished):
    (finished.path / "results/theory/digits/alpha/label_smoothing.csv").unlink()
    jobs = finished.planned()
    assert jobs["fit_theory"] == 1
    assert not {"train", "evaluate", "aggregate"} & set(jobs)


def test_lost_notes_are_told_with_what_to_do(finished):
    told = "metadata is missing or empty, but results/runs holds results"
    assert told not in finished.snakemake("--dry-run").stdout
    shutil.rmtree(finished.path / ".snakemake/metadata")
    assert finished.snakemake("--dry-run").stdout.count(told) == 1
