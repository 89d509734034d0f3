"""Draw loss and accuracy of all methods over p."""

import pandas as pd

from label_smoothing.figure_style import write_figure
from label_smoothing.files import job_log
from label_smoothing.method_figures import draw_methods, methods_numbers

with job_log(snakemake.log[0]):
    cells = pd.concat(map(pd.read_csv, snakemake.input.tables))
    numbers = methods_numbers(cells)
    figure = draw_methods(numbers, snakemake.params.study)
    write_figure(figure, numbers, snakemake.output.figure, snakemake.output.numbers)
