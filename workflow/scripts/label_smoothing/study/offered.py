"""
Which figures of measurements a study offers, and why not the others.

To add a figure NAME: give it an entry in FIGURES; write its numbers and its drawing as functions of
the library, the script workflow/scripts/draw_NAME.py, the rule draw_NAME in
workflow/rules/figures.smk, with every input function in `for_figure("NAME", ...)`, and the caption
workflow/report/NAME.rst. The default target then asks for it in every study that meets its needs;
elsewhere, asking for it ends before any job with the reason that `why_not` gives.

The Snakefile imports this module at every start, so it imports nothing heavy.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from label_smoothing.study.grid import Study, canonical

# A need looks at a study and at the names in a figure's path (dataset, noise, method, as far as
# they stand there); it returns what is missing, "KEY is VALUE; needed: ...", or "".
Need = Callable[[Study, Mapping[str, str]], str]


class Figure(NamedTuple):
    """A figure's path below results/figures, without its ending, and what it needs of a study."""

    path: str
    needs: tuple[Need, ...] = ()


def theory(study: Study, names: Mapping[str, str]) -> str:
    """Need a method whose test loss the theory predicts."""
    method = names["method"]
    if study.has_theory(method):
        return ""
    entry = study.config["methods"][method]
    return (
        f"methods.{method} has loss {entry['loss']!r} and matrix {entry['matrix']!r}; needed: loss "
        "'label_smoothing' or 'forward_correction' with matrix 'p', which the theory predicts"
    )


def own_labels(study: Study, names: Mapping[str, str]) -> str:
    """Need test labels that no other assumption scores: gamma's accuracy is alpha's."""
    noise = names["noise"]
    if study.assumption_of(noise) != "gamma":
        return ""
    return (
        f"noise_types.{noise}.assumption is 'gamma'; needed: 'alpha' or 'beta' (gamma's accuracy "
        "is alpha's)"
    )


def clean_rates(count: int) -> Need:
    """Need so many clean rates."""
    return lambda study, names: _count("clean_rates", study.clean_rates, count)


def smoothing(count: int) -> Need:
    """Need so many smoothing parameters, and a method that depends on them."""

    def need(study: Study, names: Mapping[str, str]) -> str:
        return _over_p(study, names) or _count("smoothing", study.smoothing, count)

    return need


def smoothing_with(*values: float, at_least: int | None = None) -> Need:
    """Need these smoothing parameters, all or at least so many of them."""
    wanted = [canonical(value) for value in values]
    least = len(wanted) if at_least is None else at_least

    def need(study: Study, names: Mapping[str, str]) -> str:
        if problem := _over_p(study, names):
            return problem
        if len(set(wanted) & set(study.smoothing)) >= least:
            return ""
        some = "" if least == len(wanted) else f"at least {least} of "
        return f"smoothing is {_list(study.smoothing)}; needed: {some}{_list(wanted)}"

    return need


def methods(count: int) -> Need:
    """Need so many methods."""
    return lambda study, names: _count("methods", study.config["methods"], count)


def _over_p(study, names):
    method = names["method"]
    if study.depends_on_p(method):
        return ""
    matrix = study.config["methods"][method]["matrix"]
    return f"methods.{method}.matrix is {matrix!r}; needed: 'p', which gives it cells over p"


def _count(key, values, count):
    return "" if len(values) >= count else f"{key} is {_list(values)}; needed: {count} or more"


def _list(values):
    return ", ".join(values)


FIGURES = {
    "loss_landscapes": Figure(
        "{dataset}/{method}/loss_landscapes", (theory, clean_rates(2), smoothing(2))
    ),
    "loss_over_p": Figure("{dataset}/{method}/loss_over_p_{noise}", (theory,)),
    "measured_against_predicted": Figure(
        "{dataset}/{method}/measured_against_predicted", (theory,)
    ),
    "optimum_over_a": Figure("{dataset}/{method}/optimum_over_a", (theory,)),
    "loss_and_accuracy": Figure(
        "{dataset}/{method}/loss_and_accuracy_{noise}", (own_labels, clean_rates(2), smoothing(2))
    ),
    "error": Figure("{dataset}/{method}/error_{noise}", (own_labels, clean_rates(2), smoothing(3))),
    "weak_smoothing": Figure(
        "{dataset}/{method}/weak_smoothing_{noise}",
        (theory, own_labels, smoothing_with(1.0), smoothing_with(0.95, 0.9, at_least=1)),
    ),
    "effective_clean_rate": Figure(
        "{dataset}/{method}/effective_clean_rate", (theory, smoothing(2))
    ),
    "calibration": Figure("{dataset}/{method}/calibration_{noise}", (theory, own_labels)),
    "methods": Figure("{dataset}/methods_{noise}", (own_labels, methods(2))),
}


def why_not(study: Study, figure: str, names: Mapping[str, str]) -> str:
    """
    Return why a study does not offer a figure, or "" if it does.

    Parameters
    ----------
    study : Study
    figure : str
        A key of FIGURES.
    names : mapping
        The dataset, noise and method of the figure's path; other keys are ignored.

    Returns
    -------
    str
        The config key, its value and what is needed; of several reasons the first.
    """
    for key, section in (
        ("dataset", "datasets"),
        ("noise", "noise_types"),
        ("method", "methods"),
    ):
        if key in names and names[key] not in study.config[section]:
            return f"{section} is {_list(study.config[section])}; needed: {names[key]}"
    return next(filter(None, (need(study, names) for need in FIGURES[figure].needs)), "")


def offered(study: Study) -> list[str]:
    """Return the paths of all figures that a study offers, below results/figures, no ending."""
    paths = {}
    for dataset, noise, method in study.slices():
        names = {"dataset": dataset, "noise": noise, "method": method}
        for figure, entry in FIGURES.items():
            if not why_not(study, figure, names):
                paths[entry.path.format(**names)] = None
    return sorted(paths)
