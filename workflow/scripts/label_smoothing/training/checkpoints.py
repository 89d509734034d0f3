"""Checkpoints of a training: whole or absent, no pickle, read by the same training only."""

import json
import logging
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from label_smoothing.files import replacing

_log = logging.getLogger(__name__)


class Checkpoint(NamedTuple):
    """
    Where a training keeps its state.

    Attributes
    ----------
    path : path
        A file that no rule declares: Snakemake deletes declared outputs before it runs a job again.
    key : str
        Hash of everything that the training depends on; a file with another key is not read.
    every : int
        Epochs between two checkpoints.
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
        with replacing(self.path) as temporary:
            save_file(copies, temporary, {"key": self.key, "state": json.dumps(state)})

    def load(self) -> tuple[dict[str, torch.Tensor], dict[str, Any]] | None:
        """Return what was saved, or None, with a warning if there is a file but not ours."""
        if not self.path.exists():
            return None
        try:
            with safe_open(self.path, framework="pt") as file:
                metadata = file.metadata() or {}
                if metadata.get("key") == self.key:
                    tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
                    return tensors, json.loads(metadata["state"])
            reason = "it belongs to a training with other settings, data, code or kind of device"
        except (SafetensorError, OSError, ValueError) as error:
            reason = str(error)
        _log.warning("ignoring the checkpoint %s: %s", self.path, reason)
        return None
