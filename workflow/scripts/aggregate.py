"""Collect the cells of one clean rate in a tidy table; name what diverged or did not memorise."""

import json
import logging
from pathlib import Path

import pandas as pd

from label_smoothing.files import job_log, replacing

with job_log(snakemake.log[0]):
    cells = pd.DataFrame([json.loads(Path(path).read_text()) for path in snakemake.input.metrics])
    cells = cells.sort_values(["p", "seed"])
    cells["memorised"] = cells["train_accuracy"].astype(float) >= snakemake.params.memorised_at
    for cell in cells[cells["diverged_epoch"] > 0].itertuples():
        logging.warning(
            "%s, %s, %s: a = %s, p = %s, seed %s diverged in epoch %d",
            cell.dataset,
            cell.noise,
            cell.method,
            cell.a,
            cell.p,
            cell.seed,
            cell.diverged_epoch,
        )
    for cell in cells[~cells["memorised"] & (cells["diverged_epoch"] == 0)].itertuples():
        logging.warning(
            "%s, %s, %s: a = %s, p = %s, seed %s did not memorise: train accuracy %.4f < %s",
            cell.dataset,
            cell.noise,
            cell.method,
            cell.a,
            cell.p,
            cell.seed,
            cell.train_accuracy,
            snakemake.params.memorised_at,
        )
    with replacing(snakemake.output.table) as temporary:
        cells.to_csv(temporary, index=False)
