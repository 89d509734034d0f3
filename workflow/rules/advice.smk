# Advice on labels of which an unknown part is wrong: one page for a data set.


rule advise:
    input:
        unpack(known(files_to_advise)),
        dataset=DATASET,
        template=part_of_workflow("resources/advice.html.j2"),
        check=part_of_workflow("resources/check.html.j2"),
    output:
        page=report(
            ADVICE_PAGE,
            caption="../report/advice.rst",
            category="Advice on these labels",
            subcategory="{dataset}",
            labels={
                "what": "which smoothing, what helps more, how noisy",
                "noise": "",
                "method": "all",
            },
        ),
        table=ADVICE,
        to_check=TO_CHECK,
        suggestions=SUGGESTIONS,
        check=CHECKING_PAGE,
    log:
        log_of(ADVICE_PAGE),
    conda:
        f"{ENVS}/analysis.yaml"
    threads: 1
    resources:
        mem_mb=3000,
        runtime=30,
    params:
        code=code("advise"),
        contents=lambda wildcards: contents(
            STUDY.checked_files(wildcards.dataset) + STUDY.npz_files(wildcards.dataset)
        ),
        subset=subset_to_advise,
        slices=slices_to_advise,
        seeds=STUDY.seeds,
        memorised_at=STUDY.config["memorised_at"],
        title=title,
    script:
        "../scripts/advise.py"


rule rank_training_labels:
    input:
        unpack(known(files_to_rank)),
        dataset=DATASET,
    output:
        ranking=TRAINING_LABELS,
        noise=TRAINING_NOISE,
    log:
        log_of(TRAINING_LABELS),
    conda:
        f"{ENVS}/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        code=code("rank_training_labels"),
        contents=lambda wildcards: contents(STUDY.npz_files(wildcards.dataset)),
        settings=settings_to_rank,
    script:
        "../scripts/rank_training_labels.py"
