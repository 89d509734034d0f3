"""Judge each claim of the paper on the tables of the whole study."""

import pandas as pd

from label_smoothing.claims import judge_claims
from label_smoothing.claims_page import claims_page
from label_smoothing.files import job_log, replacing

with job_log(snakemake.log[0]):
    verdicts = judge_claims(pd.concat(map(pd.read_csv, snakemake.input.tables)))
    offered = {path: f"results/figures/{path}.svg" for path in snakemake.params.figures}
    verdicts["figure"] = verdicts["figure"].map(offered)
    with replacing(snakemake.output.claims) as temporary:
        verdicts.to_csv(temporary, index=False, float_format="%.4g")
    with replacing(snakemake.output.page) as temporary:
        temporary.write_text(claims_page(verdicts, snakemake.params.study), encoding="utf-8")
