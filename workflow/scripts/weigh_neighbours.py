"""Compute the k of kernels that interpolate a data set, and measure it under drawn label noise."""

import numpy as np

from label_smoothing.analysis.interpolators import (
    compare_votes,
    interpolation_weights,
    standardised,
)
from label_smoothing.data.corrupt import corrupt_labels
from label_smoothing.data.datasets import read_dataset
from label_smoothing.files import job_log, replacing
from label_smoothing.study.code_hash import demand_code
from label_smoothing.theory.noise import uniform_transition

with job_log(snakemake.log[0]):
    demand_code(snakemake.params.code, __file__)
    params, dataset = snakemake.params, read_dataset(snakemake.input.dataset)
    M = dataset.classes
    subset, *draws = np.random.SeedSequence(params.seed).spawn(params.draws + 1)
    rng = np.random.default_rng(subset)
    train, test = (
        np.sort(rng.permutation(len(labels))[:most])
        for labels, most in (
            (dataset.y_train, params.most_train),
            (dataset.y_test, params.most_test),
        )
    )
    y_train, y_test = dataset.y_train[train], dataset.y_test[test]
    weights = interpolation_weights(*standardised(dataset.x_train[train], dataset.x_test[test]))
    # Each draw has the same generator at every clean rate, so that these are paired.
    noisy = {
        a: np.stack(
            [
                corrupt_labels(y_train, uniform_transition(a, M), np.random.default_rng(draw))
                for draw in draws
            ]
        )
        for a in params.clean_rates
    }
    table = compare_votes(weights, y_train, y_test, noisy, params.smoothing, M)
    table.insert(0, "test_images", len(test))
    table.insert(0, "train_images", len(train))
    table.insert(0, "dataset", snakemake.wildcards.dataset)
    with replacing(snakemake.output.table) as temporary:
        table.to_csv(temporary, index=False)
