"""A hash of what a script does, so that a rerun follows from a changed computation and no other."""

import ast
import hashlib
from functools import cache
from pathlib import Path

PACKAGE = "label_smoothing"


@cache
def code_hash(script: Path) -> str:
    """
    Return a hash of a script and of every module of this package that it imports, transitively.

    Comments, docstrings, formatting and file times do not enter, so only a change of what the code
    does changes the hash. The imports are read from the source; nothing is executed.

    Parameters
    ----------
    script : Path
        A Python file beside the package.

    Returns
    -------
    str
        16 hexadecimal digits.

    Raises
    ------
    FileNotFoundError
        If the script imports a module of this package that does not exist.
    """
    files, pending = set(), [script]
    while pending:
        file = pending.pop()
        if file not in files:
            files.add(file)
            pending += _imported(file, script.parent)
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(f"{file.relative_to(script.parent)}\n{_parse(file)[1]}\n".encode())
    return digest.hexdigest()[:16]


@cache
def _imported(file: Path, root: Path) -> list[Path]:
    modules = set()
    for node in ast.walk(_parse(file)[0]):
        if isinstance(node, ast.Import):
            modules.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = ".".join(filter(None, [PACKAGE if node.level else "", node.module]))
            modules.add(module)
            if module == PACKAGE:
                modules.update(f"{PACKAGE}.{alias.name}" for alias in node.names)
    return [
        root / PACKAGE / ("__init__.py" if name == PACKAGE else f"{name.split('.')[1]}.py")
        for name in modules
        if name.split(".")[0] == PACKAGE
    ]


@cache
def _parse(file: Path) -> tuple[ast.Module, str]:
    tree = ast.parse(file.read_text(encoding="utf-8"), filename=str(file))
    for node in ast.walk(tree):
        # A string on its own is a docstring or has no effect.
        if isinstance(body := getattr(node, "body", None), list):
            node.body = [statement for statement in body if not _is_text(statement)]
    return tree, ast.dump(tree)


def _is_text(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )
