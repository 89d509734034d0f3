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
    """
    A figure: an SVG, and a CSV of every number in it.

    Attributes
    ----------
    path : str
        Below results/figures, without the ending.
    question : str
        That it answers, in the menu of the report.
    shows : str
        In few words, behind the question.
    inputs : mapping of str to Files
        What it reads, by kind, see FILES in workflow/rules/figures.smk. `numbers` of its module
        takes each kind as an argument of that name: of those that are tables the rows, of
        others the paths. A figure that reads nothing is of the theory alone, and has no title of a
        study.
    needs : tuple of Need
        Without which there is no such figure.
    settings : mapping of str to function of a Study
        Further arguments of `numbers`.
    of : mapping of str to str
        What stands beside `shows` in the report, where it is not the noise type and the method.
    """

    path: str
    question: str
    shows: str
    inputs: Mapping[str, Files] = {}
    needs: tuple[Need, ...] = ()
    settings: Mapping[str, Callable[[Study], Any]] = {}
    of: Mapping[str, str] = {}

    def labels(self) -> dict[str, str]:
        """Return what the report says of the figure; names in braces are of its path."""
        names = {key: f"{{{key}}}" for key in ("noise", "method")}
        of = {key: name if name in self.path else "all" for key, name in names.items()}
        return {"what": self.shows, **(self.of or of)}


def over(**values: Callable[[Study], Iterable[str]]) -> Files:
    """Read one file for each combination of these values, beside the names of the figure."""

    def files(study: Study, names: Names) -> list[Names]:
        columns = [choose(study) for choose in values.values()]
        return [
            {**names, **dict(zip(values, row, strict=True))} for row in itertools.product(*columns)
        ]

    return files


def theory(study: Study, names: Names) -> str:
    """Need a method whose test loss the theory predicts."""
    method = names["method"]
    if study.has_theory(method):
        return ""
    entry = study.config["methods"][method]
    return (
        f"methods.{method} has loss {entry['loss']!r} and matrix {entry['matrix']!r}; needed: loss "
        "'label_smoothing' or 'forward_correction' with matrix 'p', which the theory predicts"
    )


def clean_labels(study: Study, names: Names) -> str:
    """Need labels whose clean rate is known: they are clean but for the noise of the study."""
    dataset = names["dataset"]
    if not study.labels_given(dataset):
        return ""
    return f"datasets.{dataset}.labels is 'given'; needed: 'clean', as the clean rate is unknown"


def uniform_noise(study: Study, names: Names) -> str:
    """Need uniform label noise, for which the number of labels k is defined."""
    if not _uniform(study):
        names_of = _list(_transitions(study))
        return f"transitions is {names_of}; needed: one of kind 'uniform' in noise_types"
    if float(study.clean_rates[0]) < 1:
        return ""
    return f"clean_rates is {_list(study.clean_rates)}; needed: one below 1"


def own_labels(study: Study, names: Names) -> str:
    """Need test labels that no other assumption scores: gamma's accuracy is alpha's."""
    noise = names["noise"]
    if study.assumption_of(noise) != "gamma":
        return ""
    return (
        f"noise_types.{noise}.assumption is 'gamma'; needed: 'alpha' or 'beta' (gamma's accuracy "
        "is alpha's)"
    )


def corrupted_test(study: Study, names: Names) -> str:
    """Need test labels that are as noisy as those of the training."""
    noise = names["noise"]
    assumption = study.assumption_of(noise)
    if assumption == "beta":
        return ""
    return f"noise_types.{noise}.assumption is {assumption!r}; needed: 'beta'"


def uniform_transition(study: Study, names: Names) -> str:
    """Need noise that moves a label to all other classes alike."""
    transition = study.transition_of(names["noise"])
    kind = study.config["transitions"][transition]["kind"]
    return (
        "" if kind == "uniform" else f"transitions.{transition}.kind is {kind!r}; needed: 'uniform'"
    )


