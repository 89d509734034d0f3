"""Score one cell's predictions against the test labels of a noise type."""

import math

import numpy as np

from label_smoothing.analysis.scoring import (
    accuracy,
    calibration,
    early_stopped,
    negative_log_likelihood,
    scored_labels,
    scored_loss,
)
from label_smoothing.data.datasets import read_labels
from label_smoothing.data.noise import match_probabilities
from label_smoothing.files import job_log, read_arrays, read_columns, write_json

with job_log(snakemake.log[0]):
    wildcards, assumption = snakemake.wildcards, snakemake.params.assumption
    run, noisy = read_arrays(snakemake.input.predictions), read_arrays(snakemake.input.labels)
    history = read_columns(snakemake.input.history)
    y_train, y_test = read_labels(snakemake.input.dataset)
    match = match_probabilities(noisy["transition"], np.bincount(y_test) / len(y_test))
    outputs = run["log_probabilities"]
    uncorrected = run.get("uncorrected_log_probabilities", outputs)
    p, classes = float(wildcards.p), outputs.shape[1]
    labels = scored_labels(y_test, noisy["test"], assumption)
    train_kl = float(run["train_kl"])
    scores = {
        "test_loss": scored_loss(outputs, y_test, noisy["test"], assumption, p),
        "test_accuracy": accuracy(outputs, labels),
        "clean_test_accuracy": accuracy(outputs, y_test),
        "nll": negative_log_likelihood(outputs, labels),
        **calibration(outputs, labels),
        "uncorrected_test_loss": scored_loss(uncorrected, y_test, noisy["test"], assumption, p),
        "uncorrected_test_accuracy": accuracy(uncorrected, labels),
        **early_stopped(history, assumption, p, classes),
        "train_loss": float(run["train_loss"]),
        "train_kl": None if math.isnan(train_kl) else train_kl,
        "train_accuracy": float(run["train_accuracy"]),
    }
    diverged_epoch = int(run["diverged_epoch"])
    write_json(
        snakemake.output.metrics,
        {
            "dataset": wildcards.dataset,
            "noise": wildcards.noise,
            "assumption": assumption,
            "method": wildcards.method,
            "a": float(wildcards.a),
            "p": p,
            "seed": int(wildcards.seed),
            "classes": classes,
            "test_size": len(outputs),
            "expected_clean_rate": match["alpha"],
            "expected_agreement": match["beta"],
            "match_probability": match[assumption],
            # A training that diverged has no scores.
            **(dict.fromkeys(scores) if diverged_epoch else scores),
            "diverged_epoch": diverged_epoch,
            "realised_clean_rate": float((noisy["train"] == y_train).mean()),
            "realised_test_clean_rate": float((noisy["test"] == y_test).mean()),
        },
    )
