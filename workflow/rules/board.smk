# What a run shows: a line for each training and, on a terminal, bars below them; no rules.
import logging
from collections import Counter

from label_smoothing.study.progress import Progress, duration, failure_line, training_line
from snakemake.logging import ColorizingTextHandler, logger
from snakemake.settings.enums import Quietness

# What Snakemake says of every job, so that five lines stand for each.
OF_EVERY_JOB = {"job_started", "job_finished", "progress"}
LOG_OF_TRAINING = log_of(f"{RUN}.csv")
# The bars stand below the cursor, so that what a job writes begins on a line of its own.
ERASE, BACK = "\r\x1b[J", "\r\x1b[A"
SILENCE = 60  # seconds after which a file gets a line between trainings


def stage_of(rule):
    """A study of several transitions has a rule `evaluate_NAME` for each."""
    return "evaluate" if rule.startswith("evaluate_") else rule


class Board(logging.Handler):
    """Stand in for Snakemake's own handler, which still says what does not concern every job."""

    def __init__(self, plain):
        super().__init__()
        self.plain = plain
        self.progress = None
        self.cells = {}
        self.on_terminal = plain.is_tty and os.environ.get("TERM", "dumb") != "dumb"
        self.last = 0.0

    def emit(self, record):
        try:
            event = getattr(record, "event", None)
            line = self.note(event, record)
            self.write(ERASE if self.on_terminal and self.progress else "")
            if line:
                self.write(f"{line}\n")
                self.last = record.created
            elif event not in OF_EVERY_JOB and record.msg != "Select jobs to execute...":
                self.plain.handle(record)
            if self.on_terminal and self.progress:
                columns = os.get_terminal_size(self.plain.stream.fileno()).columns
                self.write(f"\n{self.progress.bars(record.created, columns - 1)}{BACK}")
        except Exception:
            self.handleError(record)

    def note(self, event, record):
        """Count what happened; return a line of it if it is a training that has ended."""
        now = record.created
        if event == "run_info" and not workflow.touch:
            planned = Counter()
            for rule, n in record.stats.items():
                planned[stage_of(rule)] += n if rule != "total" else 0
            self.progress = Progress(planned, "train", ("train", "evaluate"))
        elif not self.progress:
            return None
        elif event == "job_info":
            self.progress.start(record.jobid, stage_of(record.rule_name), now)
            if record.rule_name == "train":
                self.cells[record.jobid] = dict(record.wildcards)
        elif event == "job_error":
            self.progress.fail(record.jobid)
            if cell := self.cells.get(record.jobid):
                self.plain.handle(record)
                reason = str(getattr(record, "rule_msg", None) or "")
                return failure_line(cell, reason, Path(LOG_OF_TRAINING.format(**cell)))
        elif event == "job_finished":
            took = duration(self.progress.finish(record.job_id, now))
            if cell := self.cells.pop(record.job_id, None):
                done, planned = (
                    count["train"] for count in (self.progress.done, self.progress.planned)
                )
                left = "" if self.on_terminal else self.progress.time_left(now)
                line = f"{training_line(cell, Path(HISTORY.format(**cell)))} after {took}"
                return f"{done}/{planned} {'; '.join(filter(None, (line, left)))}"
            elif not self.on_terminal and now - self.last > SILENCE:
                return self.progress.bars(now, 100)
        return None

    def write(self, text):
        self.plain.stream.write(text)
        self.plain.stream.flush()

    def close(self):
        if self.progress and self.on_terminal:
            self.write(ERASE)
        self.plain.close()
        super().close()


def wants_board():
    """Tell whether this run is to be watched, and as profiles/default has it."""
    output = workflow.output_settings
    others = {Quietness.ALL, Quietness.PROGRESS}
    quiet = set(output.quiet or ())
    watched = workflow.is_main_process and not (IS_MODULE or output.dryrun or output.verbose)
    return watched and Quietness.RULES in quiet and not others & quiet


# A logger plugin that somebody asks for stands in for this handler, and has the word.
for handler in list(logger.handlers):
    if isinstance(handler, ColorizingTextHandler) and wants_board():
        logger.removeHandler(handler)
        logger.addHandler(Board(handler))
