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
from label_smoothing.figures.advice_page import (
    advice_page,
    how_many_wrong,
    what_checks_buy,
    what_to_do,
)

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
    assert len(pictures) == 2
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
            assert row.what in text or row.quantity in text, row


def test_it_begins_with_what_to_do_and_never_with_a_number_of_wrong_labels(noisy):
    advice, page, _ = noisy
    loss, _, more, noisy_loss = what_to_do(advice.rows, M)
    assert loss.startswith("Best for the loss on labels as noisy as these: p = ")
    assert "label_smoothing=" in loss
    assert "over no smoothing, on labels as noisy as these" in more
    assert noisy_loss.startswith("A lower loss on labels as noisy as these than with any smoothing")
    assert page.index("What to do") < page.index("How many labels are wrong")


def test_the_share_of_wrong_labels_never_stands_without_what_it_rests_on():
    _, _, inputs = study(0.7)
    unknown, bounds = how_many_wrong(give_advice(inputs).rows)
    assert "cannot be known from the labels alone" in unknown
    assert bounds.startswith("If mistakes do not depend on how an image looks and most labels of ")
    checked, bounds = how_many_wrong(give_advice(inputs._replace(checked=(100, 71))).rows)
    assert re.match(r"Checked by hand: 29 % of the labels .* 95 % interval 20 to 39 %", checked)
    (alone,) = how_many_wrong(give_advice(inputs._replace(checked=(50, 50))).rows)
    assert alone.startswith("Checked by hand: 0 %")


def test_more_checks_buy_more():
    assert what_checks_buy(100) == "100 labels, 10 of them wrong: 5 to 18 %"


def test_features_have_a_table_instead_of_pictures():
    _, _, inputs = study(0.7)
    advice, page, pictures = page_of(inputs)
    assert len(pictures) == 1
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
    training = found.suspects, x, 5000 + np.arange(N)
    for images, pictures in ((x, 3), (None, 1)):
        page = advice_page(TEMPLATE, advice, inputs, images, "mine", "Mine", training)
        reader = Balanced()
        reader.feed(page)
        assert (reader.open, len(reader.pictures)) == ([], pictures)
        assert "labels of the training part" in page
        assert "mine/training_labels.csv" in page
        assert (found.rows[-1].what in page) == (images is None)


def test_hard_images_leave_the_lower_bound_open():
    _, _, inputs = study(1.0, hard=0.6)
    advice, page, _ = page_of(inputs)
    assert "nan" not in re.sub(r'src="[^"]*"', "", page)
    assert ", 0 to " in how_many_wrong(advice.rows)[-1]


def test_a_study_of_label_smoothing_alone_has_a_page():
    _, _, inputs = study(0.7)
    advice, page, _ = page_of(inputs._replace(forward=None))
    assert "nan" not in re.sub(r'src="[^"]*"', "", page)
    assert len(how_many_wrong(advice.rows)) == 1


def test_what_diverged_is_no_answer():
    _, _, inputs = study(0.7)
    outputs = inputs.plain.outputs.copy()
    outputs[0, -1] = np.nan
    advice, page, _ = page_of(inputs._replace(plain=inputs.plain._replace(outputs=outputs)))
    said = what_to_do(advice.rows, M)
    assert not any("no smoothing" in sentence for sentence in said)
    assert "nan" not in re.sub(r'src="[^"]*"', "", page)
    assert "did not memorise" not in page


def test_the_smallest_study_has_a_page():
    _, _, inputs = study(0.7)

    plain, forward = map(one_seed, inputs[:2])
    small = inputs._replace(plain=plain.at(np.array([3, 6])), forward=forward.at(np.array([3])))
    _, page, _ = page_of(small)
    assert "With one seed" in page
