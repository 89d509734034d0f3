"""Hold out one fold of the training part of a data set."""

from label_smoothing.data.datasets import read_dataset, write_dataset
from label_smoothing.data.folds import take_fold
from label_smoothing.files import job_log
from label_smoothing.study.code_hash import demand_code

with job_log(snakemake.log[0]):
    demand_code(snakemake.params.code, __file__)
    number, folds = map(int, snakemake.wildcards.fold.split("of"))
    dataset = read_dataset(snakemake.input.dataset)
    write_dataset(
        snakemake.output.dataset, take_fold(dataset, number, folds, snakemake.params.seed)
    )
