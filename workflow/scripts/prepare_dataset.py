"""Load a data set from its source and write it in the format of the workflow."""

import socket

from label_smoothing.data.datasets import write_dataset
from label_smoothing.data.sources import load_dataset
from label_smoothing.files import job_log
from label_smoothing.study.code_hash import demand_code

with job_log(snakemake.log[0]):
    demand_code(snakemake.params.code, __file__)
    socket.setdefaulttimeout(60)  # a silent server ends a download
    path = next(iter(snakemake.input.get("npz", [])), None)
    dataset = load_dataset(**snakemake.params.settings, path=path)
    write_dataset(snakemake.output.dataset, dataset)
