# Advice on labels of which an unknown part is wrong: one page for a data set.
from label_smoothing.study.advice_study import slices_of_advice

ADVICE_PAGE = "results/advice/{dataset}.html"
ADVICE = "results/advice/{dataset}.csv"


def slices_or_refuse(wildcards):
    page = ADVICE_PAGE.format(**wildcards)
    return check(
        f"{page} is not offered: {CONFIG_FILE}", slices_of_advice, STUDY, wildcards.dataset
    )


def files_to_advise(wildcards):
    """Input function: the networks of each slice, p by p, and the labels of each seed."""
    files = {}
    for name, part in slices_or_refuse(wildcards).items():
        names = {"dataset": wildcards.dataset, **part._asdict(), "seed": STUDY.seeds}
        for kind, path in (("labels", LABELS), ("predictions", PREDICTIONS), ("history", HISTORY)):
            files[f"{name}_{kind}"] = expand(path, **names)
    # Its content is a parameter, so its time says nothing.
    files["checked"] = [ancient(own(path)) for path in STUDY.checked_files(wildcards.dataset)]
    return files


def advice_files():
    """Every page that the study offers, with its table."""
    files = []
    for dataset in STUDY.config["datasets"]:
        try:
            slices_of_advice(STUDY, dataset)
        except ConfigError:
            continue
        files += [path.format(dataset=dataset) for path in (ADVICE_PAGE, ADVICE)]
    return files


rule advise:
    input:
        unpack(known(files_to_advise)),
        dataset=DATASET,
        template=part_of_workflow("resources/advice.html.j2"),
    output:
        page=report(
            ADVICE_PAGE,
            caption="../report/advice.rst",
            category="Advice on these labels",
            subcategory="{dataset}",
            labels={
                "what": "how noisy, which smoothing, what helps more",
                "noise": "",
                "method": "all",
            },
        ),
        table=ADVICE,
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
        contents=lambda wildcards: contents(STUDY.checked_files(wildcards.dataset)),
        slices=lambda wildcards: {
            name: {"p": part.p, "a": part.a} for name, part in slices_or_refuse(wildcards).items()
        },
        seeds=STUDY.seeds,
        memorised_at=STUDY.config["memorised_at"],
        title=title,
    script:
        "../scripts/advise.py"
