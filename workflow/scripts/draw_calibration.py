"""Draw the confidence in right and wrong predictions over p."""

from label_smoothing.analysis.tables import read_tables
from label_smoothing.figures.calibration_figures import calibration_numbers, draw_calibration
from label_smoothing.figures.style import write_figure
from label_smoothing.files import job_log

with job_log(snakemake.log[0]):
    numbers = calibration_numbers(read_tables(snakemake.input.tables))
    figure = draw_calibration(numbers, snakemake.params.study)
    write_figure(figure, numbers, snakemake.output.figure, snakemake.output.numbers)
