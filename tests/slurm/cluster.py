"""A real SLURM on this machine, with one node that has two GPUs in name."""

import fcntl
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import psutil
from conftest import PATIENCE

BASE = Path(tempfile.gettempdir()) / "label-smoothing-slurm"
SYSTEM = Path("/etc/slurm")
FILES = ("slurm.conf", "gres.conf")
COMMANDS = ("munged", "slurmctld", "slurmd", "sbatch", "scontrol", "squeue")
NODE = socket.gethostname().partition(".")[0]
# More cores and memory than there may be: the GPUs are to be what jobs wait for. A requeued job
# waits for old credentials to expire, by default for two minutes. KillWait is the time that a busy
# machine may take to write a checkpoint.
CONFIG = f"""\
ClusterName=test
SlurmctldHost={NODE}(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
AuthInfo=cred_expire=5
StateSaveLocation={BASE}/state
SlurmdSpoolDir={BASE}/spool
SlurmctldPidFile={BASE}/slurmctld.pid
SlurmdPidFile={BASE}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
JobCompType=jobcomp/filetxt
JobCompLoc={BASE}/completions
MinJobAge=3600
KillWait=60
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SlurmdParameters=config_overrides
GresTypes=gpu
NodeName={NODE} NodeAddr=127.0.0.1 CPUs=8 RealMemory=16000 Gres=gpu:2
PartitionName=main Nodes={NODE} Default=YES MaxTime=INFINITE
"""
# A device file each, which has to exist; the jobs see an index, not the file.
GPUS = "Name=gpu File=/dev/null\nName=gpu File=/dev/zero\n"


class Run(NamedTuple):
    """One line of SLURM's record of jobs that ended; one that was requeued has several."""

    job: int
    state: str
    start: datetime
    end: datetime


