"""What holds for every figure of the registry: its files, its numbers, its style, its title."""

import copy
import functools
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from importlib import import_module

import matplotlib
import numpy as np
import pandas as pd
import pytest
from drawn import legend
from matplotlib.text import Text
from numpy.testing import assert_allclose
from samples import CONFIG, ROOT, cells, of_given_labels
from vote_studies import shares_table, votes_table

from label_smoothing.analysis.theory_fits import compare_with_theory
from label_smoothing.figures.kit import write_figure
from label_smoothing.study.figure_registry import FIGURES, why_not
from label_smoothing.study.grid import Study

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
        honest_stop_accuracy=table["test_accuracy"] - 0.01,
        clean_test_accuracy=table["a"],
        share_variance=0.1,
        confidence_right=table["p"],
        confidence_wrong=table["p"] / 2,
        calibration_error=abs(table["p"] - table["a"]),
        uncorrected_test_loss=table["test_loss"],
        uncorrected_test_accuracy=table["test_accuracy"],
    )
    weak = table[table["p"] == 0.9].assign(p=0.95)
    table = pd.concat([table, weak], ignore_index=True)
    forward = table.assign(method="forward", uncorrected_test_loss=table["test_loss"] + 1)
    once = table[table["p"] == 1].assign(predicted_loss=table["test_loss"])
    matrices = [once.assign(method=name) for name in ("best", "single")]
    return pd.concat([table, forward, *matrices], ignore_index=True)


OF_P = {method: {"loss": "label_smoothing"} for method in ("label_smoothing", "forward")}
OF_MATRICES = {
    "best": {"loss": "matrix_smoothing", "matrix": "alpha_optimal"},
    "single": {"loss": "matrix_smoothing", "matrix": "alpha_mean_field"},
}


def study_of(given=False, **changes):
    """Return a study of several methods, and of the noise types that its labels allow."""
    config = {**copy.deepcopy(CONFIG), "clean_rates": [0.6, 1], "methods": OF_P | OF_MATRICES}
    if given:
        config["datasets"]["digits"]["labels"] = "given"
        config["noise_types"] = {"beta": config["noise_types"]["beta"]}
        config["methods"] = OF_P
    return Study({**config, **changes})


def names_of(name, given=False):
    return (
        NAMES | {"dataset": "digits"} | ({"noise": "beta"} if given or name == "clean_rate" else {})
    )


def numbers_of(name, tables, given=False, votes=None, **changes):
    """Return a figure's numbers from the rows that it asks for."""
    study, names = study_of(given, **changes), names_of(name, given)
    assert not why_not(study, name, names)
    made = {
        "votes": lambda: votes_table() if votes is None else votes,
        "shares": lambda: shares_table(rates=(0.6,), p=tuple(map(float, study.smoothing))),
    }
    inputs = {}
    for kind, files in FIGURES[name].inputs.items():
        if kind in made:
            inputs[kind] = made[kind]() if files(study, names) else pd.DataFrame()
            continue
        parts = []
        for file in files(study, names):
            rows = tables[(tables["noise"] == file["noise"]) & (tables["method"] == file["method"])]
            of_kind = (
                compare_with_theory(rows) if kind == "fits" else rows[rows["a"] == float(file["a"])]
            )
            parts.append(of_kind)
        inputs[kind] = pd.concat(parts)
    settings = {key: value(study) for key, value in FIGURES[name].settings.items()}
    return import_module(f"label_smoothing.figures.{name}").numbers(**inputs, **settings)


def draw(name, numbers, study="a study"):
    title = {"study": study} if FIGURES[name].inputs else {}
    return import_module(f"label_smoothing.figures.{name}").draw(numbers, **title)


def write(name, numbers, folder, study="a study"):
    """Draw and write a figure; return the paths of its SVG and its CSV."""
    paths = folder / "figure.svg", folder / "figure.csv"
    write_figure(draw(name, numbers, study), numbers, *paths)
    return paths


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_complete(name):
    assert (ROOT / f"workflow/report/{name}.rst").is_file()
    documents = [(ROOT / f"docs/{page}.md").read_text() for page in ("results", "theory")]
    path = FIGURES[name].path.removeprefix("{dataset}/").removeprefix("theory/")
    assert any(f"| `{path}` |" in text for text in documents)


@pytest.fixture(scope="module")
def known(tables):
    """Return a function that gives the numbers of a figure of the whole study, made once."""
    return functools.cache(lambda name: numbers_of(name, tables))


@pytest.mark.parametrize("name", FIGURES)
def test_equal_numbers_and_titles_give_equal_files_whatever_the_style(name, known, tmp_path):
    numbers = known(name)
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


MEASURED = [name for name in FIGURES if FIGURES[name].inputs]
GIVEN = study_of(given=True)
OF_GIVEN_LABELS = [name for name in MEASURED if not why_not(GIVEN, name, names_of(name, True))]


def words(name, numbers):
    """Return the texts of a figure, apart from the numbers at its axes."""
    texts = (text.get_text() for text in draw(name, numbers).findobj(Text))
    return [line for text in texts for line in text.split("\n") if line]


