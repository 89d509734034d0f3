"""What tests share: real Snakemake runs on a tiny study, each in its own copy of the project."""

import atexit
import contextlib
import fcntl
import functools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest
import yaml
from xdist.scheduler import LoadFileScheduling

ROOT = Path(__file__).parents[1]
LONG_STUDY = [
    f"results/metrics/digits/alpha/label_smoothing/a0.6/p{p}/seed0.json" for p in (0.5, 1.0)
]
EPOCH = 14  # steps
# Seconds that anything may take on a machine that is busy with other things.
PATIENCE = 900
TRAP = "the trap was imported"
PARTS = ("Snakefile", "workflow", "profiles", "envs")


def await_event(process, event):
    """Return what `event()` returns as soon as it is true; a run that ends before is an error."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        if result := event():
            return result
        time.sleep(0.02)
    raise AssertionError("the run or the time ended before what was waited for")


def jobs_of(process, rule):
    """Return the running jobs of a rule, as processes."""
    jobs = []
    for child in psutil.Process(process.pid).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if any(argument.endswith(f"{rule}.py") for argument in child.cmdline()):
                jobs.append(child)
    return jobs


def assert_ended(processes):
    """Wait for the end of processes whose parent is gone."""
    assert not psutil.wait_procs(processes, timeout=PATIENCE)[1]


def trap_torch(folder, monkeypatch):
    """Let every run of Snakemake from now on fail where torch is imported."""
    folder.mkdir(exist_ok=True)
    (folder / "torch.py").write_text(f"raise ImportError({TRAP!r})\n")
    monkeypatch.setenv("PYTHONPATH", str(folder))


def hide_gpus(folder, other):
    """Let a copy of the workflow look for the drivers of GPUs in another folder."""
    (module,) = folder.glob("workflow/scripts/label_smoothing/**/gpus.py")
    source = module.read_text()
    for driver in ("/proc/driver/nvidia/gpus", "/dev/kfd", "/dev/dxg"):
        assert driver in source
        source = source.replace(driver, other)
    module.write_text(source)


class Job(NamedTuple):
    """A job of a plan."""

    rule: str
    inputs: frozenset
    outputs: tuple


def following(jobs, is_changed):
    """Return {rule: number} of the changed jobs and of all that read what they write."""
    counts, written = Counter(), set()
    for job in jobs:
        if job.rule != "all" and (is_changed(job) or written & job.inputs):
            counts[job.rule] += 1
            written.update(job.outputs)
    return dict(counts)


def assert_resumed(project, undisturbed):
    logs = [log.read_text() for log in project.files("logs/runs/**/seed0.log")]
    assert any("going on from epoch" in log for log in logs)
    assert not project.files("checkpoints/**/*.safetensors")
    assert project.contents() == undisturbed.contents()
    assert project.planned(*LONG_STUDY) == {}


def environment():
    """Return what a run is to know of this one: a user has neither pytest nor Snakemake above."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "SNAKEMAKE"))}


def of_imports():
    """Return what decides what an interpreter imports, and what is read while it does."""
    return {k: v for k, v in os.environ.items() if k.startswith(("PYTHON", "HOME", "XDG_"))}


OUTSIDE = of_imports()


