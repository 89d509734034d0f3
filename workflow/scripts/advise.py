"""Make one page of advice, and its table, of a study whose labels are given."""

import json
from pathlib import Path

import numpy as np

from label_smoothing.analysis.advice.answer import give_advice
from label_smoothing.analysis.advice.networks import Inputs, Networks
from label_smoothing.analysis.advice.training_labels import Suspects, with_training_labels
from label_smoothing.data.checked import UNKNOWN, read_checked
from label_smoothing.data.datasets import new_test_rows, read_dataset
from label_smoothing.figures.advice_page import advice_page
from label_smoothing.files import job_log, read_arrays, read_columns, replacing
from label_smoothing.study.code_hash import demand_code


def networks(name: str) -> Networks:
    """Return the networks of one slice; its files come p by p."""
    p = tuple(map(float, snakemake.params.slices[name]))
    files = {kind: snakemake.input[f"{name}_{kind}"] for kind in ("predictions", "history")}
    runs = [read_arrays(file) for file in files["predictions"]]
    histories = [read_columns(file) for file in files["history"]]
    epochs = max(len(history["epoch"]) for history in histories)  # diverged ones have fewer

    def by_seed(values):
        grid = len(p), len(snakemake.params.seeds)
        return np.reshape(values, (*grid, *np.shape(values[0]))).swapaxes(0, 1)

    def by_epoch(name):
        scores = [history[name] for history in histories]
        return by_seed([np.pad(x, (0, epochs - len(x)), constant_values=np.nan) for x in scores])

    outputs = "log_probabilities"
    return Networks(
        p,
        by_seed([run[outputs][rows] for run in runs]),
        by_seed([run.get(f"uncorrected_{outputs}", run[outputs])[rows] for run in runs]),
        np.stack([read_arrays(file)["test"][rows] for file in snakemake.input[f"{name}_labels"]]),
        by_epoch("noisy_test_accuracy"),
        by_seed([run["train_accuracy"] for run in runs]),
        by_epoch("noisy_test_loss"),
        by_epoch("uniform_test_loss"),
        by_seed([run["train_kl"] for run in runs]),
    )


def checked() -> tuple[int, int] | None:
    """Return how many test labels were checked by hand, and how many of them are right."""
    if not (files := snakemake.input.get("checked")):
        return None
    right = read_checked(files[0], len(dataset.y_test), dataset.classes)
    known = right != UNKNOWN
    return int(known.sum()), int((right == dataset.y_test)[known].sum())


with job_log(snakemake.log[0]):
    demand_code(snakemake.params.code, __file__)
    dataset = read_dataset(snakemake.input.dataset)
    rows = new_test_rows(dataset)
    inputs = Inputs(
        **{name: networks(name) for name in snakemake.params.slices},
        checked=checked(),
        memorised_at=snakemake.params.memorised_at,
        train_prior=np.bincount(dataset.y_train, minlength=dataset.classes) / len(dataset.y_train),
        rows=rows,
        repeated=len(dataset.y_test) - len(rows),
    )
    advice, suspects = give_advice(inputs), None
    if training := snakemake.input.get("training"):
        noise = json.loads(Path(training).read_text(encoding="utf-8"))
        advice = with_training_labels(advice, noise["rows"], noise["warnings"])
        suspects = Suspects(*noise["suspects"])
    page = advice_page(
        Path(snakemake.input.template).read_text(encoding="utf-8"),
        advice,
        inputs,
        dataset.x_test[rows] if dataset.x_test.ndim == 4 else None,
        snakemake.wildcards.dataset,
        snakemake.params.title,
        None if suspects is None else (suspects, dataset.x_train),
    )
    with replacing(snakemake.output.table) as temporary:
        advice.rows.to_csv(temporary, index=False, float_format="%.6g")
    with replacing(snakemake.output.page) as temporary:
        temporary.write_text(page, encoding="utf-8")
