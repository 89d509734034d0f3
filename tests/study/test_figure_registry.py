"""A figure is offered where the study has what it shows; elsewhere the reason names the key."""

import copy

import pytest
from samples import CONFIG

from label_smoothing.study import figure_registry as registry
from label_smoothing.study.figure_registry import FIGURES, in_menu, offered, why_not
from label_smoothing.study.grid import Study

NAMES = {"dataset": "digits", "noise": "alpha", "method": "label_smoothing"}


def study(**changes):
    return Study({**copy.deepcopy(CONFIG), **changes})


def missing(need, names=NAMES, **changes):
    return need(study(**changes), names)


def test_the_default_study_offers_every_figure():
    paths = offered(study())
    for name, figure in FIGURES.items():
        if name not in ("methods", "matrix_or_mean_field"):
            # of which the default study has one
            assert figure.path.format(**NAMES) in paths


def test_the_menu_has_the_questions_that_a_study_answers_in_their_order():
    default = [in_menu(study(), figure.question) for figure in FIGURES.values()]
    # The default study has one method.
    assert set(default) - {"Which method?"} == {
        "2. Which p is best?",
        "3. Loss or accuracy?",
        "4. Does the loss follow the theory?",
        "5. How many labels does a network draw on?",
        "6. What has the network learnt?",
        "7. The theory alone",
    }
    assert in_menu(study(), "The verdicts") == "1. The verdicts"
    logit = study(methods={"logit": {"loss": "logit_smoothing"}})
    assert in_menu(logit, "The theory alone") == "3. The theory alone"


def test_of_given_labels_is_offered_what_needs_no_clean_rate():
    digits = {**CONFIG["datasets"]["digits"], "labels": "given"}
    types = {"beta": CONFIG["noise_types"]["beta"]}
    given = study(datasets={"digits": digits}, noise_types=types)
    names = {**NAMES, "noise": "beta"}
    reason = "datasets.digits.labels is 'given'; needed: 'clean', as the clean rate is unknown"
    refused = [name for name in FIGURES if why_not(given, name, names) == reason]
    assert refused == [
        "loss_landscapes",
        "measured_against_predicted",
        "votes",
        "matrix_or_mean_field",
    ]
    for name in ("loss_over_p", "optimum_over_a"):
        assert not why_not(given, name, names)
        assert FIGURES[name].inputs.get("votes", lambda *names: [])(given, names) == []
    assert FIGURES["loss_over_p"].inputs["votes"](study(), NAMES) == [NAMES]


def test_the_report_says_of_which_noise_and_method_a_figure_is():
    assert FIGURES["error"].labels() == {
        "what": "test error and its minima",
        "noise": "{noise}",
        "method": "{method}",
    }
    assert FIGURES["methods"].labels()["method"] == "all"
    assert FIGURES["optimum_over_a"].labels()["noise"] == "all"
    theory = FIGURES["gamma_optimum"].labels()
    assert theory == {"what": "best p over a", "noise": "gamma", "classes": "2 to 1000"}


def test_a_figure_reads_the_files_of_its_own_names():
    several = study(clean_rates=[0.5, 0.7, 1], drawn_clean_rates=[0.7, 1])

    def read(figure, kind, *keys):
        files = FIGURES[figure].inputs[kind](several, NAMES)
        assert all(file.items() >= {"dataset": "digits"}.items() for file in files)
        return [tuple(file[key] for key in keys) for file in files]

    assert read("loss_over_p", "tables", "a", "noise") == [("0.7", "alpha"), ("1.0", "alpha")]
    assert read("error", "tables", "a") == [("0.5",), ("0.7",), ("1.0",)]
    assert read("optimum_over_a", "fits", "noise") == [("alpha",), ("beta",), ("gamma",)]
    assert len(read("optimum_over_a", "tables", "a", "noise")) == 9
    assert read("methods", "tables", "a", "method") == [
        ("0.7", "label_smoothing"),
        ("1.0", "label_smoothing"),
    ]
    assert FIGURES["error"].settings["drawn"](several) == [0.7, 1.0]


