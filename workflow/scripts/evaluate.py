"""Score one cell's predictions against the test labels of a noise type."""

import numpy as np

from label_smoothing.datasets import read_labels
from label_smoothing.files import job_log, read_arrays, write_json
from label_smoothing.metrics import accuracy, scored_labels, scored_loss
from label_smoothing.noise import match_probabilities

with job_log(snakemake.log[0]):
    wildcards, assumption = snakemake.wildcards, snakemake.params.assumption
    run, noisy = read_arrays(snakemake.input.predictions), read_arrays(snakemake.input.labels)
    y_train, y_test = read_labels(snakemake.input.dataset)
    match = match_probabilities(noisy["transition"], np.bincount(y_test) / len(y_test))
    outputs, p = run["log_probabilities"], float(wildcards.p)
    uncorrected, labels = (
        run["uncorrected_log_probabilities"],
        scored_labels(y_test, noisy["test"], assumption),
    )
    scores = {
        "test_loss": scored_loss(outputs, y_test, noisy["test"], assumption, p),
        "test_accuracy": accuracy(outputs, labels),
        "clean_test_accuracy": accuracy(outputs, y_test),
        "uncorrected_test_loss": scored_loss(uncorrected, y_test, noisy["test"], assumption, p),
        "uncorrected_test_accuracy": accuracy(uncorrected, labels),
        "train_loss": float(run["train_loss"]),
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
            "classes": outputs.shape[1],
            "test_size": len(outputs),
            "expected_clean_rate": match["alpha"],
            "match_probability": match[assumption],
            # A training that diverged has no scores.
            **(dict.fromkeys(scores) if diverged_epoch else scores),
            "diverged_epoch": diverged_epoch,
            "realised_clean_rate": float((noisy["train"] == y_train).mean()),
            "realised_test_clean_rate": float((noisy["test"] == y_test).mean()),
        },
    )
