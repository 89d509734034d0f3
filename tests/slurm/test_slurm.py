"""The tiny study on a real SLURM, through profiles/slurm, while jobs, nodes and Snakemake die."""

import re
import signal
import subprocess

import pytest
from cluster import Cluster, await_until
from conftest import EPOCH, PATIENCE, environment

# The profile polls at a pace for real clusters, and leaves out what sites differ in.
SLURM = (
    *("--workflow-profile", "profiles/slurm"),
    *("--default-resources", "slurm_partition=main"),
    *("--slurm-status-command", "squeue"),
    *("--slurm-init-seconds-before-status-checks", "2"),
    *("--max-status-checks-per-second", "1"),
)
# What only SIGTERM leaves: the checkpoints of whole epochs are at step 0.
MID_EPOCH = re.compile(r"going on from epoch 2, step [1-9]")
FIGURE = "results/figures/digits/label_smoothing/loss_over_p_alpha.svg"  # shows every cell


@pytest.fixture(scope="module")
def cluster():
    if reason := Cluster.why_not():
        pytest.skip(reason)
    cluster = Cluster()
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


class Study:
    """A project that runs on the cluster, and whose trainings can be held."""

    def __init__(self, project):
        self.project = project
        self.log = project.path / "snakemake.log"
        config = project.config()
        config["device"] = "auto"  # asks for a GPU, and does without
        config["checkpoint_every"] = 1  # that a training is under way is seen by its checkpoint
        project.configure(config)
        project.use_held_network()

    def start(self, targets, *options):
        with self.log.open("w") as log:
            return subprocess.Popen(
                self.project.command(*SLURM, *options, "--", *targets),
                cwd=self.project.path,
                env=environment(),
                stdout=log,
                stderr=log,
                # A shell that starts the tests in the background has them ignore it.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            )

    def finish(self, process):
        assert process.wait(timeout=PATIENCE) == 0, self.log.read_text()

    def trained(self, a, p):
        return bool(self.project.files(f"runs/digits/*/*/a{a}/p{p}/seed0/predictions.npz"))

    def under_way(self, a, p):
        """Return whether a training is between its two epochs' checkpoints."""
        kept = self.project.files(f"checkpoints/digits/*/*/a{a}/p{p}/seed0.safetensors")
        # One that has ended has a checkpoint, too, and no predictions yet.
        ended = self.trained(a, p) or "epoch 2/2: " in self.training_log(a, p)
        return bool(kept) and not ended

    def training_log(self, a, p):
        logs = self.project.files(f"logs/runs/digits/*/*/a{a}/p{p}/seed0.log")
        return logs[0].read_text() if logs else ""


@pytest.fixture
def study(empty):
    return Study(empty)


def assert_same_results(study, finished_study, targets):
    contents, expected = study.project.contents(), finished_study.contents()
    assert contents == {name: expected[name] for name in contents}
    assert set(targets) <= set(contents)


def assert_gpus_were_shared(cluster, runs):
    assert {cluster.granted(run.job)["JOB_GRES"] for run in runs} == {"gpu:1"}
    for run in runs:
        assert sum(other.start <= run.start < other.end for other in runs) <= 2


def test_killed_jobs_and_a_lost_node_cost_nothing(cluster, study, finished_study):
    groups = "--groups", "train=cell", "--group-components", "cell=2"
    process = study.start([FIGURE], *groups)
    jobs = await_until(lambda: len(queue := cluster.queue()) == 2 and list(queue), "two jobs")
    cells = {job: cluster.networks(job) for job in jobs}
    assert [len(networks) for networks in cells.values()] == [2, 2]

    def done():
        return [job for job in jobs if any(study.trained(*cell) for cell in cells[job])]

    killed = await_until(done, "a network")[0]
    (lost,) = set(jobs) - {killed}
    study.project.hold(EPOCH)
    for job in jobs:
        await_until(lambda job=job: any(study.under_way(*cell) for cell in cells[job]), "epoch 2")
    (kept,) = [cell for cell in cells[killed] if study.trained(*cell)]
    cluster.set_node("DRAIN")  # what is sent again has to wait
    cluster.cancel(killed)
    await_until(lambda: killed not in cluster.queue(), "the end of the cancelled job")
    cluster.lose_node()
    study.project.let_go()
    cluster.return_node()
    study.finish(process)

    assert_same_results(study, finished_study, [FIGURE])
    runs = cluster.runs()
    (again,) = {run.job for run in runs} - {killed, lost}
    assert [(run.job, run.state) for run in runs if run.state != "COMPLETED"] == [
        (killed, "CANCELLED"),
        (lost, "NODE_FAIL"),
    ]
    assert {run.job for run in runs if run.state == "COMPLETED"} == {again, lost}
    assert cluster.granted(lost)["Restarts"] == "1"
    assert cluster.networks(again) == cells[killed]
    assert (cluster.granted(killed)["MinMemoryNode"], cluster.granted(again)["MinMemoryNode"]) == (
        "1500M",
        "3000M",
    )
    assert_gpus_were_shared(cluster, runs)
    # The group's failure deleted the predictions of a member that had finished.
    assert "nothing is trained" in study.training_log(*kept)
    assert any(MID_EPOCH.search(study.training_log(*cell)) for cell in cells[killed])
    assert any("going on from epoch 2" in study.training_log(*cell) for cell in cells[lost])


def test_an_interrupted_and_a_killed_snakemake_train_no_cell_twice(cluster, study, finished_study):
    before = len(cluster.runs())
    *first, last = cells = [("0.6", "0.5"), ("0.6", "1.0"), ("1.0", "0.5"), ("1.0", "1.0")]
    targets = [
        f"results/runs/digits/uniform/label_smoothing/a{a}/p{p}/seed0/predictions.npz"
        for a, p in cells
    ]
    study.finish(study.start(targets[:-1]))
    assert all(study.trained(*cell) for cell in first)

    study.project.hold(EPOCH)
    interrupted = study.start(targets)
    await_until(lambda: study.under_way(*last), "epoch 2")
    interrupted.send_signal(signal.SIGINT)
    assert interrupted.wait(timeout=PATIENCE) != 0
    await_until(lambda: not cluster.queue(), "the end of the cancelled job")

    study.project.hold(0)
    killed = study.start(targets)
    await_until(lambda: "going on from epoch 2" in study.training_log(*last), "the second start")
    killed.kill()
    killed.wait()
    assert list(cluster.queue().values()) == ["RUNNING"]
    run_id = re.search(r"SLURM run ID: (\S+)", study.log.read_text())[1]
    cluster.cancel("--name", run_id)
    await_until(lambda: not cluster.queue(), "the end of the cancelled job")
    study.project.let_go()
    study.project.snakemake("--unlock")
    study.finish(study.start(targets))

    runs = cluster.runs()[before:]
    states = {}
    for run in runs:
        (cell,) = cluster.networks(run.job)
        states.setdefault(cell, []).append(run.state)
    assert states.pop(last) == ["CANCELLED", "CANCELLED", "COMPLETED"]
    assert states == {cell: ["COMPLETED"] for cell in first}
    assert MID_EPOCH.search(study.training_log(*last))
    assert_gpus_were_shared(cluster, runs)
    assert_same_results(study, finished_study, targets)
