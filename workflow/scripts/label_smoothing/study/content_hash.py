"""
Hashes of files, by which a file that was moved or unpacked into the place of another is noticed.

Such a file may bring an older time with it. The Snakefile imports this module at every start.
"""

import hashlib
import json
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

# A clock of files may be as coarse as this, in ns: what changed just now may change again unseen.
_TICK = 2_000_000_000


class ContentHashes:
    """
    Hashes of files, each read again only if its size, times or inode are not as before.

    The file `store` keeps them between runs. If it cannot be read or written, files are read more
    often, and nothing else happens.
    """

    def __init__(self, store: str | os.PathLike):
        self._store = Path(store)
        self._kept: dict[str, list] | None = None
        self._known: dict[str, str] = {}

    def __call__(self, path: str | os.PathLike) -> str:
        """Return 16 hexadecimal digits of a file, as it was when they were first asked for."""
        name = os.fspath(path)
        if name not in self._known:
            self._known[name] = self._hash(name)
        return self._known[name]

    def _hash(self, name: str) -> str:
        if self._kept is None:
            self._kept = self._read()
        with open(name, "rb") as file:
            before = _state(file)
            entry = self._kept.get(name)
            if isinstance(entry, list) and entry[:-1] == before:
                return entry[-1]
            digest = hashlib.file_digest(file, "sha256").hexdigest()[:16]
            _, modified, changed, _ = state = _state(file)
        # The time of the last change counts, too: who sets the other back cannot set this one.
        if state == before and max(modified, changed) < time.time_ns() - _TICK:
            self._kept[name] = [*state, digest]
            self._write()
        return digest

    def _read(self) -> dict[str, list]:
        try:
            kept = json.loads(self._store.read_bytes())
        except (OSError, ValueError):
            return {}
        return kept if isinstance(kept, dict) else {}

    def _write(self) -> None:
        temporary = self._store.with_name(f".{self._store.name}.{os.getpid()}")
        with suppress(OSError):
            self._store.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_text(json.dumps(self._kept), encoding="utf-8")
            temporary.replace(self._store)


def _state(file: BinaryIO) -> list[int]:
    status = os.fstat(file.fileno())
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]
