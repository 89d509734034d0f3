"""Scores are checked before they are aggregated, and summarised over seeds."""

import json

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from label_smoothing.analysis.cells import (
    join_tables,
    memorised,
    read_scores,
    read_tables,
    summarise,
)
from label_smoothing.analysis.intervals import mean_interval
from label_smoothing.analysis.metrics import Metrics
from label_smoothing.theory.rates import epsilon_from_p

REQUIRED = [name for name in Metrics.model_fields if name != "labels"]


def scores(seed=0, **changes):
    cell = {key: 0.5 for key in REQUIRED}
    cell |= {"dataset": "d", "noise": "n", "assumption": "alpha", "method": "m", "seed": seed}
    cell |= {"classes": 10, "test_size": 500, "diverged_epoch": 0, "trained_with": "cpu"} | changes
    return cell


def diverged(seed=0):
    own = {
        "dataset",
        "noise",
        "assumption",
        "method",
        "a",
        "p",
        "seed",
        "classes",
        "test_size",
        "trained_with",
    }
    own |= {key for key in REQUIRED if key.startswith(("expected", "realised", "match"))}
    cell = scores(seed)
    return {key: cell[key] if key in own else None for key in cell} | {"diverged_epoch": 3}


def written(tmp_path, content):
    path = tmp_path / "cell.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_cells_become_rows(tmp_path):
    table = read_scores([written(tmp_path, scores(seed=4, test_loss=1.25))])
    assert table.loc[0, ["seed", "test_loss", "noise"]].to_list() == [4, 1.25, "n"]
    assert np.isnan(read_scores([written(tmp_path, diverged())])["nll"].astype(float)[0])


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (json.dumps(scores())[:40], "cell.json is damaged: .*; delete it"),
        ("", "cell.json is damaged"),
        (scores(test_accuracy=1.5), "test_accuracy: Input should be less than or equal to 1"),
        (scores(test_loss=None), r"a number for \['test_loss'\]"),
        (scores(loss=1.0), "loss: Extra inputs are not permitted"),
        (scores(diverged_epoch=2), r"null is needed for \['test_loss'"),
        ({"a": 0.5}, "dataset: Field required"),
    ],
)
def test_damaged_scores_are_refused(tmp_path, content, problem):
    with pytest.raises(ValueError, match=problem):
        read_scores([written(tmp_path, content)])


def test_infinite_score_is_refused(tmp_path):
    with pytest.raises(ValueError, match="test_loss: Input should be a finite number"):
        read_scores([written(tmp_path, scores(test_loss=np.inf))])


def networks(*rows):
    columns = ["p", "train_accuracy", "train_kl", "averaging_kl"]
    table = pd.DataFrame(rows, columns=columns).assign(classes=10, diverged_epoch=0)
    table.loc[table["train_accuracy"].isna(), "diverged_epoch"] = 3
    return memorised(table, 0.99).to_list()


def test_memorised_is_fitted_or_below_one_over_m_avoided():
    far = (0.9, 1.0)
    assert networks((0.5, 0.995, *far), (0.5, 0.98, *far), (0.5, None, None, 1.0)) == [1, 0, 0]
    assert networks((0.1, 0.995, *far), (0.05, 0.0005, *far), (0.05, 0.1, *far)) == [1, 1, 0]


def test_memorised_are_outputs_near_the_targets_whatever_is_largest():
    assert networks((1, 0.6, 0.02, 0.2), (1, 0.6, 0.05, 0.2), (1, 0.6, None, 0.2)) == [1, 0, 0]
    # A loss without targets has its accuracy alone.
    assert networks((0.5, 0.98, None, None), (0.5, 0.995, None, None)) == [0, 1]


def test_where_all_labels_have_one_target_nothing_is_left_to_memorise():
    assert networks((0.1, 0.2, 1e-3, 0.0), (0.1, None, None, 0.0)) == [1, 0]


def table_of(cells):
    """Return a table as aggregation writes it."""
    table = pd.DataFrame(cells)
    return table.assign(epsilon=epsilon_from_p(table["p"], table["classes"]), memorised=True)


def test_summary_averages_over_seeds_and_counts_the_diverged():
    cells = [scores(seed=i, test_loss=loss) for i, loss in enumerate([1.0, 2.0, 3.0])]
    summary = summarise(table_of([*cells, diverged(3)])).set_index("score")
    row = summary.loc["test_loss"]
    assert_allclose(row[["mean", "low", "high"]].astype(float), [2, 2 - 2.4841377, 2 + 2.4841377])
    assert (row["n"], row["diverged"]) == (3, 1)
    assert "classes" not in summary.index


def test_summary_pairs_every_p_with_p_1_of_the_same_seed():
    losses = {1.0: [2.0, 3.0, 4.0], 0.7: [1.0, 1.9, 3.2]}
    cells = [scores(i, p=p, test_loss=at[i]) for p, at in losses.items() for i in range(3)]
    cells += [scores(3, p=0.7, test_loss=9.0), diverged(3) | {"p": 1.0}]
    table = summarise(table_of(cells))
    table = table[table["score"] == "test_loss"].set_index("p")
    # Seed 3 has no p = 1 to be compared with.
    gain = mean_interval([-1.0, -1.1, -0.8])
    found = table.loc[0.7, ["gain", "gain_low", "gain_high"]].astype(float)
    assert_allclose(found, gain[:3])
    assert table.loc[0.7, "n"] == 4
    assert_allclose(table.loc[1.0, ["gain", "gain_low", "gain_high"]].astype(float), 0)
    assert_allclose(table["epsilon"][[1.0, 0.7]], [0, 1 / 3])


def test_without_p_1_there_is_no_gain():
    table = summarise(table_of([scores(i, p=0.7) for i in range(2)]))
    assert table[["gain", "gain_low", "gain_high"]].isna().all(axis=None)


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
