"""The page of advice: whole, self-contained, and without a word where nothing can be said."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest
from advice_inputs import M, N, one_seed, study
from samples import ROOT

from label_smoothing.analysis.advice.answer import give_advice
from label_smoothing.analysis.advice.rows import table
from label_smoothing.analysis.advice.training_labels import (
    HeldOut,
    rank_training_labels,
    with_training_labels,
)
from label_smoothing.figures.advice_page import advice_page, summary

TEMPLATE = (ROOT / "workflow/resources/advice.html.j2").read_text(encoding="utf-8")
VOID = {"meta", "img", "br"}


class Balanced(HTMLParser):
    """Every tag that opens is closed, and in order."""

    def __init__(self):
        super().__init__()
        self.open, self.pictures = [], []

    def handle_starttag(self, tag, attributes):
        if tag == "img":
            self.pictures.append(dict(attributes))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def page_of(inputs, images=None, title="Labels of mine.npz"):
    advice = give_advice(inputs)
    page = advice_page(TEMPLATE, advice, inputs, images, "mine", title)
    reader = Balanced()
    reader.feed(page)
    assert reader.open == []
    return advice, page, reader.pictures


@pytest.fixture(scope="module")
def noisy():
    _, _, inputs = study(0.7)
    images = np.random.default_rng(0).integers(0, 256, (N, 8, 8, 1), dtype=np.uint8)
    return page_of(inputs, images, "<b>Mine</b> & co")


def test_it_needs_no_other_file(noisy):
    _, page, pictures = noisy
    assert len(pictures) == 4
    assert all(picture["src"].startswith("data:image/") for picture in pictures)
    assert all(picture["alt"] for picture in pictures)
    assert not re.search(r"https?://(?!www\.w3\.org)", page)


def test_the_title_is_a_text(noisy):
    _, page, _ = noisy
    assert "&lt;b&gt;Mine&lt;/b&gt; &amp; co" in page


def test_every_row_is_on_it(noisy):
    advice, page, _ = noisy
    text = re.sub(r"\s+", " ", page).replace("&#39;", "'")
    for row in advice.rows.itertuples():
        if row.question != "which labels first":  # these are a picture
            assert row.what in text or row.source in text, row


def test_the_short_answer_has_its_intervals(noisy):
    advice, _, _ = noisy
    first, loss, _, more, noisy_loss = summary(advice, M)[:5]
    assert re.fullmatch(
        r"About \d+ % of the labels are wrong, 95 % interval \d+ to \d+ % .*", first
    )
    assert "label_smoothing=" in loss or "no smoothing" in loss or "no difference" in loss
    assert "on clean labels it is right in" in more
    assert noisy_loss.startswith("A lower loss on labels as noisy as these than with any smoothing")


def test_features_have_a_table_instead_of_pictures():
    _, _, inputs = study(0.7)
    advice, page, pictures = page_of(inputs)
    assert len(pictures) == 3
    assert advice.rows.iloc[-1]["what"] in page


def test_training_labels_have_a_section_if_they_were_ranked(noisy):
    _, without, _ = noisy
    assert "training part" not in without
    _, given, inputs = study(0.7)
    forward, x = inputs.forward, np.zeros((N, 8, 8, 1), np.uint8)
    networks = HeldOut(forward.p, forward.outputs, forward.uncorrected, given)
    found = rank_training_labels(networks, np.arange(N))
    advice = with_training_labels(
        give_advice(inputs), table(found.rows).to_dict("records"), found.warnings
    )
    training = found.suspects, x
    for images, pictures in ((x, 5), (None, 3)):
        page = advice_page(TEMPLATE, advice, inputs, images, "mine", "Mine", training)
        reader = Balanced()
        reader.feed(page)
        assert (reader.open, len(reader.pictures)) == ([], pictures)
        assert "wrong labels, training part" in page
        assert "mine/training_labels.csv" in page
        assert (found.rows[-1].what in page) == (images is None)
    assert re.search(rf"About \d+ of {N} training labels are wrong", summary(advice, M)[-1])


def test_what_cannot_be_told_is_not_on_it():
    _, _, inputs = study(1.0, hard=0.6)
    advice, page, pictures = page_of(inputs)
    assert len(pictures) == 2
    assert "cannot tell" in page
    assert "nan" not in re.sub(r'src="[^"]*"', "", page)
    assert summary(advice, M)[0].startswith("Between 0 and ")


def test_a_study_of_label_smoothing_alone_has_a_page():
    _, _, inputs = study(0.7)
    advice, page, _ = page_of(inputs._replace(forward=None))
    assert "nan" not in re.sub(r'src="[^"]*"', "", page)
    assert summary(advice, M)[0].startswith("At most ")


def test_what_diverged_is_no_answer():
    _, _, inputs = study(0.7)
    outputs = inputs.plain.outputs.copy()
    outputs[0, -1] = np.nan
    advice, page, _ = page_of(inputs._replace(plain=inputs.plain._replace(outputs=outputs)))
    said = summary(advice, M)
    assert not any("without smoothing" in sentence for sentence in said)
    assert "nan" not in re.sub(r'src="[^"]*"', "", page)
    assert "did not memorise" not in page


def test_the_smallest_study_has_a_page():
    _, _, inputs = study(0.7)

    plain, forward = map(one_seed, inputs[:2])
    small = inputs._replace(plain=plain.at(np.array([3, 6])), forward=forward.at(np.array([3])))
    _, page, _ = page_of(small)
    assert "With one seed" in page
