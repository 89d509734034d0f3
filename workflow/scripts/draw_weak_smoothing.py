"""Draw what weak smoothing adds to the accuracy over the clean rate."""

from label_smoothing.analysis.tables import read_tables
from label_smoothing.figures.accuracy_figures import draw_weak_smoothing, weak_smoothing_numbers
from label_smoothing.figures.style import write_figure
from label_smoothing.files import job_log

with job_log(snakemake.log[0]):
    numbers = weak_smoothing_numbers(read_tables(snakemake.input.tables))
    figure = draw_weak_smoothing(numbers, snakemake.params.study)
    write_figure(figure, numbers, snakemake.output.figure, snakemake.output.numbers)
