"""Train one cell; write its test predictions, final training figures and history."""

# ruff: noqa: E402
from label_smoothing.training.process import is_wanted, stop_with_parent

stop_with_parent()  # before the imports that take seconds

import csv
import gc
import os
import sys
from pathlib import Path

import numpy as np

gc.disable()  # a million objects of torch, none of them garbage
import torch

from label_smoothing.data.corrupt import read_matrix
from label_smoothing.data.datasets import read_dataset
from label_smoothing.files import job_log, read_arrays, replacing, write_arrays
from label_smoothing.study.code_hash import demand_code
from label_smoothing.training.checkpoints import Checkpoint, training_key
from label_smoothing.training.gpu_slots import lock_folder, take_slot
from label_smoothing.training.loop import train_network
from label_smoothing.training.losses.base import load_loss
from label_smoothing.training.methods import method_matrix
from label_smoothing.training.process import (
    choose_device,
    demand_determinism,
    device_uuids,
    library_versions,
)
from label_smoothing.training.recipe import Recipe

gc.enable()

with job_log(snakemake.log[0]):
    demand_code(snakemake.params.code, __file__)
    params, wildcards = snakemake.params, snakemake.wildcards
    torch.set_num_threads(params.threads)
    dataset, labels = read_dataset(snakemake.input.dataset), read_arrays(snakemake.input.labels)
    cell = params.cell
    others = {"labels", "loss", "matrix", "model", "recipe"}
    parameters = {key: cell[key] for key in cell.keys() - others}  # the loss's own
    # No parameter of the rule: on a machine with another device, results stay as they are.
    device = choose_device(snakemake.config["device"], torch.cuda.is_available())
    demand_determinism(device)
    versions = library_versions(device)
    if device == "cuda":
        # Held until this process ends. How many share a device is no parameter of the rule.
        slot = take_slot(device_uuids(), snakemake.config["jobs_per_gpu"], lock_folder())
        torch.cuda.set_device(slot.device)
    result = train_network(
        dataset,
        labels["train"],
        labels["test"],
        loss=load_loss(cell["loss"], **parameters),
        matrix=method_matrix(
            cell["matrix"],
            float(wildcards.p),
            labels["transition"],
            np.bincount(dataset.y_train) / len(dataset.y_train),
            *map(read_matrix, snakemake.input.matrix),
        ),
        model=cell["model"],
        recipe=Recipe(**cell["recipe"]),
        seed=int(wildcards.seed),
        device=device,
        checkpoint=Checkpoint(
            Path(params.checkpoint),
            training_key([dict(params), dict(wildcards), versions], snakemake.input),
            # Not a parameter of the rule, because changing it must not train again.
            snakemake.config["checkpoint_every"],
        ),
        clean_labels_known=cell.get("labels") != "given",
    )
    if not is_wanted():
        raise RuntimeError("the Snakemake that asked for this training is gone: nothing is written")
    with replacing(snakemake.output.history) as temporary, temporary.open("w", newline="") as file:
        writer = csv.DictWriter(file, result.history[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(result.history)
    arrays = {name: value for name, value in result._asdict().items() if value is not None}
    del arrays["history"]
    outputs = arrays["log_probabilities"], arrays["uncorrected_log_probabilities"]
    if np.array_equal(*outputs, equal_nan=True):  # nothing is corrected: kept once
        del arrays["uncorrected_log_probabilities"]
    write_arrays(snakemake.output.predictions, trained_with=np.array(versions), **arrays)

# Everything is on the disk, and torch would take 0.15 s to take itself down.
sys.stdout.flush()
os._exit(0)
