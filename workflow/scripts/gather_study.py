"""Join the tables of all slices to one of the whole study."""

from label_smoothing.analysis.cells import join_tables
from label_smoothing.files import job_log, replacing
from label_smoothing.study.code_hash import demand_code

with job_log(snakemake.log[0]):
    demand_code(snakemake.params.code, __file__)
    with replacing(snakemake.output.table) as temporary:
        join_tables(snakemake.input.tables).to_csv(temporary, index=False)
