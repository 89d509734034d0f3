# Each figure is an SVG and a CSV with the numbers in it.


rule draw_loss_over_p:
    input:
        tables=known(tables_of_study),
    output:
        figure=report(
            f"{LOSS_OVER_P}.svg",
            caption="../report/loss_over_p.rst",
            category="Theory and measurement",
            subcategory="{dataset}",
            labels={"what": "test loss over p", "noise": "{noise}", "method": "{method}"},
        ),
        numbers=f"{LOSS_OVER_P}.csv",
    log:
        log_of(f"{LOSS_OVER_P}.svg"),
    conda:
        f"{ENVS}/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("draw_loss_over_p"),
        study=STUDY.config["study"],
    script:
        "../scripts/draw_loss_over_p.py"


rule draw_optimum_over_a:
    input:
        fits=known(fits_of_dataset),
    output:
        figure=report(
            f"{OPTIMUM_OVER_A}.svg",
            caption="../report/optimum_over_a.rst",
            category="Theory and measurement",
            subcategory="{dataset}",
            labels={"what": "best p over a", "noise": "all", "method": "{method}"},
        ),
        numbers=f"{OPTIMUM_OVER_A}.csv",
    log:
        log_of(f"{OPTIMUM_OVER_A}.svg"),
    conda:
        f"{ENVS}/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("draw_optimum_over_a"),
        study=STUDY.config["study"],
    script:
        "../scripts/draw_optimum_over_a.py"
