"""A hash of what a script does, so that a rerun follows from a changed computation and no other."""

import ast
import hashlib
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PACKAGE = "label_smoothing"
_PLANNED_BYTES = "LABEL_SMOOTHING_PLANNED_BYTES"


@cache
def code_hash(script: Path, *modules: str) -> str:
    """
    Return a hash of a script and of every module of this package that it imports, 16 digits.

    Comments, docstrings, formatting and file times do not enter, so only a change of what the code
    does changes the hash. The imports are read from the source; nothing is executed. `modules` are
    those that the script imports by a name that only the job knows, such as ``"figures.error"``.

    Raise FileNotFoundError if the script imports a module of this package that does not exist.
    """
    files, pending = set(), [script]
    for module in modules:
        pending += _files_of(script.parent, [PACKAGE, *module.split(".")])
    while pending:
        file = pending.pop()
        if file not in files:
            files.add(file)
            pending += _imported(file, script.parent)
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(f"{file.relative_to(script.parent)}\n{_parse(file)[1]}\n".encode())
    return digest.hexdigest()[:16]


def demand_code(planned: str, script: str) -> None:
    """
    Check that a job runs the code that its run was planned with; raise RuntimeError if not.

    Snakemake records the hash of the plan. If the code is edited while a run is under way, and put
    back later, results of the edited code would count as those of the other. `planned` is what
    `code_hash` returned, and its modules, separated by blanks.
    """
    # Parsing takes longer than many a job, and the same bytes are the same code.
    if os.environ.get(_PLANNED_BYTES) == _bytes_hash(Path(script).parent):
        return
    expected, *modules = planned.split()
    if (found := code_hash(Path(script), *modules)) != expected:
        raise RuntimeError(
            f"the code of {Path(script).name} is {found}; allowed: {expected}, with which this run "
            "was planned. It was edited since: start the run again"
        )


def note_bytes(scripts: Path) -> None:
    """Tell the jobs that this process starts which bytes it plans with, see `demand_code`.

    Call it before the first `code_hash`: what is edited in between then differs for the jobs.
    """
    os.environ[_PLANNED_BYTES] = _bytes_hash(scripts)


def _bytes_hash(scripts: Path) -> str:
    digest = hashlib.sha256()
    for file in sorted([*scripts.glob("*.py"), *(scripts / PACKAGE).rglob("*.py")]):
        content = file.read_bytes()
        digest.update(f"{file.relative_to(scripts)} {len(content)} ".encode() + content)
    return f"{scripts} {digest.hexdigest()}"


@cache
def _imported(file: Path, root: Path) -> list[Path]:
    here = file.relative_to(root).parent.parts
    names: set[str] = set()
    for node in _statements(_parse(file)[0]):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = here[: len(here) - node.level + 1] if node.level else ()
            module = ".".join([*above, *filter(None, [node.module])])
            names.add(module)
            # What is imported from a package may be a module of it.
            names.update(f"{module}.{alias.name}" for alias in node.names)
    files = []
    for name in names:
        # This module decides whether a job runs, and nothing of what it computes.
        if (parts := name.split("."))[0] == PACKAGE and parts[1:3] != ["study", "code_hash"]:
            files += _files_of(root, parts)
    return files


def _files_of(root: Path, parts: list[str]) -> list[Path]:
    """Return a module's file and the __init__ of every package above; Python runs them all."""
    packages = [root.joinpath(*parts[:depth]) for depth in range(1, len(parts))]
    files = [package / "__init__.py" for package in packages]
    module = root.joinpath(*parts)
    if module.is_dir():
        return [*files, module / "__init__.py"]
    # A name of a module, such as a function, is no file of its own.
    if packages and packages[-1].with_suffix(".py").is_file():
        return [*files[:-1], packages[-1].with_suffix(".py")]
    return [*files, module.with_suffix(".py")]


@cache
def _parse(file: Path) -> tuple[ast.Module, str]:
    tree = ast.parse(file.read_text(encoding="utf-8"), filename=str(file))
    for node in _statements(tree):
        # A string on its own is a docstring or has no effect.
        if isinstance(body := getattr(node, "body", None), list):
            kept = [statement for statement in body if not _is_text(statement)]
            node.body = kept  # type: ignore[attr-defined]
    return tree, _spelled(tree)


def _spelled(value: object) -> str:
    """Return a tree as text; `ast.dump` would write it otherwise in each version of Python."""
    if isinstance(value, list):
        return f"[{','.join(map(_spelled, value))}]"
    if not isinstance(value, ast.AST):
        return repr(value)
    if isinstance(value, ast.JoinedStr):  # 3.12 ends a nested format with an empty text
        value = ast.JoinedStr([part for part in value.values if getattr(part, "value", 0) != ""])
    fields = ((name, getattr(value, name, None)) for name in value._fields)
    # Fields that a later version adds are empty in code that an earlier one can read.
    kept = [f"{name}={_spelled(field)}" for name, field in fields if field not in (None, [])]
    return f"{type(value).__name__}({','.join(kept)})"


def _statements(tree: ast.Module) -> Iterator[ast.AST]:
    """Walk through a module by its statements alone: expressions are nine tenths of it."""
    pending: list[ast.AST] = [tree]
    while pending:
        yield (node := pending.pop())
        for block in ("body", "orelse", "finalbody", "handlers", "cases"):
            pending += getattr(node, block, ())


def _is_text(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )
