"""Tables are read together, and a damaged one is named."""

import pytest

from label_smoothing.analysis.cells import join_tables, read_tables


def test_tables_stand_below_each_other(tmp_path):
    for name, a in (("one.csv", 0.5), ("two.csv", 1.0)):
        (tmp_path / name).write_text(f"a,loss\n{a},2.25\n{a},\n")
    table = read_tables([tmp_path / "one.csv", tmp_path / "two.csv"])
    assert list(table["a"]) == [0.5, 0.5, 1.0, 1.0]
    assert list(table["loss"].isna()) == [False, True, False, True]


def test_names_are_text_and_only_nothing_is_missing(tmp_path):
    (tmp_path / "a.csv").write_text("dataset,method,loss\nNA,true,\n007,nan,1.5\n")
    table = read_tables([tmp_path / "a.csv"])
    assert table["dataset"].to_list() == ["NA", "007"]
    assert table["method"].to_list() == ["true", "nan"]
    assert list(table["loss"].isna()) == [True, False]


def test_joined_tables_keep_every_digit(tmp_path):
    (tmp_path / "one.csv").write_text("method,loss\nnan,0.1000000000000000055\n007,\n")
    (tmp_path / "two.csv").write_text("method,loss,score\ntrue,1e-3,True\n")
    table = join_tables([tmp_path / "one.csv", tmp_path / "two.csv"])
    table.to_csv(tmp_path / "all.csv", index=False)
    assert (tmp_path / "all.csv").read_text() == (
        "method,loss,score\nnan,0.1000000000000000055,\n007,,\ntrue,1e-3,True\n"
    )


@pytest.mark.parametrize("content", ["", "a,loss\n0.5,2.25\n0.9", "a,loss\n0.5,2.25\n1,2,3\n"])
def test_a_damaged_table_is_refused_with_what_to_do(tmp_path, content):
    (tmp_path / "a0.5.csv").write_text(content)
    with pytest.raises(ValueError, match=r"a0\.5\.csv is damaged: .*; delete it, and the next run"):
        read_tables([tmp_path / "a0.5.csv"])
    with pytest.raises(ValueError, match=r"a0\.5\.csv is damaged: "):
        join_tables([tmp_path / "a0.5.csv"])
