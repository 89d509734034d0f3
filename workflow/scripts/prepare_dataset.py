"""Load a data set from its source and write it in the format of the workflow."""

from label_smoothing.data.datasets import write_dataset
from label_smoothing.data.sources import load_dataset
from label_smoothing.files import job_log

with job_log(snakemake.log[0]):
    keys = ("source", "train_size", "test_size", "split_seed", "data_dir")
    dataset = load_dataset(
        **{key: snakemake.params[key] for key in keys},
        path=next(iter(snakemake.input.get("npz", [])), None),
    )
    write_dataset(snakemake.output.dataset, dataset)
