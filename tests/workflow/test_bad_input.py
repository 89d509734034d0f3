"""
Bad input ends before any job, with one short message that names what is bad and what is allowed.

Each case is a real run of Snakemake's command line, in a process forked from one that has imported
Snakemake and its plugins: a fresh interpreter would take twice as long.
"""

import json
import subprocess
import sys
import zipfile

import numpy as np
import pytest
import yaml
from conftest import ROOT, Project

RUNS = "results/runs/digits/uniform/label_smoothing"
FIGURES = "results/figures/digits"
SERVER = """
import json, os, sys
import jsonschema, snakemake.cli, snakemake.dag, snakemake.workflow
snakemake.cli.get_argument_parser()  # imports the plugins
for line in sys.stdin:
    folder, arguments = json.loads(line)
    child = os.fork()
    if child == 0:
        os.chdir(folder)
        output = os.open("output.txt", os.O_WRONLY | os.O_CREAT)
        os.dup2(output, 1)
        os.dup2(output, 2)
        sys.argv = ["snakemake", *arguments]
        snakemake.cli.main()
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@pytest.fixture(scope="module")
def run():
    """Return a function that runs Snakemake in a folder: (folder, arguments) -> status, output."""
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER],
        env=Project(ROOT).environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    def run_in(folder, *arguments):
        arguments = ["--snakefile", f"{ROOT}/Snakefile", *arguments]
        server.stdin.write(json.dumps([str(folder), arguments]) + "\n")
        server.stdin.flush()
        status = int(server.stdout.readline())
        return status, (folder / "output.txt").read_text()

    yield run_in
    server.stdin.close()
    server.wait(timeout=60)


# What a case does to a folder that holds config.yaml and nothing else.


def both(*changes):
    def change(folder):
        for one in changes:
            one(folder)

    return change


def raw(content):
    return file("config.yaml", content)


def more(text):
    def change(folder):
        with (folder / "config.yaml").open("ab") as config:
            config.write(text if isinstance(text, bytes) else text.encode())

    return change


def key(path, value):
    def change(folder):
        section = config = yaml.safe_load((folder / "config.yaml").read_text())
        *parents, last = path.split(".") if isinstance(path, str) else [path]
        for parent in parents:
            section = section[parent]
        section[last] = value
        (folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))

    return change


def spelled(name, text):
    def change(folder):
        config = yaml.safe_load((folder / "config.yaml").read_text())
        del config[name]
        (folder / "config.yaml").write_text(f"{yaml.safe_dump(config)}{name}: {text}\n")

    return change


def file(name, content):
    return lambda folder: (folder / name).write_bytes(content)


def new_folder(name):
    return lambda folder: (folder / name).mkdir()


def matrix(content, name="T.csv"):
    entry = key("transitions.uniform", {"kind": "file", "path": name})
    return entry if content is None else both(file(name, content), entry)


def complex_matrix(folder):
    np.save(folder / "T.npy", np.eye(2) * 1j)
    matrix(None, "T.npy")(folder)


def rewritten(change):
    """Return what writes mine.npz anew, whole, with `change(name, data)` for each entry."""

    def rewrite(folder):
        with zipfile.ZipFile(folder / "mine.npz") as archive:
            content = {name: archive.read(name) for name in archive.namelist()}
        with zipfile.ZipFile(folder / "mine.npz", "w") as archive:
            for name, data in content.items():
                archive.writestr(*change(name, data))

    return rewrite


@rewritten
def strip_endings(name, data):
    return name.removesuffix(".npy"), data


@rewritten
def deface_labels(name, data):
    return name, data if name != "y_train.npy" else b"x" + data[1:]


def damaged_header(folder):
    np.save(folder / "T.npy", np.eye(2))
    whole = (folder / "T.npy").read_bytes()
    (folder / "T.npy").write_bytes(whole.replace(b"(2, 2)", b"(2, 2]"))
    matrix(None, "T.npy")(folder)


def targets(content):
    entry = {"loss": "matrix_smoothing", "matrix": "file", "path": "S.csv"}
    return both(file("S.csv", content), key("methods", {"mine": entry}))


def method(loss, kind="p"):
    return key("methods", {"m": {"loss": loss, "matrix": kind}})


def network(source):
    return both(file("nets.py", source), key("models.small_cnn", {"kind": "nets:Net"}))


def data(entry):
    entry = {**entry, "model": "small_cnn", "training": "memorise"}
    return both(key("datasets", {"mine": entry}), key("training.memorise.batch_size", 20))


def npz(damage=None, entry=None, edge=8, **arrays):
    def change(folder):
        x, y = np.zeros((40, edge, edge), np.uint8), np.arange(40) % 10
        content = {"x_train": x, "y_train": y, "x_test": x[:20], "y_test": y[:20], **arrays}
        content = {name: array for name, array in content.items() if array is not None}
        np.savez(folder / "mine.npz", **content)
        if damage:
            whole = (folder / "mine.npz").read_bytes()
            (folder / "mine.npz").write_bytes(damage(whole))

    return both(change, data({"source": "npz", "path": "mine.npz", **(entry or {})}))


def damage_labels(whole):
    return whole.replace(np.arange(10).tobytes(), np.ones(10, int).tobytes(), 1)


def damage_images(whole):
    return whole.replace(bytes(1000), b"x" * 1000, 1)


def encrypt(whole):
    return change_entries(whole, 8, 1)


def compress_otherwise(whole):
    return change_entries(whole, 10, 99)


def change_entries(whole, offset, value):
    """Change one byte of all entries, which stand in the directory and before each file."""
    for start, shift in ((b"PK\1\2", 0), (b"PK\3\4", -2)):
        parts = [bytearray(part) for part in whole.split(start)]
        for part in parts[1:]:
            part[offset - len(start) + shift] = value
        whole = start.join(map(bytes, parts))
    return whole


NOTHING = both()

# name: (change, arguments, what the message has to say)
CASES = {
    # The config file.
    "empty file": (raw(b""), [], "config.yaml: it holds nothing; allowed: the keys of a study"),
    "no YAML": (more("x: [1\n"), [], "expected ',' or ']'"),
    "a tab": (more("\tx: 1\n"), [], r"found character '\t' that cannot start any token; allowed"),
    "not UTF-8": (more(b"x: Gr\xfc\xdfe\n"), [], "has the byte 0xfc; allowed: text in UTF-8"),
    "a NUL": (more("x: a\0b\n"), [], "config.yaml: unacceptable character #x0000"),
    "a key twice": (more("seeds: [1]\n"), [], "'seeds' stands there for a second time; allowed"),
    "a nested key twice": (more("x: {y: 1, y: 2}\n"), [], "'y' stands there for a second time"),
    "a list in itself": (spelled("seeds", "&s [*s]"), [], "Circular reference detected; allowed"),
    "many brackets": (raw(b"[" * 3000), [], "config.yaml: it is nested too deeply; allowed: YAML"),
    "two documents": (more("---\nx: 1\n"), [], "found another document; allowed: YAML"),
    "unknown alias": (more("x: *nope\n"), [], "found undefined alias 'nope'; allowed: YAML"),
    "a Python object": (more("x: !!python/name:os.system\n"), [], "tag:yaml.org,2002:python/name"),
    "no config file": (
        lambda folder: (folder / "config.yaml").unlink(),
        [],
        "config.yaml: it cannot be read (No such file or directory); allowed: a YAML file",
    ),
    "a folder": (
        both(lambda folder: (folder / "config.yaml").unlink(), new_folder("config.yaml")),
        [],
        "config.yaml: it cannot be read (Is a directory); allowed: a YAML file",
    ),
    "a list": (raw(b"- a\n"), [], "config.yaml: it holds a list; allowed: the keys of a study"),
    "a text": (raw(b"hello"), [], "config.yaml: it holds 'hello'; allowed: the keys of a study"),
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
    # Keys and values.
    "unknown key": (key("smothing", [0.5]), [], "'smothing' (did you mean 'smoothing'?); allowed"),
    "unknown number": (key(1, 2), [], "unknown key '1'; allowed: study, clean_rates"),
    "unknown nested key": (key("datasets.digits.modle", "x"), [], "'modle' in datasets.digits"),
    "no value": (key("smoothing", None), [], "smoothing is None; allowed: a list"),
    "no list": (key("smoothing", 0.5), [], "smoothing is 0.5; allowed: a list"),
    "empty list": (key("seeds", []), [], "seeds is []; allowed: 1 or more entries"),
    "decimal comma": (key("smoothing", ["0,5"]), [], "smoothing[0] is '0,5'; allowed: a number"),
    "text": (key("clean_rates", ["high"]), [], "clean_rates[0] is 'high'; allowed: a number"),
    "truth": (key("checkpoint_every", True), [], "checkpoint_every is True; allowed: a whole"),
    "a date": (spelled("study", "2020-01-01"), [], "study is datetime.date(2020, 1, 1); allowed"),
    "a month 13": (spelled("study", "2020-13-01"), [], "month must be in 1..12; allowed: YAML"),
    "NaN": (key("smoothing", [float("nan")]), [], "smoothing[0] is nan; allowed: a finite number"),
    "infinity": (
        key("clean_rates", [float("inf")]),
        [],
        "clean_rates[0] is inf; allowed: a finite",
    ),
    "a = 0": (key("clean_rates", [0]), [], "clean_rates[0] is 0; allowed: more than 0"),
    "a > 1": (key("clean_rates", [0.5, 1.5]), [], "clean_rates[1] is 1.5; allowed: 1 or less"),
    "p < 0": (key("smoothing", [-0.5]), [], "smoothing[0] is -0.5; allowed: more than 0"),
    "half a seed": (key("seeds", [0.5]), [], "seeds[0] is 0.5; allowed: a whole number"),
    "a seed below 0": (key("seeds", [-1]), [], "seeds[0] is -1; allowed: 0 or more"),
    "a huge seed": (key("seeds", [10**20]), [], "allowed: 4294967295 or less"),
    "0.5 and 0.50": (spelled("smoothing", "[0.5, 0.50]"), [], "smoothing holds 0.5 twice; allowed"),
    "0.5 and 5e-1": (spelled("smoothing", "[0.5, 5e-1]"), [], "smoothing holds 0.5 twice; allowed"),
    "1 and 1.0": (key("clean_rates", [1, 1.0]), [], "clean_rates holds 1.0 twice; allowed: every"),
    "a seed twice": (key("seeds", [3, 3]), [], "seeds holds 3 twice; allowed: every value once"),
    "threads": (key("train_resources.threads", 0), [], "train_resources.threads is 0; allowed: 1"),
    "memory": (key("train_resources.mem_mb", "2GB"), [], "mem_mb is '2GB'; allowed: a whole numb"),
    "device": (key("device", "gpu"), [], "device is 'gpu'; allowed: one of auto, cpu, cuda"),
    "a name with /": (key("datasets", {"a/b": {}}), [], "datasets is 'a/b'; allowed: another form"),
    "a name with a shell": (key("methods", {"a;$(b)": {}}), [], "methods is 'a;$(b)'; allowed"),
    "a name with a newline": (key("datasets", {"a\n": {}}), [], r"datasets is 'a\n'; allowed"),
    "a name that is a number": (key("methods", {1: {}}), [], "methods is 1; allowed: a text"),
    "unknown loss": (method("focal"), [], "methods.m.loss is 'focal'; allowed: one of label_smoo"),
    "unknown assumption": (
        key("noise_types.alpha.assumption", "x"),
        [],
        "assumption is 'x'; allow",
    ),
    "unknown transition": (key("noise_types.alpha.transition", "x"), [], "under transitions: unif"),
    "unknown model": (
        key("datasets.digits.model", "vgg"),
        [],
        "model is 'vgg'; allowed: a name un",
    ),
    "unknown recipe": (
        key("datasets.digits.training", "x"),
        [],
        "training is 'x'; allowed: a name",
    ),
    # Values that do not fit each other.
    "p > 1, forward": (
        both(method("forward_correction"), key("smoothing", [0.5, 1.2])),
        [],
        "smoothing holds 1.2; allowed with methods.m, a forward correction with matrix 'p': at mo",
    ),
    "p = 1/M, backward": (
        both(method("backward_correction"), key("smoothing", [0.1, 0.5])),
        [],
        "smoothing holds 0.1; not allowed with methods.m, a backward correction, and the 10",
    ),
    "a = 1/M, backward": (
        both(method("backward_correction", "transition"), key("clean_rates", [0.1, 1])),
        [],
        "clean_rates holds 0.1; not allowed with methods.m, a backward correction",
    ),
    "half flips, backward": (
        both(
            method("backward_correction", "transition"),
            key("clean_rates", [0.5]),
            key("transitions.uniform.kind", "pair_flip"),
        ),
        [],
        "clean_rates holds 0.5; not allowed with methods.m, a backward correction",
    ),
    "test_size": (key("datasets.digits.test_size", 5000), [], "test_size is 5000; allowed: 10 to"),
    "train_size": (
        key("datasets.digits.train_size", 2000),
        [],
        "datasets.digits.train_size is 2000; allowed: 10 to 1287, or all 1297",
    ),
    "batch": (
        key("training.memorise.batch_size", 5000),
        [],
        "training.memorise.batch_size is 5000; allowed with datasets.digits: 1 to 1297",
    ),
    "crop": (
        key("training.memorise.crop", 8),
        [],
        "training.memorise.crop is 8; allowed with datasets.digits, images of 8x8 pixels: 0 to 7",
    ),
    "pool": (
        key("models.small_cnn.pool", [4, 4]),
        [],
        "models.small_cnn.pool is [4, 4]; allowed with datasets.digits, images of 8x8 pixels: a pr",
    ),
    "one image for normalisation": (
        both(
            key("training.memorise.batch_size", 16),
            key("models.small_cnn", {"kind": "resnet18", "width": 4}),
        ),
        [],
        "batch_size is 16, with a last batch of one of 1297 images; allowed with resnet18 and dat",
    ),
    "no GPU at once": (
        key("device", "auto"),
        ["--resources", "gpu=0"],
        "--resources gpu is 0, which limits nothing; allowed: 1 or more, or, to train on the",
    ),
    # Matrices.
    "no T": (matrix(None), [], "path is 'T.csv', which cannot be read (T.csv not found.); allowed"),
    "T is a folder": (
        both(new_folder("T.csv"), matrix(None)),
        [],
        "cannot be read (Is a directory)",
    ),
    "T of another kind": (matrix(b"1", "T.txt"), [], "the ending is '.txt', allowed: .csv, .npy"),
    "T of text": (matrix(b"a,b\nc,d"), [], "could not convert string 'a' to float64 at row 0"),
    "T with semicolons": (matrix(b"0,9;0,1\n0,1;0,9"), [], "could not convert string '9;0'"),
    "T not UTF-8": (matrix(b"\xff\xfe\x00"), [], "can't decode byte 0xff in position 0"),
    "empty T": (matrix(b""), [], "matrix T.csv: the shape is (0, 1); allowed: (M, M)"),
    "T not square": (matrix(b"0.5,0.5"), [], "matrix T.csv: the shape is (1, 2); allowed: (M, M)"),
    "ragged T": (
        matrix(b"0.5,0.5\n0.5"),
        [],
        "the number of columns changed from 2 to 1 at row 2,",
    ),
    "T above 1": (matrix(b"1.1,0\n-0.1,1"), [], "entry [0, 0] is 1.1; allowed: 0 to 1"),
    "T with NaN": (matrix(b"nan,0\n0,1"), [], "entry [0, 0] is nan; allowed: 0 to 1"),
    "T with wrong sums": (matrix(b"0.9,0.2\n0.2,0.8"), [], "column 0 sums to 1.1; allowed: 1"),
    "T without noise": (matrix(b"1,0\n0,1"), [], "it is the identity, allowed: one with noise"),
    "T that cannot scale": (
        both(matrix(b"1,0.9\n0,0.1"), key("clean_rates", [0.4])),
        [],
        "clean rate a is 0.4, allowed for this matrix: 0.5 <= a <= 1",
    ),
    "T for other data": (
        matrix(b"0.9,0.2\n0.1,0.8"),
        [],
        "transitions.uniform.path is 'T.csv', a matrix of 2 classes; allowed with datasets.digits",
    ),
    "braces in a path": (
        matrix(b"0.9,0.2\n0.1,0.8", "T{dataset}.csv"),
        [],
        "transitions.uniform.path is 'T{dataset}.csv'; allowed: a path without braces, which st",
    ),
    "a T.npy with a damaged header": (
        damaged_header,
        [],
        "matrix T.npy: no whole array of numbers, allowed: what numpy.save writes",
    ),
    "damaged T.npy": (
        matrix(b"\x93NUM", "T.npy"),
        [],
        "no whole array of numbers, allowed: what nu",
    ),
    "pickled T.npy": (
        matrix(b"\x80\x04.", "T.npy"),
        [],
        "no whole array of numbers, allowed: what",
    ),
    "complex T.npy": (
        complex_matrix,
        [],
        "matrix T.npy: the type is complex128, allowed: real numbers",
    ),
    "S for other data": (
        targets(b"0.9,0.2\n0.1,0.8"),
        [],
        "methods.mine.path is 'S.csv', a matrix of 2 classes; allowed with datasets.digits",
    ),
    "S with wrong sums": (targets(b"0.9,0.2\n0.2,0.8"), [], "column 0 sums to 1.1; allowed: 1"),
    # Networks.
    "no network": (
        key("models.small_cnn", {"kind": "nets:Net"}),
        [],
        "models.small_cnn.kind is 'nets:Net'; allowed: a class in a file that can be read, nets.py",
    ),
    "another class": (network(b"class A: pass"), [], "allowed: a class that nets.py defines: A"),
    "no Python": (network(b"class Net(:"), [], "nets.py line 1 is none (invalid syntax)"),
    "imports what is missing": (
        network(b"import nope_nope\nclass Net: pass"),
        [],
        "'nets:Net', whose nets.py imports 'nope_nope'; allowed: modules that are installed",
    ),
    # Data.
    "unknown source": (data({"source": "mnist"}), [], "source is 'mnist'; allowed: one of digits"),
    "no data_dir": (data({"source": "MNIST"}), [], "missing key 'datasets.mine.data_dir': source"),
    "data_dir is a file": (
        both(file("d", b""), data({"source": "MNIST", "data_dir": "d/e"})),
        [],
        "datasets.mine.data_dir is 'd/e', but d is a file; allowed: a folder",
    ),
    "data_dir of nobody": (
        data({"source": "MNIST", "data_dir": "~nobody-here/d"}),
        [],
        "datasets.mine.data_dir is '~nobody-here/d' (Could not determine home directory.); allowed",
    ),
    "a long data_dir": (
        data({"source": "MNIST", "data_dir": "d" * 300}),
        [],
        "(File name too long); allowed: a folder, or where one can be made",
    ),
    "a NUL in data_dir": (
        data({"source": "MNIST", "data_dir": "a\0b"}),
        [],
        r"datasets.mine.data_dir is 'a\x00b'; allowed: a path without",
    ),
    "more than MNIST": (
        data({"source": "MNIST", "data_dir": "d", "test_size": 20000, "split_seed": 0}),
        [],
        "datasets.mine.test_size is 20000; allowed: 10 to 9990, or all 10000",
    ),
    "no .npz": (
        data({"source": "npz", "path": "mine.npz"}),
        [],
        "datasets.mine.path is 'mine.npz', which cannot be read (No such file or directory); allow",
    ),
    "a folder.npz": (
        both(new_folder("mine.npz"), data({"source": "npz", "path": "mine.npz"})),
        [],
        "cannot be read (Is a directory); allowed: a file that can",
    ),
    "an empty .npz": (npz(lambda whole: b""), [], "not a whole .npz file; allowed: what numpy.sav"),
    "half a .npz": (
        npz(lambda whole: whole[:3000]),
        [],
        "'mine.npz': not a whole .npz file; allow",
    ),
    "damaged labels": (
        npz(damage_labels),
        [],
        "'mine.npz': damaged: Bad CRC-32 for file 'y_train.npy'",
    ),
    "no arrays": (
        both(npz(), strip_endings),
        [],
        "x_train is no array; allowed: x_train.npy, as numpy.sav",
    ),
    "labels of another kind": (
        both(npz(), deface_labels),
        [],
        "y_train cannot be read (it has no header of numpy's); allowed: an array of numbers",
    ),
    "an encrypted .npz": (
        npz(encrypt),
        [],
        "'mine.npz': damaged: File 'x_train.npy' is encrypted,",
    ),
    "another compression": (npz(compress_otherwise), [], "damaged: That compression method is not"),
    "no labels": (npz(y_test=None), [], "y_test is missing, the keys are x_train, y_train, x_test"),
    "floats": (
        npz(x_train=np.full((40, 8, 8), np.nan)),
        [],
        "x_train has the type float64; allowed",
    ),
    "flat images": (
        npz(x_train=np.zeros((40, 64), np.uint8)),
        [],
        "x_train has the shape (40, 64)",
    ),
    "no images": (npz(x_test=np.zeros((0, 8, 8), np.uint8)), [], "(0, 8, 8); allowed: (N, H, W)"),
    "two sizes": (npz(x_test=np.zeros((20, 9, 8), np.uint8)), [], "images of the shape (9, 8, 1)"),
    "a label too few": (
        npz(y_train=np.arange(39) % 10),
        [],
        "y_train has the shape (39,); allowed",
    ),
    "labels from 1": (npz(y_train=np.arange(40) % 10 + 1), [], "y_train holds no label 0; allowed"),
    "pickled labels": (npz(y_test=np.array([None] * 20)), [], "y_test cannot be read (Object arra"),
    "more than there is": (
        npz(entry={"test_size": 50, "split_seed": 0}),
        [],
        "datasets.mine.test_size is 50; allowed: 10 to 10, or all 20",
    ),
    # The command line.
    "--config: unknown": (NOTHING, ["--config", "smothing=1"], "yaml, --config: unknown key 'smot"),
    "--config: text": (NOTHING, ["--config", "checkpoint_every=ten"], "is 'ten'; allowed: a whole"),
    "--config: comma": (
        NOTHING,
        ["--config", "smoothing=0,5"],
        "smoothing is '0,5'; allowed: a li",
    ),
    "--config: nothing": (NOTHING, ["--config", "seeds="], "seeds is None; allowed: a list"),
    "--cores 0": (NOTHING, ["--cores", "0"], "--cores is 0; allowed: 1 or more, or all"),
    "--cores -3": (NOTHING, ["--cores", "-3"], "--cores is -3; allowed: 1 or more, or all"),
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
    "p0,5": (NOTHING, [f"{RUNS}/a0.6/p0,5/seed0/history.csv"], "p of the target is '0,5'; allowed"),
    "p0.7": (NOTHING, [f"{RUNS}/a0.6/p0.7/seed0/history.csv"], "p of the target is '0.7'; allowed"),
    "a1": (
        NOTHING,
        [f"{RUNS}/a1/p0.5/seed0/history.csv"],
        "'1'; allowed, as clean_rates says: 0.6",
    ),
    "seed00": (
        NOTHING,
        [f"{RUNS}/a0.6/p0.5/seed00/history.csv"],
        "seed of the target is '00'; all",
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
    "claims without theory": (
        method("logit_smoothing"),
        ["results/claims.csv"],
        "results/claims.csv is not offered: config.yaml: methods is m; needed: one that the theory",
    ),
    "a panel for no clean rate": (
        key("drawn_clean_rates", [0.3]),
        [],
        "drawn_clean_rates holds 0.3; allowed: values of clean_rates: 0.6, 1.0",
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


@pytest.mark.parametrize(("change", "arguments", "message"), CASES.values(), ids=CASES)
def test_bad_input_is_refused_in_five_lines(run, tmp_path, tiny_config, change, arguments, message):
    lines = answered(run, tmp_path, tiny_config, change, arguments)
    assert message in lines[-1]
    assert len(lines) <= 5, lines
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
