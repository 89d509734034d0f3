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
        # Snakemake gives a rule fewer threads where it has fewer cores, and numbers depend on them.
        threads=STUDY.config["train_resources"]["threads"],
    script:
        "../scripts/train.py"


# One job scores a network under all noise types that train on its transition: a rule each, as what
# a rule writes cannot depend on wildcards. Where there is one transition, the rule is `evaluate`.
for transition in STUDY.transitions():

    rule:
        name:
            "evaluate" if len(STUDY.transitions()) == 1 else f"evaluate_{transition}"
        input:
            unpack(known(scored_files_of(transition))),
            dataset=DATASET,
        output:
            metrics=[
                METRICS.replace("{noise}", noise) for noise in STUDY.noise_types_of(transition)
            ],
        log:
            log_of(METRICS.replace("{noise}", transition)),
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
            assumptions={
                noise: STUDY.assumption_of(noise) for noise in STUDY.noise_types_of(transition)
            },
            smoothed=lambda wildcards: STUDY.has_theory(wildcards.method),
            loss=lambda wildcards: STUDY.config["methods"][wildcards.method]["loss"],
            matrix=lambda wildcards: STUDY.config["methods"][wildcards.method]["matrix"],
        script:
            "../scripts/evaluate.py"
