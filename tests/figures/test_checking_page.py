"""The page to check labels on, in a real browser: what is ticked is what the product reads."""

import numpy as np
import pytest
from conftest import PATIENCE
from samples import ROOT
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select
from selenium.webdriver.support.wait import WebDriverWait

from label_smoothing.analysis.advice.suspects import rank_labels
from label_smoothing.data.checked import UNKNOWN, read_checked
from label_smoothing.figures.checking_page import checking_page, rows_to_check, suggestions

TEMPLATE = (ROOT / "workflow/resources/check.html.j2").read_text(encoding="utf-8")
N, M = 150, 4
LABELS = np.arange(N) % M
NEW = np.arange(10, N)  # the others also stand in the training part
NUMBERS = 1000 + np.arange(N)


@pytest.fixture
def to_check():
    return rows_to_check(LABELS, NEW, NUMBERS)


def test_a_hundred_random_rows_are_drawn_once_and_alike_in_each_run(to_check):
    assert len(to_check) == 100
    assert to_check["index"].is_unique
    assert to_check["index"].isin(NEW).all()
    assert (to_check["row"] == NUMBERS[to_check["index"]]).all()
    assert (to_check["given"] == LABELS[to_check["index"]]).all()
    assert to_check.equals(rows_to_check(LABELS, NEW, NUMBERS))
    assert len(rows_to_check(LABELS[:30], np.arange(30), NUMBERS)) == 30


def test_suggestions_are_those_of_the_networks_and_in_a_table_of_their_own(to_check):
    outputs = np.random.default_rng(0).dirichlet(np.ones(M), len(NEW))
    found = suggestions(to_check, rank_labels(outputs, LABELS[NEW]), NEW)
    assert list(to_check) == ["index", "row", "given"]
    assert (found["index"] == to_check["index"]).all()
    assert (found["suggested"] == outputs.argmax(axis=1)[found["index"] - 10]).all()


@pytest.mark.parametrize("shape", [(N, 6, 6, 1), (N, 6, 6, 3), (N, 5)])
def test_what_is_ticked_is_saved_and_read(browser, tmp_path, to_check, shape):
    x = np.random.default_rng(0).integers(0, 17, shape).astype(np.uint8)
    page = tmp_path / "check.html"
    page.write_text(checking_page(TEMPLATE, to_check, x, M, "mine"), encoding="utf-8")
    assert "http" not in page.read_text(encoding="utf-8")
    folder = {"behavior": "allow", "downloadPath": str(tmp_path)}
    browser.execute_cdp_cmd("Browser.setDownloadBehavior", folder)
    browser.get(page.as_uri())
    rows = browser.find_elements(By.CLASS_NAME, "row")
    assert len(rows) == 100
    assert len(browser.find_elements(By.TAG_NAME, "img")) == (100 if len(shape) == 4 else 0)

    # Two are right, one is not; the page keeps that.
    for row in rows[:2]:
        row.find_element(By.CLASS_NAME, "yes").click()
    third = to_check.iloc[2]
    other = (int(third["given"]) + 1) % M
    Select(rows[2].find_element(By.TAG_NAME, "select")).select_by_value(str(other))
    browser.refresh()
    count = browser.find_element(By.ID, "count")
    assert count.text == "3 of 100 checked, 1 wrong"
    browser.find_element(By.ID, "save").click()
    saved = tmp_path / "checked.csv"
    WebDriverWait(browser, PATIENCE).until(lambda _: saved.exists() and saved.stat().st_size)

    right = read_checked(saved, N, M)
    expected = np.full(N, UNKNOWN)
    first = to_check["index"].to_numpy()[:3]
    expected[first] = [*to_check["given"][:2], other]
    assert right.tolist() == expected.tolist()
    browser.execute_script("localStorage.clear()")
