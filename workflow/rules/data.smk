# From a source to corrupted labels.


rule prepare_dataset:
    output:
        dataset=DATASET,
    log:
        log_of(DATASET),
    conda:
        f"{ENVS}/torch.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("prepare_dataset"),
        source=lambda wildcards: STUDY.config["datasets"][wildcards.dataset]["source"],
        test_size=lambda wildcards: STUDY.config["datasets"][wildcards.dataset]["test_size"],
        split_seed=lambda wildcards: STUDY.config["datasets"][wildcards.dataset]["split_seed"],
    script:
        "../scripts/prepare_dataset.py"


rule corrupt_dataset:
    input:
        dataset=DATASET,
        matrix=lambda wildcards: STUDY.matrix_files(wildcards.transition),
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
        kind=lambda wildcards: STUDY.config["transitions"][wildcards.transition]["kind"],
    script:
        "../scripts/corrupt_dataset.py"
