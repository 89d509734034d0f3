# One cell: a network and its scores.
from label_smoothing.training.process import ask_for_trainings

ask_for_trainings()


rule train:
    input:
        unpack(known(own_files, folds=True)),
        dataset=DATASET,
        labels=LABELS,
    output:
        predictions=PREDICTIONS,
        history=HISTORY,
    log:
        log_of(f"{RUN}.csv"),
    benchmark:
        log_of(f"{RUN}.csv").replace(".log", ".benchmark.tsv")
    conda:
        f"{ENVS}/torch.yaml"
    threads: STUDY.config["train_resources"]["threads"]
    resources:
        gpu=0 if STUDY.config["device"] == "cpu" else 1,
        mem_mb=lambda wildcards, attempt: attempt * STUDY.config["train_resources"]["mem_mb"],
        runtime=lambda wildcards, attempt: attempt * STUDY.config["train_resources"]["runtime"],
    params:
        code=training_code,
        cell=cell_settings,
        contents=own_contents,
        checkpoint=CHECKPOINT,
        # What jobs that run elsewhere will find is not known here.
        device=(
            sure_device(STUDY.config["device"], os.environ.get("CUDA_VISIBLE_DEVICES"))
            if workflow.resource_settings.nodes is None
            else STUDY.config["device"]
        ),
        # Snakemake gives a rule fewer threads where it has fewer cores, and numbers depend on them.
        threads=STUDY.config["train_resources"]["threads"],
    script:
        "../scripts/train.py"


rule evaluate:
    input:
        unpack(known(scored_files)),
        dataset=DATASET,
    output:
        metrics=METRICS,
    log:
        log_of(METRICS),
    conda:
        f"{ENVS}/analysis.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=10,
    params:
        code=code("evaluate"),
        contents=lambda wildcards: contents(STUDY.checked_files(wildcards.dataset)),
        labels=lambda wildcards: STUDY.config["datasets"][wildcards.dataset]["labels"],
        assumption=lambda wildcards: STUDY.assumption_of(wildcards.noise),
        smoothed=lambda wildcards: STUDY.has_theory(wildcards.method),
        loss=lambda wildcards: STUDY.config["methods"][wildcards.method]["loss"],
        matrix=lambda wildcards: STUDY.config["methods"][wildcards.method]["matrix"],
    script:
        "../scripts/evaluate.py"
