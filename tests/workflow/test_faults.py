"""Faults on one machine: nothing is lost, nothing is wrong, and what is damaged is named."""

import os
import subprocess

import pytest
from conftest import (
    LONG_STUDY,
    PATIENCE,
    assert_ended,
    assert_resumed,
    await_event,
    jobs_of,
)

CELL = "results/runs/digits/uniform/label_smoothing"
SCORES = "results/metrics/digits/alpha/label_smoothing"
PREDICTIONS = f"{CELL}/a0.6/p0.5/seed0/predictions.npz"


def truncate(path):
    os.truncate(path, path.stat().st_size // 2)


def test_a_killed_snakemake_takes_its_trainings_along_and_they_go_on(long_trainings, tmp_path):
    start, undisturbed = long_trainings
    project = start.copy(tmp_path / "killed")
    process, trainings = project.start_held()
    process.kill()
    process.wait()
    assert len(trainings) == 2
    assert_ended(trainings)
    assert not project.files("runs/**/predictions.npz")
    refused = project.snakemake("--cores", "2", check=False)
    assert "LockException" in refused.stdout
    damaged, _ = project.files("checkpoints/**/seed0.safetensors")
    truncate(damaged)
    project.let_go()
    project.snakemake("--unlock")
    output = project.run("--", *LONG_STUDY).stdout
    assert f"ignoring the checkpoint {damaged.relative_to(project.path)}" in output
    assert_resumed(project, undisturbed)


def test_a_training_that_starts_after_its_snakemake_was_killed_ends(untrained):
    process = untrained.start(PREDICTIONS)
    # Killed while the job is still importing Snakemake, seconds before it trains.
    trainings = await_event(process, lambda: jobs_of(process, "train"))
    process.kill()
    process.wait()
    assert_ended(trainings)
    assert not untrained.files("runs/**/predictions.npz") + untrained.files("runs/**/history.csv")
    assert not untrained.files("checkpoints/**/*.safetensors")


def test_a_killed_training_goes_on_and_a_second_snakemake_is_refused(long_trainings, tmp_path):
    start, undisturbed = long_trainings
    project = start.copy(tmp_path / "killed")
    process, (victim, other) = project.start_held()
    second = project.snakemake("--cores", "1", check=False)
    assert second.returncode != 0
    assert "no other Snakemake process" in second.stdout
    victim.kill()
    project.let_go()
    assert process.wait(timeout=PATIENCE) != 0
    assert not other.is_running()
    (whole,) = project.files("runs/**/predictions.npz")
    # What it has kept of that one is in the way of no training that somebody asks for.
    project.run("--force", "--", whole.relative_to(project.path))
    (log,) = project.files(f"logs/runs/**/{whole.parts[-3]}/seed0.log")
    assert "epoch 6/6: " in log.read_text()
    project.run("--", *LONG_STUDY)
    assert_resumed(project, undisturbed)


def test_a_preempted_training_resumes_with_the_same_results(long_trainings, tmp_path):
    start, undisturbed = long_trainings
    project = start.copy(tmp_path / "preempted")
    # The only checkpoint is the one that SIGTERM leaves.
    project.configure(project.config() | {"checkpoint_every": 1000})
    process, trainings = project.start_held()
    for training in trainings:
        training.terminate()
    assert process.wait(timeout=PATIENCE) != 0
    assert not project.files("runs/**/predictions.npz")
    assert len(project.files("checkpoints/**/seed*.safetensors")) == 2
    project.let_go()
    project.run("--", *LONG_STUDY)
    assert_resumed(project, undisturbed)


def test_numbers_follow_the_threads_of_the_config_and_not_the_cores(untrained):
    config = untrained.config()
    config["train_resources"]["threads"] = 2
    untrained.configure(config)
    contents = []
    for cores in ("1", "2"):
        untrained.snakemake("--cores", cores, "--force", "--", PREDICTIONS)
        contents.append(untrained.contents())
    assert contents[0] == contents[1]
    config["train_resources"]["threads"] = 1
    untrained.configure(config)
    assert untrained.planned(PREDICTIONS) == {"train": 1}


def test_a_killed_evaluation_is_done_again(finished):
    before = finished.contents()
    score = f"{SCORES}/a0.6/p0.5/seed0.json"
    (finished.path / score).unlink()
    process = finished.start(score)
    (job,) = await_event(process, lambda: jobs_of(process, "evaluate"))
    job.kill()
    assert process.wait(timeout=PATIENCE) != 0
    assert not (finished.path / score).exists()
    finished.run("--", score)
    assert finished.contents() == before


def test_damaged_files_are_named_and_made_again(finished):
    before = finished.contents()
    table = "results/tables/digits/beta/label_smoothing/a1.0.csv"
    score = "results/metrics/digits/beta/label_smoothing/a1.0/p0.5/seed0.json"
    truncate(finished.path / score)
    refused = finished.run("--", table, check=False)
    assert refused.returncode != 0
    assert f"{score} is damaged: " in refused.stdout
    assert not (finished.path / table).exists()
    (finished.path / score).unlink()
    damaged = [
        "results/labels/digits/uniform/a0.6/seed0.npz",
        f"{CELL}/a1.0/p0.5/seed0/predictions.npz",
        f"{CELL}/a1.0/p1.0/seed0/history.csv",
    ]
    for file in damaged:
        truncate(finished.path / file)
    cells = ("a0.6/p0.5", "a1.0/p0.5", "a1.0/p1.0")
    targets = [f"{SCORES}/{cell}/seed0.json" for cell in cells]
    refused = finished.run("--keep-going", "--", *targets, check=False)
    assert refused.returncode != 0
    for file in damaged:
        assert f"{file} is damaged: " in refused.stdout
        (finished.path / file).unlink()
    finished.run("--", *damaged, *targets, table)
    assert finished.contents() == before


def test_flipped_bits_are_named_and_made_again(finished):
    before = finished.contents()
    file = f"{CELL}/a0.6/p0.5/seed0/predictions.npz"
    (finished.path / file).unlink()
    dataset = finished.path / "results/datasets/digits.safetensors"
    times, whole = dataset.stat(), dataset.read_bytes()
    damaged = bytearray(whole)
    damaged[100_000] ^= 1  # of an image
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


def mount(*arguments):
    return subprocess.run(["mount", *map(str, arguments)], capture_output=True, text=True)


@pytest.fixture
def disk(empty):
    """Put the results on a disk of 2 MB, or skip."""
    results = empty.path / "results"
    results.mkdir()
    if (process := mount("-t", "tmpfs", "-o", "size=2m", "tmpfs", results)).returncode:
        pytest.skip(f"needs to mount a small disk, which only root may: {process.stderr.strip()}")
    yield results
    subprocess.run(["umount", results], check=True)


def free_bytes(folder):
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize


def test_a_disk_that_is_read_only_or_full_leaves_nothing_half_written(finished_study, empty, disk):
    mount("-o", "remount,ro", disk)
    refused = empty.snakemake("--cores", "1", "--", PREDICTIONS, check=False)
    assert refused.returncode != 0
    assert "Read-only file system" in refused.stdout
    assert not empty.files("**/*")
    mount("-o", "remount,rw", disk)
    empty.run("--", "results/labels/digits/uniform/a0.6/seed0.npz")
    (disk / "ballast").write_bytes(bytes(free_bytes(disk) - 28 * 1024))
    full = empty.snakemake("--cores", "1", "--", PREDICTIONS, check=False)
    assert full.returncode != 0
    assert "No space left on device" in full.stdout
    assert not empty.files("runs/**/*npz")
    (disk / "ballast").unlink()
    empty.run("--", PREDICTIONS)
    assert empty.contents().items() <= finished_study.contents().items()