def matrix_and_mean_field(study: Study, names: Names) -> str:
    """Need the best matrix and the best single p under the assumption of some noise type."""
    assumptions = {study.assumption_of(noise) for noise in _noise_types(study)}
    matrices = {entry["matrix"] for entry in _methods(study).values()}
    for assumption in assumptions:
        if {f"{assumption}_optimal", f"{assumption}_mean_field"} <= matrices:
            return ""
    return (
        f"methods is {_list(_methods(study))}; needed: matrix 'alpha_optimal' and "
        "'alpha_mean_field', or beta's, beside a noise type of this assumption"
    )


# What an estimate of the clean rate needs.
ESTIMABLE = (theory, corrupted_test, uniform_transition)


def clean_rates(count: int) -> Need:
    """Need so many clean rates."""
    return lambda study, names: _count("clean_rates", study.clean_rates, count)


def smoothing(count: int) -> Need:
    """Need so many smoothing parameters, and a method that depends on them."""

    def need(study: Study, names: Names) -> str:
        return _over_p(study, names) or _count("smoothing", study.smoothing, count)

    return need


def smoothing_with(*values: float, at_least: int | None = None) -> Need:
    """Need these smoothing parameters, all or at least so many of them."""
    wanted = [canonical(value) for value in values]
    least = len(wanted) if at_least is None else at_least

    def need(study: Study, names: Names) -> str:
        if problem := _over_p(study, names):
            return problem
        if len(set(wanted) & set(study.smoothing)) >= least:
            return ""
        some = "" if least == len(wanted) else f"at least {least} of "
        return f"smoothing is {_list(study.smoothing)}; needed: {some}{_list(wanted)}"

    return need


def smoothing_below_one(study: Study, names: Names) -> str:
    """Need a smoothing parameter below 1."""
    if float(study.smoothing[0]) < 1:
        return ""
    return f"smoothing is {_list(study.smoothing)}; needed: one below 1"


def methods(count: int) -> Need:
    """Need so many methods."""
    return lambda study, names: _count("methods", study.config["methods"], count)


def several_networks(study: Study, names: Names) -> str:
    """Need data sets of clean labels and methods with a theory that make two pairs or more."""
    datasets, with_theory = _clean_datasets(study), _with_theory(study)
    if len(datasets) * len(with_theory) > 1:
        return ""
    return (
        f"datasets with clean labels are {_list(datasets) or 'none'}, methods with a theory are "
        f"{_list(with_theory) or 'none'}; needed: two of either, and one of the other"
    )


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


_rates, _drawn = attrgetter("clean_rates"), attrgetter("drawn_clean_rates")
_smoothing, _seeds = attrgetter("smoothing"), attrgetter("seeds")
_few = methodcaller("few_clean_rates")


def _few_noisy(study):
    few, rates = ([a for a in grid if float(a) < 1] for grid in (_few(study), study.clean_rates))
    return few or rates[:4]


def _uniform(study):
    """Return the first transition that moves labels to all classes alike: others are its equals."""
    kinds = {name: study.config["transitions"][name]["kind"] for name in _transitions(study)}
    return [name for name, kind in kinds.items() if kind == "uniform"][:1]


def _transitions(study):
    return dict.fromkeys(map(study.transition_of, _noise_types(study)))


def _noise_types(study):
    return study.config["noise_types"]


def _uniform_noise_types(study):
    return [noise for noise in _noise_types(study) if study.transition_of(noise) in _uniform(study)]


def _one_uniform_noise_type(study):
    return _uniform_noise_types(study)[:1]


def _clean_datasets(study):
    return [name for name in study.config["datasets"] if not study.labels_given(name)]


def _with_theory(study):
    return list(filter(study.has_theory, _methods(study)))


def _methods(study):
    return study.config["methods"]


def _votes(study, names):
    """Read the fits of the vote theory, where there is one and a known clean rate allows them."""
    given, has_theory = study.labels_given(names["dataset"]), study.has_theory(names["method"])
    return [names] if has_theory and not given else []


