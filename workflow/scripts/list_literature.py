"""List the smoothing parameters that the literature uses."""

import pandas as pd

from label_smoothing.files import job_log, replacing
from label_smoothing.study.code_hash import demand_code
from label_smoothing.theory.literature import literature_table

with job_log(snakemake.log[0]):
    demand_code(snakemake.params.code, __file__)
    table = literature_table(pd.read_csv(snakemake.input.entries, dtype={"arxiv": str}))
    with replacing(snakemake.output.table) as temporary:
        table.to_csv(temporary, index=False, float_format="%.6g")
