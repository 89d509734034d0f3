"""Draw the test error over clean rate and p, and its local minima over p."""

from label_smoothing.analysis.tables import read_tables
from label_smoothing.figures.landscape_figures import draw_error, error_numbers
from label_smoothing.figures.style import write_figure
from label_smoothing.files import job_log

with job_log(snakemake.log[0]):
    cells = read_tables(snakemake.input.tables)
    numbers = error_numbers(cells, snakemake.params.drawn)
    figure = draw_error(numbers, snakemake.params.study)
    write_figure(figure, numbers, snakemake.output.figure, snakemake.output.numbers)
