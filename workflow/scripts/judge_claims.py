"""Judge each claim of the paper, and of the vote theory, on the tables of the whole study."""

from label_smoothing.analysis.cells import read_tables
from label_smoothing.analysis.claims import CLAIMS, judge_claims
from label_smoothing.analysis.claims_page import claims_page, claims_short
from label_smoothing.analysis.vote_claims import VOTE_CLAIMS
from label_smoothing.files import job_log, replacing
from label_smoothing.study.code_hash import demand_code

with job_log(snakemake.log[0]):
    demand_code(snakemake.params.code, __file__)
    cells = read_tables(snakemake.input.tables)
    verdicts = judge_claims(cells, snakemake.params.study, (*CLAIMS, *VOTE_CLAIMS))
    offered = {path: f"results/figures/{path}.svg" for path in snakemake.params.figures}
    verdicts["figure"] = verdicts["figure"].map(offered)
    with replacing(snakemake.output.claims) as temporary:
        verdicts.to_csv(temporary, index=False, float_format="%.4g")
    with replacing(snakemake.output.page) as temporary:
        temporary.write_text(claims_page(verdicts, snakemake.params.title), encoding="utf-8")
    with replacing(snakemake.output.short) as temporary:
        temporary.write_text(claims_short(verdicts), encoding="utf-8")
