"""Draw measured against predicted test loss over p."""

from label_smoothing.analysis.tables import read_tables
from label_smoothing.figures.loss_figures import draw_loss_over_p, loss_over_p_numbers
from label_smoothing.figures.style import write_figure
from label_smoothing.files import job_log

with job_log(snakemake.log[0]):
    numbers = loss_over_p_numbers(read_tables(snakemake.input.tables))
    figure = draw_loss_over_p(numbers, snakemake.params.study)
    write_figure(figure, numbers, snakemake.output.figure, snakemake.output.numbers)
