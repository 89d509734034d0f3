"""Draw the theory's loss over the clean rate and p, for two classes."""

from label_smoothing.figures.style import write_figure
from label_smoothing.figures.theory_figures import draw_landscapes, landscapes_numbers
from label_smoothing.files import job_log

with job_log(snakemake.log[0]):
    numbers = landscapes_numbers()
    figure = draw_landscapes(numbers)
    write_figure(figure, numbers, snakemake.output.figure, snakemake.output.numbers)
