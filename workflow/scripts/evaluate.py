"""Score the predictions of each seed's network against the test labels of each noise type."""

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
    wildcards, params, files = snakemake.wildcards, snakemake.params, snakemake.input
    y_train, y_test = read_labels(files.dataset)
    given, p, N = params.labels == "given", float(wildcards.p), len(y_test)
    own = list(map(read_matrix, files.matrix))
    seeds = zip(params.seeds, files.predictions, files.labels, files.history, strict=True)
    paths = iter(snakemake.output.metrics)
    for seed, predicted, corrupted, epochs in seeds:
        run, noisy, history = read_arrays(predicted), read_arrays(corrupted), read_columns(epochs)
        T, M = noisy["transition"], len(noisy["transition"])
        test_prior, train_prior = (np.bincount(y, minlength=M) / len(y) for y in (y_test, y_train))
        targets = target_matrix(params.loss, method_matrix(params.matrix, p, T, train_prior, *own))
        if given:
            # The noise of the cell came on top of that of the labels, which nobody knows.
            kind, clean_train, clean_test = {"labels": "given"}, None, np.full(N, UNKNOWN)
            for file in files.checked:
                clean_test = read_checked(file, N, M)
            match, realised = dict.fromkeys(("alpha", "beta", "gamma")), (None, None)
        else:
            kind, clean_train, clean_test = {}, y_train, y_test
            match = match_probabilities(T, test_prior)
            pairs = ((noisy["train"], y_train), (noisy["test"], y_test))
            realised = tuple(float((labels == clean).mean()) for labels, clean in pairs)
        known = int(np.count_nonzero(clean_test != UNKNOWN))
        for noise, assumption in params.assumptions.items():
            theory = predictions(targets, T, test_prior, train_prior, assumption, p)
            if given:
                theory |= {"predicted_loss": None, "noiseless_loss": None}
            write_json(
                next(paths),
                {
                    "dataset": wildcards.dataset,
                    **kind,
                    "noise": noise,
                    "assumption": assumption,
                    "method": wildcards.method,
                    "a": float(wildcards.a),
                    "p": p,
                    "seed": int(seed),
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
