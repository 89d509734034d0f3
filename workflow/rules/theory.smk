# The theory alone: nothing here waits for a network.


rule draw_landscapes:
    output:
        figure=report(
            f"{LANDSCAPES}.svg",
            caption="../report/landscapes.rst",
            category="The theory alone",
            labels={"what": "loss over a and p", "noise": "all", "classes": "2"},
        ),
        numbers=f"{LANDSCAPES}.csv",
    log:
        log_of(f"{LANDSCAPES}.svg"),
    conda:
        f"{ENVS}/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("draw_landscapes"),
    script:
        "../scripts/draw_landscapes.py"


rule draw_optimum_two_classes:
    output:
        figure=report(
            f"{OPTIMUM_TWO_CLASSES}.svg",
            caption="../report/optimum_two_classes.rst",
            category="The theory alone",
            labels={"what": "best p over a", "noise": "all", "classes": "2"},
        ),
        numbers=f"{OPTIMUM_TWO_CLASSES}.csv",
    log:
        log_of(f"{OPTIMUM_TWO_CLASSES}.svg"),
    conda:
        f"{ENVS}/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("draw_optimum_two_classes"),
    script:
        "../scripts/draw_optimum_two_classes.py"


rule draw_optimum_over_classes:
    output:
        figure=report(
            f"{OPTIMUM_OVER_CLASSES}.svg",
            caption="../report/optimum_over_classes.rst",
            category="The theory alone",
            labels={
                "what": "best p over a",
                "noise": "alpha and beta",
                "classes": "2 to infinity",
            },
        ),
        numbers=f"{OPTIMUM_OVER_CLASSES}.csv",
    log:
        log_of(f"{OPTIMUM_OVER_CLASSES}.svg"),
    conda:
        f"{ENVS}/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("draw_optimum_over_classes"),
    script:
        "../scripts/draw_optimum_over_classes.py"


rule draw_gamma_optimum:
    output:
        figure=report(
            f"{GAMMA_OPTIMUM}.svg",
            caption="../report/gamma_optimum.rst",
            category="The theory alone",
            labels={"what": "best p over a", "noise": "gamma", "classes": "2 to 1000"},
        ),
        numbers=f"{GAMMA_OPTIMUM}.csv",
    log:
        log_of(f"{GAMMA_OPTIMUM}.svg"),
    conda:
        f"{ENVS}/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("draw_gamma_optimum"),
    script:
        "../scripts/draw_gamma_optimum.py"


rule list_literature:
    input:
        entries=part_of_workflow("resources/literature.csv"),
    output:
        table=report(
            LITERATURE,
            caption="../report/literature.rst",
            category="The theory alone",
            labels={"what": "table of published smoothing", "noise": "", "classes": "10 to 37000"},
        ),
    log:
        log_of(LITERATURE),
    conda:
        f"{ENVS}/analysis.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=10,
    params:
        code=code("list_literature"),
    script:
        "../scripts/list_literature.py"
