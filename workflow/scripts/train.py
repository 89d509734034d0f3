"""Train one cell; write its test predictions, final training figures and history."""

import csv

import numpy as np
import torch

from label_smoothing.datasets import read_dataset
from label_smoothing.files import job_log, read_arrays, replacing, write_arrays
from label_smoothing.training import choose_device, train_network

with job_log(snakemake.log[0]):
    torch.set_num_threads(snakemake.threads)
    labels = read_arrays(snakemake.input.labels)
    recipe = (
        "loss",
        "model",
        "optimizer",
        "learning_rate",
        "momentum",
        "schedule",
        "epochs",
        "batch_size",
    )
    result = train_network(
        read_dataset(snakemake.input.dataset),
        labels["train"],
        labels["test"],
        p=float(snakemake.wildcards.p),
        seed=int(snakemake.wildcards.seed),
        device=choose_device(snakemake.params.device, torch.cuda.is_available()),
        **{key: snakemake.params[key] for key in recipe},
    )
    with replacing(snakemake.output.history) as temporary, temporary.open("w", newline="") as file:
        writer = csv.DictWriter(file, result.history[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(result.history)
    write_arrays(
        snakemake.output.predictions,
        log_probabilities=result.log_probabilities,
        train_loss=np.float64(result.train_loss),
        train_accuracy=np.float64(result.train_accuracy),
    )
