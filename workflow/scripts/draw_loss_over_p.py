"""Draw measured against predicted test loss over p."""

import pandas as pd

from label_smoothing.figure_style import write_figure
from label_smoothing.files import job_log
from label_smoothing.plotting import draw_loss_over_p, loss_over_p_numbers

with job_log(snakemake.log[0]):
    numbers = loss_over_p_numbers(pd.concat(map(pd.read_csv, snakemake.input.tables)))
    figure = draw_loss_over_p(numbers, snakemake.params.study)
    write_figure(figure, numbers, snakemake.output.figure, snakemake.output.numbers)
