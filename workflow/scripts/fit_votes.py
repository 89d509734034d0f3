"""Fit the vote theory to the measurements of one data set and method, all noise types."""

from label_smoothing.analysis.cells import read_tables
from label_smoothing.analysis.vote_fits import fit_vote_table
from label_smoothing.files import job_log, replacing
from label_smoothing.study.code_hash import demand_code

with job_log(snakemake.log[0]):
    demand_code(snakemake.params.code, __file__)
    cells = read_tables(snakemake.input.tables)
    with replacing(snakemake.output.votes) as temporary:
        fit_vote_table(cells).to_csv(temporary, index=False)
