"""
What the source of a network of the user's own tells before any job starts.

The source is read and not executed: it would import torch.
"""

import ast
import difflib
import inspect
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from label_smoothing.study.errors import ConfigError


def check_own_network(key: str, model: Mapping[str, Any], folder: Path) -> None:
    """
    Check that a class is where a model says, and that its constructor takes the model's keys.

    Parameters
    ----------
    key : str
        Of the model in the config, for messages.
    model : mapping
        `kind`, a ``module:Class``, and the keywords of the constructor.
    folder : path
        Where the module is.

    Raises
    ------
    ConfigError
        For the first problem. A constructor that the source does not show, such as an inherited
        one, is left to the training.
    """
    module, _, name = model["kind"].rpartition(":")
    file = folder / f"{module}.py"
    parameters = {keyword: value for keyword, value in model.items() if keyword != "kind"}
    try:
        body = _parse(file)
    except ConfigError as error:
        raise ConfigError(f"{key}.kind is {model['kind']!r}; allowed: {error}") from None
    classes = {each.name: each for each in body if isinstance(each, ast.ClassDef)}
    if name not in classes:
        raise ConfigError(
            f"{key}.kind is {model['kind']!r}; allowed: a class that {file} defines: "
            f"{', '.join(classes) or 'none'}"
        )
    signature = _constructor(classes, name)
    if signature is not None and not _bound_again(body, name):
        _check_keywords(key, parameters, signature, f"{name} in {file}")


def _parse(file: Path) -> list[ast.stmt]:
    try:
        if file.exists() and not file.is_file():
            raise ConfigError(f"a class in a file, {file} is none")
        source = file.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"a class in a file that can be read, {file} cannot ({error.strerror})"
        ) from None
    try:
        with warnings.catch_warnings(action="ignore"):
            return ast.parse(source, filename=str(file)).body
    except (RecursionError, MemoryError):
        raise ConfigError(f"a class in a file of Python, {file} is nested too deeply") from None
    except (SyntaxError, ValueError) as error:
        number = getattr(error, "lineno", None)
        line = f" line {number}" if number else ""
        raise ConfigError(
            f"a class in a file of Python, {file}{line} is none ({getattr(error, 'msg', error)})"
        ) from None


def _constructor(classes: Mapping[str, ast.ClassDef], name: str) -> inspect.Signature | None:
    """Return the signature of a class's constructor, or None if the source does not show it."""
    node = classes[name]
    defined = {each.name: each for each in node.body if isinstance(each, ast.FunctionDef)}
    if node.decorator_list or node.keywords or "__new__" in defined:
        return None
    if "__init__" in defined:
        return None if defined["__init__"].decorator_list else _signature(defined["__init__"].args)
    others = {key: value for key, value in classes.items() if key != name}
    match node.bases:
        case [ast.Name(base)] if base in others:
            return _constructor(others, base)
    return None


def _signature(arguments: ast.arguments) -> inspect.Signature:
    def parameter(argument, kind, has_default=False):
        default = None if has_default else inspect.Parameter.empty
        return inspect.Parameter(argument.arg, kind, default=default)

    positional = [*arguments.posonlyargs, *arguments.args]
    parameters = []
    for index, argument in enumerate(positional):
        has_default = index >= len(positional) - len(arguments.defaults)
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        if index < len(arguments.posonlyargs):
            kind = inspect.Parameter.POSITIONAL_ONLY
        parameters.append(parameter(argument, kind, has_default))
    if arguments.vararg:
        parameters.append(parameter(arguments.vararg, inspect.Parameter.VAR_POSITIONAL))
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        kind = inspect.Parameter.KEYWORD_ONLY
        parameters.append(parameter(argument, kind, default is not None))
    if arguments.kwarg:
        parameters.append(parameter(arguments.kwarg, inspect.Parameter.VAR_KEYWORD))
    return inspect.Signature(parameters)


def _check_keywords(
    key: str, parameters: Mapping[str, Any], signature: inspect.Signature, what: str
) -> None:
    try:
        given = signature.bind_partial(None, None, None).arguments
    except TypeError:
        raise ConfigError(
            f"{key}.kind is a class whose constructor does not take (shape, classes), {what}; "
            "allowed: a class that is constructed as Class(shape, classes, ...)"
        ) from None
    keywords = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    free = [each for each in signature.parameters.values() if each.name not in given]
    known = {each.name: each for each in free if each.kind in keywords}
    for keyword in parameters:
        if keyword not in known and not any(each.kind is each.VAR_KEYWORD for each in free):
            close = difflib.get_close_matches(keyword, known, 1)
            hint = f" (did you mean {close[0]!r}?)" if close else ""
            raise ConfigError(
                f"unknown key {keyword!r} in {key}{hint}; allowed, as {what} says: "
                f"{', '.join(known) or 'none'}"
            )
    for keyword, each in known.items():
        if each.default is each.empty and keyword not in parameters:
            raise ConfigError(f"missing key '{key}.{keyword}': {what} needs it")


def _bound_again(body: list[ast.stmt], name: str) -> bool:
    """Return whether a statement outside the classes and functions gives the name a new value."""
    scopes = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    return any(
        isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store)
        for statement in body
        if not isinstance(statement, scopes)
        for node in ast.walk(statement)
    )
