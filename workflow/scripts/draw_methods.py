"""Draw loss and accuracy of all methods over p."""

from label_smoothing.analysis.tables import read_tables
from label_smoothing.figures.method_figures import draw_methods, methods_numbers
from label_smoothing.figures.style import write_figure
from label_smoothing.files import job_log

with job_log(snakemake.log[0]):
    cells = read_tables(snakemake.input.tables)
    numbers = methods_numbers(cells, snakemake.params.over_p)
    figure = draw_methods(numbers, snakemake.params.study)
    write_figure(figure, numbers, snakemake.output.figure, snakemake.output.numbers)
