"""Judge each claim of the paper, and of the vote theory, on the tables of the whole study."""

from pathlib import Path

from label_smoothing.analysis.cells import read_tables
from label_smoothing.analysis.claims.judge import judge_claims
from label_smoothing.analysis.claims.page import claims_page, claims_short
from label_smoothing.analysis.claims.table import read_claims
from label_smoothing.files import job_log, replacing
from label_smoothing.study.code_hash import demand_code

with job_log(snakemake.log[0]):
    demand_code(snakemake.params.code, __file__)
    claims = read_claims(snakemake.input.criteria)
    verdicts = judge_claims(read_tables(snakemake.input.tables), snakemake.params.study, claims)
    offered = {path: f"results/figures/{path}.svg" for path in snakemake.params.figures}
    verdicts["figure"] = verdicts["figure"].map(offered)
    of_page, of_short = (Path(path).read_text("utf-8") for path in snakemake.input.templates)
    with replacing(snakemake.output.claims) as temporary:
        verdicts.to_csv(temporary, index=False, float_format="%.4g")
    with replacing(snakemake.output.page) as temporary:
        temporary.write_text(claims_page(verdicts, snakemake.params.title, of_page), "utf-8")
    with replacing(snakemake.output.short) as temporary:
        temporary.write_text(claims_short(verdicts, of_short), "utf-8")
