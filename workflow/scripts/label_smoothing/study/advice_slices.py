"""Which networks of a study its advice is made of."""

from typing import NamedTuple

from label_smoothing.study.errors import ConfigError
from label_smoothing.study.grid import Study


class Slice(NamedTuple):
    """Networks of one method, in the spelling of their paths."""

    transition: str
    method: str
    a: str
    p: tuple[str, ...]


def slices_of_advice(study: Study, dataset: str) -> dict[str, Slice]:
    """
    Return what advice on a data set of a study is made of, by kind.

    "plain" is label smoothing on the labels as given; "forward" forward correction, if the study
    has it. Raise ConfigError if the study lacks what there is no advice without; the message names
    key, value and need.
    """
    config = study.config
    labels = config["datasets"][dataset].get("labels", "clean")
    if labels != "given":
        raise ConfigError(f"datasets.{dataset}.labels is {labels!r}; needed: 'given'")
    transitions = [
        study.transition_of(noise)
        for noise in config["noise_types"]
        if study.assumption_of(noise) == "beta"
        and config["transitions"][study.transition_of(noise)]["kind"] == "uniform"
    ]
    _need(
        transitions,
        ("noise_types", config["noise_types"]),
        "one with the assumption 'beta' and a transition of kind 'uniform'",
    )
    as_given = study.clean_rates[-1]
    _need(float(as_given) == 1, ("clean_rates", study.clean_rates), "1.0, the labels as given")
    smoothing, forward = (
        [name for name in config["methods"] if _is_plain(study, name, loss)]
        for loss in ("label_smoothing", "forward_correction")
    )
    methods = ("methods", config["methods"])
    _need(smoothing, methods, "one with the loss 'label_smoothing' and matrix 'p'")
    # Beyond p = 1 is another question. At p = 1 forward correction is label smoothing.
    p = tuple(value for value in study.smoothing if float(value) <= 1)
    below = tuple(value for value in p if float(value) < 1)
    _need(
        below and float(p[-1]) == 1,
        ("smoothing", study.smoothing),
        "1.0, no smoothing, and values below 1",
    )
    slices = {"plain": Slice(transitions[0], smoothing[0], as_given, p)}
    if forward:
        slices["forward"] = Slice(transitions[0], forward[0], as_given, below)
    elif folds := config["datasets"][dataset].get("folds"):
        raise ConfigError(
            f"methods is {', '.join(config['methods'])}; needed with datasets.{dataset}.folds "
            f"{folds}: one with the loss 'forward_correction' and matrix 'p'"
        )
    return slices


def _need(there, value, what):
    """Refuse a study that lacks something; value is a key with its entries."""
    if not there:
        raise ConfigError(f"{value[0]} is {', '.join(value[1])}; needed: {what}")


def slice_of_folds(study: Study, dataset: str) -> Slice:
    """
    Return the networks of each fold that the ranking of the training labels is made of.

    Raise ConfigError if the study lacks what there is no ranking without; see `slices_of_advice`.
    """
    slices = slices_of_advice(study, dataset)
    if not study.folds_of(dataset):
        raise ConfigError(f"datasets.{dataset}.folds is missing; needed: a number of folds")
    return slices["forward"]


def _is_plain(study, method, loss):
    entry = study.config["methods"][method]
    return entry["loss"] == loss and study.depends_on_p(method) and not entry["warm_up_epochs"]
