"""
What a command and its folders must be like, whatever the study asks for.

The Snakefile imports this module at every start, so it imports nothing heavy.
"""

from collections.abc import Iterable
from pathlib import Path

from label_smoothing.study.errors import ConfigError


def check_cores(cores: int | None) -> None:
    """
    Check the number of cores, with none of which Snakemake would wait for ever.

    Parameters
    ----------
    cores : int or None
        None where the command gives no number.

    Raises
    ------
    ConfigError
        If there are none.
    """
    if cores is not None and cores < 1:
        raise ConfigError(f"--cores is {cores}; allowed: 1 or more, or all")


def check_folders(folders: Iterable[str]) -> None:
    """
    Check that Snakemake takes no part of a folder's path for a wildcard.

    Raises
    ------
    ConfigError
        For the first folder with a brace in its path.
    """
    for folder in folders:
        if set(folder) & set("{}"):
            raise ConfigError(
                f"the folder is {folder!r}; allowed: a path without braces, which stand for "
                "wildcards"
            )


def check_submitted_paths(paths: Iterable[str]) -> None:
    """
    Check that the shell of a submitted job reads each path as what it is.

    Snakemake quotes as Python does, which the shell understands only of paths without these
    characters.

    Raises
    ------
    ConfigError
        For the first path with an apostrophe, a backslash or a control character.
    """
    for path in paths:
        if set(path) & set("'\\") or not path.isprintable():
            raise ConfigError(
                f"{path!r} cannot be submitted; allowed where jobs run elsewhere: paths without "
                "apostrophes, backslashes and control characters"
            )


def lost_metadata(runs: Path, notes: Path) -> str:
    """
    Return a warning if there are results, but nothing that tells what made them; else "".

    Parameters
    ----------
    runs : Path
        The folder of trained networks.
    notes : Path
        Where Snakemake keeps its own files: .snakemake.
    """
    kept = notes / "metadata"
    if (notes / "metadata.db").exists() or (kept.is_dir() and any(kept.iterdir())):
        return ""
    if not any(runs.rglob("predictions.npz")):
        return ""
    return (
        f"{kept} is missing or empty, but {runs} holds results: with which settings and code they "
        "were made is forgotten, and changes of those go unnoticed. Copy .snakemake from where the "
        "results come from, or make all anew: add --forceall"
    )
