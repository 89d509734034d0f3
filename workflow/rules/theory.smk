# The theory alone: nothing here waits for a network.

LITERATURE = "results/theory/literature.csv"


rule list_literature:
    input:
        entries=part_of_workflow("resources/literature.csv"),
    output:
        table=report(
            LITERATURE,
            caption="../report/literature.rst",
            category=in_menu(STUDY, "The theory alone"),
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
