"""Draw loss, accuracy and early-stopped accuracy over clean rate and p."""

from label_smoothing.analysis.tables import read_tables
from label_smoothing.figures.landscape_figures import (
    draw_loss_and_accuracy,
    loss_and_accuracy_numbers,
)
from label_smoothing.figures.style import write_figure
from label_smoothing.files import job_log

with job_log(snakemake.log[0]):
    cells = read_tables(snakemake.input.tables)
    numbers = loss_and_accuracy_numbers(cells)
    figure = draw_loss_and_accuracy(numbers, snakemake.params.study)
    write_figure(figure, numbers, snakemake.output.figure, snakemake.output.numbers)
