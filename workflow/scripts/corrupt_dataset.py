"""Corrupt the train and the test labels of a data set."""

import numpy as np

from label_smoothing.data.corrupt import corrupt_labels, read_transition
from label_smoothing.data.datasets import number_of_classes, read_labels
from label_smoothing.files import job_log, write_arrays
from label_smoothing.seeding import seed_stream
from label_smoothing.study.code_hash import demand_code
from label_smoothing.theory.noise import transition_matrix

with job_log(snakemake.log[0]):
    demand_code(snakemake.params.code, __file__)
    y_train, y_test = read_labels(snakemake.input.dataset)
    T = transition_matrix(
        snakemake.params.kind,
        float(snakemake.wildcards.a),
        number_of_classes(y_train),
        *map(read_transition, snakemake.input.get("matrix", [])),
    )
    streams = {
        part: np.random.default_rng(seed_stream(int(snakemake.wildcards.seed), f"{part}_labels"))
        for part in ("train", "test")
    }
    write_arrays(
        snakemake.output.labels,
        train=corrupt_labels(y_train, T, streams["train"]),
        test=corrupt_labels(y_test, T, streams["test"]),
        transition=T,
    )
