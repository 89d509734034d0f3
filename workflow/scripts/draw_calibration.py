"""Draw the confidence in right and wrong predictions over p."""

import pandas as pd

from label_smoothing.calibration_figures import calibration_numbers, draw_calibration
from label_smoothing.figure_style import write_figure
from label_smoothing.files import job_log

with job_log(snakemake.log[0]):
    numbers = calibration_numbers(pd.concat(map(pd.read_csv, snakemake.input.tables)))
    figure = draw_calibration(numbers, snakemake.params.study)
    write_figure(figure, numbers, snakemake.output.figure, snakemake.output.numbers)
