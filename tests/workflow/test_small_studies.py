"""Every study that the schema accepts ends with its report, however little it holds."""

import pytest
from conftest import Project

ONE = {"clean_rates": [1.0], "smoothing": [0.5], "seeds": [0]}
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
    tmp_path, tiny_config, grid, assumptions, methods
):
    config = tiny_config | grid
    config["noise_types"] = {
        name: {"assumption": name, "transition": "uniform"} for name in assumptions
    }
    config["methods"] = methods or config["methods"]
    project = Project.create(tmp_path / "project", config)
    project.run()
    project.snakemake("--report", "report.html")
    assert (project.path / "report.html").stat().st_size > 100_000
    assert project.planned() == {}
