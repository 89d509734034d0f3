"""Draw measured against predicted test loss over p."""

from label_smoothing.figure_style import write_figure
from label_smoothing.files import job_log
from label_smoothing.loss_figures import draw_loss_over_p, loss_over_p_numbers
from label_smoothing.tables import read_tables

with job_log(snakemake.log[0]):
    numbers = loss_over_p_numbers(read_tables(snakemake.input.tables))
    figure = draw_loss_over_p(numbers, snakemake.params.study)
    write_figure(figure, numbers, snakemake.output.figure, snakemake.output.numbers)
