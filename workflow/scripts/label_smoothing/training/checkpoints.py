"""Checkpoints of a training: whole or absent, no pickle, read by the same training only."""

import hashlib
import json
import logging
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from label_smoothing.files import checksum, replacing

_log = logging.getLogger(__name__)


class Checkpoint(NamedTuple):
    """
    Where a training keeps its state, every `every` epochs.

    No rule declares `path`: Snakemake deletes declared outputs before it runs a job again. A file
    with another `key`, see `training_key`, is not read.
    """

    path: Path
    key: str
    every: int

    def save(self, tensors: dict[str, torch.Tensor], state: dict[str, Any]) -> None:
        """Write tensors and a JSON-serialisable state, replacing the last checkpoint."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # Copies, because the format does not hold tensors that share memory.
        copies = {
            name: tensor.to("cpu", copy=True, memory_format=torch.contiguous_format)
            for name, tensor in tensors.items()
        }
        metadata = {"key": self.key, "state": json.dumps(state)}
        metadata["checksum"] = _checksum(copies, metadata["state"])
        with replacing(self.path) as temporary:
            save_file(copies, temporary, metadata)

    def load(self) -> tuple[dict[str, torch.Tensor], dict[str, Any]] | None:
        """Return what was saved, or None, with a warning if there is a file but not ours."""
        if not self.path.exists():
            return None
        try:
            with safe_open(self.path, framework="pt") as file:
                metadata = file.metadata() or {}
                if metadata.get("key") == self.key:
                    tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
                    state = metadata.get("state", "")
                    if metadata.get("checksum") != _checksum(tensors, state):
                        raise ValueError("its content is not what was written")
                    return tensors, json.loads(state)
            reason = "its training had other settings, data, code, device or library versions"
        except (SafetensorError, OSError, ValueError) as error:
            reason = str(error)
        _log.warning("ignoring the checkpoint %s: %s", self.path, reason)
        return None


def training_key(settings: Any, files: Iterable[str | os.PathLike]) -> str:
    """
    Return a hash of the settings, in any order, and of the files' contents, whatever their names.

    The settings are JSON-serialisable; code, device and library versions belong to them.
    """
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    for path in files:
        with open(path, "rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def _checksum(tensors: dict[str, torch.Tensor], state: str) -> str:
    parts: list[Any] = [state]
    for name, tensor in sorted(tensors.items()):
        parts += [f"{name} {tensor.dtype} {tuple(tensor.shape)}"]
        parts += [tensor.reshape(-1).view(torch.uint8).numpy()]
    return checksum(*parts)
