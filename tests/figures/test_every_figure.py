"""What holds for every figure of the registry: its files, its numbers, its style, its title."""

import copy
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from importlib import import_module

import matplotlib
import pandas as pd
import pytest
from samples import CONFIG, ROOT, SCHEMA, cells, clean_rate_estimates
from vote_studies import interpolators_table, shares_table, votes_table

from label_smoothing.analysis.comparison import compare_with_theory
from label_smoothing.figures.kit import write_figure
from label_smoothing.study.grid import Study
from label_smoothing.study.offered import FIGURES

SCRIPTS = ROOT / "workflow/scripts"
# Of the figures alone; a noise type and a method as in the paths.
NAMES = {"dataset": "d", "noise": "alpha", "method": "label_smoothing"}
OWN_STYLE = {
    "font.size": 25,
    "font.family": "monospace",
    "axes.facecolor": "red",
    "axes.grid.axis": "y",
    "axes.titlesize": 30,
    "image.cmap": "magma",
    "lines.linestyle": "--",
    "savefig.facecolor": "blue",
    "svg.fonttype": "none",
    "svg.hashsalt": "mine",
}
# A formula that is none, what XML and comments in it end at, and what no file can hold.
TITLE = "$\\frac$ & <b>'q\"</b> ]]> -->\n.. include:: /etc/passwd\a\ud800"


@pytest.fixture(scope="module")
def tables():
    """Return cells of all noise types and of a second method, with every score."""
    table = pd.concat(
        [cells(noise, a, noise=0.02) for a in (0.6, 1.0) for noise in ("alpha", "beta", "gamma")],
        ignore_index=True,
    )
    table = table.assign(
        oracle_stop_accuracy=table["test_accuracy"],
        confidence_right=table["p"],
        confidence_wrong=table["p"] / 2,
        calibration_error=abs(table["p"] - table["a"]),
        uncorrected_test_loss=table["test_loss"],
        uncorrected_test_accuracy=table["test_accuracy"],
    )
    weak = table[table["p"] == 0.9].assign(p=0.95)
    table = pd.concat([table, weak], ignore_index=True)
    forward = table.assign(method="forward", uncorrected_test_loss=table["test_loss"] + 1)
    return pd.concat([table, forward], ignore_index=True)


def numbers_of(name, tables):
    """Return a figure's numbers from the rows that it asks for."""
    methods = {method: {"loss": "label_smoothing"} for method in ("label_smoothing", "forward")}
    study = Study({**copy.deepcopy(CONFIG), "clean_rates": [0.6, 1], "methods": methods}, SCHEMA)
    made = {
        "votes": votes_table,
        "shares": shares_table,
        "interpolators": interpolators_table,
        "estimates": clean_rate_estimates,
    }
    inputs = {}
    for kind, files in FIGURES[name].inputs.items():
        if kind in made:
            inputs[kind] = made[kind]()
            continue
        parts = []
        for file in files(study, NAMES):
            rows = tables[(tables["noise"] == file["noise"]) & (tables["method"] == file["method"])]
            of_kind = (
                compare_with_theory(rows) if kind == "fits" else rows[rows["a"] == float(file["a"])]
            )
            parts.append(of_kind)
        inputs[kind] = pd.concat(parts)
    settings = {key: value(study) for key, value in FIGURES[name].settings.items()}
    return import_module(f"label_smoothing.figures.{name}").numbers(**inputs, **settings)


def write(name, numbers, folder, study="a study"):
    """Draw and write a figure; return the paths of its SVG and its CSV."""
    title = {"study": study} if FIGURES[name].inputs else {}
    figure = import_module(f"label_smoothing.figures.{name}").draw(numbers, **title)
    paths = folder / "figure.svg", folder / "figure.csv"
    write_figure(figure, numbers, *paths)
    return paths


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_complete(name):
    assert (ROOT / f"workflow/report/{name}.rst").is_file()
    documents = [(ROOT / f"docs/{page}.md").read_text() for page in ("results", "theory")]
    path = FIGURES[name].path.removeprefix("{dataset}/").removeprefix("theory/")
    assert any(f"| `{path}` |" in text for text in documents)


@pytest.mark.parametrize("name", FIGURES)
def test_equal_numbers_and_titles_give_equal_files_whatever_the_style(name, tables, tmp_path):
    numbers = numbers_of(name, tables)
    svg, csv = write(name, numbers, tmp_path, TITLE)
    written = svg.read_bytes(), csv.read_bytes()
    assert ElementTree.parse(svg).getroot().tag == "{http://www.w3.org/2000/svg}svg"
    read = pd.read_csv(csv)
    assert list(read) == list(numbers)
    assert len(read) == len(numbers) > 0
    with matplotlib.rc_context(OWN_STYLE):
        write(name, numbers, tmp_path, TITLE)
        assert matplotlib.rcParams["font.size"] == 25
    assert (svg.read_bytes(), csv.read_bytes()) == written


def test_a_matplotlibrc_in_the_folder_changes_nothing(tmp_path):
    write("landscapes", import_module("label_smoothing.figures.landscapes").numbers(), tmp_path)
    expected = (tmp_path / "figure.svg").read_bytes()
    own = {**OWN_STYLE, "backend": "pdf", "image.lut": 16, "axes.facecolor": "FF0000"}
    (tmp_path / "matplotlibrc").write_text("".join(f"{k}: {v}\n" for k, v in own.items()))
    program = (
        "import matplotlib; assert matplotlib.rcParams['font.size'] == 25; "
        "from label_smoothing.figures import kit, landscapes as m; n = m.numbers(); "
        "kit.write_figure(m.draw(n), n, 'figure.svg', 'figure.csv')"
    )
    environment = {"PYTHONPATH": str(SCRIPTS), "HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env=environment, check=True)
    assert (tmp_path / "figure.svg").read_bytes() == expected
