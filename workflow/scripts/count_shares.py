"""Count the shares of the true class in the outputs of all networks of one clean rate."""

from itertools import product

import numpy as np
import pandas as pd

from label_smoothing.analysis.scoring import true_class_share
from label_smoothing.analysis.shares import count_shares
from label_smoothing.data.datasets import read_labels
from label_smoothing.files import job_log, read_arrays, replacing
from label_smoothing.study.code_hash import demand_code

NAMES = ("a", "method", "transition", "dataset")

with job_log(snakemake.log[0]):
    demand_code(snakemake.params.code, __file__)
    wildcards, params = snakemake.wildcards, snakemake.params
    _, clean = read_labels(snakemake.input.dataset)
    parts = []
    cells = product(params.p, params.seeds)
    for (p, seed), file in zip(cells, snakemake.input.predictions, strict=True):
        run = read_arrays(file)
        smoothing = np.nan if run["diverged_epoch"] else float(p)
        table = count_shares(true_class_share(run["log_probabilities"], clean, smoothing))
        for name, value in (("seed", seed), ("p", p), *((x, wildcards[x]) for x in NAMES)):
            table.insert(0, name, value)
        parts.append(table)
    with replacing(snakemake.output.shares) as temporary:
        pd.concat(parts).to_csv(temporary, index=False)
