# All figures, each an SVG and a CSV with the numbers in it: label_smoothing/study/figure_registry.py.
from label_smoothing.study.figure_registry import FIGURES, why_not

FILES = {
    "tables": TABLE,
    "fits": FITS,
    "votes": VOTES,
    "shares": SHARES,
    "metrics": METRICS,
    "predictions": PREDICTIONS,
    "history": HISTORY,
    "labels": LABELS,
}


# Functions of a figure, made by functions: Snakemake asks them when the loop below has ended.
def inputs_of(name):
    """Make the input function: what the figure reads, if the study offers it."""

    def inputs(wildcards):
        names = dict(wildcards.items())
        figure = FIGURES[name]
        if reason := why_not(STUDY, name, names):
            path = f"results/figures/{figure.path}".format(**names)
            refuse(f"{path} is not offered: {CONFIG_FILE}: {reason}")
        return {
            kind: [FILES[kind].format(**file) for file in files(STUDY, names)]
            for kind, files in figure.inputs.items()
        }

    return inputs


def settings_of(name):
    """Make the params function: what else its numbers depend on."""
    settings = FIGURES[name].settings
    return lambda wildcards: {key: value(STUDY) for key, value in settings.items()}


def title_of(name):
    """Make the params function: the study's title, if the figure is of its measurements."""
    return lambda wildcards: {"study": title(wildcards)} if FIGURES[name].inputs else {}


def study_figures(wildcards):
    return [f"results/figures/{path}.{kind}" for path in offered(STUDY) for kind in ("svg", "csv")]


def demand_parts(name):
    """End here if a registered figure lacks what draws or explains it."""
    for part in (SCRIPTS / f"label_smoothing/figures/{name}.py", WORKFLOW / f"report/{name}.rst"):
        if not part.exists():
            refuse(f"FIGURES in study/figure_registry.py holds {name!r}; needed: {part}")


for name, figure in FIGURES.items():
    demand_parts(name)

    rule:
        name:
            f"draw_{name}"
        input:
            unpack(inputs_of(name)),
        output:
            figure=report(
                f"results/figures/{figure.path}.svg",
                caption=f"../report/{name}.rst",
                category=in_menu(STUDY, figure.question),
                subcategory="{dataset}" if "{dataset}" in figure.path else None,
                labels=figure.labels(),
            ),
            numbers=f"results/figures/{figure.path}.csv",
        log:
            log_of(f"results/figures/{figure.path}.svg"),
        conda:
            f"{ENVS}/analysis.yaml"
        threads: 1
        resources:
            mem_mb=1000,
            runtime=10,
        params:
            code=code("draw_figure", f"figures.{name}"),
            name=name,
            settings=settings_of(name),
            title=title_of(name),
        script:
            "../scripts/draw_figure.py"
