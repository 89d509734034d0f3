# Each figure is an SVG and a CSV with the numbers in it.


rule draw_loss_over_p:
    input:
        tables=for_figure("loss_over_p", tables_of_drawn_rates),
    output:
        figure=report(
            f"{FIGURE['loss_over_p']}.svg",
            caption="../report/loss_over_p.rst",
            category="Theory and measurement",
            subcategory="{dataset}",
            labels={"what": "test loss over p", "noise": "{noise}", "method": "{method}"},
        ),
        numbers=f"{FIGURE['loss_over_p']}.csv",
    log:
        log_of(f"{FIGURE['loss_over_p']}.svg"),
    wildcard_constraints:
        **ANY_NAME,
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
        fits=for_figure("optimum_over_a", fits_of_dataset),
    output:
        figure=report(
            f"{FIGURE['optimum_over_a']}.svg",
            caption="../report/optimum_over_a.rst",
            category="Theory and measurement",
            subcategory="{dataset}",
            labels={"what": "best p over a", "noise": "all", "method": "{method}"},
        ),
        numbers=f"{FIGURE['optimum_over_a']}.csv",
    log:
        log_of(f"{FIGURE['optimum_over_a']}.svg"),
    wildcard_constraints:
        **ANY_NAME,
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
