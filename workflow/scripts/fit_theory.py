"""Compare the measured losses of one data set, noise type and method with the theory."""

from label_smoothing.analysis.cells import read_tables
from label_smoothing.analysis.theory_fits import compare_with_theory
from label_smoothing.files import job_log, replacing
from label_smoothing.study.code_hash import demand_code

with job_log(snakemake.log[0]):
    demand_code(snakemake.params.code, __file__)
    cells = read_tables(snakemake.input.tables)
    with replacing(snakemake.output.fits) as temporary:
        compare_with_theory(cells).to_csv(temporary, index=False)
