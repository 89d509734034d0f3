"""Draw a figure, and write the numbers in it: `numbers` and `draw` of its module."""

from importlib import import_module

from label_smoothing.analysis.cells import read_tables
from label_smoothing.figures.kit import write_figure
from label_smoothing.files import job_log
from label_smoothing.study.code_hash import demand_code

with job_log(snakemake.log[0]):
    demand_code(snakemake.params.code, __file__)
    module = import_module(f"label_smoothing.figures.{snakemake.params.name}")
    inputs = {
        kind: read_tables(files) if kind in ("tables", "fits", "votes", "shares") else list(files)
        for kind, files in snakemake.input.items()
    }
    numbers = module.numbers(**inputs, **snakemake.params.settings)
    figure = module.draw(numbers, **snakemake.params.title)
    write_figure(figure, numbers, snakemake.output.figure, snakemake.output.numbers)
