"""Draw the theory's optimum p of alpha and beta for several numbers of classes."""

from label_smoothing.figures.style import write_figure
from label_smoothing.figures.theory_figures import (
    draw_optimum_over_classes,
    optimum_over_classes_numbers,
)
from label_smoothing.files import job_log

with job_log(snakemake.log[0]):
    numbers = optimum_over_classes_numbers()
    figure = draw_optimum_over_classes(numbers)
    write_figure(figure, numbers, snakemake.output.figure, snakemake.output.numbers)
