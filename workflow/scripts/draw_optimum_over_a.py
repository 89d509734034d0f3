"""Draw the p with the lowest loss and the p with the highest accuracy over the clean rate."""

from label_smoothing.analysis.tables import read_tables
from label_smoothing.figures.optimum_figures import draw_optimum_over_a, optimum_over_a_numbers
from label_smoothing.figures.style import write_figure
from label_smoothing.files import job_log

with job_log(snakemake.log[0]):
    numbers = optimum_over_a_numbers(
        read_tables(snakemake.input.fits),
        read_tables(snakemake.input.tables),
    )
    figure = draw_optimum_over_a(numbers, snakemake.params.study)
    write_figure(figure, numbers, snakemake.output.figure, snakemake.output.numbers)