@functools.cache
def server():
    """Start a server of Snakemake runs, which ends with this process; return it."""
    server = subprocess.Popen(
        [sys.executable, "-P", ROOT / "tests/server.py"],
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    atexit.register(server.wait, timeout=60)
    atexit.register(server.stdin.close)  # called first
    return server


def snakemake(folder, *arguments):
    """Run Snakemake in a folder; return its exit status and its output."""
    with tempfile.NamedTemporaryFile("r+") as output:
        request = str(folder), [*map(str, arguments)], environment(), output.name
        server().stdin.write(json.dumps(request) + "\n")
        server().stdin.flush()
        return int(server().stdout.readline()), output.read()


class Project:
    """A copy of the workflow with a config of its own."""

    python = sys.executable

    def __init__(self, path: Path):
        self.path = path

    @classmethod
    def create(cls, path, config):
        path.mkdir()
        for part in PARTS:
            source = ROOT / part
            if source.is_dir():
                shutil.copytree(source, path / part)
            else:
                shutil.copy2(source, path)
        project = cls(path)
        project.configure(config)
        return project

    def copy(self, path):
        shutil.copytree(self.path, path)
        return Project(path)

    def copy_untrained(self, path):
        """Copy a study without its networks, and with what hangs on none: the data, the theory."""
        copy = self.copy(path)
        kept = ("datasets/", "labels/", "figures/theory/")
        for file in copy.files("**/*"):
            name = file.relative_to(copy.path / "results").as_posix()
            if file.is_file() and not name.startswith(kept):
                file.unlink()
        return copy

    def configure(self, config):
        (self.path / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))

    def config(self):
        return yaml.safe_load((self.path / "config.yaml").read_text())

    def edit(self, old, new):
        """Replace a text that one module holds once, wherever that module is."""
        files = self.path.glob("workflow/**/*.py")
        texts = {file: text for file in files if old in (text := file.read_text())}
        assert sum(text.count(old) for text in texts.values()) == 1, (old, list(texts))
        ((file, text),) = texts.items()
        file.write_text(text.replace(old, new))

    def command(self, *arguments):
        return [self.python, "-m", "snakemake", *arguments]

    def snakemake(self, *arguments, check=True):
        command = self.command(*arguments)
        if self.python == sys.executable and of_imports() == OUTSIDE:
            process = subprocess.CompletedProcess(command, *snakemake(self.path, *arguments))
        else:
            process = subprocess.run(
                command,
                cwd=self.path,
                env=environment(),
                text=True,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=PATIENCE,
            )
        assert process.returncode == 0 or not check, process.stdout
        return process

    def run(self, *arguments, check=True):
        return self.snakemake("--cores", "2", *arguments, check=check)

    def planned(self, *targets):
        """Return what a run would do, as {rule: number of jobs}."""
        output = self.snakemake("--dry-run", "--", *targets).stdout
        jobs = {}
        for line in output.splitlines():
            if match := re.fullmatch(r"(\w+) +(\d+)", line.strip()):
                jobs[match[1]] = int(match[2])
        total = jobs.pop("total", 0)
        jobs.pop("all", None)
        assert jobs or "Nothing to be done" in output or total == 1, output
        return jobs

    def jobs(self):
        """Return all jobs of the study, done or not, each after those that it reads from."""
        output = self.snakemake("--dry-run", "--forceall", "--quiet", "host").stdout
        jobs = []
        for rule, block in re.findall(r"^rule (\w+):\n((?:    .+\n)+)", output, re.MULTILINE):
            files = dict(re.findall(r"^    (input|output): (.*)$", block, re.MULTILINE))
            inputs, outputs = (files.get(key, "").split(", ") for key in ("input", "output"))
            jobs.append(Job(rule, frozenset(inputs) - {""}, tuple(outputs)))
        return jobs

    def start(self, *targets):
        """Start a run in a process group of its own."""
        return subprocess.Popen(
            self.command("--cores", "2", "--", *targets),
            cwd=self.path,
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def use_held_network(self):
        """Let the study train networks that `hold` holds."""
        config = self.config()
        config["models"]["small_cnn"]["kind"] = "held:Held"
        self.configure(config)
        shutil.copy(ROOT / "tests/held.py", self.path)

    def hold(self, step):
        """Let every training go slowly from this step on."""
        new = self.path / "hold.new"
        new.write_text(str(step))
        new.rename(new.with_suffix(""))

    def let_go(self):
        self.hold(1_000_000)

    def start_held(self):
        """Start the long study and hold both trainings in epoch 4; return it and them."""
        self.hold(3 * EPOCH)
        process = self.start(*LONG_STUDY)
        await_event(process, lambda: len(list(self.path.glob("held-*"))) == 2)
        return process, jobs_of(process, "train")

    def files(self, pattern):
        return sorted((self.path / "results").glob(pattern))

    def contents(self):
        """Return the bytes of every result except times, logs and the history's seconds."""
        contents = {}
        for file in self.files("**/*"):
            name = str(file.relative_to(self.path))
            if file.is_file() and not name.startswith("results/logs"):
                text = file.read_bytes()
                if file.name == "history.csv":
                    text = b"\n".join(line.rpartition(b",")[0] for line in text.splitlines())
                contents[name] = text
        return contents


class Sharing(LoadFileScheduling):
    """Let all workers share the long tests of the workflow, so that none waits at the end."""

    def _split_scope(self, nodeid):
        file = super()._split_scope(nodeid)
        return nodeid if file.startswith("tests/workflow/") else file


def pytest_collection_modifyitems(items):
    """Begin with what waits most: SLURM leaves its core to the workflow's runs, which use two."""
    first = {"slurm": 0, "workflow": 1}
    items.sort(key=lambda item: first.get(item.path.parent.name, 2))


def pytest_xdist_make_scheduler(config, log):
    return Sharing(config, log) if config.option.dist == "loadfile" else None


@pytest.fixture(scope="session")
def run():
    """Return a function that runs the workflow itself: (folder, arguments) -> status, output."""

    def run_in(folder, *arguments):
        return snakemake(folder, "--snakefile", f"{ROOT}/Snakefile", *arguments)

    return run_in


@pytest.fixture(scope="session")
def tiny_config():
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    config["study"] = "tiny"
    config["clean_rates"] = [0.6, 1.0]
    config["smoothing"] = [0.5, 1.0]
    config["seeds"] = [0]
    del config["noise_types"]["gamma"]
    config["training"]["memorise"]["epochs"] = 2
    return config


@pytest.fixture(scope="session")
def once(tmp_path_factory):
    """Return a function that gives the folder that `make(folder)` fills, once for all workers."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def made(name, make):
        folder = shared / name
        with folder.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (done := folder.with_suffix(".done")).exists():
                shutil.rmtree(folder, ignore_errors=True)  # of a worker in which it failed
                folder.mkdir()
                make(folder)
                done.touch()
        return folder

    return made


@pytest.fixture(scope="session")
def finished_study(once, tiny_config):
    """
    Return a project whose study has run; tests work on copies of it.

    Nothing but its trainings could import torch, so that all else runs where there is none.
    """
    networks = [
        f"results/runs/digits/uniform/label_smoothing/a{a}/p{p}/seed0/predictions.npz"
        for a in tiny_config["clean_rates"]
        for p in tiny_config["smoothing"]
    ]

    def make(folder):
        project = Project.create(folder / "project", tiny_config)
        with pytest.MonkeyPatch.context() as patch:
            trap_torch(folder / "trap", patch)
            refused = project.run("--keep-going", "--", *networks, check=False)
            assert (refused.returncode, refused.stdout.count(TRAP) > 0) == (1, True)
        project.run("--", *networks)
        with pytest.MonkeyPatch.context() as patch:
            trap_torch(folder / "trap", patch)
            project.run()

    return Project(once("finished", make) / "project")


@pytest.fixture(scope="session")
def jobs(finished_study, tmp_path_factory):
    """Return the jobs of the finished study."""
    return finished_study.copy(tmp_path_factory.mktemp("jobs") / "project").jobs()


@pytest.fixture
def finished(finished_study, tmp_path):
    return finished_study.copy(tmp_path / "project")


@pytest.fixture
def untrained(finished_study, tmp_path):
    return finished_study.copy_untrained(tmp_path / "untrained")


@pytest.fixture
def empty(tmp_path, tiny_config):
    return Project.create(tmp_path / "empty", tiny_config)


@pytest.fixture(scope="session")
def long_trainings(once, finished_study):
    """Return two copies of a study that can be held in training, one to begin and one trained."""

    def make(folder):
        start = finished_study.copy_untrained(folder / "start")
        config = start.config()
        config["training"]["memorise"]["epochs"] = 6
        config["clean_rates"] = [0.6]
        config["checkpoint_every"] = 2
        del config["noise_types"]["beta"]
        start.configure(config)
        start.use_held_network()
        start.copy(folder / "undisturbed").run("--", *LONG_STUDY)

    folder = once("long", make)
    return Project(folder / "start"), Project(folder / "undisturbed")


@pytest.fixture(autouse=True)
def close_figures():
    """Close what a test drew: matplotlib keeps every figure, and warns after the twentieth."""
    yield
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close("all")


@pytest.fixture(scope="module")
def browser():
    """Return Chromium, driven by Selenium, without a window."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    programs = [shutil.which(name) for name in ("chromium", "chromedriver")]
    if not all(programs):
        pytest.skip("no Chromium: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = programs[0]
    options.add_argument("--headless=new")
    options.add_argument("--window-size=1500,1000")
    # Root has no sandbox, and the shared memory of containers is small.
    options.add_argument("--no-sandbox")
    options.add_argument("--disable-dev-shm-usage")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(programs[1]))
    driver.set_page_load_timeout(PATIENCE)
    driver.set_script_timeout(PATIENCE)
    yield driver
    driver.quit()