def _smoothed_with_matrix(study):
    return [name for name, entry in _methods(study).items() if entry["loss"] == "matrix_smoothing"]


def _over_p_alone(study):
    return list(filter(study.depends_on_p, _methods(study)))


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
        {"tables": over(a=_rates, noise=_noise_types), "votes": _votes},
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
        {"tables": over(a=_rates, noise=_noise_types), "votes": _votes},
        (theory, clean_labels),
    ),
    "optimum_over_a": Figure(
        "{dataset}/{method}/optimum_over_a",
        _BEST,
        "best p over a",
        {
            "fits": over(noise=_noise_types),
            "tables": over(a=_rates, noise=_noise_types),
            "votes": _votes,
        },
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
    "effective_clean_rate": Figure(
        "{dataset}/{method}/effective_clean_rate",
        _LEARNT,
        "effective match probability over a",
        {"fits": over(noise=_noise_types), "votes": _votes},
        (theory, smoothing(2)),
    ),
    "clean_rate": Figure(
        "{dataset}/{method}/clean_rate_{noise}",
        _LEARNT,
        "clean rate from corrupted labels",
        {"estimates": over(a=_rates)},
        ESTIMABLE,
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
    "votes_over_a_and_p": Figure(
        "{dataset}/{method}/votes_over_a_and_p",
        _VOTES,
        "k over a and p",
        {"tables": over(a=_few_noisy, noise=_uniform_noise_types), "votes": _votes},
        (theory, clean_labels, uniform_noise),
    ),
    "votes_over_epochs": Figure(
        "{dataset}/{method}/votes_over_epochs",
        _VOTES,
        "k over the epochs of the training",
        {
            "tables": over(a=_few_noisy, noise=_one_uniform_noise_type),
            "history": over(transition=_uniform, a=_few_noisy, p=_smoothing, seed=_seeds),
        },
        (theory, clean_labels, uniform_noise, smoothing_below_one),
        settings={
            "clean_rates": lambda study: list(map(float, _few_noisy(study))),
            "smoothing": lambda study: list(map(float, study.smoothing)),
            "seeds": lambda study: list(map(int, study.seeds)),
        },
    ),
    "votes_of_networks": Figure(
        "votes_of_networks",
        _VOTES,
        "k of all networks",
        {"votes": over(dataset=_clean_datasets, method=_with_theory)},
        (uniform_noise, several_networks),
        settings={"drawn": lambda study: list(map(float, _few_noisy(study)))},
    ),
    "interpolators": Figure(
        "{dataset}/{method}/interpolators",
        _VOTES,
        "k computed and measured, of kernels",
        {"interpolators": over(), "votes": _votes},
        (theory, clean_labels, uniform_noise),
        settings={"drawn": lambda study: list(map(float, _few_noisy(study)))},
    ),
    "methods": Figure(
        "{dataset}/methods_{noise}",
        _METHOD,
        "loss and accuracy over p",
        {"tables": over(a=_few, method=_methods)},
        (own_labels, methods(2)),
        settings={"over_p": _over_p_alone},
    ),
    "matrix_or_mean_field": Figure(
        "{dataset}/matrix_or_mean_field",
        _METHOD,
        "best matrix and best single p",
        {"tables": over(a=_rates, noise=_noise_types, method=_smoothed_with_matrix)},
        (clean_labels, matrix_and_mean_field),
        settings={
            "matrices": lambda study: {
                name: study.config["methods"][name]["matrix"]
                for name in _smoothed_with_matrix(study)
            }
        },
    ),
    "landscapes": Figure(
        "theory/landscapes",
        _THEORY,
        "loss over a and p",
        of={"noise": "all", "classes": "2"},
    ),
    "optimum_two_classes": Figure(
        "theory/optimum_two_classes",
        _THEORY,
        "best p over a",
        of={"noise": "all", "classes": "2"},
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
