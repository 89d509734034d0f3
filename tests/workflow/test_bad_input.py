"""Bad input ends before any job, with a line for each mistake: what is bad and what is allowed."""

import re

import pytest
import yaml
from refusals import REFUSALS, both, damage_images, file, given, key, method, npz

RUNS = "results/runs/digits/uniform/label_smoothing"
FIGURES = "results/figures/digits"

NOTHING = both()

# Of tests/refusals.py: one for each way from Snakemake to what refuses it.
# tests/study/test_refusals.py has them all.
ROUTES = (
    "no YAML",
    "no config file",
    "unknown key",
    "a name with a shell",
    "a title that ends a script",
    "imports what is missing",
    "damaged labels",
)

# name: (change, arguments, what the message has to say)
CASES = {
    "empty --configfile": (
        file("a.yaml", b""),
        ["--configfile", "a.yaml"],
        "with keys at top level",
    ),
    "part of a study": (
        file("a.yaml", b"smoothing: [0.5]\n"),
        ["--configfile", "a.yaml"],
        "a.yaml: missing key 'study': title of the study",
    ),
    "no GPU at once": (
        key("device", "auto"),
        ["--resources", "gpu=0"],
        "--resources gpu is 0, which limits nothing; allowed: 1 or more, or, to train on the",
    ),
    # The command line.
    "--config: unknown": (NOTHING, ["--config", "smothing=1"], "yaml, --config: unknown key 'smot"),
    "--config: text": (NOTHING, ["--config", "checkpoint_every=ten"], "is 'ten'; allowed: a whole"),
    "--cores 0": (NOTHING, ["--cores", "0"], "--cores is 0; allowed: 1 or more, or all"),
    "--sdm apptainer": (
        NOTHING,
        ["--software-deployment-method", "apptainer"],
        "holds 'apptainer'; allowed: conda",
    ),
    # Targets.
    "p0.50": (
        NOTHING,
        [f"{RUNS}/a0.6/p0.50/seed0/predictions.npz"],
        "config.yaml: p of the target is '0.50'; allowed, as smoothing says: 0.5, 1.0",
    ),
    "a figure of another noise type": (
        NOTHING,
        [f"{FIGURES}/label_smoothing/loss_over_p_gamma.svg"],
        "loss_over_p_gamma is not offered: config.yaml: noise_types is alpha, beta; needed: gamma",
    ),
    "a fit without theory": (
        method("logit_smoothing"),
        ["results/theory/digits/alpha/m.csv"],
        "m.csv: config.yaml: methods.m has loss 'logit_smoothing' and matrix 'p'; needed: loss",
    ),
    "k of given labels": (
        given(),
        ["results/votes/mine/label_smoothing.csv"],
        "label_smoothing.csv: config.yaml: datasets.mine.labels is 'given'; needed: 'clean'",
    ),
    "claims without theory": (
        method("logit_smoothing"),
        ["results/claims.csv"],
        "results/claims.csv is not offered: config.yaml: methods is m; needed: one that the theory",
    ),
    "unknown figure": (
        NOTHING,
        [f"{FIGURES}/label_smoothing/nope.svg"],
        f"No rule to produce {FIGURES}/label_smoothing/nope.svg",
    ),
    "unknown target": (NOTHING, ["trainn"], "No rule to produce trainn"),
    "a rule without values": (NOTHING, ["train"], "Target rules may not contain wildcards"),
}

CASES |= {name: (REFUSALS[name][0], [], REFUSALS[name][1]) for name in ROUTES}


@pytest.mark.parametrize(("change", "arguments", "message"), CASES.values(), ids=CASES)
def test_bad_input_is_refused_in_a_few_lines(
    run, tmp_path, tiny_config, change, arguments, message
):
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(tiny_config, sort_keys=False))
    change(tmp_path)
    status, output = run(tmp_path, "--cores", "1", *arguments)
    assert status != 0
    assert not (tmp_path / "results").exists()
    assert not list(tmp_path.glob(".snakemake/locks/*"))
    lines = output.strip().splitlines()
    assert message in "\n".join(lines)
    # A line for each mistake, and at most five of Snakemake's own.
    assert len(lines) <= 5 + sum(".yaml" in line for line in lines), lines
    assert not [line for line in lines if "Traceback" in line or line.startswith("  File ")]


def test_a_target_without_dashes_before_it_is_no_config(run, tmp_path, tiny_config):
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(tiny_config))
    target = tmp_path / "results/metrics/digits/alpha/label_smoothing/a0.6/p1.0/seed0.json"
    target.parent.mkdir(parents=True)
    target.write_text('{"a": 0.6, "p": 1.0}')
    relative = str(target.relative_to(tmp_path))
    status, output = run(tmp_path, "--cores", "1", "--configfile", "config.yaml", relative)
    assert status != 0
    line = output.strip().splitlines()[-1]
    assert line.endswith(f"/{relative}: it is a result and no study; targets come after --")


def test_damaged_images_end_their_first_job_with_one_line(run, tmp_path, tiny_config):
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(tiny_config))
    npz(damage_images, edge=64)(tmp_path)
    target = "results/tables/mine/alpha/label_smoothing/a0.6.csv"
    status, output = run(tmp_path, "--cores", "1", target)
    assert status == 1
    assert "Traceback" not in output
    (line,) = [line for line in output.splitlines() if "mine.npz" in line]
    assert line == (
        "results/logs/datasets/mine.log: ValueError: mine.npz: damaged: "
        "Bad CRC-32 for file 'x_train.npy'"
    )
    files = [path for path in (tmp_path / "results").rglob("*") if path.is_file()]
    assert files == [tmp_path / "results/logs/datasets/mine.log"]
    assert "Traceback" in files[0].read_text()


def test_lists_and_sections_on_the_command_line_are_read_as_in_a_file(run, tmp_path, tiny_config):
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(tiny_config))
    settings = ["smoothing=[0.5, 9e-1]", "seeds=[3]", "training={memorise: {flip: true}}"]
    status, output = run(tmp_path, "--cores", "1", "--dry-run", "--config", *settings)
    assert status == 0, output
    assert re.search(r"^train +4$", output, re.MULTILINE)