class Cluster:
    def __init__(self):
        self.daemons = []

    @staticmethod
    def why_not():
        """Return why no SLURM can be started here, or None."""
        if os.getuid() != 0:
            return "a SLURM of one's own needs root"
        if missing := [command for command in COMMANDS if not shutil.which(command)]:
            return f"{', '.join(missing)} not found: `make test-slurm` installs SLURM"
        for name in FILES:
            path = SYSTEM / name
            if os.path.lexists(path) and not _is_ours(path):
                return f"this machine has a SLURM: {path} exists"
        ours = {int(file.read_text()) for file in BASE.glob("*.daemon")}
        for process in psutil.process_iter(["name", "pid", "ppid"]):
            name, *pids = process.info["name"], process.info["pid"], process.info["ppid"]
            if name in ("slurmctld", "slurmd") and not ours.intersection(pids):
                return f"this machine has a SLURM: process {process.pid}"
        return None

    def start(self):
        BASE.mkdir(mode=0o700, exist_ok=True)
        if BASE.is_symlink() or BASE.stat().st_uid != os.getuid():
            raise PermissionError(f"{BASE} belongs to another user")
        self.lock = (BASE / "lock").open("w")
        fcntl.flock(self.lock, fcntl.LOCK_EX)  # one at a time; the kernel lets go of it
        self._stop_leftovers()
        for name in ("state", "spool"):
            shutil.rmtree(BASE / name, ignore_errors=True)
            (BASE / name).mkdir()
        (BASE / "completions").unlink(missing_ok=True)
        for name, text in zip(FILES, (CONFIG, GPUS), strict=True):
            (BASE / name).write_text(text)
            # Snakemake's plugin clears SLURM_CONF for its job steps: only the default place works.
            (SYSTEM / name).unlink(missing_ok=True)
            (SYSTEM / name).symlink_to(BASE / name)
        if not _munge_answers():
            Path("/run/munge").mkdir(exist_ok=True)
            shutil.chown("/run/munge", "munge", "munge")
            self._spawn("munged", "--foreground", "--force", user="munge", group="munge")
            _await(_munge_answers, "munged")
        self._spawn("slurmctld", "-D", "-c")
        self.slurmd = self._spawn("slurmd", "-D", "-N", NODE)
        _await(lambda: _output("sinfo", "-h", "-o", "%T") == "idle", "slurmd")

    def stop(self):
        """Cancel all jobs and stop what `start` started, by process id."""
        subprocess.run(["scancel", "--full", "--user", "root"], check=False)
        try:
            _await(lambda: not self.queue(), "the end of all jobs")
        finally:
            for daemon in reversed(self.daemons):
                daemon.terminate()
                daemon.wait(timeout=180)
            for name in FILES:
                (SYSTEM / name).unlink(missing_ok=True)
            self.lock.close()

    def _spawn(self, command, *arguments, **identity):
        log = (BASE / f"{command}.log").open("w")
        daemon = subprocess.Popen(
            [shutil.which(command), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            **identity,
        )
        (BASE / f"{command}.daemon").write_text(str(daemon.pid))
        self.daemons.append(daemon)
        return daemon

    @staticmethod
    def _stop_leftovers():
        """Stop what a killed session left running."""
        for file in BASE.glob("*.daemon"):
            pid, command = int(file.read_text()), file.stem
            try:
                if Path(f"/proc/{pid}/comm").read_text().strip() == command:
                    os.kill(pid, signal.SIGKILL)
            except FileNotFoundError:
                pass
            file.unlink()

    def runs(self):
        """Return SLURM's record, in the order of the ends."""
        runs = []
        for line in (BASE / "completions").read_text().splitlines():
            field = dict(re.findall(r"(\w+)=(\S*)", line))
            times = (datetime.fromisoformat(field[time]) for time in ("StartTime", "EndTime"))
            runs.append(Run(int(field["JobId"]), field["JobState"], *times))
        return runs

    def queue(self):
        """Return {job id: state} of the jobs that are not over."""
        return {
            int(job): state
            for job, state in map(str.split, _output("squeue", "-h", "-o", "%i %T").splitlines())
        }

    def networks(self, job):
        """Return the (a, p) that a job trains, from the script that SLURM keeps of it."""
        script = _output("scontrol", "write", "batch_script", str(job), "-")
        return sorted(re.findall(r"'train:[^']*,a=([^,']+),p=([^,']+)", script))

    def granted(self, job):
        """Return what SLURM gave a job, by its own names: JOB_GRES, Restarts, ..."""
        description = _output("scontrol", "--details", "show", "job", str(job))
        return dict(re.findall(r"(\w+)=(\S*)", description))

    def cancel(self, *arguments):
        subprocess.run(["scancel", *map(str, arguments)], check=True)

    def set_node(self, state):
        command = ["scontrol", "update", f"NodeName={NODE}", f"State={state}", "Reason=test"]
        subprocess.run(command, check=True)

    def lose_node(self):
        """Let the node lose its power: nothing on it is told, or writes, anything more."""
        self.slurmd.kill()
        self.slurmd.wait()
        for step in psutil.process_iter(["name"]):
            if step.info["name"] == "slurmstepd":
                for process in [step, *step.children(recursive=True)]:
                    process.kill()
        self.set_node("DOWN")

    def return_node(self):
        self.slurmd = self._spawn("slurmd", "-D", "-N", NODE)
        self.set_node("RESUME")


def await_until(condition, what, seconds=PATIENCE):
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.05)
    return answer


def _await(condition, what):
    try:
        await_until(condition, what, 180)
    except AssertionError:
        logs = [f"{log}:\n{log.read_text()[-2000:]}" for log in BASE.glob("*.log")]
        raise RuntimeError("\n".join([f"SLURM does not work: no {what}", *logs])) from None


def _is_ours(path):
    return path.is_symlink() and path.readlink().parent == BASE


def _output(*command):
    return subprocess.run(command, text=True, capture_output=True, check=False).stdout.strip()


def _munge_answers():
    return subprocess.run("munge -n | unmunge", shell=True, capture_output=True).returncode == 0
