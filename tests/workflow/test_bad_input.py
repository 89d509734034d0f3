"""Bad input ends before any job, with a line for each mistake: what is bad and what is allowed."""

import re

import pytest
import yaml
from refusals import REFUSALS, both, damage_images, file, given, key, method, new_folder, npz

RUNS = "results/runs/digits/uniform/label_smoothing"
FIGURES = "results/figures/digits"

NOTHING = both()

# Of tests/refusals.py: one for each way from Snakemake to what refuses it, and what could stop
# Snakemake itself. tests/study/test_refusals.py has them all.
ROUTES = (
    "no YAML",
    "no config file",
    "unknown key",
    "a name with a shell",
    "a title that ends a script",
    "0.5 and 5e-1",
    "a panel for no clean rate",
    "unknown model",
    "p > 1, forward",
    "p = 1/M, backward",
    "train_size",
    "no T",
    "pickled T.npy",
    "S for other data",
    "no network",
    "imports what is missing",
    "a date for a network",
    "data_dir is a file",
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
    "--config: nothing": (NOTHING, ["--config", "seeds="], "seeds is None; allowed: a list"),
    "--cores 0": (NOTHING, ["--cores", "0"], "--cores is 0; allowed: 1 or more, or all"),
    "--sdm apptainer": (
        NOTHING,
        ["--software-deployment-method", "apptainer"],
        "holds 'apptainer'; allowed: conda",
    ),
    "--cores two": (NOTHING, ["--cores", "two"], "--cores, -c): must be integer or 'all'"),
    "--resources": (
        NOTHING,
        ["--resources", "gpu=two"],
        "'gpu' was given value 'two', which is not",
    ),
    "--snakefile": (NOTHING, ["--snakefile", "Snakfile"], 'Snakfile" not found'),
    # Targets.
    "p0.50": (
        NOTHING,
        [f"{RUNS}/a0.6/p0.50/seed0/predictions.npz"],
        "config.yaml: p of the target is '0.50'; allowed, as smoothing says: 0.5, 1.0",
    ),
    "p of a method without": (
        method("matrix_smoothing", "alpha_optimal"),
        ["results/metrics/digits/alpha/m/a0.6/p0.5/seed0.json"],
        "p of the target is '0.5'; allowed, as smoothing says: 1.0",
    ),
    "another data set": (
        NOTHING,
        ["results/datasets/mnist.safetensors"],
        "is 'mnist'; allowed, as",
    ),
    "another method": (
        NOTHING,
        ["results/tables/digits/alpha/smoothing/a0.6.csv"],
        "method of the target is 'smoothing'; allowed, as methods says: label_smoothing",
    ),
    "another transition": (
        NOTHING,
        ["results/labels/digits/pairs/a0.6/seed0.npz"],
        "transition of the target is 'pairs'; allowed, as transitions says: uniform",
    ),
    "a figure of another noise type": (
        NOTHING,
        [f"{FIGURES}/label_smoothing/loss_over_p_gamma.svg"],
        "loss_over_p_gamma is not offered: config.yaml: noise_types is alpha, beta; needed: gamma",
    ),
    "a figure without theory": (
        method("logit_smoothing"),
        [f"{FIGURES}/m/loss_over_p_alpha.svg"],
        "config.yaml: methods.m has loss 'logit_smoothing' and matrix 'p'; needed: loss 'label_smo",
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

# Snakemake reads these before the Snakefile, so the message is its own, and long.
ANSWERED_BY_SNAKEMAKE = {
    "--configfile: none": (NOTHING, ["--configfile", "nope.yaml"], "'nope.yaml'"),
    "--configfile: a folder": (new_folder("d"), ["--configfile", "d"], "Is a directory: 'd'"),
    "--configfile: not UTF-8": (
        file("a", b"\xff"),
        ["--configfile", "a"],
        "can't decode byte 0xff",
    ),
    "--config without =": (NOTHING, ["--config", "smoothing"], "(Unparsable value: 'smoothing')"),
    "unknown option": (NOTHING, ["--corse", "2"], "error: unrecognized arguments: --corse"),
    "unknown executor": (NOTHING, ["--executor", "nope"], "error: argument --executor/-e: invalid"),
}


def answered(run, folder, config, change, arguments):
    (folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    change(folder)
    status, output = run(folder, "--cores", "1", *arguments)
    assert status != 0
    assert not (folder / "results").exists()
    assert not list(folder.glob(".snakemake/locks/*"))
    return output.strip().splitlines()


CASES |= {name: (REFUSALS[name][0], [], REFUSALS[name][1]) for name in ROUTES}


@pytest.mark.parametrize(("change", "arguments", "message"), CASES.values(), ids=CASES)
def test_bad_input_is_refused_in_a_few_lines(
    run, tmp_path, tiny_config, change, arguments, message
):
    lines = answered(run, tmp_path, tiny_config, change, arguments)
    assert message in "\n".join(lines)
    # A line for each mistake, and at most five of Snakemake's own.
    assert len(lines) <= 5 + sum(".yaml" in line for line in lines), lines
    assert not [line for line in lines if "Traceback" in line or line.startswith("  File ")]


@pytest.mark.parametrize(
    ("change", "arguments", "message"),
    ANSWERED_BY_SNAKEMAKE.values(),
    ids=ANSWERED_BY_SNAKEMAKE,
)
def test_what_snakemake_refuses_starts_no_job(
    run, tmp_path, tiny_config, change, arguments, message
):
    assert message in answered(run, tmp_path, tiny_config, change, arguments)[-1]


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
