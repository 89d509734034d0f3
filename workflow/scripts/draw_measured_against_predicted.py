"""Draw the measured against the predicted test loss of each network."""

from label_smoothing.analysis.tables import read_tables
from label_smoothing.figures.agreement_figures import (
    draw_measured_against_predicted,
    measured_against_predicted_numbers,
)
from label_smoothing.figures.style import write_figure
from label_smoothing.files import job_log

with job_log(snakemake.log[0]):
    numbers = measured_against_predicted_numbers(read_tables(snakemake.input.tables))
    figure = draw_measured_against_predicted(numbers, snakemake.params.study)
    write_figure(figure, numbers, snakemake.output.figure, snakemake.output.numbers)
