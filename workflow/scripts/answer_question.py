"""Answer the question of the project: which smoothing is best, and what it gains over none."""

from pathlib import Path

from label_smoothing.analysis.answers import answers
from label_smoothing.analysis.cells import read_tables, ways_of_training
from label_smoothing.analysis.claims.page import answers_page
from label_smoothing.files import job_log, replacing
from label_smoothing.study.code_hash import demand_code

with job_log(snakemake.log[0]):
    demand_code(snakemake.params.code, __file__)
    cells = read_tables(snakemake.input.tables)
    table = answers(cells)
    template = Path(snakemake.input.template).read_text("utf-8")
    with replacing(snakemake.output.table) as temporary:
        table.to_csv(temporary, index=False)
    with replacing(snakemake.output.page) as temporary:
        temporary.write_text(answers_page(table, ways_of_training(cells), template), "utf-8")
