"""
What can be refused before any job: a study's files, its sizes, and networks of the user's own.

The Snakefile imports this module at every start. numpy, which takes a tenth of a second, is only
imported for studies that have matrices or data of their own, or a matrix to invert. The file of a
network is read and not executed: it would import torch.
"""

import ast
import difflib
import importlib.util
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from label_smoothing.study.errors import ConfigError
from label_smoothing.study.grid import Study

if TYPE_CHECKING:
    import numpy as np


class Shape(NamedTuple):
    """
    What a source holds.

    Attributes
    ----------
    train, test : list of int
        Images, or rows of features, of each class in both parts.
    height, width : int or None
        Of an image, in pixels; None for features.
    """

    train: list[int]
    test: list[int]
    height: int | None
    width: int | None

    @property
    def classes(self) -> int:
        """Number of classes M."""
        return len(self.train)


_SHAPES = {
    "MNIST": Shape(
        [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949],
        [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009],
        28,
        28,
    ),
    "FashionMNIST": Shape([6000] * 10, [1000] * 10, 28, 28),
    "KMNIST": Shape([6000] * 10, [1000] * 10, 28, 28),
    "CIFAR10": Shape([5000] * 10, [1000] * 10, 32, 32),
    "CIFAR100": Shape([500] * 100, [100] * 100, 32, 32),
    "SVHN": Shape(
        [4948, 13861, 10585, 8497, 7458, 6882, 5727, 5595, 5045, 4659],
        [1744, 5099, 4149, 2882, 2523, 2384, 1977, 2019, 1660, 1595],
        32,
        32,
    ),
}
_DIGITS = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def check_files(study: Study) -> None:
    """
    Check the files that a study names, and that its sizes fit its data sets.

    Matrices and checked labels are read whole; of a .npz all but the images; folders are looked at.

    Raise ConfigError with one line for each problem that does not follow from another one.
    """
    problems: list[str] = []

    def tried(check: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return check(*arguments)
        except ConfigError as error:
            problems.append(str(error))
            return None

    own = {model: entry for model, entry in study.config["models"].items() if ":" in entry["kind"]}
    for model, entry in own.items():
        tried(check_own_network, f"models.{model}", entry, study.folder)
    matrices = {}
    for section, files_of in (
        ("transitions", study.matrix_files),
        ("methods", study.target_files),
    ):
        for name in study.config[section]:
            for file in files_of(name):
                matrices[f"{section}.{name}"] = tried(_matrix, study, section, name, file)
    matrices = {key: matrix for key, matrix in matrices.items() if matrix is not None}
    for name in study.config["datasets"]:
        if shape := tried(shape_of, study, name):
            for check in (_check_sizes, _check_folds, _check_training, _check_checked):
                tried(check, study, name, shape)
            tried(_check_matrices, study, name, shape.classes, matrices)
    if problems:
        raise ConfigError("\n".join(dict.fromkeys(problems)))


def check_imports(study: Study) -> None:
    """
    Check that this environment has the modules that the networks of the user's own import.

    Raise ConfigError if one is missing.
    """
    for name in study.config["datasets"]:
        for file in study.network_files(name):
            for module in _imported(ast.parse(Path(file).read_bytes())):
                if module != "__main__" and importlib.util.find_spec(module) is None:
                    model = study.config["datasets"][name]["model"]
                    raise ConfigError(
                        f"models.{model}.kind is {study.config['models'][model]['kind']!r}, whose "
                        f"{file} imports {module!r}; allowed: modules that are installed"
                    )


def _imported(tree: ast.Module) -> Iterator[str]:
    for statement in tree.body:  # others may be in a try, or in a function that nobody calls
        if isinstance(statement, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in statement.names)
        elif isinstance(statement, ast.ImportFrom) and statement.module and not statement.level:
            yield statement.module.partition(".")[0]


def _matrix(study, section, name, file):
    from label_smoothing.data.corrupt import read_matrix, read_transition
    from label_smoothing.theory.noise import scale_transition

    with _reading(f"{section}.{name}.path", study.config[section][name]["path"]):
        if section == "methods":
            return read_matrix(file)
        matrix = read_transition(file)
        for a in study.clean_rates:
            scale_transition(matrix, float(a))
        return matrix


@contextmanager
def _reading(key: str, path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ConfigError(
            f"{key} is {path!r}, which cannot be read ({error.strerror or error}); "
            "allowed: a file that can"
        ) from None
    except ValueError as error:
        raise ConfigError(f"{key} is {path!r}: {error}") from None


def shape_of(study: Study, name: str) -> Shape:
    """Return what a data set holds before its sizes are applied, or raise ConfigError."""
    entry, where = study.config["datasets"][name], f"datasets.{name}"
    if entry["source"] == "digits":
        from label_smoothing.data.sizes import split_counts

        size, images, M = entry["test_size"], sum(_DIGITS), len(_DIGITS)
        if not M <= size <= images - M:
            raise ConfigError(
                f"{where}.test_size is {size}; allowed: {M} to {images - M} of the {images} digits"
            )
        train, test = split_counts(_DIGITS, images - size)
        return Shape(train, test, 8, 8)
    if entry["source"] == "npz":
        import numpy as np

        from label_smoothing.data.sources import inspect_npz

        with _reading(f"{where}.path", entry["path"]):
            dataset = inspect_npz(entry["path"])
        counts = (np.bincount(y).tolist() for y in (dataset.y_train, dataset.y_test))
        features = dataset.x_train.ndim == 2
        return Shape(*counts, *((None, None) if features else dataset.x_train.shape[1:3]))
    try:
        folder = Path(entry["data_dir"]).expanduser()
        there = next(path for path in (folder, *folder.parents) if path.exists())
    except (OSError, RuntimeError) as error:  # too long a name, no such user
        problem = getattr(error, "strerror", None) or error
        raise ConfigError(
            f"{where}.data_dir is {entry['data_dir']!r} ({problem}); "
            "allowed: a folder, or where one can be made"
        ) from None
    if not there.is_dir():
        raise ConfigError(
            f"{where}.data_dir is {entry['data_dir']!r}, but {there} is a file; "
            "allowed: a folder, or where one can be made"
        )
    return _SHAPES[entry["source"]]


def _check_sizes(study, name, shape):
    from label_smoothing.data.sizes import size_problem

    entry = study.config["datasets"][name]
    for part, counts in (("train", shape.train), ("test", shape.test)):
        size = entry.get(f"{part}_size", sum(counts))
        if problem := size_problem(size, counts):
            raise ConfigError(f"datasets.{name}.{part}_size is {size}{problem}")


def _check_folds(study, name, shape):
    entry, where = study.config["datasets"][name], f"datasets.{name}"
    folds, available = entry.get("folds"), sum(shape.train)
    # A subset has that many of the rarest class, or one more.
    rarest = min(shape.train) * entry.get("train_size", available) // available
    if folds and folds > rarest:
        allowed = f"2 to {rarest}" if rarest > 1 else "none"
        raise ConfigError(
            f"{where}.folds is {folds}; allowed: {allowed}, as its rarest class has {rarest} "
            f"training {'images' if rarest > 1 else 'image'}"
        )


def _check_checked(study, name, shape):
    for file in study.checked_files(name):
        from label_smoothing.data.checked import read_checked

        with _reading(f"datasets.{name}.checked", file):
            read_checked(file, sum(shape.test), shape.classes)


def _check_training(study, name, shape):
    entry = study.config["datasets"][name]
    recipe, model = study.training_of(name), study.model_of(name)
    images = entry.get("train_size", sum(shape.train))
    parts = {images: "its training images"}
    if folds := entry.get("folds"):
        parts |= dict.fromkeys(
            (images - images // folds, images + -images // folds),
            f"those that one of its {folds} folds leaves for the training",
        )
    for left, what in parts.items():
        if recipe["batch_size"] > left:
            raise ConfigError(
                f"training.{entry['training']}.batch_size is {recipe['batch_size']}; "
                f"allowed with datasets.{name}: 1 to {left}, {what}"
            )
    if shape.height is None:
        _check_features(study, name)
        return
    edge = min(shape.height, shape.width)
    pixels = f"datasets.{name}, images of {shape.height}x{shape.width} pixels"
    # Three halvings leave one pixel, and normalisation needs more than one value of a channel.
    for left in parts:
        last = left % recipe["batch_size"] or recipe["batch_size"]
        if model["kind"] == "resnet18" and max(shape.height, shape.width) <= 8 and last == 1:
            raise ConfigError(
                f"training.{entry['training']}.batch_size is {recipe['batch_size']}, with a last "
                f"batch of one of {left} images; allowed with resnet18 and {pixels}: two or more"
            )
    if recipe["crop"] >= edge:
        raise ConfigError(
            f"training.{entry['training']}.crop is {recipe['crop']}; "
            f"allowed with {pixels}: 0 to {edge - 1}"
        )
    if model["kind"] == "cnn" and model["pool"][0] * model["pool"][1] > edge:
        raise ConfigError(
            f"models.{entry['model']}.pool is {model['pool']}; "
            f"allowed with {pixels}: a product of at most {edge}"
        )


def _check_features(study, name):
    entry, owner = study.config["datasets"][name], f"allowed with the features of datasets.{name}"
    if (kind := study.model_of(name)["kind"]) in ("cnn", "resnet18"):
        raise ConfigError(f"models.{entry['model']}.kind is {kind!r}; {owner}: mlp, module:Class")
    for key, nothing in (("flip", False), ("crop", 0)):
        if (value := study.training_of(name)[key]) != nothing:
            raise ConfigError(f"training.{entry['training']}.{key} is {value}; {owner}: {nothing}")


def _check_matrices(study: Study, name: str, M: int, matrices: Mapping[str, "np.ndarray"]) -> None:
    """Refuse a matrix of other classes, and a backward correction that has no inverse."""
    for key, matrix in matrices.items():
        if len(matrix) != M:
            section, _, entry = key.partition(".")
            raise ConfigError(
                f"{key}.path is {study.config[section][entry]['path']!r}, a matrix of "
                f"{len(matrix)} classes; allowed with datasets.{name}: {M} classes"
            )
    for method, entry in study.config["methods"].items():
        if entry["loss"] != "backward_correction":
            continue
        from label_smoothing.theory.matrices import inverse

        for key, value, matrix in _to_invert(study, entry["matrix"], M, matrices):
            try:
                inverse(matrix)
            except ValueError as error:
                raise ConfigError(
                    f"{key} holds {value}; not allowed with methods.{method}, a backward "
                    f"correction, and the {M} classes of datasets.{name}: {error}"
                ) from None


def _to_invert(
    study: Study, kind: str, M: int, matrices: Mapping[str, "np.ndarray"]
) -> Iterator[tuple[str, str, "np.ndarray"]]:
    """Yield the key of the config, its value and the matrix that a backward correction inverts."""
    from label_smoothing.theory.matrices import smoothing_matrix
    from label_smoothing.theory.noise import transition_matrix

    if kind == "p":
        for p in study.smoothing:
            yield "smoothing", p, smoothing_matrix(float(p), M)
        return
    for name in dict.fromkeys(map(study.transition_of, study.config["noise_types"])):
        matrix = matrices.get(f"transitions.{name}")
        family = study.config["transitions"][name]["kind"]
        for a in study.clean_rates:
            if family != "file" or matrix is not None:
                yield "clean_rates", a, transition_matrix(family, float(a), M, matrix)


def check_own_network(key: str, model: Mapping[str, Any], folder: Path) -> None:
    """
    Check that a class is where a model says, and that its constructor takes the model's keys.

    `key` is the model's in the config, for messages; `folder` is where the module is. Raise
    ConfigError for the first problem. A constructor that the class does not write itself is left to
    the training.
    """
    module, _, name = model["kind"].rpartition(":")
    file = folder / f"{module}.py"
    where = f"{key}.kind is {model['kind']!r}; allowed: a class"
    try:
        with warnings.catch_warnings(action="ignore"):
            body = ast.parse(file.read_bytes(), filename=str(file)).body
    except OSError as error:
        raise ConfigError(
            f"{where} in a file that can be read, {file} cannot ({error.strerror})"
        ) from None
    except (SyntaxError, ValueError) as error:
        number = getattr(error, "lineno", None)
        line = f" line {number}" if number else ""
        raise ConfigError(
            f"{where} in a file of Python, {file}{line} is none ({getattr(error, 'msg', error)})"
        ) from None
    classes = {each.name: each for each in body if isinstance(each, ast.ClassDef)}
    if name not in classes:
        raise ConfigError(f"{where} that {file} defines: {', '.join(classes) or 'none'}")
    if constructor := _constructor(classes[name]):
        _check_keywords(key, set(model) - {"kind"}, constructor, f"{name} in {file}")


def _constructor(node: ast.ClassDef) -> ast.arguments | None:
    """Return the arguments of a class's own __init__, or None where something may change them."""
    functions = {each.name: each for each in node.body if isinstance(each, ast.FunctionDef)}
    if node.decorator_list or node.keywords or "__new__" in functions:
        return None
    init = functions.get("__init__")
    return init.args if init and not init.decorator_list else None


def _check_keywords(key: str, given: set[str], constructor: ast.arguments, what: str) -> None:
    positional = [*constructor.posonlyargs, *constructor.args]
    if len(positional) < 3 and not constructor.vararg:
        raise ConfigError(
            f"{key}.kind is a class whose constructor does not take (shape, classes), {what}; "
            "allowed: a class that is constructed as Class(shape, classes, ...)"
        )
    defaults = [None] * (len(positional) - len(constructor.defaults)) + constructor.defaults
    # The network itself, the shape and the number of classes are given in any case.
    keywords = [*zip(positional[3:], defaults[3:], strict=True)]
    keywords += zip(constructor.kwonlyargs, constructor.kw_defaults, strict=True)
    known = {argument.arg: default for argument, default in keywords}
    for keyword in sorted(given - known.keys()):
        if constructor.kwarg is None:
            close = difflib.get_close_matches(keyword, known, 1)
            hint = f" (did you mean {close[0]!r}?)" if close else ""
            raise ConfigError(
                f"unknown key {keyword!r} in {key}{hint}; allowed, as {what} says: "
                f"{', '.join(known) or 'none'}"
            )
    for keyword, default in known.items():
        if default is None and keyword not in given:
            raise ConfigError(f"missing key '{key}.{keyword}': {what} needs it")
