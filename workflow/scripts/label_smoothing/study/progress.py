"""
What a run has done and what it has left, in lines for whoever watches it.

The Snakefile imports this module at every start, so it imports nothing heavy.
"""

import csv
import math
import textwrap
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path

_WIDEST_BAR = 20
_NARROWEST_BAR = 3
_MOST_OF_REASON = 300  # characters, as an executor repeats its whole command


class Progress:
    """
    The jobs of a run, rule by rule, and how long they take.

    Times are in seconds since the epoch, as `time.time` gives them. `planned` has how many jobs of
    each rule the run has, `shown` the rules with a bar of their own. `long` is the rule whose jobs
    take long: what is known of the others says nothing of it.
    """

    def __init__(self, planned: Mapping[str, int], long: str, shown: tuple[str, ...]):
        self.planned, self.long, self.shown = planned, long, shown
        self.done: Counter[str] = Counter()
        self._failed: set[int] = set()
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._running: dict[int, tuple[str, float]] = {}
        self._began: float | None = None

    def start(self, job: int, rule: str, now: float) -> None:
        """Note that a job has started, perhaps once more after a failure."""
        self._failed.discard(job)
        self._running[job] = rule, now
        self._began = self._began or now

    def finish(self, job: int, now: float) -> float:
        """
        Note that a job has ended well; return the seconds that it took.

        Raise KeyError if it has not started.
        """
        rule, began = self._running.pop(job)
        self.done[rule] += 1
        self._seconds[rule] += now - began
        return now - began

    def fail(self, job: int) -> None:
        """Note that a job has failed."""
        self._running.pop(job, None)
        self._failed.add(job)

    def left(self, now: float) -> float | None:
        """
        Return about how many seconds are left, or None if nothing tells yet.

        A job takes as long as others of its rule, or else as others that are not long, and as many
        run side by side as did so far.
        """
        short = [rule for rule in self.done if rule != self.long]
        jobs = sum(self.done[rule] for rule in short)
        of_short = sum(self._seconds[rule] for rule in short) / jobs if jobs else 0.0
        work = 0.0
        for rule, planned in self.planned.items():
            done = self.done[rule]
            if not done and rule == self.long and planned:
                return None
            each = self._seconds[rule] / done if done else of_short
            running = [now - began for name, began in self._running.values() if name == rule]
            work += (planned - done) * each - sum(min(each, seconds) for seconds in running)
        spent = sum(self._seconds.values()) + sum(now - at for _, at in self._running.values())
        if self._began is None or not spent:
            return None
        return work / spent * (now - self._began)

    def time_left(self, now: float) -> str:
        """Return the time that is left and the end by the clock, which does not grow old, or ""."""
        if not (seconds := self.left(now)):
            return ""
        end = time.strftime("%H:%M", time.localtime(now + seconds))
        return f"{duration(seconds)} left, until {end}"

    def bars(self, now: float, width: int) -> str:
        """Return one line of at most so many columns: a bar for each kind of job, the time left."""
        rest = [rule for rule in self.planned if rule not in self.shown]
        kinds = {rule: [rule] for rule in self.shown} | {"other": rest}
        parts = []
        for name, rules in kinds.items():
            if planned := sum(self.planned.get(rule, 0) for rule in rules):
                parts.append((name, sum(self.done[rule] for rule in rules), planned))
        words = [self.time_left(now), f"{len(self._failed)} failed" if self._failed else ""]
        texts = [f"{name}  {done}/{planned}" for name, done, planned in parts]
        room = width - len("  ".join([*texts, *filter(None, words)])) - 2 * len(parts)
        columns = min(room // len(parts), _WIDEST_BAR) if parts else 0
        bars = [
            f"{name} {_bar(done / planned, columns)}{done}/{planned}"
            for name, done, planned in parts
        ]
        return "  ".join([*bars, *filter(None, words)])[:width]


def _bar(share, columns):
    full = math.floor(share * columns)
    return "" if columns < _NARROWEST_BAR else f"[{'#' * full}{'-' * (columns - full)}] "


def duration(seconds: float) -> str:
    """Return a duration in the two units that matter: 40 s, 12 min, 3 h 20 min, 2 d 4 h."""
    minutes = math.ceil(seconds / 60)
    if seconds < 60:
        return f"{seconds:.0f} s"
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 24 * 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes // 1440} d {minutes % 1440 // 60} h"


def training_line(names: Mapping[str, str], history: Path) -> str:
    """Return what became of a training: its cell, and its accuracy on the test labels."""
    return f"{_cell(names)}: {_outcome(history)}"


def failure_line(names: Mapping[str, str], reason: str, log: Path) -> str:
    """Return which training failed and why: the executor's reason, and its log's last line."""
    text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    last = text.strip().rpartition("\n")[2]
    parts = [reason, f"its log ends with: {last}" if reason and last else last]
    words = [textwrap.shorten(part, _MOST_OF_REASON, placeholder=" ...") for part in parts if part]
    return f"{_cell(names)} failed: {'; '.join(words) or 'no reason was given'}"


def _cell(names):
    cell = f"{names['dataset']} {names['transition']} {names['method']}"
    return cell + "".join(f" {key}={names[key]}" for key in ("a", "p", "seed"))


def _outcome(history):
    try:
        with history.open(newline="") as file:
            *_, last = csv.DictReader(file)
    except (OSError, ValueError):
        return "done"
    if not math.isfinite(float(last["train_loss"])):
        return f"diverged in epoch {last['epoch']}"
    # Where labels are given as they are, none of them is known to be clean.
    for key, words in (("test_accuracy", ""), ("noisy_test_accuracy", " on noisy labels")):
        if last.get(key):
            return f"test accuracy {float(last[key]):.3f}{words}"
    return "done"
