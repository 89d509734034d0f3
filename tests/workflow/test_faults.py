"""Faults on one machine: nothing is lost, nothing is wrong, and what is damaged is named."""

import contextlib
import os
import subprocess

import psutil
import pytest
from conftest import LONG_STUDY, assert_resumed, await_event, jobs_of

CELL = "results/runs/digits/uniform/label_smoothing"
SCORES = "results/metrics/digits/alpha/label_smoothing"
PREDICTIONS = f"{CELL}/a0.6/p0.5/seed0/predictions.npz"


def truncate(path):
    os.truncate(path, path.stat().st_size // 2)


def test_a_killed_snakemake_takes_its_trainings_along_and_they_go_on(long_trainings, tmp_path):
    start, undisturbed = long_trainings
    project = start.copy(tmp_path / "killed")
    process = project.start_and_await_checkpoints(2)
    trainings = jobs_of(process, "train")
    process.kill()
    process.wait()
    assert len(trainings) == 2
    assert not psutil.wait_procs(trainings, timeout=30)[1]
    assert not project.files("runs/**/predictions.npz")
    damaged, _ = project.files("checkpoints/**/seed0.safetensors")
    truncate(damaged)
    project.snakemake("--unlock")
    output = project.run("--", *LONG_STUDY).stdout
    assert f"ignoring the checkpoint {damaged.relative_to(project.path)}" in output
    assert_resumed(project, undisturbed)


def test_a_training_that_starts_after_its_snakemake_was_killed_ends(empty):
    process = empty.start(PREDICTIONS)
    # Killed while the job is still importing Snakemake, seconds before it trains.
    trainings = await_event(process, lambda: jobs_of(process, "train"))
    process.kill()
    process.wait()
    assert not psutil.wait_procs(trainings, timeout=60)[1]
    assert not empty.files("runs/**/predictions.npz") + empty.files("runs/**/history.csv")
    assert not empty.files("checkpoints/**/*.safetensors")


def test_numbers_follow_the_threads_of_the_config_and_not_the_cores(empty):
    config = empty.config()
    config["train_resources"]["threads"] = 2
    empty.configure(config)
    contents = []
    for cores in ("1", "2"):
        empty.snakemake("--cores", cores, "--force", "--", PREDICTIONS)
        contents.append(empty.contents())
    assert contents[0] == contents[1]
    config["train_resources"]["threads"] = 1
    empty.configure(config)
    assert empty.planned(PREDICTIONS) == {"train": 1}


def test_a_killed_training_goes_on_and_a_second_snakemake_is_refused(long_trainings, tmp_path):
    start, undisturbed = long_trainings
    project = start.copy(tmp_path / "killed")
    process = project.start(*LONG_STUDY)
    await_event(process, lambda: jobs_of(process, "train"))
    second = project.snakemake("--cores", "1", check=False)
    assert second.returncode != 0
    assert "no other Snakemake process" in second.stdout
    project.await_checkpoints(process, 2)
    victim, other = jobs_of(process, "train")
    victim.kill()
    assert process.wait(timeout=300) != 0
    assert not other.is_running()
    assert len(project.files("runs/**/predictions.npz")) == 1
    project.run("--", *LONG_STUDY)
    assert_resumed(project, undisturbed)


def test_a_killed_evaluation_is_done_again(finished):
    before = finished.contents()
    score = f"{SCORES}/a0.6/p0.5/seed0.json"
    (finished.path / score).unlink()
    process = finished.start(score)
    (job,) = await_event(process, lambda: jobs_of(process, "evaluate"))
    job.kill()
    assert process.wait(timeout=300) != 0
    assert not (finished.path / score).exists()
    finished.run("--", score)
    assert finished.contents() == before


def test_damaged_arrays_are_named_and_made_again(finished):
    before = finished.contents()
    damaged = [
        "results/labels/digits/uniform/a0.6/seed0.npz",
        f"{CELL}/a1.0/p0.5/seed0/predictions.npz",
        f"{CELL}/a1.0/p1.0/seed0/history.csv",
    ]
    for file in damaged:
        truncate(finished.path / file)
    cells = ("a0.6/p0.5", "a1.0/p0.5", "a1.0/p1.0")
    targets = [f"{SCORES}/{cell}/seed0.json" for cell in cells]
    refused = finished.snakemake("--cores", "2", "--", *targets, check=False)
    assert refused.returncode != 0
    for file in damaged:
        assert f"{file} is damaged: " in refused.stdout
        (finished.path / file).unlink()
    finished.run("--", *damaged, *targets)
    assert finished.contents() == before


def test_flipped_bits_are_named_and_made_again(finished):
    before = finished.contents()
    file = f"{CELL}/a0.6/p0.5/seed0/predictions.npz"
    (finished.path / file).unlink()
    dataset = finished.path / "results/datasets/digits.safetensors"
    times, whole = dataset.stat(), dataset.read_bytes()
    for position in (-1, 100_000):  # of the labels and of the images
        damaged = bytearray(whole)
        damaged[position] ^= 1
        dataset.write_bytes(damaged)
        # As old as it was, so that Snakemake sees nothing new.
        os.utime(dataset, ns=(times.st_atime_ns, times.st_mtime_ns))
        refused = finished.snakemake("--cores", "1", "--", file, check=False)
        assert refused.returncode != 0
        assert "results/datasets/digits.safetensors is damaged: " in refused.stdout
        assert not (finished.path / file).exists()
    dataset.unlink()
    finished.run("--", file)
    assert finished.contents() == before


def test_damaged_scores_are_never_aggregated(finished):
    before = finished.contents()
    table = "results/tables/digits/beta/label_smoothing/a1.0.csv"
    scores = "results/metrics/digits/beta/label_smoothing/a1.0/p0.5/seed0.json"
    truncate(finished.path / scores)
    refused = finished.snakemake("--cores", "2", "--", table, check=False)
    assert refused.returncode != 0
    assert f"{scores} is damaged: " in refused.stdout
    assert not (finished.path / table).exists()
    (finished.path / scores).unlink()
    finished.run("--", table)
    assert finished.contents() == before


def mount(*arguments):
    return subprocess.run(["mount", *map(str, arguments)], capture_output=True, text=True)


@contextlib.contextmanager
def own_disk(project, size):
    """Put the results on a disk of that size, or skip."""
    results = project.path / "results"
    results.mkdir()
    if (process := mount("-t", "tmpfs", "-o", f"size={size}", "tmpfs", results)).returncode:
        pytest.skip(f"needs to mount a small disk, which only root may: {process.stderr.strip()}")
    try:
        yield results
    finally:
        subprocess.run(["umount", results], check=True)


def test_a_full_disk_leaves_nothing_half_written(finished_study, empty):
    with own_disk(empty, "2m") as results:
        empty.run("--", "results/labels/digits/uniform/a0.6/seed0.npz")
        (results / "ballast").write_bytes(bytes(free_bytes(results) - 28 * 1024))
        full = empty.snakemake("--cores", "1", "--", PREDICTIONS, check=False)
        assert full.returncode != 0
        assert "No space left on device" in full.stdout
        assert not empty.files("runs/**/*npz")
        (results / "ballast").unlink()
        empty.run("--", PREDICTIONS)
        assert empty.contents().items() <= finished_study.contents().items()


def free_bytes(folder):
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize


def test_results_that_cannot_be_written_end_the_run(empty):
    with own_disk(empty, "2m") as results:
        mount("-o", "remount,ro", results)
        refused = empty.snakemake("--cores", "1", "--", PREDICTIONS, check=False)
        assert refused.returncode != 0
        assert "Read-only file system" in refused.stdout
        assert not empty.files("**/*")
