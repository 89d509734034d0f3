# Each figure is an SVG and a CSV with the numbers in it.


rule draw_loss_landscapes:
    input:
        tables=for_figure("loss_landscapes", tables_of_noise_types),
    output:
        figure=report(
            f"{FIGURE['loss_landscapes']}.svg",
            caption="../report/loss_landscapes.rst",
            category="Does the loss follow the theory?",
            subcategory="{dataset}",
            labels={"what": "test loss over a and p", "noise": "all", "method": "{method}"},
        ),
        numbers=f"{FIGURE['loss_landscapes']}.csv",
    log:
        log_of(f"{FIGURE['loss_landscapes']}.svg"),
    conda:
        f"{ENVS}/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("draw_loss_landscapes"),
        study=title,
    script:
        "../scripts/draw_loss_landscapes.py"


rule draw_loss_over_p:
    input:
        tables=for_figure("loss_over_p", tables_of_drawn_rates),
    output:
        figure=report(
            f"{FIGURE['loss_over_p']}.svg",
            caption="../report/loss_over_p.rst",
            category="Does the loss follow the theory?",
            subcategory="{dataset}",
            labels={"what": "test loss over p", "noise": "{noise}", "method": "{method}"},
        ),
        numbers=f"{FIGURE['loss_over_p']}.csv",
    log:
        log_of(f"{FIGURE['loss_over_p']}.svg"),
    conda:
        f"{ENVS}/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("draw_loss_over_p"),
        study=title,
    script:
        "../scripts/draw_loss_over_p.py"


rule draw_measured_against_predicted:
    input:
        tables=for_figure("measured_against_predicted", tables_of_noise_types),
    output:
        figure=report(
            f"{FIGURE['measured_against_predicted']}.svg",
            caption="../report/measured_against_predicted.rst",
            category="Does the loss follow the theory?",
            subcategory="{dataset}",
            labels={
                "what": "measured against predicted loss",
                "noise": "all",
                "method": "{method}",
            },
        ),
        numbers=f"{FIGURE['measured_against_predicted']}.csv",
    log:
        log_of(f"{FIGURE['measured_against_predicted']}.svg"),
    conda:
        f"{ENVS}/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("draw_measured_against_predicted"),
        study=title,
    script:
        "../scripts/draw_measured_against_predicted.py"


rule draw_optimum_over_a:
    input:
        fits=for_figure("optimum_over_a", fits_of_dataset),
        tables=tables_of_noise_types,
    output:
        figure=report(
            f"{FIGURE['optimum_over_a']}.svg",
            caption="../report/optimum_over_a.rst",
            category="Which p is best?",
            subcategory="{dataset}",
            labels={"what": "best p over a", "noise": "all", "method": "{method}"},
        ),
        numbers=f"{FIGURE['optimum_over_a']}.csv",
    log:
        log_of(f"{FIGURE['optimum_over_a']}.svg"),
    conda:
        f"{ENVS}/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("draw_optimum_over_a"),
        study=title,
    script:
        "../scripts/draw_optimum_over_a.py"


rule draw_loss_and_accuracy:
    input:
        tables=for_figure("loss_and_accuracy", tables_of_study),
    output:
        figure=report(
            f"{FIGURE['loss_and_accuracy']}.svg",
            caption="../report/loss_and_accuracy.rst",
            category="Loss or accuracy?",
            subcategory="{dataset}",
            labels={
                "what": "loss and accuracy over a and p",
                "noise": "{noise}",
                "method": "{method}",
            },
        ),
        numbers=f"{FIGURE['loss_and_accuracy']}.csv",
    log:
        log_of(f"{FIGURE['loss_and_accuracy']}.svg"),
    conda:
        f"{ENVS}/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("draw_loss_and_accuracy"),
        study=title,
    script:
        "../scripts/draw_loss_and_accuracy.py"


rule draw_error:
    input:
        tables=for_figure("error", tables_of_study),
    output:
        figure=report(
            f"{FIGURE['error']}.svg",
            caption="../report/error.rst",
            category="Loss or accuracy?",
            subcategory="{dataset}",
            labels={"what": "test error and its minima", "noise": "{noise}", "method": "{method}"},
        ),
        numbers=f"{FIGURE['error']}.csv",
    log:
        log_of(f"{FIGURE['error']}.svg"),
    conda:
        f"{ENVS}/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("draw_error"),
        study=title,
        drawn=list(map(float, STUDY.few_clean_rates())),
    script:
        "../scripts/draw_error.py"


rule draw_weak_smoothing:
    input:
        tables=for_figure("weak_smoothing", tables_of_study),
    output:
        figure=report(
            f"{FIGURE['weak_smoothing']}.svg",
            caption="../report/weak_smoothing.rst",
            category="Does weak smoothing help?",
            subcategory="{dataset}",
            labels={"what": "accuracy gained over a", "noise": "{noise}", "method": "{method}"},
        ),
        numbers=f"{FIGURE['weak_smoothing']}.csv",
    log:
        log_of(f"{FIGURE['weak_smoothing']}.svg"),
    conda:
        f"{ENVS}/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("draw_weak_smoothing"),
        study=title,
    script:
        "../scripts/draw_weak_smoothing.py"


rule draw_effective_clean_rate:
    input:
        fits=for_figure("effective_clean_rate", fits_of_dataset),
    output:
        figure=report(
            f"{FIGURE['effective_clean_rate']}.svg",
            caption="../report/effective_clean_rate.rst",
            category="What has the network learnt?",
            subcategory="{dataset}",
            labels={
                "what": "effective match probability over a",
                "noise": "all",
                "method": "{method}",
            },
        ),
        numbers=f"{FIGURE['effective_clean_rate']}.csv",
    log:
        log_of(f"{FIGURE['effective_clean_rate']}.svg"),
    conda:
        f"{ENVS}/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("draw_effective_clean_rate"),
        study=title,
    script:
        "../scripts/draw_effective_clean_rate.py"


rule draw_calibration:
    input:
        tables=for_figure("calibration", tables_of_drawn_rates),
    output:
        figure=report(
            f"{FIGURE['calibration']}.svg",
            caption="../report/calibration.rst",
            category="What has the network learnt?",
            subcategory="{dataset}",
            labels={"what": "confidence over p", "noise": "{noise}", "method": "{method}"},
        ),
        numbers=f"{FIGURE['calibration']}.csv",
    log:
        log_of(f"{FIGURE['calibration']}.svg"),
    conda:
        f"{ENVS}/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("draw_calibration"),
        study=title,
    script:
        "../scripts/draw_calibration.py"


rule draw_methods:
    input:
        tables=for_figure("methods", tables_of_methods),
    output:
        figure=report(
            f"{FIGURE['methods']}.svg",
            caption="../report/methods.rst",
            category="Which method?",
            subcategory="{dataset}",
            labels={"what": "loss and accuracy over p", "noise": "{noise}", "method": "all"},
        ),
        numbers=f"{FIGURE['methods']}.csv",
    log:
        log_of(f"{FIGURE['methods']}.svg"),
    conda:
        f"{ENVS}/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("draw_methods"),
        over_p=list(filter(STUDY.depends_on_p, STUDY.config["methods"])),
        study=title,
    script:
        "../scripts/draw_methods.py"
