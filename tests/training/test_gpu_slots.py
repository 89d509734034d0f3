"""Slots are never taken twice and never lost, whatever happens to the processes that hold them."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from label_smoothing.training.gpu_slots import emptiest, lock_folder, take_slot

SCRIPTS = Path(__file__).parents[2] / "workflow/scripts"
HOLDER = """
import sys
from pathlib import Path
from label_smoothing.training.gpu_slots import take_slot
folder, jobs_per_gpu, patience, *devices = sys.argv[1:]
slot = take_slot(devices, int(jobs_per_gpu), Path(folder), float(patience))
print(devices[slot.device], Path(slot.lock.lock_file).name, flush=True)
sys.stdin.read()
"""


class Holders:
    """Processes that take a slot and keep it until they are told to end or are killed."""

    def __init__(self, folder):
        self.folder, self.running = folder, []

    def start(self, devices, jobs_per_gpu, patience=60.0):
        command = [sys.executable, "-c", HOLDER, self.folder, str(jobs_per_gpu), str(patience)]
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        process = subprocess.Popen([*command, *devices], cwd=SCRIPTS, text=True, **pipes)
        self.running.append(process)
        return process

    def end(self, process):
        self.running.remove(process)
        process.communicate(timeout=60)

    def kill(self, process):
        self.running.remove(process)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)


@pytest.fixture
def holders(tmp_path):
    holders = Holders(tmp_path / "slots")
    yield holders
    for process in list(holders.running):
        holders.kill(process)


def slot_of(process):
    return process.stdout.readline().split()


def test_processes_share_slots_until_there_are_none(holders):
    started = [holders.start(["GPU-a", "GPU-b"], 2) for _ in range(4)]
    slots = [slot_of(process) for process in started]
    assert sorted(file for _, file in slots) == [
        "GPU-a.0.lock",
        "GPU-a.1.lock",
        "GPU-b.0.lock",
        "GPU-b.1.lock",
    ]
    late = holders.start(["GPU-a", "GPU-b"], 2, patience=0.3)
    assert late.wait(60) == 1
    message = late.stderr.read().splitlines()[-1]
    assert message.startswith(
        "RuntimeError: no GPU slot became free in 0.3 s: visible devices 2 x jobs_per_gpu 2 = 4, "
        "held by the processes "
    )
    assert all(str(process.pid) in message for process in started)
    assert message.endswith("(snakemake --resources gpu=4)")


def test_a_killed_process_gives_its_slot_back_and_no_other(holders):
    started = [holders.start(["GPU-a", "GPU-b"], 1) for _ in range(2)]
    slots = [slot_of(process) for process in started]
    waiting = holders.start(["GPU-a", "GPU-b"], 1)
    holders.kill(started[0])
    assert slot_of(waiting) == slots[0]


def test_devices_that_are_idle_fill_first(holders):
    started = [holders.start(["GPU-a", "GPU-b"], 3) for _ in range(4)]
    devices = [slot_of(process)[0] for process in started]
    assert devices.count("GPU-a") == 2
    on_a = [process for process, device in zip(started, devices, strict=True) if device == "GPU-a"]
    for process in on_a:
        holders.end(process)
    assert slot_of(holders.start(["GPU-b", "GPU-a"], 3))[0] == "GPU-a"


def test_jobs_that_see_different_devices_meet_on_the_shared_one_only(holders):
    assert slot_of(holders.start(["GPU-a", "GPU-b"], 1))[0] == "GPU-a"
    assert slot_of(holders.start(["GPU-b", "GPU-c"], 1))[0] == "GPU-b"
    assert slot_of(holders.start(["GPU-b", "GPU-c"], 1))[0] == "GPU-c"
    assert holders.start(["GPU-b"], 1, patience=0).wait(60) == 1


def test_nothing_is_doubled_or_lost_when_holders_die_at_random(holders):
    choice, devices = random.Random(0), ["GPU-a", "GPU-b", "GPU-c"]
    held = {}
    for _ in range(6):
        while len(held) < 6:
            new = [holders.start(devices, 2) for _ in range(6 - len(held))]
            # Some die before they look for a slot, some later.
            for process in choice.sample(new, len(new) // 3):
                time.sleep(choice.choice([0.0, 0.2, 0.4]))
                holders.kill(process)
            new = [process for process in new if process in holders.running]
            held |= {process: slot_of(process)[1] for process in new}
            assert len(set(held.values())) == len(held)
        for process in choice.sample(list(held), 3):
            choice.choice([holders.kill, holders.end])(process)
            del held[process]
    for process in list(holders.running):
        holders.kill(process)
    slots = [take_slot(devices, 2, holders.folder, 0) for _ in range(6)]
    assert sorted(slot.device for slot in slots) == [0, 0, 1, 1, 2, 2]
    for slot in slots:
        slot.lock.release()


@pytest.mark.parametrize(
    ("free", "device"), [([], None), ([0, 0], None), ([0, 1], 1), ([2, 3, 3], 1), ([1, 1], 0)]
)
def test_emptiest(free, device):
    assert emptiest(free) == device


def test_the_folder_is_the_users_own(tmp_path, monkeypatch):
    assert not lock_folder().is_relative_to(Path.cwd())
    (tmp_path / "slots").symlink_to("/")
    monkeypatch.setattr("os.getuid", lambda: 12345)
    with pytest.raises(PermissionError, match="belongs to another user"):
        take_slot(["GPU-a"], 1, tmp_path / "slots")
