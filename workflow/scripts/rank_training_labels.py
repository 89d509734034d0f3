"""Rank the given labels of a training part by the networks of its folds."""

import json

import numpy as np

from label_smoothing.analysis.advice.rows import table
from label_smoothing.analysis.advice.training_labels import HeldOut, rank_training_labels
from label_smoothing.data.datasets import read_labels
from label_smoothing.data.folds import fold_places
from label_smoothing.data.sources import inspect_npz, rows_of_subset
from label_smoothing.files import job_log, read_arrays, replacing
from label_smoothing.study.code_hash import demand_code


def held_out(labels: np.ndarray, M: int) -> HeldOut:
    """Put the outputs of the folds together; their files come fold by fold, p by p."""
    p, files = settings["p"], iter(snakemake.input.predictions)
    outputs, uncorrected = np.full((2, len(p), len(labels), M), np.nan, dtype=np.float32)
    for places in fold_places(labels, settings["folds"], settings["split_seed"]):
        for at in range(len(p)):
            run = read_arrays(next(files))
            outputs[at, places] = run["log_probabilities"]
            own = run.get("uncorrected_log_probabilities", run["log_probabilities"])
            uncorrected[at, places] = own
    return HeldOut(tuple(map(float, p)), outputs[None], uncorrected[None], labels)


with job_log(snakemake.log[0]):
    demand_code(snakemake.params.code, __file__)
    settings = snakemake.params.settings
    labels, _ = read_labels(snakemake.input.dataset)
    all_labels = inspect_npz(snakemake.input.npz[0]).y_train
    index = rows_of_subset("train_size", settings["train_size"], all_labels, settings["split_seed"])
    found = rank_training_labels(held_out(labels, int(labels.max()) + 1), index)
    with replacing(snakemake.output.ranking) as temporary:
        found.ranking.to_csv(temporary, index=False, float_format="%.6g")
    rows = json.loads(table(found.rows).to_json(orient="records"))  # without NaN
    suspects = found.suspects and [values.tolist() for values in found.suspects]
    noise = {
        "suspects": suspects,
        "numbers": index.tolist(),
        "rows": rows,
        "warnings": found.warnings,
    }
    with replacing(snakemake.output.noise) as temporary:
        temporary.write_text(json.dumps(noise, indent=1) + "\n", encoding="utf-8")
