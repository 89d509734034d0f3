"""Draw the fitted match probability and the accuracy over the clean rate."""

from label_smoothing.analysis.tables import read_tables
from label_smoothing.figures.agreement_figures import (
    draw_effective_clean_rate,
    effective_clean_rate_numbers,
)
from label_smoothing.figures.style import write_figure
from label_smoothing.files import job_log

with job_log(snakemake.log[0]):
    numbers = effective_clean_rate_numbers(read_tables(snakemake.input.fits))
    figure = draw_effective_clean_rate(numbers, snakemake.params.study)
    write_figure(figure, numbers, snakemake.output.figure, snakemake.output.numbers)
