"""Modules that a config names: a new one is a new file, and touches none that was there."""

import importlib
import pkgutil
from typing import Any

_NOT_NAMED = ("base", "own")


def names(package: str) -> list[str]:
    """Return the names that a package, such as ``label_smoothing.training.losses``, has."""
    path = importlib.import_module(package).__path__
    return sorted(
        entry.name for entry in pkgutil.iter_modules(path) if entry.name not in _NOT_NAMED
    )


def find(package: str, name: str, attribute: str) -> Any:
    """Return an attribute of a module of a package; the name is one of `names`."""
    return getattr(importlib.import_module(f"{package}.{name}"), attribute)
