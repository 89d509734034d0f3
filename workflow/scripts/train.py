"""Train one cell; write its test predictions, final training figures and history."""

import csv
import hashlib
import json
from pathlib import Path

import numpy as np
import torch

from label_smoothing.data.datasets import read_dataset
from label_smoothing.data.noise import read_matrix
from label_smoothing.files import job_log, read_arrays, replacing, write_arrays
from label_smoothing.training.checkpoints import Checkpoint
from label_smoothing.training.gpu_slots import lock_folder, take_slot
from label_smoothing.training.loop import (
    Recipe,
    choose_device,
    demand_determinism,
    device_uuids,
    stop_with_parent,
    train_network,
)
from label_smoothing.training.losses.base import load_loss
from label_smoothing.training.methods import method_matrix


def cell_key(device):
    """Return a hash of all that this training depends on: settings, code, input files, device."""
    settings = [dict(snakemake.params), dict(snakemake.wildcards), snakemake.threads, device]
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    for path in snakemake.input:
        with open(path, "rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


with job_log(snakemake.log[0]):
    stop_with_parent()
    torch.set_num_threads(snakemake.threads)
    params, dataset = snakemake.params, read_dataset(snakemake.input.dataset)
    cell = params.cell
    parameters = {key: cell[key] for key in cell.keys() - {"loss", "matrix", "model", "recipe"}}
    device = choose_device(params.device, torch.cuda.is_available())
    demand_determinism(device)
    if device == "cuda":
        # Held until this process ends. How many share a device is no parameter of the rule.
        slot = take_slot(device_uuids(), snakemake.config["jobs_per_gpu"], lock_folder())
        torch.cuda.set_device(slot.device)
    labels = read_arrays(snakemake.input.labels)
    # Not a parameter of the rule, because changing it must not train again.
    every = snakemake.config["checkpoint_every"]
    checkpoint = Checkpoint(Path(params.checkpoint), cell_key(device), every)
    result = train_network(
        dataset,
        labels["train"],
        labels["test"],
        loss=load_loss(cell["loss"], **parameters),
        matrix=method_matrix(
            cell["matrix"],
            float(snakemake.wildcards.p),
            labels["transition"],
            np.bincount(dataset.y_train) / len(dataset.y_train),
            *map(read_matrix, snakemake.input.matrix),
        ),
        model=cell["model"],
        recipe=Recipe(**cell["recipe"]),
        seed=int(snakemake.wildcards.seed),
        device=device,
        checkpoint=checkpoint,
    )
    with replacing(snakemake.output.history) as temporary, temporary.open("w", newline="") as file:
        writer = csv.DictWriter(file, result.history[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(result.history)
    arrays = result._asdict()
    del arrays["history"]
    outputs = arrays["log_probabilities"], arrays["uncorrected_log_probabilities"]
    if np.array_equal(*outputs, equal_nan=True):  # nothing is corrected: kept once
        del arrays["uncorrected_log_probabilities"]
    write_arrays(snakemake.output.predictions, **arrays)
