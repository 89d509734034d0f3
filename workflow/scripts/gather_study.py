"""Join the tables of all slices to one of the whole study."""

import logging

from label_smoothing.analysis.cells import join_tables, ways_of_training
from label_smoothing.files import job_log, replacing
from label_smoothing.study.code_hash import demand_code

with job_log(snakemake.log[0]):
    demand_code(snakemake.params.code, __file__)
    cells = join_tables(snakemake.input.tables)
    if len(ways := ways_of_training(cells)) > 1:
        logging.warning("networks of this study were not all trained alike: %s", "; ".join(ways))
    with replacing(snakemake.output.table) as temporary:
        cells.to_csv(temporary, index=False)
