"""
All figures: where each is, what it reads and shows; which a study offers, and why not the others.

To add a figure NAME: an entry in FIGURES, the module label_smoothing/figures/NAME.py with its
`numbers` and its `draw`, and the caption workflow/report/NAME.rst. The default target then asks for
it in every study that meets its needs; elsewhere, asking for it ends before any job with the reason
that `why_not` gives.

The Snakefile imports this module at every start, so it imports nothing heavy.
"""

import itertools
from collections.abc import Callable, Iterable, Mapping
from operator import attrgetter, methodcaller
from typing import Any, NamedTuple

from label_smoothing.study.grid import Study
from label_smoothing.study.sections import canonical

# The names in a path: dataset, noise, method, a, ..., as far as they stand there.
Names = Mapping[str, str]
# What is missing of a study for a figure of these names, "KEY is VALUE; needed: ...", or "".
Need = Callable[[Study, Names], str]
# The names of all files of one kind that a figure of these names reads.
Files = Callable[[Study, Names], list[Names]]


class Figure(NamedTuple):
    """A figure: an SVG, and a CSV of every number in it."""

    path: str  # below results/figures, without the ending
    question: str  # that it answers, in the menu of the report
    shows: str  # in few words, behind the question
    # What it reads, by kind: FILES in workflow/rules/figures.smk. `numbers` of its module takes
    # each kind as an argument. A figure that reads nothing is of the theory alone.
    inputs: Mapping[str, Files] = {}
    needs: tuple[Need, ...] = ()  # without which there is no such figure
    settings: Mapping[str, Callable[[Study], Any]] = {}  # further arguments of `numbers`
    of: Mapping[str, str] = {}  # beside `shows`, where it is not the noise type and the method

    def labels(self) -> dict[str, str]:
        """Return what the report says of the figure; names in braces are of its path."""
        names = {key: f"{{{key}}}" for key in ("noise", "method")}
        of = {key: name if name in self.path else "all" for key, name in names.items()}
        return {"what": self.shows, **(self.of or of)}


# ---- what a figure needs of a study; rules ask some of these too -------------------------------


def theory(study: Study, names: Names) -> str:
    """Need a method whose test loss the theory predicts."""
    method = names["method"]
    loss, matrix = (study.config["methods"][method][key] for key in ("loss", "matrix"))
    return _unless(
        study.has_theory(method),
        f"methods.{method} has loss {loss!r} and matrix {matrix!r}",
        "loss 'label_smoothing' or 'forward_correction' with matrix 'p', which the theory predicts",
    )


def clean_labels(study: Study, names: Names) -> str:
    """Need labels whose clean rate is known: they are clean but for the noise of the study."""
    dataset = names["dataset"]
    return _unless(
        not study.labels_given(dataset),
        f"datasets.{dataset}.labels is 'given'",
        "'clean', as the clean rate is unknown",
    )


def uniform_noise(study: Study, names: Names) -> str:
    """Need uniform label noise, for which the number of labels k is defined."""
    return _unless(
        bool(_uniform(study)),
        f"transitions is {_list(_transitions(study))}",
        "one of kind 'uniform' in noise_types",
    ) or _unless(
        float(study.clean_rates[0]) < 1, f"clean_rates is {_list(study.clean_rates)}", "one below 1"
    )


def own_labels(study: Study, names: Names) -> str:
    """Need test labels that no other assumption scores: gamma's accuracy is alpha's."""
    noise = names["noise"]
    return _unless(
        study.assumption_of(noise) != "gamma",
        f"noise_types.{noise}.assumption is 'gamma'",
        "'alpha' or 'beta' (gamma's accuracy is alpha's)",
    )


def matrix_and_mean_field(study: Study, names: Names) -> str:
    """Need the best matrix and the best single p under the assumption of some noise type."""
    matrices = {entry["matrix"] for entry in _methods(study).values()}
    pairs = (
        {f"{study.assumption_of(noise)}_{kind}" for kind in ("optimal", "mean_field")}
        for noise in _noise_types(study)
    )
    return _unless(
        any(pair <= matrices for pair in pairs),
        f"methods is {_list(_methods(study))}",
        "matrix 'alpha_optimal' and 'alpha_mean_field', or beta's, beside a noise type of this "
        "assumption",
    )


def clean_rates(count: int) -> Need:
    """Need so many clean rates."""
    return lambda study, names: _count("clean_rates", study.clean_rates, count)


def methods(count: int) -> Need:
    """Need so many methods."""
    return lambda study, names: _count("methods", _methods(study), count)


