"""The methods stand side by side, each output where it differs, and what has no p as a line."""

import pandas as pd
import pytest
from drawn import legend
from samples import P, cells

from label_smoothing.figures import methods as module

OVER_P = ("label_smoothing", "forward")


@pytest.fixture
def methods():
    smoothing = pd.concat([cells("alpha", a, noise=0.02) for a in (0.6, 0.8)], ignore_index=True)
    for score in ("test_loss", "test_accuracy"):
        smoothing[f"uncorrected_{score}"] = smoothing[score]
    forward = smoothing.assign(method="forward", uncorrected_test_loss=smoothing["test_loss"] + 1)
    true = forward[forward["p"] == 1].assign(method="true")
    return pd.concat([smoothing, forward, true], ignore_index=True)


def test_an_uncorrected_output_has_rows_where_it_differs(methods):
    numbers = module.numbers(methods, OVER_P)
    loss = numbers[numbers["score"] == "test_loss"]
    assert set(zip(loss["method"], loss["output"], strict=True)) == {
        ("label_smoothing", "scored"),
        ("forward", "scored"),
        ("forward", "uncorrected"),
        ("true", "scored"),
        ("true", "uncorrected"),
    }
    assert set(numbers["output"][numbers["score"] == "test_accuracy"]) == {"scored"}
    row = loss[(loss["method"] == "forward") & (loss["output"] == "uncorrected")].iloc[0]
    raw = methods[(methods["method"] == "forward") & (methods["a"] == 0.6) & (methods["p"] == P[0])]
    assert row["value"] == pytest.approx(raw["test_loss"].mean() + 1)
    assert row["seeds"] == 3
    assert row["low"] < row["value"] < row["high"]


def test_a_method_without_p_is_a_line_across(methods):
    numbers = module.numbers(methods, OVER_P)
    assert numbers.groupby("method")["over_p"].first().to_dict() == {
        "label_smoothing": True,
        "forward": True,
        "true": False,
    }
    figure = module.draw(numbers, "a study")
    (panel, *_) = figure.axes
    across = {
        line.get_ydata()[0]
        for line in panel.get_lines()
        if list(line.get_xdata()) == [0, 1]
        and line.get_transform() == panel.get_yaxis_transform(which="grid")
    }
    here = numbers[(numbers["a"] == 0.6) & (numbers["score"] == "test_loss")]
    assert across == set(here["value"][here["method"] == "true"])
    assert legend(figure) == [
        "label_smoothing",
        "forward",
        "forward, uncorrected",
        "true",
        "true, uncorrected",
    ]


def test_a_method_without_p_has_its_interval_in_a_strip_apart_from_p(methods):
    figure = module.draw(module.numbers(methods, OVER_P), "a study")
    for panel in figure.axes:
        assert "without p" in [text.get_text() for text in panel.texts]
        (strip,) = panel.patches
        assert max(P) < strip.get_x()
        assert max(panel.get_xticks()) <= max(P)
    over_p = methods[methods["method"] != "true"]
    figure = module.draw(module.numbers(over_p, OVER_P), "a study")
    assert not [strip for panel in figure.axes for strip in panel.patches]


def test_a_loss_beyond_the_frame_is_a_triangle_with_its_number(methods):
    there = (methods["method"] == "true") & (methods["a"] == 0.6)
    methods.loc[there, "test_loss"] = 1e6
    loss, other, *_ = module.draw(module.numbers(methods, OVER_P), "a study").axes
    assert loss.get_ylim()[1] < 10
    assert "1e+06" in [text.get_text() for text in loss.texts]
    assert "1e+06" not in [text.get_text() for text in other.texts]
