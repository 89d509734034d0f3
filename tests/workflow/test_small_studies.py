"""Every study that the schema accepts ends with its report, however little it holds."""

import copy
import os
import re

import pytest
import yaml
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from samples import CONFIG

from label_smoothing.study.data_checks import check_files
from label_smoothing.study.errors import ConfigError
from label_smoothing.study.figure_registry import FIGURES, offered, why_not
from label_smoothing.study.grid import Study

ONE = {"clean_rates": [1.0], "smoothing": [0.5], "seeds": [0]}


def grid(*values):
    return st.lists(st.sampled_from(values), min_size=1, max_size=3, unique=True)


METHODS = st.sampled_from(
    [
        {"loss": "label_smoothing"},
        {"loss": "forward_correction"},
        {"loss": "forward_correction", "matrix": "transition"},
        {"loss": "backward_correction", "matrix": "transition"},
        {"loss": "logit_smoothing"},
        {"loss": "matrix_smoothing", "matrix": "beta_mean_field"},
        {"loss": "generalised_cross_entropy", "matrix": "identity", "q": 0.7},
    ]
)
NAMES = st.sampled_from(["a", "b-c", "D.3", "e_f"])
GRIDS = st.fixed_dictionaries(
    {
        "clean_rates": grid(0.1, 0.5, 0.6, 1.0),
        "smoothing": grid(0.1, 0.5, 0.9, 0.95, 1.0, 1.2),
        "seeds": grid(0, 1, 2),
        "transitions": st.just({"even": {"kind": "uniform"}, "next": {"kind": "pair_flip"}}),
        "noise_types": st.dictionaries(
            NAMES,
            st.fixed_dictionaries(
                {
                    "assumption": st.sampled_from(["alpha", "beta", "gamma"]),
                    "transition": st.sampled_from(["even", "next"]),
                }
            ),
            min_size=1,
            max_size=3,
        ),
        "methods": st.dictionaries(NAMES, METHODS, min_size=1, max_size=3),
    },
    optional={
        "drawn_clean_rates": grid(0.5, 1.0),
        "datasets": st.just({"digits": {**CONFIG["datasets"]["digits"], "labels": "given"}}),
    },
)
# Examples are drawn anew each time, in one folder each.
EXAMPLES = {"deadline": None, "suppress_health_check": [HealthCheck.function_scoped_fixture]}


def accepted(config):
    """Return the study, or None if it is refused, as by the workflow."""
    try:
        study = Study(copy.deepcopy(config))
        check_files(study)
    except ConfigError:
        return None
    return study


@given(GRIDS)
@settings(max_examples=100, **EXAMPLES)
def test_what_a_study_offers_it_can_make(tiny_config, changes):
    study = accepted(tiny_config | changes)
    assume(study)
    cells, slices = list(study.cells()), list(study.slices())
    assert len(set(cells)) == len(cells)
    for cell in cells:
        study.check_names(cell._asdict())
        assert set(study.training_settings(cell.dataset, cell.method)) >= {"loss", "matrix"}
    trained = {(cell.dataset, cell.transition, cell.method) for cell in cells}
    assert trained == {(d, study.transition_of(noise), method) for d, noise, method in slices}
    assert set(study.few_clean_rates()) <= set(study.drawn_clean_rates) <= set(study.clean_rates)

    paths = offered(study)
    assert len(set(paths)) == len(paths)
    answers = {
        FIGURES[figure].path.format(**names): why_not(study, figure, names)
        for dataset, noise, method in slices
        for names in [{"dataset": dataset, "noise": noise, "method": method}]
        for figure in FIGURES
    }
    # Several noise types and methods may share a figure, for which one answer has to do.
    assert {path for path, reason in answers.items() if not reason} <= set(paths) <= set(answers)


@given(GRIDS)
@settings(max_examples=3, phases=[Phase.generate], **EXAMPLES)  # seconds each: no shrinking
def test_snakemake_plans_what_the_library_accepts(run, tmp_path, tiny_config, changes):
    config = tiny_config | changes
    folder = tmp_path / str(len(os.listdir(tmp_path)))
    folder.mkdir()
    (folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    status, output = run(folder, "--cores", "1", "--dry-run")
    study = accepted(config)
    if study is None:
        assert status != 0
        assert "; allowed" in output.splitlines()[-1] or "; not allowed" in output.splitlines()[-1]
        return
    assert status == 0, output
    planned = dict(re.findall(r"^(\w+) +(\d+)$", output, re.MULTILINE))
    assert int(planned["train"]) == len(list(study.cells()))
    drawn = [name for name in planned if name.removeprefix("draw_") in FIGURES]
    assert sum(int(planned[name]) for name in drawn) == len(offered(study))


STUDIES = {
    # What somebody with labels of an unknown clean rate would write.
    "no noise, of each assumption": ({**ONE}, ("alpha", "beta", "gamma"), {}),
    "no smoothing": ({**ONE, "clean_rates": [0.6], "smoothing": [1.0]}, ("beta",), {}),
    "no theory": (
        {**ONE, "clean_rates": [0.6]},
        ("alpha",),
        {"true": {"loss": "forward_correction", "matrix": "transition"}},
    ),
}


@pytest.mark.parametrize(("grid", "assumptions", "methods"), STUDIES.values(), ids=STUDIES)
def test_the_smallest_studies_end_with_their_report(
    finished, tiny_config, grid, assumptions, methods
):
    config = tiny_config | grid
    config["noise_types"] = {
        name: {"assumption": name, "transition": "uniform"} for name in assumptions
    }
    config["methods"] = methods or config["methods"]
    finished.configure(config)
    finished.run()
    finished.snakemake("--report", "report.html")
    assert (finished.path / "report.html").stat().st_size > 100_000
    assert finished.planned() == {}
