"""Score one cell's predictions against the test labels of a noise type."""

import numpy as np

from label_smoothing.analysis.scoring import network_scores
from label_smoothing.data.datasets import read_labels
from label_smoothing.data.noise import match_probabilities
from label_smoothing.files import job_log, read_arrays, read_columns, write_json
from label_smoothing.study.code_hash import demand_code

with job_log(snakemake.log[0]):
    demand_code(snakemake.params.code, __file__)
    wildcards, params = snakemake.wildcards, snakemake.params
    run, noisy = read_arrays(snakemake.input.predictions), read_arrays(snakemake.input.labels)
    y_train, y_test = read_labels(snakemake.input.dataset)
    match = match_probabilities(noisy["transition"], np.bincount(y_test) / len(y_test))
    write_json(
        snakemake.output.metrics,
        {
            "dataset": wildcards.dataset,
            "noise": wildcards.noise,
            "assumption": params.assumption,
            "method": wildcards.method,
            "a": float(wildcards.a),
            "p": float(wildcards.p),
            "seed": int(wildcards.seed),
            "classes": len(noisy["transition"]),
            "test_size": len(y_test),
            "expected_clean_rate": match["alpha"],
            "expected_agreement": match["beta"],
            "match_probability": match[params.assumption],
            **network_scores(
                run,
                read_columns(snakemake.input.history),
                clean_train=y_train,
                clean_test=y_test,
                noisy_test=noisy["test"],
                transition=noisy["transition"],
                assumption=params.assumption,
                p=float(wildcards.p),
                smoothed=params.smoothed,
            ),
            "realised_clean_rate": float((noisy["train"] == y_train).mean()),
            "realised_test_clean_rate": float((noisy["test"] == y_test).mean()),
        },
    )
