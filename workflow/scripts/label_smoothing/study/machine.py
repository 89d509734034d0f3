"""
What a command and its folders must be like, whatever the study asks for.

The Snakefile imports this module at every start, so it imports nothing heavy.
"""

from collections.abc import Iterable
from pathlib import Path

from label_smoothing.study.errors import ConfigError


def check_cores(cores: int | None) -> None:
    """Refuse a command without cores, for which Snakemake would wait for ever."""
    if cores is not None and cores < 1:
        raise ConfigError(f"--cores is {cores}; allowed: 1 or more, or all")


def check_folders(folders: Iterable[str]) -> None:
    """Refuse a folder with a brace in its path, which Snakemake would take for a wildcard."""
    for folder in folders:
        if set(folder) & set("{}"):
            raise ConfigError(
                f"the folder is {folder!r}; allowed: a path without braces, which stand for "
                "wildcards"
            )


def check_submitted_paths(paths: Iterable[str]) -> None:
    """
    Refuse a path that the shell of a submitted job would read as another one.

    Snakemake quotes paths as Python does. The shell understands that quoting unless the path has an
    apostrophe, a backslash or a control character.
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

    `runs` is the folder of trained networks, `notes` that of Snakemake's own files, .snakemake.
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
