"""
A hash of what a file holds: whether it is another file is not told by its time.

A file that is moved, copied or unpacked into the place of another may bring an older time with it.

The Snakefile imports this module at every start, so it imports nothing heavy.
"""

import hashlib
import json
import os
import time
from contextlib import suppress
from pathlib import Path

# A clock of files may be as coarse as this, in ns: what changed just now may change again unseen.
_TICK = 2_000_000_000


class ContentHashes:
    """
    Hashes of files, each read again only if its size, times or inode are not as before.

    Parameters
    ----------
    store : path
        A file that keeps the hashes between runs. If it cannot be read or written, files are read
        more often, and nothing else happens.
    """

    def __init__(self, store: str | os.PathLike):
        self._store = Path(store)
        self._kept: dict[str, list] | None = None
        self._known: dict[str, str] = {}

    def __call__(self, path: str | os.PathLike) -> str:
        """
        Return the hash of a file, as it was when this object was first asked for it.

        Returns
        -------
        str
            16 hexadecimal digits.

        Raises
        ------
        OSError
            If the file cannot be read.
        """
        name = os.fspath(path)
        if name not in self._known:
            self._known[name] = self._hash(name)
        return self._known[name]

    def _hash(self, name):
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

    def _read(self):
        try:
            kept = json.loads(self._store.read_bytes())
        except (OSError, ValueError):
            return {}
        return kept if isinstance(kept, dict) else {}

    def _write(self):
        temporary = self._store.with_name(f".{self._store.name}.{os.getpid()}")
        try:
            self._store.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_text(json.dumps(self._kept), encoding="utf-8")
            temporary.replace(self._store)
        except OSError:
            with suppress(OSError):
                temporary.unlink()


def _state(file):
    status = os.fstat(file.fileno())
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]
