"""Label smoothing under label noise: the library behind the workflow, free of Snakemake."""