@pytest.mark.parametrize("name", OF_GIVEN_LABELS)
def test_given_labels_are_never_called_clean_and_no_theory_knows_their_rate(name, tables, known):
    of_beta = tables[tables["noise"] == "beta"]
    given = numbers_of(name, of_given_labels(of_beta), given=True)
    # The confidence of a network that memorises does not depend on the clean rate.
    kinds = set(given.get("quantity", ())) - {"predicted confidence"}
    assert not [kind for kind in kinds if re.search("predicted|voted|theory", kind)]
    assert len(given) > 0
    texts = words(name, given)
    assert texts
    assert not [
        text for text in texts if re.search("clean test|clean rate a$|clean rate a =", text)
    ]
    allowed = (
        "with fitted match probability|no difference|theory: confidence p|effective|vote theory,"
    )
    theories = [text for text in texts if re.search("theory|paper|votes, k", text)]
    assert not [text for text in theories if not re.search(allowed, text)]
    assert [text for text in words(name, known(name)) if "clean" in text]


@pytest.mark.parametrize("name", MEASURED)
@pytest.mark.parametrize(
    ("a", "p", "given"),
    [(0.6, [0.9, 1.0], False), (0.6, [1.0], False), (1.0, [1.0], False), (1.0, [0.9, 1.0], True)],
)
def test_one_clean_rate_one_p_and_one_seed_are_drawn(name, a, p, given, tables):
    grid = {"clean_rates": [a], "smoothing": p, "seeds": [0]}
    if why_not(study_of(given, **grid), name, names_of(name, given)):
        return
    rows = tables[(tables["a"] == a) & (tables["seed"] == 0) & tables["p"].isin(p)]
    if given:
        rows = of_given_labels(rows[rows["noise"] == "beta"])
    votes = votes_table() if len(p) > 1 else NO_VOTES
    numbers = numbers_of(name, rows, given, votes, **grid)
    assert len(numbers) > 0
    draw(name, numbers).draw_without_rendering()


NO_VOTES = votes_table().iloc[:0]
MARKING = ("loss_landscapes", "loss_over_p", "loss_and_accuracy", "error", "methods")


@pytest.mark.parametrize("name", MEASURED)
@pytest.mark.parametrize("everything", [False, True])
@pytest.mark.filterwarnings("error:constrained_layout not applied")
def test_what_diverged_is_left_out_and_marked(name, everything, tables):
    lost = everything | ((tables["p"] == 1) & (tables["seed"] == 0))
    diverged = tables.assign(diverged_epoch=np.where(lost, 3, 0))
    for score in diverged.columns[diverged.columns.str.contains("loss|accuracy|confidence|error")]:
        diverged[score] = diverged[score].mask(lost)
    numbers = numbers_of(name, diverged, votes=NO_VOTES if everything else None)
    figure = draw(name, numbers)
    figure.draw_without_rendering()
    assert (name in MARKING) == ("a seed diverged" in legend(figure))
    if name in MARKING and not everything:
        assert set(numbers.loc[(numbers["diverged"] == 1), "seeds"]) == {2}


OF_VOTES = [name for name in MEASURED if "votes" in FIGURES[name].inputs]


@pytest.mark.parametrize("name", OF_VOTES)
def test_k_and_purity_have_columns_and_stand_in_the_figure(name, tables, known):
    numbers = known(name)
    rows = numbers[numbers["quantity"] == "votes"]
    found = rows[["k", "k_low", "k_high", "purity"]].astype(float)
    assert_allclose(found, [[1.9, 1.8, 2.0, 1.0]] * len(rows))
    assert len(rows) > 0
    assert "k = 1.90 [1.80, 2.00]" in " ".join(words(name, numbers))
    # Without a k, or with noise that is not uniform, the paper stands alone.
    others = [(tables, NO_VOTES)]
    if name != "votes":  # which has the k of the study
        others.append((tables.assign(expected_agreement=0.5), None))
    for rows, votes in others:
        numbers = numbers_of(name, rows, votes=votes)
        kinds = {"votes", "voted", "voted optimum", "threshold"}
        assert not kinds & set(numbers["quantity"][numbers["a"] != 1])
        assert "k = " not in " ".join(words(name, numbers))


@pytest.mark.parametrize(
    ("name", "shares"),
    [
        ("error", {"quantity": ["curve"]}),
        ("methods", {"score": ["test_accuracy"]}),
        ("calibration", {"quantity": ["confidence_right", "confidence_wrong"]}),
    ],
)
def test_no_interval_of_a_share_goes_beyond_what_is_possible(name, shares, tables):
    near = tables["seed"].map({0: 1.0, 1: 1.0, 2: 0.9})
    columns = ["test_accuracy", "uncorrected_test_accuracy", "confidence_right"]
    columns = dict.fromkeys(columns, near) | {"confidence_wrong": 1 - near}
    numbers = numbers_of(name, tables.assign(**columns))
    ((column, values),) = shares.items()
    limits = numbers.loc[numbers[column].isin(values), ["low", "high"]].astype(float)
    assert limits.to_numpy().min() >= 0
    assert limits.to_numpy().max() <= 1
    assert 0 in limits["low"].to_list() or 1 in limits["high"].to_list()


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
