# From a source to corrupted labels.


rule prepare_dataset:
    input:
        # Its content is a parameter, so its time says nothing: Snakemake would ask for it from 1 MB on.
        npz=known(
            lambda wildcards: [ancient(own(path)) for path in STUDY.npz_files(wildcards.dataset)]
        ),
    output:
        dataset=DATASET,
    log:
        log_of(DATASET),
    wildcard_constraints:
        dataset=rf"(?!\S*\+fold{FOLD_NUMBER}\.)[\w.,+-]+",
    conda:
        f"{ENVS}/torch.yaml"
    threads: 1
    resources:
        mem_mb=2000,  # SVHN takes 1.3 GB
        runtime=60,  # with a download
    params:
        code=code("prepare_dataset"),
        contents=lambda wildcards: contents(STUDY.npz_files(wildcards.dataset)),
        settings=lambda wildcards: STUDY.source_settings(wildcards.dataset),
    script:
        "../scripts/prepare_dataset.py"


rule prepare_fold:
    input:
        dataset=dataset_of_fold,
    output:
        dataset=FOLD,
    log:
        log_of(FOLD),
    wildcard_constraints:
        dataset=r"[\w.-]+",
        fold=FOLD_NUMBER,
    conda:
        f"{ENVS}/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        code=code("prepare_fold"),
        seed=lambda wildcards: STUDY.config["datasets"][wildcards.dataset]["split_seed"],
    script:
        "../scripts/prepare_fold.py"


rule corrupt_dataset:
    input:
        dataset=DATASET,
        matrix=known(
            lambda wildcards: list(map(own, STUDY.matrix_files(wildcards.transition))), folds=True
        ),
    output:
        labels=LABELS,
    log:
        log_of(LABELS),
    conda:
        f"{ENVS}/analysis.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=10,
    params:
        code=code("corrupt_dataset"),
        contents=lambda wildcards: contents(STUDY.matrix_files(wildcards.transition)),
        kind=lambda wildcards: STUDY.config["transitions"][wildcards.transition]["kind"],
    script:
        "../scripts/corrupt_dataset.py"
