"""The table of published smoothing says what its sources say."""

import re

import pandas as pd
import pytest
from numpy.testing import assert_allclose
from samples import ROOT

from label_smoothing.theory.literature import literature_table


@pytest.fixture
def entries():
    return pd.read_csv(ROOT / "workflow/resources/literature.csv", dtype={"arxiv": str})


def test_literature_table_holds_p_and_a_reference_for_each_row(entries):
    table = literature_table(entries)
    known = table[table["epsilon"].notna()]
    M, epsilon = known["classes"], known["epsilon"]
    assert_allclose(known["p"], 1 - epsilon * (M - 1) / M)
    assert_allclose(epsilon, M * (1 - known["p"]) / (M - 1))
    assert table["p"].isna().equals(table["epsilon"].isna())
    assert all(re.fullmatch(r"\d{4}\.\d{5}", number) for number in table["arxiv"])
    assert (table["without"].isna() == table["with"].isna()).all()
    assert list(table.drop(columns="p")) == list(entries)


def test_four_rows_are_those_of_the_papers_table(entries):
    rows = entries[entries["in_table_1"] == "yes"]
    values = rows[["dataset", "without", "with"]].apply(tuple, axis=1)
    assert list(values) == [
        ("ImageNet", 23.1, 22.8),
        ("ImageNet", 6.3, 6.1),
        ("WMT 2014 English-German", 25.3, 25.8),
        ("WSJ", 8.9, 6.7),
    ]
    assert set(entries["in_table_1"]) == {"yes", "no"}


def test_an_epsilon_that_leaves_the_targets_is_refused(entries):
    entries.loc[0, "epsilon"] = 1.2
    with pytest.raises(ValueError, match=r"epsilon is 1\.2; allowed: 0 to 1"):
        literature_table(entries)
