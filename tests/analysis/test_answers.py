"""The answer of a study: the best smoothing, and honest gains over none."""

import re

import numpy as np
import pandas as pd
import pytest
from samples import ROOT, cells, of_given_labels

from label_smoothing.analysis.answers import answers
from label_smoothing.analysis.claims import page as pages
from label_smoothing.analysis.intervals import mean_interval
from label_smoothing.theory.rates import epsilon_from_p


def answers_page(table):
    """Return the page with the white space between its tags left out."""
    template = (ROOT / "workflow" / "resources" / "answers.html.j2").read_text()
    return re.sub(
        r">\s+<", "><", pages.answers_page(table, ["cpu, numpy 2", "<gpu>, numpy 3"], template)
    )


def study(losses, accuracies, stopped=0.9, seeds=3, assumption="alpha"):
    """Return cells of one clean rate whose p are the keys; values are of seeds."""
    table = cells(assumption, 0.6, seeds=seeds)
    table = table[table["p"].isin(losses)]
    for score, values in (("test_loss", losses), ("test_accuracy", accuracies)):
        places = zip(table["p"], table["seed"], strict=True)
        table[score] = [values[p][seed] for p, seed in places]
    return table.assign(honest_stop_accuracy=stopped)


LOSSES = {0.8: [1.0, 1.1, 1.2], 0.9: [1.1, 1.0, 1.4], 1.0: [2.0, 2.2, 2.1]}
ACCURACIES = {0.8: [0.60, 0.61, 0.62], 0.9: [0.7, 0.7, 0.7], 1.0: [0.58, 0.6, 0.59]}


def test_the_best_smoothing_is_chosen_on_the_other_seeds():
    (row,) = answers(study(LOSSES, ACCURACIES)).to_dict("records")
    assert row["epsilon"] == pytest.approx(epsilon_from_p(0.8, 10))
    assert row["theory_epsilon"] == pytest.approx(epsilon_from_p(0.6, 10))
    # Without seed 2, the p with the lowest loss is 0.8 for its own mean, too; all others agree.
    expected = mean_interval([1.0 - 2.0, 1.1 - 2.2, 1.2 - 2.1])
    assert (row["loss"], row["loss_low"], row["loss_high"]) == pytest.approx(expected[:3])
    assert row["accuracy"] == pytest.approx(100 * np.mean([0.02, 0.01, 0.03]))
    assert row["stopping"] == pytest.approx(100 * (0.9 - 0.59))
    # What is best in one seed alone is worth there what it is worth elsewhere.
    lucky = {**LOSSES, 0.9: [0.0, 1.3, 1.4]}
    (row,) = answers(study(lucky, ACCURACIES)).to_dict("records")
    assert row["epsilon"] == pytest.approx(epsilon_from_p(0.9, 10))
    assert row["loss"] == pytest.approx(np.mean([1.0 - 2.0, 1.3 - 2.2, 1.4 - 2.1]))


def test_clean_test_labels_come_first():
    both = pd.concat([study(LOSSES, ACCURACIES, assumption=key) for key in ("beta", "alpha")])
    assert answers(both)["assumption"].to_list() == ["alpha"]
    assert answers(both[both["assumption"] == "beta"])["assumption"].to_list() == ["beta"]


def test_given_labels_have_an_answer_and_the_theory_none():
    given = of_given_labels(study(LOSSES, ACCURACIES, assumption="beta")).assign(dataset="mine")
    table = answers(pd.concat([study(LOSSES, ACCURACIES), given]))
    assert table["assumption"].to_list() == ["alpha", "beta"]
    assert table["given"].to_list() == [False, True]
    assert table["theory_epsilon"].isna().to_list() == [False, True]
    page = answers_page(table)
    assert (
        "<td>mine</td><td>beta</td><td>0.6 of the given</td><td><b>0.22</b></td><td></td>" in page
    )


def test_without_something_to_compare_there_is_no_answer():
    assert answers(study({1.0: [2.0] * 3}, {1.0: [0.6] * 3})).empty
    without = {p: losses for p, losses in LOSSES.items() if p < 1}
    assert answers(study(without, ACCURACIES)).empty
    lost = {**LOSSES, 1.0: [np.nan] * 3}
    assert answers(study(lost, ACCURACIES)).empty


def test_one_seed_has_a_best_p_and_no_gains_of_it():
    table = study(LOSSES, ACCURACIES, seeds=1)
    (row,) = answers(table).to_dict("records")
    assert np.isnan([row["loss"], row["accuracy"], row["stopping_low"]]).all()
    assert row["stopping"] == pytest.approx(100 * (0.9 - 0.58))
    assert "nan" not in answers_page(answers(table))


def test_where_no_smoothing_is_best_there_is_nothing_to_gain():
    table = answers(study({**LOSSES, 1.0: [0.5, 0.6, 0.7]}, ACCURACIES))
    assert table.loc[0, ["epsilon", "loss", "loss_low", "accuracy"]].to_list() == [0, 0, 0, 0]
    gain = '<td><span class="number"></span></td>'
    assert f"<td><b>0</b></td><td>0.44</td>{gain}" in answers_page(table)


def test_the_page_says_it_in_a_table():
    table = answers(study(LOSSES, ACCURACIES).assign(dataset="<d>"))
    page = answers_page(table)
    assert page.count("<tr>") == 2
    assert "<p>Trained with cpu, numpy 2; &lt;gpu&gt;, numpy 3.</p>" in page
    assert "<td>&lt;d&gt;</td><td>0.6</td><td><b>0.22</b></td><td>0.44</td>" in page
    assert '<span class="number">-1.00 [' in page
    assert "method" not in page
    two = pd.concat([table, table.assign(method="other")])
    assert "<td>other</td>" in answers_page(two)