def smoothing(count: int) -> Need:
    """Need so many smoothing parameters, and a method that depends on them."""
    return lambda study, names: _over_p(study, names) or _count("smoothing", study.smoothing, count)


def smoothing_with(*values: float, at_least: int | None = None) -> Need:
    """Need these smoothing parameters, all or at least so many of them."""
    wanted = [canonical(value) for value in values]
    some = "" if at_least is None else f"at least {at_least} of "
    return lambda study, names: (
        _over_p(study, names)
        or _unless(
            len(set(wanted) & set(study.smoothing)) >= (at_least or len(wanted)),
            f"smoothing is {_list(study.smoothing)}",
            f"{some}{_list(wanted)}",
        )
    )


def _over_p(study, names):
    method = names["method"]
    matrix = study.config["methods"][method]["matrix"]
    return _unless(
        study.depends_on_p(method),
        f"methods.{method}.matrix is {matrix!r}",
        "'p', which gives it cells over p",
    )


def _count(key, values, count):
    return _unless(len(values) >= count, f"{key} is {_list(values)}", f"{count} or more")


def _unless(met, found, needed):
    return "" if met else f"{found}; needed: {needed}"


def _list(values):
    return ", ".join(values)


# ---- which files a figure reads ----------------------------------------------------------------


def over(**values: Callable[[Study], Iterable[str]]) -> Files:
    """Read one file for each combination of these values, beside the names of the figure."""

    def files(study: Study, names: Names) -> list[Names]:
        rows = itertools.product(*(choose(study) for choose in values.values()))
        return [{**names, **dict(zip(values, row, strict=True))} for row in rows]

    return files


_rates, _drawn = attrgetter("clean_rates"), attrgetter("drawn_clean_rates")
_few = methodcaller("few_clean_rates")


def _few_noisy(study):
    few, rates = ([a for a in grid if float(a) < 1] for grid in (_few(study), study.clean_rates))
    return few or rates[:4]


def _noise_types(study):
    return study.config["noise_types"]


def _methods(study):
    return study.config["methods"]


def _transitions(study):
    return dict.fromkeys(map(study.transition_of, _noise_types(study)))


def _uniform(study):
    """Return the first transition that moves labels to all classes alike: others are its equals."""
    kinds = study.config["transitions"]
    return [name for name in _transitions(study) if kinds[name]["kind"] == "uniform"][:1]


def _one_uniform_noise_type(study):
    uniform = _uniform(study)
    return [noise for noise in _noise_types(study) if study.transition_of(noise) in uniform][:1]


def _matrix_methods(study):
    """Return the matrix of each method that smooths with one."""
    entries = _methods(study).items()
    return {name: one["matrix"] for name, one in entries if one["loss"] == "matrix_smoothing"}


def _votes(study, names):
    """Read the fits of the vote theory, where there is one and a known clean rate allows them."""
    return [] if theory(study, names) or clean_labels(study, names) else [names]


_all_noise_types = over(a=_rates, noise=_noise_types)

# ---- the figures -------------------------------------------------------------------------------

_BEST = "Which p is best?"
_ACCURACY = "Loss or accuracy?"
_LOSS = "Does the loss follow the theory?"
_VOTES = "How many labels does a network draw on?"
_LEARNT = "What has the network learnt?"
_METHOD = "Which method?"
_THEORY = "The theory alone"
_VERDICTS = "The verdicts"
_MENU = (_VERDICTS, _BEST, _ACCURACY, _LOSS, _VOTES, _LEARNT, _METHOD, _THEORY)

