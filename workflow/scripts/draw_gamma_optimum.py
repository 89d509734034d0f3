"""Draw the theory's optimum p of gamma for several numbers of classes."""

from label_smoothing.figures.style import write_figure
from label_smoothing.figures.theory_figures import draw_gamma_optimum, gamma_optimum_numbers
from label_smoothing.files import job_log

with job_log(snakemake.log[0]):
    numbers = gamma_optimum_numbers()
    figure = draw_gamma_optimum(numbers)
    write_figure(figure, numbers, snakemake.output.figure, snakemake.output.numbers)
