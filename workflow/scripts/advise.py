"""Make one page of advice, and its table, of a study whose labels are given."""

import json
from pathlib import Path

import numpy as np

from label_smoothing.analysis.advice.answer import give_advice
from label_smoothing.analysis.advice.networks import Inputs, Networks
from label_smoothing.analysis.advice.suspects import Suspects
from label_smoothing.analysis.advice.training_labels import with_training_labels
from label_smoothing.data.checked import UNKNOWN, read_checked
from label_smoothing.data.datasets import new_test_rows, read_dataset
from label_smoothing.data.sources import inspect_npz, rows_of_subset
from label_smoothing.figures.advice_page import advice_page
from label_smoothing.figures.checking_page import checking_page, rows_to_check, suggestions
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
        by_epoch("train_accuracy"),
    )


def checked() -> tuple[int, int] | None:
    """Return how many test labels were checked by hand, and how many of them are right."""
    if not (files := snakemake.input.get("checked")):
        return None
    right = read_checked(files[0], len(dataset.y_test), dataset.classes)
    known = right != UNKNOWN
    return int(known.sum()), int((right == dataset.y_test)[known].sum())


def numbers_of_rows() -> np.ndarray:
    """Return the place of each test row in the user's file; a study may take a subset of it."""
    if not (files := snakemake.input.get("npz")):
        return np.arange(len(dataset.y_test))
    subset = snakemake.params.subset
    return rows_of_subset("test_size", subset["size"], inspect_npz(files[0]).y_test, subset["seed"])


with job_log(snakemake.log[0]):
    demand_code(snakemake.params.code, __file__)
    dataset = read_dataset(snakemake.input.dataset)
    rows, numbers = new_test_rows(dataset), numbers_of_rows()
    inputs = Inputs(
        **{name: networks(name) for name in snakemake.params.slices},
        checked=checked(),
        memorised_at=snakemake.params.memorised_at,
        train_prior=np.bincount(dataset.y_train, minlength=dataset.classes) / len(dataset.y_train),
        rows=numbers[rows],
        repeated=len(dataset.y_test) - len(rows),
    )
    advice, suspects = give_advice(inputs), None
    if training := snakemake.input.get("training"):
        noise = json.loads(Path(training).read_text(encoding="utf-8"))
        advice = with_training_labels(advice, noise["rows"], noise["warnings"])
        if noise["suspects"]:
            suspects = Suspects(*map(np.array, noise["suspects"]))
    template = Path(snakemake.input.template).read_text(encoding="utf-8")
    page = advice_page(
        template,
        advice,
        inputs,
        dataset.x_test[rows] if dataset.x_test.ndim == 4 else None,
        snakemake.wildcards.dataset,
        snakemake.params.title,
        suspects and (suspects, dataset.x_train, np.array(noise["numbers"])),
    )
    to_check = rows_to_check(dataset.y_test, rows, numbers)
    tables = {
        snakemake.output.table: advice.rows,
        snakemake.output.to_check: to_check,
        snakemake.output.suggestions: suggestions(to_check, advice.ranked, rows),
    }
    for path, table in tables.items():
        with replacing(path) as temporary:
            table.to_csv(temporary, index=False, float_format="%.6g")
    template = Path(snakemake.input.check).read_text(encoding="utf-8")
    pages = {
        snakemake.output.page: page,
        snakemake.output.check: checking_page(
            template, to_check, dataset.x_test, dataset.classes, snakemake.wildcards.dataset
        ),
    }
    for path, text in pages.items():
        with replacing(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