FIGURES = {
    "loss_landscapes": Figure(
        "{dataset}/{method}/loss_landscapes",
        _LOSS,
        "test loss over a and p",
        {"tables": _all_noise_types, "votes": _votes},
        (theory, clean_labels, clean_rates(2), smoothing(2)),
    ),
    "loss_over_p": Figure(
        "{dataset}/{method}/loss_over_p_{noise}",
        _LOSS,
        "test loss over p",
        {"tables": over(a=_drawn), "votes": _votes},
        (theory,),
    ),
    "measured_against_predicted": Figure(
        "{dataset}/{method}/measured_against_predicted",
        _LOSS,
        "measured against predicted loss",
        {"tables": _all_noise_types, "votes": _votes},
        (theory, clean_labels),
    ),
    "optimum_over_a": Figure(
        "{dataset}/{method}/optimum_over_a",
        _BEST,
        "best p over a",
        {"fits": over(noise=_noise_types), "tables": _all_noise_types, "votes": _votes},
        (theory,),
    ),
    "loss_and_accuracy": Figure(
        "{dataset}/{method}/loss_and_accuracy_{noise}",
        _ACCURACY,
        "loss and accuracy over a and p",
        {"tables": over(a=_rates), "votes": _votes},
        (own_labels, clean_rates(2), smoothing(2)),
    ),
    "error": Figure(
        "{dataset}/{method}/error_{noise}",
        _ACCURACY,
        "test error and its minima",
        {"tables": over(a=_rates), "votes": _votes},
        (own_labels, clean_rates(2), smoothing(3)),
        settings={"drawn": lambda study: list(map(float, _few(study)))},
    ),
    "weak_smoothing": Figure(
        "{dataset}/{method}/weak_smoothing_{noise}",
        _ACCURACY,
        "accuracy gained over a",
        {"tables": over(a=_rates)},
        (theory, own_labels, smoothing_with(1.0), smoothing_with(0.95, 0.9, at_least=1)),
    ),
    "calibration": Figure(
        "{dataset}/{method}/calibration_{noise}",
        _LEARNT,
        "confidence over p",
        {"tables": over(a=_drawn)},
        (theory, own_labels),
    ),
    "votes": Figure(
        "{dataset}/{method}/votes",
        _VOTES,
        "the share of the true class in the outputs",
        {
            "shares": over(transition=_uniform, a=_few_noisy),
            "votes": _votes,
            "tables": over(a=_few_noisy, noise=_one_uniform_noise_type),
        },
        (theory, clean_labels, uniform_noise),
    ),
    "methods": Figure(
        "{dataset}/methods_{noise}",
        _METHOD,
        "loss and accuracy over p",
        {"tables": over(a=_few, method=_methods)},
        (own_labels, methods(2)),
        settings={"over_p": lambda study: list(filter(study.depends_on_p, _methods(study)))},
    ),
    "matrix_or_mean_field": Figure(
        "{dataset}/matrix_or_mean_field",
        _METHOD,
        "best matrix and best single p",
        {"tables": over(a=_rates, noise=_noise_types, method=_matrix_methods)},
        (clean_labels, matrix_and_mean_field),
        settings={"matrices": _matrix_methods},
    ),
    "landscapes": Figure(
        "theory/landscapes", _THEORY, "loss over a and p", of={"noise": "all", "classes": "2"}
    ),
    "optimum_two_classes": Figure(
        "theory/optimum_two_classes", _THEORY, "best p over a", of={"noise": "all", "classes": "2"}
    ),
    "optimum_over_classes": Figure(
        "theory/optimum_over_classes",
        _THEORY,
        "best p over a",
        of={"noise": "alpha and beta", "classes": "2 to infinity"},
    ),
    "gamma_optimum": Figure(
        "theory/gamma_optimum",
        _THEORY,
        "best p over a",
        of={"noise": "gamma", "classes": "2 to 1000"},
    ),
    "optimum_over_votes": Figure(
        "theory/optimum_over_votes",
        _THEORY,
        "best p of networks of k labels",
        of={"noise": "alpha", "classes": "2 and 10"},
    ),
}


def why_not(study: Study, figure: str, names: Names) -> str:
    """
    Return why a study does not offer a figure, or "" if it does.

    It is the config key, its value and what is needed; of several reasons the first. `names` are
    the dataset, noise and method of the figure's path; other keys are ignored.
    """
    sections = {"dataset": "datasets", "noise": "noise_types", "method": "methods"}
    for key, section in sections.items():
        if key in names and names[key] not in study.config[section]:
            return f"{section} is {_list(study.config[section])}; needed: {names[key]}"
    return first_problem(FIGURES[figure].needs, study, names)


def first_problem(needs: Iterable[Need], study: Study, names: Names) -> str:
    """Return what the first need that is not met says, or ""."""
    return next(filter(None, (need(study, names) for need in needs)), "")


def offered(study: Study) -> list[str]:
    """Return the paths of all figures that a study offers, below results/figures, no ending."""
    return sorted({entry.path.format(**names) for entry, names in _offered(study)})


def in_menu(study: Study, question: str) -> str:
    """
    Return what the report's menu calls a question.

    The menu sorts by name, so those that the study can answer have their place in front.
    """
    asked = {_VERDICTS, *(entry.question for entry, _ in _offered(study))}
    menu = [one for one in _MENU if one in asked]
    return f"{menu.index(question) + 1}. {question}" if question in menu else question


def _offered(study):
    for dataset, noise, method in study.slices():
        names = {"dataset": dataset, "noise": noise, "method": method}
        for figure, entry in FIGURES.items():
            if not why_not(study, figure, names):
                yield entry, names
