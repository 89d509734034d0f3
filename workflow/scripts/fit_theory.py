"""Compare the measured losses of one data set, noise type and method with the theory."""

import pandas as pd

from label_smoothing.comparison import compare_with_theory
from label_smoothing.files import job_log, replacing

with job_log(snakemake.log[0]):
    cells = pd.concat(map(pd.read_csv, snakemake.input.tables))
    with replacing(snakemake.output.fits) as temporary:
        compare_with_theory(cells).to_csv(temporary, index=False)
