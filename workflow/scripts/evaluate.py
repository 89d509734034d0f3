"""Score one network's predictions against the test labels of each noise type."""

import numpy as np

from label_smoothing.analysis.scoring import network_scores, predictions, target_matrix
from label_smoothing.data.checked import UNKNOWN, read_checked
from label_smoothing.data.corrupt import read_matrix
from label_smoothing.data.datasets import read_labels
from label_smoothing.files import job_log, read_arrays, read_columns, write_json
from label_smoothing.study.code_hash import demand_code
from label_smoothing.theory.noise import match_probabilities
from label_smoothing.training.methods import method_matrix

with job_log(snakemake.log[0]):
    demand_code(snakemake.params.code, __file__)
    wildcards, params = snakemake.wildcards, snakemake.params
    run, noisy = read_arrays(snakemake.input.predictions), read_arrays(snakemake.input.labels)
    history = read_columns(snakemake.input.history)
    y_train, y_test = read_labels(snakemake.input.dataset)
    T, p, M, N = noisy["transition"], float(wildcards.p), len(noisy["transition"]), len(y_test)
    test_prior, train_prior = (np.bincount(y, minlength=M) / len(y) for y in (y_test, y_train))
    own = map(read_matrix, snakemake.input.matrix)
    targets = target_matrix(params.loss, method_matrix(params.matrix, p, T, train_prior, *own))
    if given := params.labels == "given":
        # The cell's noise came on top of that of the labels, of which nobody knows how much it is.
        kind, clean_train, clean_test = {"labels": "given"}, None, np.full(N, UNKNOWN)
        for file in snakemake.input.checked:
            clean_test = read_checked(file, N, M)
        match, realised = dict.fromkeys(("alpha", "beta", "gamma")), (None, None)
    else:
        kind, clean_train, clean_test = {}, y_train, y_test
        match = match_probabilities(T, test_prior)
        pairs = ((noisy["train"], y_train), (noisy["test"], y_test))
        realised = tuple(float((labels == clean).mean()) for labels, clean in pairs)
    known = int(np.count_nonzero(clean_test != UNKNOWN))
    for path, (noise, assumption) in zip(
        snakemake.output.metrics, params.assumptions.items(), strict=True
    ):
        theory = predictions(targets, T, test_prior, train_prior, assumption, p)
        if given:
            theory |= {"predicted_loss": None, "noiseless_loss": None}
        write_json(
            path,
            {
                "dataset": wildcards.dataset,
                **kind,
                "noise": noise,
                "assumption": assumption,
                "method": wildcards.method,
                "a": float(wildcards.a),
                "p": p,
                "seed": int(wildcards.seed),
                "classes": M,
                "test_size": N if assumption == "beta" else known,
                "expected_clean_rate": match["alpha"],
                "expected_agreement": match["beta"],
                "match_probability": match[assumption],
                **theory,
                **network_scores(
                    run,
                    history,
                    clean_train=clean_train,
                    clean_test=clean_test,
                    noisy_test=noisy["test"],
                    transition=T,
                    assumption=assumption,
                    p=p,
                    smoothed=params.smoothed,
                ),
                "realised_clean_rate": realised[0],
                "realised_test_clean_rate": realised[1],
                "trained_with": str(run["trained_with"]),
            },
        )