@pytest.mark.parametrize("figure", FIGURES)
def test_a_figure_is_refused_exactly_where_it_is_not_offered(figure):
    methods = {
        "label_smoothing": {"loss": "label_smoothing"},
        "logit": {"loss": "logit_smoothing"},
        "true": {"loss": "backward_correction", "matrix": "transition"},
    }
    several = study(methods=methods)
    paths = offered(several)
    for dataset, noise, method in several.slices():
        names = {"dataset": dataset, "noise": noise, "method": method}
        path = FIGURES[figure].path
        refused = why_not(several, figure, names)
        assert (path.format(**names) in paths) == (not refused), names
        assert not refused or "; needed: " in refused


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("dataset", "mnist", "datasets is digits; needed: mnist"),
        ("noise", "delta", "noise_types is alpha, beta, gamma; needed: delta"),
        ("method", "forward", "methods is label_smoothing; needed: forward"),
    ],
)
def test_a_name_that_the_study_lacks_is_the_reason(key, value, message):
    assert why_not(study(), "loss_over_p", {**NAMES, key: value}) == message


def test_theory_needs_a_method_that_it_predicts():
    methods = {"forward": {"loss": "forward_correction"}, "logit": {"loss": "logit_smoothing"}}
    names = {**NAMES, "method": "forward"}
    assert not missing(registry.theory, names, methods=methods)
    names = {**NAMES, "method": "logit"}
    reason = missing(registry.theory, names, methods=methods)
    assert reason.startswith("methods.logit has loss 'logit_smoothing' and matrix 'p'; needed:")


def test_counts():
    two = {"clean_rates": [0.5, 1], "smoothing": [0.5, 1]}
    for need, key in (
        (registry.clean_rates, "clean_rates"),
        (registry.smoothing, "smoothing"),
    ):
        assert not missing(need(2), **two)
        assert missing(need(3), **two) == f"{key} is 0.5, 1.0; needed: 3 or more"
    assert missing(registry.methods(2)) == "methods is label_smoothing; needed: 2 or more"


def test_certain_smoothing_parameters():
    need = registry.smoothing_with
    assert not missing(need(0.9, 1), smoothing=[0.5, 0.9, 1])
    reason = missing(need(0.9, 1), smoothing=[0.5, 0.9])
    assert reason == "smoothing is 0.5, 0.9; needed: 0.9, 1.0"
    either = need(0.95, 0.9, at_least=1)
    assert not missing(either, smoothing=[0.5, 0.9])
    reason = missing(either, smoothing=[0.5])
    assert reason == "smoothing is 0.5; needed: at least 1 of 0.95, 0.9"


def test_a_method_without_p_has_no_figure_over_p():
    names = {**NAMES, "method": "true"}
    methods = {"true": {"loss": "backward_correction", "matrix": "transition"}}
    for need in (registry.smoothing(1), registry.smoothing_with(1)):
        reason = missing(need, names, methods=methods)
        assert (
            reason
            == "methods.true.matrix is 'transition'; needed: 'p', which gives it cells over p"
        )


@pytest.mark.parametrize(
    ("matrices", "offers"),
    [
        (["alpha_optimal", "alpha_mean_field"], True),
        (["beta_optimal", "beta_mean_field"], False),
        (["alpha_optimal", "beta_mean_field"], False),
    ],
)
def test_matrix_and_mean_field_are_of_one_assumption_that_a_noise_type_has(matrices, offers):
    methods = {name: {"loss": "matrix_smoothing", "matrix": name} for name in matrices}
    noise = {"alpha": {"assumption": "alpha", "transition": "uniform"}}
    changed = study(methods=methods, noise_types=noise)
    assert ("digits/matrix_or_mean_field" in offered(changed)) == offers
    names = {"dataset": "digits"}
    reason = why_not(changed, "matrix_or_mean_field", names)
    assert (reason == "") == offers
    assert offers or reason.startswith(f"methods is {', '.join(matrices)}; needed: matrix 'alpha_")
    files = FIGURES["matrix_or_mean_field"].inputs["tables"](changed, names)
    assert {file["method"] for file in files} == set(matrices)


@pytest.mark.parametrize(
    ("smoothing", "reason"),
    [
        ([0.9, 1], ""),
        ([0.95, 1], ""),
        ([0.9, 0.95], "smoothing is 0.9, 0.95; needed: 1.0"),
        ([0.8, 1], "smoothing is 0.8, 1.0; needed: at least 1 of 0.95, 0.9"),
    ],
)
def test_weak_smoothing_is_compared_with_none(smoothing, reason):
    assert why_not(study(smoothing=smoothing), "weak_smoothing", NAMES) == reason
