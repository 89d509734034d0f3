"""
Bad input and the one line that refuses it, each case once.

tests/study/test_refusals.py asks the library, tests/workflow/test_bad_input.py, for a case of each
route, real Snakemake.
"""

import os
import zipfile

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


def bare(name, header):
    """Return what makes an entry of mine.npz a header and nothing else."""
    return rewritten(lambda entry, data: (entry, header if entry == f"{name}.npy" else data))


def claiming(shape, dtype="'<i8'"):
    text = f"{{'descr': {dtype}, 'fortran_order': False, 'shape': {shape}}}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


def aliases(link):
    """Return YAML whose x00 stands for 10^20 values: each line ten times the next one."""
    last = b"x20: &x20 {a: 1}\n" if link.startswith("{") else b"x20: &x20 [a]\n"
    lines = [
        f"x{i:02}: &x{i:02} {link.format(', '.join([f'*x{i + 1:02}'] * 10))}\n".encode()
        for i in reversed(range(20))
    ]
    return more(last + b"".join(lines))


def device(name):
    return lambda folder: (folder / name).symlink_to("/dev/zero")


def replaced_config(make):
    def change(folder):
        (folder / "config.yaml").unlink()
        make(folder / "config.yaml")

    return change


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
    "a NUL": (more("x: a\0b\n"), "config.yaml: unacceptable character #x0000"),
    "a key twice": (more("seeds: [1]\n"), "'seeds' stands there for a second time; allowed"),
    "a nested key twice": (more("x: {y: 1, y: 2}\n"), "'y' stands there for a second time"),
    "a list in itself": (spelled("seeds", "&s [*s]"), "Circular reference detected; allowed"),
    "many brackets": (raw(b"[" * 3000), "config.yaml: it is nested too deeply; allowed: YAML"),
    "two documents": (more("---\nx: 1\n"), "found another document; allowed: YAML"),
    "unknown alias": (more("x: *nope\n"), "found undefined alias 'nope'; allowed: YAML"),
    "a Python object": (more("x: !!python/name:os.system\n"), "tag:yaml.org,2002:python/name"),
    "no config file": (
        lambda folder: (folder / "config.yaml").unlink(),
        "config.yaml: it cannot be read (No such file or directory); allowed: a YAML file",
    ),
    "a folder": (
        both(lambda folder: (folder / "config.yaml").unlink(), new_folder("config.yaml")),
        "config.yaml: it cannot be read (Is a directory); allowed: a YAML file",
    ),
    "a list": (raw(b"- a\n"), "config.yaml: it holds a list; allowed: the keys of a study"),
    "a text": (raw(b"hello"), "config.yaml: it holds 'hello'; allowed: the keys of a study"),
    "a device": (
        replaced_config(lambda path: path.symlink_to("/dev/zero")),
        "config.yaml: it is neither file nor folder; allowed: a YAML file",
    ),
    "a pipe": (replaced_config(os.mkfifo), "config.yaml: it is neither file nor folder; allowed"),
    "aliases of aliases": (
        aliases("[{}]"),
        "config.yaml: it stands for more than 100,000 values with its aliases; allowed: up to",
    ),
    "merged aliases": (
        aliases("{{<<: [{}]}}"),
        "config.yaml: it stands for more than 100,000 values with its aliases; allowed: up to",
    ),
    # Keys and values.
    "unknown key": (key("smothing", [0.5]), "'smothing' (did you mean 'smoothing'?); allowed"),
    "unknown number": (key(1, 2), "unknown key '1'; allowed: study, clean_rates"),
    "unknown nested key": (key("datasets.digits.modle", "x"), "'modle' in datasets.digits"),
    "no value": (key("smoothing", None), "smoothing is None; allowed: a list"),
    "no list": (key("smoothing", 0.5), "smoothing is 0.5; allowed: a list"),
    "empty list": (key("seeds", []), "seeds is []; allowed: 1 or more entries"),
    "decimal comma": (key("smoothing", ["0,5"]), "smoothing[0] is '0,5'; allowed: a number"),
    "text": (key("clean_rates", ["high"]), "clean_rates[0] is 'high'; allowed: a number"),
    "truth": (key("checkpoint_every", True), "checkpoint_every is True; allowed: a whole"),
    "a date": (spelled("study", "2020-01-01"), "study is datetime.date(2020, 1, 1); allowed"),
    "a month 13": (spelled("study", "2020-13-01"), "month must be in 1..12; allowed: YAML"),
    "NaN": (key("smoothing", [float("nan")]), "smoothing[0] is nan; allowed: a finite number"),
    "infinity": (key("clean_rates", [float("inf")]), "clean_rates[0] is inf; allowed: a finite"),
    "a = 0": (key("clean_rates", [0]), "clean_rates[0] is 0; allowed: more than 0"),
    "a > 1": (key("clean_rates", [0.5, 1.5]), "clean_rates[1] is 1.5; allowed: 1 or less"),
    "p < 0": (key("smoothing", [-0.5]), "smoothing[0] is -0.5; allowed: more than 0"),
    "half a seed": (key("seeds", [0.5]), "seeds[0] is 0.5; allowed: a whole number"),
    "a seed below 0": (key("seeds", [-1]), "seeds[0] is -1; allowed: 0 or more"),
    "a huge seed": (key("seeds", [10**20]), "allowed: 4294967295 or less"),
    "0.5 and 0.50": (spelled("smoothing", "[0.5, 0.50]"), "smoothing holds 0.5 twice; allowed"),
    "0.5 and 5e-1": (spelled("smoothing", "[0.5, 5e-1]"), "smoothing holds 0.5 twice; allowed"),
    "1 and 1.0": (key("clean_rates", [1, 1.0]), "clean_rates holds 1.0 twice; allowed: every"),
    "a seed twice": (key("seeds", [3, 3]), "seeds holds 3 twice; allowed: every value once"),
    "threads": (key("train_resources.threads", 0), "train_resources.threads is 0; allowed: 1"),
    "memory": (key("train_resources.mem_mb", "2GB"), "mem_mb is '2GB'; allowed: a whole numb"),
    "device": (key("device", "gpu"), "device is 'gpu'; allowed: one of auto, cpu, cuda"),
    "a name with /": (key("datasets", {"a/b": {}}), "datasets is 'a/b'; allowed: another form"),
    "a name with a shell": (key("methods", {"a;$(b)": {}}), "methods is 'a;$(b)'; allowed"),
    "a name with a newline": (key("datasets", {"a\n": {}}), r"datasets is 'a\n'; allowed"),
    "a name that is a number": (key("methods", {1: {}}), "methods is 1; allowed: a text"),
    "unknown loss": (method("focal"), "methods.m.loss is 'focal'; allowed: one of label_smoo"),
    "unknown assumption": (key("noise_types.alpha.assumption", "x"), "assumption is 'x'; allow"),
    "unknown transition": (key("noise_types.alpha.transition", "x"), "under transitions: unif"),
    "unknown model": (key("datasets.digits.model", "vgg"), "model is 'vgg'; allowed: a name un"),
    "unknown recipe": (key("datasets.digits.training", "x"), "training is 'x'; allowed: a name"),
    "more than a float": (
        key("smoothing", [10**400]),
        "smoothing[0] is 1" + 76 * "0" + "...; allowed: a finite number",
    ),
    "a whole number as flip": (
        key("training.memorise.flip", 1),
        "training.memorise.flip is 1; allowed: true or false (whether training images are",
    ),
    "half a kernel": (
        key("models.small_cnn.kernel_size", 3.0),
        "models.small_cnn.kernel_size is 3.0; allowed: a whole number (edge of the convolution",
    ),
    "a long name": (
        key("datasets", {"d" * 240: {}}),
        "ddd...; allowed: 100 or fewer characters (a name of letters",
    ),
    "a name like a link": (key("methods", {"a_": {}}), "methods is 'a_'; allowed: another form"),
    "a title of two lines": (
        key("study", "Digits\n\n.. include:: /etc/passwd"),
        r"study is 'Digits\n\n.. include:: /etc/passwd'; allowed: one line of visible text",
    ),
    "a title with a line separator": (
        key("study", "a\u2028b"),
        r"study is 'a\u2028b'; allowed",
    ),
    "a title with a bell": (
        key("study", "a\x07b"),
        r"study is 'a\x07b'; allowed: one",
    ),
    "a title with half a character": (
        spelled("study", r'"a\ud800b"'),
        r"study is 'a\ud800b'; allowed: text without surrogates",
    ),
    "a title that ends a script": (
        key("study", "a</script><script>alert(1)</script>"),
        "'; allowed: one line of visible text, without '</'",
    ),
    "a title of blanks": (key("study", "  "), "study is '  '; allowed: one line of visible text"),
    # Values that do not fit each other.
    "p > 1, forward": (
        both(method("forward_correction"), key("smoothing", [0.5, 1.2])),
        "smoothing holds 1.2; allowed with methods.m, a forward correction with matrix 'p': at mo",
    ),
    "p = 1/M, backward": (
        both(method("backward_correction"), key("smoothing", [0.1, 0.5])),
        "smoothing holds 0.1; not allowed with methods.m, a backward correction, and the 10",
    ),
    "a = 1/M, backward": (
        both(method("backward_correction", "transition"), key("clean_rates", [0.1, 1])),
        "clean_rates holds 0.1; not allowed with methods.m, a backward correction",
    ),
    "half flips, backward": (
        both(
            method("backward_correction", "transition"),
            key("clean_rates", [0.5]),
            key("transitions.uniform.kind", "pair_flip"),
        ),
        "clean_rates holds 0.5; not allowed with methods.m, a backward correction",
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
    "none of a class of SVHN": (
        data({"source": "SVHN", "data_dir": "d", "train_size": 10, "split_seed": 0}),
        "datasets.mine.train_size is 10, which may leave no image of class 9; allowed: 16 to 73247",
    ),
    # Matrices.
    "no T": (matrix(None), "path is 'T.csv', which cannot be read (T.csv not found.); allowed"),
    "T is a folder": (both(new_folder("T.csv"), matrix(None)), "cannot be read (Is a directory)"),
    "T of another kind": (matrix(b"1", "T.txt"), "the ending is '.txt', allowed: .csv, .npy"),
    "T of text": (matrix(b"a,b\nc,d"), "could not convert string 'a' to float64 at row 0"),
    "T with semicolons": (matrix(b"0,9;0,1\n0,1;0,9"), "could not convert string '9;0'"),
    "T not UTF-8": (matrix(b"\xff\xfe\x00"), "can't decode byte 0xff in position 0"),
    "empty T": (matrix(b""), "matrix T.csv: the shape is (0, 1); allowed: (M, M)"),
    "T not square": (matrix(b"0.5,0.5"), "matrix T.csv: the shape is (1, 2); allowed: (M, M)"),
    "ragged T": (matrix(b"0.5,0.5\n0.5"), "the number of columns changed from 2 to 1 at row 2,"),
    "T above 1": (matrix(b"1.1,0\n-0.1,1"), "entry [0, 0] is 1.1; allowed: 0 to 1"),
    "T with NaN": (matrix(b"nan,0\n0,1"), "entry [0, 0] is nan; allowed: 0 to 1"),
    "T with wrong sums": (matrix(b"0.9,0.2\n0.2,0.8"), "column 0 sums to 1.1; allowed: 1"),
    "T without noise": (matrix(b"1,0\n0,1"), "it is the identity, allowed: one with noise"),
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
    "a T.npy with a damaged header": (
        damaged_header,
        "matrix T.npy: no whole array of numbers, allowed: what numpy.save writes",
    ),
    "damaged T.npy": (matrix(b"\x93NUM", "T.npy"), "no whole array of numbers, allowed: what nu"),
    "pickled T.npy": (matrix(b"\x80\x04.", "T.npy"), "no whole array of numbers, allowed: what"),
    "complex T.npy": (
        complex_matrix,
        "matrix T.npy: the type is complex128, allowed: real numbers",
    ),
    "S for other data": (
        targets(b"0.9,0.2\n0.1,0.8"),
        "methods.mine.path is 'S.csv', a matrix of 2 classes; allowed with datasets.digits",
    ),
    "S with wrong sums": (targets(b"0.9,0.2\n0.2,0.8"), "column 0 sums to 1.1; allowed: 1"),
    "T is a device": (
        both(device("T.csv"), matrix(None)),
        "transitions.uniform.path is 'T.csv': neither file nor folder; allowed: a file",
    ),
    "a T.npy that claims more": (
        matrix(claiming("(3000000, 3000000)", "'<f8'"), "T.npy"),
        "matrix T.npy: no whole array of numbers, allowed: what numpy.save writes",
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
    "a network is a device": (
        both(device("nets.py"), key("models.small_cnn", {"kind": "nets:Net"})),
        "models.small_cnn.kind is 'nets:Net'; allowed: a class in a file, nets.py is none",
    ),
    "nested too deeply": (network(b"x = " + b"-" * 50000 + b"1"), "nets.py is nested too deeply"),
    "a date for a network": (
        own_parameter("[2020-01-01]"),
        "models.small_cnn.layers[0] is datetime.date(2020, 1, 1); allowed: what JSON can hold",
    ),
    "a set for a network": (
        own_parameter("!!set {a}"),
        "models.small_cnn.layers is {'a'}; allowed: what JSON can hold",
    ),
    "bytes for a network": (
        own_parameter("!!binary aGFsbG8="),
        "models.small_cnn.layers is b'hallo'; allowed: what JSON can hold",
    ),
    "a number as key": (
        own_parameter("{3: x}"),
        "models.small_cnn.layers has the key 3; allowed: texts as keys",
    ),
    "half a character": (
        own_parameter(r'"\udfff"'),
        r"models.small_cnn.layers is '\udfff'; allowed: text without surrogates",
    ),
    # Data.
    "unknown source": (data({"source": "mnist"}), "source is 'mnist'; allowed: one of digits"),
    "no data_dir": (data({"source": "MNIST"}), "missing key 'datasets.mine.data_dir': source"),
    "data_dir is a file": (
        both(file("d", b""), data({"source": "MNIST", "data_dir": "d/e"})),
        "datasets.mine.data_dir is 'd/e', but d is a file; allowed: a folder",
    ),
    "data_dir of nobody": (
        data({"source": "MNIST", "data_dir": "~nobody-here/d"}),
        "datasets.mine.data_dir is '~nobody-here/d' (Could not determine home directory.); allowed",
    ),
    "a long data_dir": (
        data({"source": "MNIST", "data_dir": "d" * 300}),
        "(File name too long); allowed: a folder, or where one can be made",
    ),
    "a NUL in data_dir": (
        data({"source": "MNIST", "data_dir": "a\0b"}),
        r"datasets.mine.data_dir is 'a\x00b'; allowed: a path without",
    ),
    "more than MNIST": (
        data({"source": "MNIST", "data_dir": "d", "test_size": 20000, "split_seed": 0}),
        "datasets.mine.test_size is 20000; allowed: 10 to 9990, or all 10000",
    ),
    "no .npz": (
        data({"source": "npz", "path": "mine.npz"}),
        "datasets.mine.path is 'mine.npz', which cannot be read (No such file or directory); allow",
    ),
    "a folder.npz": (
        both(new_folder("mine.npz"), data({"source": "npz", "path": "mine.npz"})),
        "cannot be read (Is a directory); allowed: a file that can",
    ),
    "an empty .npz": (npz(lambda whole: b""), "not a whole .npz file; allowed: what numpy.sav"),
    "half a .npz": (npz(lambda whole: whole[:3000]), "'mine.npz': not a whole .npz file; allow"),
    "damaged labels": (
        npz(damage_labels),
        "'mine.npz': damaged: Bad CRC-32 for file 'y_train.npy'",
    ),
    "no arrays": (
        both(npz(), strip_endings),
        "x_train is no array; allowed: x_train.npy, as numpy.sav",
    ),
    "labels of another kind": (
        both(npz(), deface_labels),
        "y_train cannot be read (it has no header of numpy's); allowed: an array of numbers",
    ),
    "an encrypted .npz": (npz(encrypt), "'mine.npz': damaged: File 'x_train.npy' is encrypted,"),
    "another compression": (npz(compress_otherwise), "damaged: That compression method is not"),
    "no labels": (npz(y_test=None), "y_test is missing, the keys are x_train, y_train, x_test"),
    "floats": (npz(x_train=np.full((40, 8, 8), np.nan)), "x_train has the type float64; allowed"),
    "flat images": (npz(x_train=np.zeros((40, 64), np.uint8)), "x_train has the shape (40, 64)"),
    "no images": (npz(x_test=np.zeros((0, 8, 8), np.uint8)), "(0, 8, 8); allowed: (N, H, W)"),
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
    "a .npz is a device": (
        both(device("mine.npz"), data({"source": "npz", "path": "mine.npz"})),
        "datasets.mine.path is 'mine.npz': neither file nor folder; allowed: a file",
    ),
    "labels that claim more": (
        both(npz(), bare("y_train", claiming("(10000000000000,)"))),
        "y_train has the shape (10000000000000,) of int64, but 0 bytes; allowed: 80000000000000",
    ),
    "images that claim more": (
        both(npz(), bare("x_train", claiming("(10000000000, 30, 30)", "'|u1'"))),
        "x_train has the shape (10000000000, 30, 30) of uint8, but 0 bytes; allowed: 9000000000000",
    ),
    "images of a negative number": (
        both(npz(), bare("x_train", claiming("(-1, 8, 8)", "'|u1'"))),
        "x_train has the shape (-1, 8, 8) of uint8, but 0 bytes; allowed",
    ),
    "a header of texts": (
        both(npz(), bare("x_train", claiming("('a',)"))),
        "x_train cannot be read (it has no header of numpy's); allowed: an array of numbers",
    ),
    "a type of nobody": (
        both(npz(), bare("y_test", claiming("(3,)", "('x', 3, [])"))),
        "y_test cannot be read (it has no header of numpy's); allowed: an array of numbers",
    ),
    "labels of texts": (npz(y_test=np.array(["a"] * 20)), "y_test has the type <U1; allowed: int"),
    "labels with fields": (
        npz(y_test=np.zeros(20, [("a", "i4"), ("b", "f4")])),
        "y_test has the type [('a', '<i4'), ('b', '<f4')]; allowed: integers",
    ),
    "more than there is": (
        npz(entry={"test_size": 50, "split_seed": 0}),
        "datasets.mine.test_size is 50; allowed: 10 to 10, or all 20",
    ),
    # Labels that are given.
    "labels of another kind of origin": (
        npz(entry={"labels": "noisy"}),
        "datasets.mine.labels is 'noisy'; allowed: one of clean, given (clean if all labels are ri",
    ),
    "alpha, given labels": (
        npz(entry={"labels": "given"}),
        "noise_types.alpha.assumption is 'alpha', which needs clean test labels; allowed with "
        "datasets.mine, whose labels are given: beta, or any with a file of 'checked' ones",
    ),
    "gamma, given labels": (
        both(given(), key("noise_types.beta.assumption", "gamma")),
        "noise_types.beta.assumption is 'gamma', which needs clean test labels; allowed with data",
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
    "folds of no file": (
        key("datasets.digits.folds", 2),
        "datasets.digits.folds is 2; allowed: no folds with source 'digits', but with 'npz'",
    ),
    "one fold": (given(folds=1), "datasets.mine.folds is 1; allowed: 2 or more"),
    "folds without a seed": (
        given(folds=2),
        "missing key 'datasets.mine.split_seed': folds needs it",
    ),
    "more folds than images of a class": (
        given(folds=5, split_seed=0),
        "datasets.mine.folds is 5; allowed: 2 to 4, as its rarest class has 4 training images",
    ),
    "more folds than a subset has of a class": (
        given(folds=4, train_size=30, split_seed=0),
        "datasets.mine.folds is 4; allowed: 2 to 3, as its rarest class has 3 training images",
    ),
    "a class of one image in folds": (
        both(
            given(),
            npz(entry={**GIVEN, "folds": 2, "split_seed": 0}, y_train=np.arange(40).clip(max=9)),
        ),
        "datasets.mine.folds is 2; allowed: none, as its rarest class has 1 training image",
    ),
    "a batch larger than what a fold leaves": (
        both(given(folds=2, split_seed=0), key("training.memorise.batch_size", 21)),
        "training.memorise.batch_size is 21; allowed with datasets.mine: 1 to 20, those that one o",
    ),
    "checked, of a subset": (
        npz(entry={**GIVEN, "checked": "right.csv", "test_size": 10, "split_seed": 0}),
        "datasets.mine.test_size is 10; allowed: no test_size with checked, whose indices count",
    ),
    "braces in checked": (
        npz(entry={**GIVEN, "checked": "{x}.csv"}),
        "datasets.mine.checked is '{x}.csv'; allowed: a path without braces",
    ),
    "no checked labels": (
        npz(entry={**GIVEN, "checked": "right.csv"}),
        "datasets.mine.checked is 'right.csv', which cannot be read (No such file or directory); a",
    ),
    "checked is a folder": (
        both(new_folder("right.csv"), npz(entry={**GIVEN, "checked": "right.csv"})),
        "datasets.mine.checked is 'right.csv', which cannot be read (Is a directory); allowed",
    ),
    "checked is a device": (
        both(device("right.csv"), npz(entry={**GIVEN, "checked": "right.csv"})),
        "datasets.mine.checked is 'right.csv': neither file nor folder; allowed: a file",
    ),
    "empty checked": (checked(b""), "checked is 'right.csv': the first line is ''; allowed: index"),
    "checked without names": (
        checked(b"1,2\n"),
        "datasets.mine.checked is 'right.csv': the first line is '1,2'; allowed: index,label",
    ),
    "checked, no labels": (
        checked(b"index,label\n"),
        "'right.csv': it holds no label; allowed: one or more",
    ),
    "checked, no text": (
        checked(b"\xff\xfe\x00i"),
        "'right.csv': no table ('utf-8' codec can't decode byte 0xff in position 0",
    ),
    "checked, three columns": (
        checked(b"index,label\n1,2,3\n"),
        "'right.csv': line 2 has 3 values; allowed: 2",
    ),
    "checked, a name": (
        checked(b"index,label\n0,1\n1,cat\n"),
        "'right.csv': line 3 has the label 'cat'; allowed: 0 to 9",
    ),
    "checked, no such label": (
        checked(b"index,label\n0,10\n"),
        "'right.csv': line 2 has the label '10'; allowed: 0 to 9",
    ),
    "checked, no such image": (
        checked(b"index,label\n20,1\n"),
        "'right.csv': line 2 has the index '20'; allowed: 0 to 19",
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
