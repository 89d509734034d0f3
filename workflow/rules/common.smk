# Where everything is, and what all rules share; no rules.
import json
import os
import re
import shlex
import sys
from pathlib import Path

# Not workflow.basedir: where this workflow is a module, that is the importing one's.
WORKFLOW = Path(workflow.current_basedir).parent
SCRIPTS = WORKFLOW / "scripts"
ENVS = f"{WORKFLOW.parent}/envs"
if str(SCRIPTS) not in sys.path:
    sys.path.insert(0, str(SCRIPTS))

from label_smoothing.study.code_hash import code_hash, note_bytes
from label_smoothing.study.content_hash import ContentHashes
from label_smoothing.study.errors import ConfigError

# Snakemake puts this into shell commands as it stands, and .venv may be in a folder with a space.
# A module is read as often as it is used: what is quoted already is left.
if os.path.isabs(sys.executable):
    sys.executable = shlex.quote(sys.executable)

PLANNED_CODE = "LABEL_SMOOTHING_PLANNED_CODE"

# Where the rules are another workflow's, read from a `module` statement.
IS_MODULE = not workflow.modifier.is_main_snakefile()


# Every spelling is matched, so that `known` and figures answer for what the study lacks.
wildcard_constraints:
    **dict.fromkeys(("dataset", "noise", "transition", "method", "a", "p", "seed"), r"[\w.,+-]+"),


def in_prefix(path):
    """A module's prefix moves the files of rules, but not the paths in their parameters."""
    return workflow.modifier.path_modifier.replace_prefix(path)


DATASET = "results/datasets/{dataset}.safetensors"
# One fold of its training part is held out; a data set to the rules after it.
FOLD = "results/datasets/{dataset}+fold{fold}.safetensors"
FOLD_NUMBER = r"\d+of\d+"
LABELS = "results/labels/{dataset}/{transition}/a{a}/seed{seed}.npz"
RUN = "results/runs/{dataset}/{transition}/{method}/a{a}/p{p}/seed{seed}"
PREDICTIONS = f"{RUN}/predictions.npz"
HISTORY = f"{RUN}/history.csv"
# Not an output of train, because Snakemake deletes outputs before it runs a job again.
CHECKPOINT = in_prefix(RUN.replace("results/runs", "results/checkpoints") + ".safetensors")
METRICS = "results/metrics/{dataset}/{noise}/{method}/a{a}/p{p}/seed{seed}.json"
TABLE = "results/tables/{dataset}/{noise}/{method}/a{a}.csv"
SUMMARY = "results/summaries/{dataset}/{noise}/{method}/a{a}.csv"
FITS = "results/theory/{dataset}/{noise}/{method}.csv"
VOTES = "results/votes/{dataset}/{method}.csv"
SHARES = "results/shares/{dataset}/{transition}/{method}/a{a}.csv"
STUDY_TABLE = "results/study.csv"
ANSWERS = "results/answers.csv"
ANSWERS_PAGE = "results/answers.html"
ADVICE = "results/advice/{dataset}.csv"
ADVICE_PAGE = "results/advice/{dataset}.html"
TO_CHECK = "results/advice/{dataset}/to_check.csv"
SUGGESTIONS = "results/advice/{dataset}/suggestions.csv"
CHECKING_PAGE = "results/advice/{dataset}/check.html"
TRAINING_LABELS = "results/advice/{dataset}/training_labels.csv"
TRAINING_NOISE = "results/advice/{dataset}/training_noise.json"
CLAIMS = "results/claims.csv"
CLAIMS_PAGE = "results/claims.html"
CLAIMS_SHORT = "results/claims_short.html"


if workflow.is_main_process:
    note_bytes(SCRIPTS.resolve())

# A job that is submitted reads the rules again: it is to know what its run was planned with.
PLANNED = {} if workflow.is_main_process else json.loads(os.environ.get(PLANNED_CODE, "{}"))


def code(script, *modules):
    """The hash of a script and of the modules that only its parameters name, and these modules."""
    key = " ".join([script, *modules])
    if key not in PLANNED:
        PLANNED[key] = " ".join([code_hash(SCRIPTS / f"{script}.py", *modules), *modules])
        os.environ[PLANNED_CODE] = json.dumps(PLANNED)
    return PLANNED[key]


CONTENT = ContentHashes(".snakemake/content_hashes.json")


def contents(files):
    """Hashes of the user's own files: one may change under way, or bring an older time with it."""
    return list(map(CONTENT, files))


def log_of(output):
    """Logs mirror the tree of the outputs: results/x/y.z -> results/logs/x/y.log."""
    return re.sub(r"^results/(.*?)(\.\w+)?$", r"results/logs/\1.log", output)


def own(path):
    """A file that no rule makes; a module's prefix leaves it where it is."""
    return local(path) if IS_MODULE else path


def part_of_workflow(path):
    """A file of this workflow as an input; relative, so that a project that moves has the same."""
    return own(os.path.relpath(WORKFLOW / path))


def refuse(message):
    """End here, before any job, with lines: Snakemake would add where its own code stopped."""
    sys.exit(message)


def check(source, function, *arguments):
    """Return the answer of a function that raises a ConfigError, or refuse; `source` leads it."""
    try:
        return function(*arguments)
    except ConfigError as error:
        lines = str(error).splitlines()
        refuse("\n".join(": ".join(filter(None, (source, line))) for line in lines))
