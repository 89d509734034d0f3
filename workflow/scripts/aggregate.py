"""Collect the cells of one clean rate in a tidy table; name what diverged or did not memorise."""

import logging

import pandas as pd

from label_smoothing.analysis.cells import MOST_KL, memorised, read_scores, summarise
from label_smoothing.files import job_log, replacing
from label_smoothing.study.code_hash import demand_code
from label_smoothing.theory.rates import epsilon_from_p

with job_log(snakemake.log[0]):
    demand_code(snakemake.params.code, __file__)
    threshold = snakemake.params.memorised_at
    cells = read_scores(snakemake.input.metrics).sort_values(["p", "seed"])
    epsilon = epsilon_from_p(cells["p"], cells["classes"])
    cells.insert(cells.columns.get_loc("p") + 1, "epsilon", epsilon)
    cells["memorised"] = memorised(cells, threshold)
    for cell in cells[~cells["memorised"]].itertuples():
        name = f"{cell.dataset}, {cell.noise}, {cell.method}: a = {cell.a}, p = {cell.p}"
        if cell.diverged_epoch:
            problem = f"diverged in epoch {cell.diverged_epoch}"
        else:
            problem = f"did not memorise: train accuracy {cell.train_accuracy:.4f}, "
            problem += f"memorised_at {threshold}"
            if pd.notna(cell.averaging_kl):
                share = cell.train_kl / cell.averaging_kl
                problem += f"; train_kl {share:.2f} of averaging_kl, at most {MOST_KL}"
        logging.warning("%s, seed %s %s", name, cell.seed, problem)
    with replacing(snakemake.output.table) as temporary:
        cells.to_csv(temporary, index=False)
    with replacing(snakemake.output.summary) as temporary:
        summarise(cells).to_csv(temporary, index=False)
