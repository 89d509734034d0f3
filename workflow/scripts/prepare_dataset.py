"""Load a data set from its source and write it in the format of the workflow."""

from label_smoothing.datasets import load_digits, write_dataset
from label_smoothing.files import job_log

with job_log(snakemake.log[0]):
    dataset = load_digits(snakemake.params.test_size, snakemake.params.split_seed)
    write_dataset(snakemake.output.dataset, dataset)
