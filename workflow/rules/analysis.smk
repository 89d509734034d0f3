# From scores to tables, and the theory beside them.


rule aggregate:
    input:
        metrics=known(metrics_of_slice),
    output:
        table=TABLE,
        summary=SUMMARY,
    log:
        log_of(TABLE),
    conda:
        f"{ENVS}/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("aggregate"),
        memorised_at=STUDY.config["memorised_at"],
    script:
        "../scripts/aggregate.py"


rule gather_study:
    input:
        tables=tables_of_all_slices,
    output:
        table=STUDY_TABLE,
    log:
        log_of(STUDY_TABLE),
    conda:
        f"{ENVS}/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("gather_study"),
    script:
        "../scripts/gather_study.py"


rule fit_theory:
    input:
        tables=known(tables_to_fit),
    output:
        fits=report(
            FITS,
            caption="../report/fits.rst",
            category=in_menu(STUDY, "Does the loss follow the theory?"),
            subcategory="{dataset}",
            labels={"what": "table of fits", "noise": "{noise}", "method": "{method}"},
        ),
    log:
        log_of(FITS),
    conda:
        f"{ENVS}/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("fit_theory"),
    script:
        "../scripts/fit_theory.py"


rule fit_votes:
    input:
        tables=known(tables_to_vote),
    output:
        votes=report(
            VOTES,
            caption="../report/votes_table.rst",
            category=in_menu(STUDY, "How many labels does a network draw on?"),
            subcategory="{dataset}",
            labels={"what": "table of k", "noise": "all", "method": "{method}"},
        ),
    log:
        log_of(VOTES),
    conda:
        f"{ENVS}/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("fit_votes"),
    script:
        "../scripts/fit_votes.py"


rule count_shares:
    input:
        predictions=known(predictions_to_share),
        dataset=DATASET,
    output:
        shares=SHARES,
    log:
        log_of(SHARES),
    conda:
        f"{ENVS}/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("count_shares"),
        p=lambda wildcards: STUDY.smoothing_of(wildcards.method),
        seeds=STUDY.seeds,
    script:
        "../scripts/count_shares.py"


rule answer_question:
    input:
        tables=tables_to_judge,
        template=part_of_workflow("resources/answers.html.j2"),
    output:
        table=ANSWERS,
        page=ANSWERS_PAGE,
    log:
        log_of(ANSWERS),
    conda:
        f"{ENVS}/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("answer_question"),
    script:
        "../scripts/answer_question.py"


rule judge_claims:
    input:
        tables=tables_to_judge,
        criteria=part_of_workflow("resources/claims.yaml"),
        templates=[
            part_of_workflow("resources/claims.html.j2"),
            part_of_workflow("resources/claims_short.html.j2"),
        ],
    output:
        claims=CLAIMS,
        page=report(
            CLAIMS_PAGE,
            caption="../report/claims.rst",
            category=in_menu(STUDY, "The verdicts"),
            labels={"what": "all verdicts, with reasons", "noise": "all", "method": "all"},
        ),
        short=CLAIMS_SHORT,
    log:
        log_of(CLAIMS),
    conda:
        f"{ENVS}/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("judge_claims"),
        figures=offered(STUDY),
        study=sections_of_study,
        title=title,
    script:
        "../scripts/judge_claims.py"
