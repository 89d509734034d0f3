"""
Bad input and the one line that refuses it, each case once.

tests/study/test_refusals.py asks the library, tests/workflow/test_bad_input.py, for a case of each
route, real Snakemake.
"""

import numpy as np
import yaml

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


def matrix(content, name="T.csv"):
    entry = key("transitions.uniform", {"kind": "file", "path": name})
    return entry if content is None else both(file(name, content), entry)


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


GIVEN = {"labels": "given"}


def given(**entry):
    beta = key("noise_types", {"beta": {"assumption": "beta", "transition": "uniform"}})
    return both(npz(entry=GIVEN | entry), beta)


def checked(content):
    return both(file("right.csv", content), given(checked="right.csv"))


def damage_labels(whole):
    return whole.replace(np.arange(10).tobytes(), np.ones(10, int).tobytes(), 1)


def damage_images(whole):
    return whole.replace(bytes(1000), b"x" * 1000, 1)


def device(name):
    return lambda folder: (folder / name).symlink_to("/dev/zero")


def own_parameter(text):
    def change(folder):
        file("nets.py", b"class Net: pass")(folder)
        model = f"{{small_cnn: {{kind: 'nets:Net', layers: {text}}}}}"
        spelled("models", model)(folder)

    return change


def rare_class(size, rare):
    y = np.repeat(np.arange(10), [99 - 9 * rare] + [rare] * 9)
    x = np.zeros((len(y), 8, 8), np.uint8)
    return npz(x_train=x, y_train=y, entry={"train_size": size, "split_seed": 0})


