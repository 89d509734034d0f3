"""The table of published smoothing says what its sources say."""

import re

import pandas as pd
from numpy.testing import assert_allclose
from samples import ROOT

from label_smoothing.theory.literature import literature_table


def test_literature_table_holds_p_and_a_reference_for_each_row():
    entries = pd.read_csv(ROOT / "workflow/resources/literature.csv", dtype={"arxiv": str})
    table = literature_table(entries)
    M, epsilon = table["classes"], table["epsilon"]
    assert_allclose(table["p"], 1 - epsilon * (M - 1) / M)
    assert_allclose(epsilon, M * (1 - table["p"]) / (M - 1))
    assert all(re.fullmatch(r"\d{4}\.\d{5}", number) for number in table["arxiv"])
    assert (table["without"].isna() == table["with"].isna()).all()
    assert list(table.drop(columns="p")) == list(entries)
