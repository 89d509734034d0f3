"""Estimate one clean rate from corrupted test labels and the networks of all p and seeds."""

import numpy as np

from label_smoothing.analysis.clean_rate import estimate_clean_rate
from label_smoothing.data.datasets import read_labels
from label_smoothing.files import job_log, read_arrays, read_columns, replacing
from label_smoothing.study.code_hash import demand_code

with job_log(snakemake.log[0]):
    demand_code(snakemake.params.code, __file__)
    wildcards, params = snakemake.wildcards, snakemake.params
    grid = len(params.p), len(params.seeds)
    runs = [read_arrays(file) for file in snakemake.input.predictions]
    scores = [read_columns(file)["noisy_test_accuracy"] for file in snakemake.input.histories]
    epochs = max(map(len, scores))  # a training that diverged has fewer
    scores = [np.pad(x, (0, epochs - len(x)), constant_values=np.nan) for x in scores]
    outputs = np.stack([run["log_probabilities"] for run in runs])
    memorised = np.array([run["train_accuracy"] >= params.memorised_at for run in runs])
    estimates = estimate_clean_rate(
        list(map(float, params.p)),
        outputs.reshape(*grid, *outputs.shape[1:]).swapaxes(0, 1),
        np.stack([read_arrays(file)["test"] for file in snakemake.input.labels]),
        None if params.labels == "given" else read_labels(snakemake.input.dataset)[1],
        np.reshape(scores, (*grid, epochs)).swapaxes(0, 1),
        memorised.reshape(grid).T,
    )
    for name in ("a", "method", "noise", "dataset"):
        estimates.insert(0, name, wildcards[name])
    if params.labels == "given":
        estimates.insert(1, "labels", "given")
    with replacing(snakemake.output.estimates) as temporary:
        estimates.to_csv(temporary, index=False, float_format="%.6g")