# name: (change, what the message has to say)
REFUSALS = {
    # The config file.
    "empty file": (raw(b""), "config.yaml: it holds nothing; allowed: the keys of a study"),
    "no YAML": (more("x: [1\n"), "expected ',' or ']'"),
    "a tab": (more("\tx: 1\n"), r"found character '\t' that cannot start any token; allowed"),
    "not UTF-8": (more(b"x: Gr\xfc\xdfe\n"), "has the byte 0xfc; allowed: text in UTF-8"),
    "a key twice": (more("seeds: [1]\n"), "'seeds' stands there for a second time; allowed"),
    "no config file": (
        lambda folder: (folder / "config.yaml").unlink(),
        "config.yaml: it cannot be read (No such file or directory); allowed: a YAML file",
    ),
    # Keys and values.
    "unknown key": (key("smothing", [0.5]), "'smothing' (did you mean 'smoothing'?); allowed"),
    "unknown nested key": (key("datasets.digits.modle", "x"), "'modle' in datasets.digits"),
    "empty list": (key("seeds", []), "seeds is []; allowed: 1 or more entries"),
    "decimal comma": (key("smoothing", ["0,5"]), "smoothing[0] is '0,5'; allowed: a number"),
    "truth": (key("checkpoint_every", True), "checkpoint_every is True; allowed: a whole"),
    "a month 13": (spelled("study", "2020-13-01"), "month must be in 1..12; allowed: YAML"),
    "NaN": (key("smoothing", [float("nan")]), "smoothing[0] is nan; allowed: a finite number"),
    "a = 0": (key("clean_rates", [0]), "clean_rates[0] is 0; allowed: more than 0"),
    "a > 1": (key("clean_rates", [0.5, 1.5]), "clean_rates[1] is 1.5; allowed: 1 or less"),
    "half a seed": (key("seeds", [0.5]), "seeds[0] is 0.5; allowed: a whole number"),
    "0.5 and 0.50": (spelled("smoothing", "[0.5, 0.50]"), "smoothing holds 0.5 twice; allowed"),
    "0.5 and 5e-1": (spelled("smoothing", "[0.5, 5e-1]"), "smoothing holds 0.5 twice; allowed"),
    "device": (key("device", "gpu"), "device is 'gpu'; allowed: one of auto, cpu, cuda"),
    "a name with /": (
        key("datasets", {"a/b": {}}),
        "datasets has the name 'a/b'; allowed: a name of at",
    ),
    "a name with a shell": (
        key("methods", {"a;$(b)": {}}),
        "methods has the name 'a;$(b)'; allowed: a",
    ),
    "unknown model": (key("datasets.digits.model", "vgg"), "model is 'vgg'; allowed: a name un"),
    "a long name": (
        key("datasets", {"d" * 120: {}}),
        "dddd...; allowed: a name of at most 100 letters",
    ),
    "a title of two lines": (
        key("study", "Digits\n\n.. include:: /etc/passwd"),
        r"study is 'Digits\n\n.. include:: /etc/passwd'; allowed: one line of visible text",
    ),
    "a title that ends a script": (
        key("study", "a</script><script>alert(1)</script>"),
        "'; allowed: one line of visible text, without '</'",
    ),
    # Values that do not fit each other.
    "p > 1, forward": (
        both(method("forward_correction"), key("smoothing", [0.5, 1.2])),
        "smoothing holds 1.2; allowed with methods.m, a forward correction with matrix 'p': at mo",
    ),
    "p = 1/M, backward": (
        both(method("backward_correction"), key("smoothing", [0.1, 0.5])),
        "smoothing holds 0.1; not allowed with methods.m, a backward correction, and the 10",
    ),
    "test_size": (key("datasets.digits.test_size", 5000), "test_size is 5000; allowed: 10 to"),
    "train_size": (
        key("datasets.digits.train_size", 2000),
        "datasets.digits.train_size is 2000; allowed: 10 to 1287, or all 1297",
    ),
    "batch": (
        key("training.memorise.batch_size", 5000),
        "training.memorise.batch_size is 5000; allowed with datasets.digits: 1 to 1297",
    ),
    "crop": (
        key("training.memorise.crop", 8),
        "training.memorise.crop is 8; allowed with datasets.digits, images of 8x8 pixels: 0 to 7",
    ),
    "pool": (
        key("models.small_cnn.pool", [4, 4]),
        "models.small_cnn.pool is [4, 4]; allowed with datasets.digits, images of 8x8 pixels: a pr",
    ),
    "one image for normalisation": (
        both(
            key("training.memorise.batch_size", 16),
            key("models.small_cnn", {"kind": "resnet18", "width": 4}),
        ),
        "batch_size is 16, with a last batch of one of 1297 images; allowed with resnet18 and dat",
    ),
    "none of a class": (
        rare_class(12, 2),
        "datasets.mine.train_size is 12, which may leave no image of class 1; allowed: 50 to 89",
    ),
    "one of a class": (
        rare_class(12, 1),
        "datasets.mine.train_size is 12; allowed: all 99, because class 1 has one image only",
    ),
    # Matrices.
    "no T": (matrix(None), "path is 'T.csv', which cannot be read (T.csv not found.); allowed"),
    "T of text": (matrix(b"a,b\nc,d"), "could not convert string 'a' to float64 at row 0"),
    "T with semicolons": (matrix(b"0,9;0,1\n0,1;0,9"), "could not convert string '9;0'"),
    "T not square": (matrix(b"0.5,0.5"), "matrix T.csv: the shape is (1, 2); allowed: (M, M)"),
    "T above 1": (matrix(b"1.1,0\n-0.1,1"), "entry [0, 0] is 1.1; allowed: 0 to 1"),
    "T with wrong sums": (matrix(b"0.9,0.2\n0.2,0.8"), "column 0 sums to 1.1; allowed: 1"),
    "T that cannot scale": (
        both(matrix(b"1,0.9\n0,0.1"), key("clean_rates", [0.4])),
        "clean rate a is 0.4, allowed for this matrix: 0.5 <= a <= 1",
    ),
    "T for other data": (
        matrix(b"0.9,0.2\n0.1,0.8"),
        "transitions.uniform.path is 'T.csv', a matrix of 2 classes; allowed with datasets.digits",
    ),
    "braces in a path": (
        matrix(b"0.9,0.2\n0.1,0.8", "T{dataset}.csv"),
        "transitions.uniform.path is 'T{dataset}.csv'; allowed: a path without braces, which st",
    ),
    "pickled T.npy": (matrix(b"\x80\x04.", "T.npy"), "no whole array of numbers, allowed: what"),
    "S for other data": (
        targets(b"0.9,0.2\n0.1,0.8"),
        "methods.mine.path is 'S.csv', a matrix of 2 classes; allowed with datasets.digits",
    ),
    # Networks.
    "no network": (
        key("models.small_cnn", {"kind": "nets:Net"}),
        "models.small_cnn.kind is 'nets:Net'; allowed: a class in a file that can be read, nets.py",
    ),
    "another class": (network(b"class A: pass"), "allowed: a class that nets.py defines: A"),
    "no Python": (network(b"class Net(:"), "nets.py line 1 is none (invalid syntax)"),
    "imports what is missing": (
        network(b"import nope_nope\nclass Net: pass"),
        "'nets:Net', whose nets.py imports 'nope_nope'; allowed: modules that are installed",
    ),
    "a date for a network": (
        own_parameter("[2020-01-01]"),
        "models.small_cnn.layers is [datetime.date(2020, 1, 1)]; allowed: what JSON can hold",
    ),
    # Data.
    "no data_dir": (data({"source": "MNIST"}), "missing key 'datasets.mine.data_dir': source"),
    "data_dir is a file": (
        both(file("d", b""), data({"source": "MNIST", "data_dir": "d/e"})),
        "datasets.mine.data_dir is 'd/e', but d is a file; allowed: a folder",
    ),
    "no .npz": (
        data({"source": "npz", "path": "mine.npz"}),
        "datasets.mine.path is 'mine.npz', which cannot be read (No such file or directory); allow",
    ),
    "half a .npz": (npz(lambda whole: whole[:3000]), "'mine.npz': not a whole .npz file; allow"),
    "damaged labels": (
        npz(damage_labels),
        "'mine.npz': damaged: Bad CRC-32 for file 'y_train.npy'",
    ),
    "no labels": (npz(y_test=None), "y_test is missing, the keys are x_train, y_train, x_test"),
    "floats": (npz(x_train=np.full((40, 8, 8), np.nan)), "x_train has the type float64; allowed"),
    "flat images": (npz(x_train=np.zeros((40, 64), np.uint8)), "x_train has the shape (40, 64)"),
    "two sizes": (npz(x_test=np.zeros((20, 9, 8), np.uint8)), "images of the shape (9, 8, 1)"),
    "a label too few": (npz(y_train=np.arange(39) % 10), "y_train has the shape (39,); allowed"),
    "labels from 1": (npz(y_train=np.arange(40) % 10 + 1), "y_train holds no label 0; allowed"),
    "pickled labels": (
        npz(y_test=np.array([None] * 20)),
        "y_test has the type object; allowed: numb",
    ),
    "channels first": (
        npz(x_train=np.zeros((40, 3, 32, 32), np.uint8)),
        "x_train has the shape (40, 3, 32, 32), with the channels first; "
        "allowed: (N, H, W, C), x_train.transpose(0, 2, 3, 1)",
    ),
    # Labels that are given.
    "alpha, given labels": (
        npz(entry={"labels": "given"}),
        "noise_types.alpha.assumption is 'alpha', which needs clean test labels; allowed with "
        "datasets.mine, whose labels are given: beta, or any with a file of 'checked' ones",
    ),
    "the true noise, given labels": (
        both(given(), method("forward_correction", "transition")),
        "methods.m.matrix is 'transition', which needs the noise; allowed with datasets.mine, "
        "whose labels are given: p, identity, file",
    ),
    "checked, clean labels": (
        npz(entry={"checked": "right.csv"}),
        "datasets.mine.checked is 'right.csv'; allowed: no checked with labels 'clean'",
    ),
    "folds, clean labels": (
        npz(entry={"folds": 2, "split_seed": 0}),
        "datasets.mine.folds is 2; allowed: no folds with labels 'clean'",
    ),
    "folds, clean digits": (
        key("datasets.digits.folds", 2),
        "datasets.digits.folds is 2; allowed: no folds with labels 'clean'",
    ),
    "folds without a seed": (
        given(folds=2),
        "missing key 'datasets.mine.split_seed': folds needs it",
    ),
    "more folds than images of a class": (
        given(folds=5, split_seed=0),
        "datasets.mine.folds is 5; allowed: 2 to 4, as its rarest class has 4 training images",
    ),
    "a batch larger than what a fold leaves": (
        both(given(folds=2, split_seed=0), key("training.memorise.batch_size", 21)),
        "training.memorise.batch_size is 21; allowed with datasets.mine: 1 to 20, those that one o",
    ),
    "checked, of a subset": (
        npz(entry={**GIVEN, "checked": "right.csv", "test_size": 10, "split_seed": 0}),
        "datasets.mine.test_size is 10; allowed: no test_size with checked, whose indices count",
    ),
    "no checked labels": (
        npz(entry={**GIVEN, "checked": "right.csv"}),
        "datasets.mine.checked is 'right.csv', which cannot be read (No such file or directory); a",
    ),
    "checked, no labels": (
        checked(b"index,label\n"),
        "'right.csv': it holds no label; allowed: one or more",
    ),
    "checked, a name": (
        checked(b"index,label\n0,1\n1,cat\n"),
        "'right.csv': line 3 has the label 'cat'; allowed: 0 to 9",
    ),
    "checked, no such label": (
        checked(b"index,label\n0,10\n"),
        "'right.csv': line 2 has the label '10'; allowed: 0 to 9",
    ),
    "checked, an image twice": (
        checked(b"index,label\n3,1\n3,1\n"),
        "'right.csv': line 3 has the index 3 again; allowed: every image once",
    ),
    "a panel for no clean rate": (
        key("drawn_clean_rates", [0.3]),
        "drawn_clean_rates holds 0.3; allowed: values of clean_rates: 0.6, 1.0",
    ),
}
