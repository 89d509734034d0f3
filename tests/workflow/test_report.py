"""The report of the tiny study in a real browser: by clicks alone, without a network."""

import pandas as pd
import pytest
from conftest import PATIENCE
from samples import ROOT
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from label_smoothing.analysis.claims.page import claims_short

FIGURE = "results/figures/digits/label_smoothing/loss_over_p_alpha.svg"
VERDICTS, THEORY = "1. The verdicts", "The theory alone"


@pytest.fixture(scope="module")
def verdicts(finished_study):
    """Return verdicts of all kinds; one seed alone decides no claim and points to no figure."""
    verdicts = pd.read_csv(finished_study.path / "results/claims.csv", dtype={"figure": object})
    verdicts.loc[0, ["verdict", "figure"]] = "supported", FIGURE
    verdicts.loc[1, "verdict"] = "not supported"
    return verdicts


@pytest.fixture(scope="module")
def report(once, finished_study, verdicts):
    """Return the address of the study's report."""

    def make(folder):
        project = finished_study.copy(folder / "project")
        template = (ROOT / "workflow/resources/claims_short.html.j2").read_text()
        page = claims_short(verdicts, template)
        (project.path / "results/claims_short.html").write_text(page)
        project.snakemake("--report", "report.html")

    return (once("report", make) / "project/report.html").as_uri()


class Reader:
    """Somebody who opens a report and does nothing but click."""

    def __init__(self, browser, report):
        self.browser = browser
        browser.get_log("browser")  # of the page before
        browser.get(report)
        # The graph of the rules comes last and moves what is beside it.
        self.wait(lambda: self.all(".vega-embed :is(svg, canvas)"))

    def wait(self, condition):
        """Return what `condition()` returns as soon as it is true: pages are redrawn late."""
        errors = [WebDriverException, IndexError]
        waiting = WebDriverWait(self.browser, PATIENCE, 0.1, ignored_exceptions=errors)
        return waiting.until(lambda _: condition())

    def all(self, css):
        return self.browser.find_elements(By.CSS_SELECTOR, css)

    def press(self, find):
        """Click the element that `find()` returns as soon as it is there and nothing covers it."""
        self.wait(lambda: find().click() is None)

    def click(self, text):
        self.press(lambda: self.browser.find_element(By.LINK_TEXT, text))

    def crumbs(self):
        """Return the links from the front page to where the reader is."""
        return self.all("nav nav ol a")

    def rows(self):
        return self.all("table.table-auto tbody tr")

    def links(self, row):
        """Return the two links of a row of results: to see it and to read of it."""
        return self.rows()[row].find_elements(By.TAG_NAME, "a")

    def evaluate(self, javascript, *arguments):
        return self.browser.execute_script(f"return {javascript}", *arguments)

    @property
    def result(self):
        """The path of the result that was chosen last."""
        return self.evaluate("app.state.resultPath")

    @property
    def caption(self):
        return self.all(".prose-invert")[0].text

    def sees_result(self):
        """Tell whether the picture or page of the chosen result is on the screen."""
        frame = self.all("div.overflow-auto img, div.overflow-auto iframe")[0]
        source = self.evaluate("results[app.state.resultPath].data_uri")
        if frame.tag_name == "iframe":
            return frame.get_attribute("src") == source
        width = self.evaluate("arguments[0].decode().then(() => arguments[0].naturalWidth)", frame)
        return frame.get_attribute("src") == source and width > 100

    def errors(self):
        """Return what the console calls an error, and every address outside the file."""
        log = self.browser.get_log("browser")
        loaded = self.evaluate("performance.getEntriesByType('resource').map(entry => entry.name)")
        return [entry["message"] for entry in log if entry["level"] == "SEVERE"] + [
            address for address in loaded if not address.startswith("data:")
        ]


def test_the_front_page_answers_the_question_and_shows_verdicts_and_rules(
    report, browser, verdicts
):
    reader = Reader(browser, report)
    assert reader.all(".prose h1")[0].text.startswith("How much label smoothing")
    assert "tiny" in reader.all(".prose")[0].text
    tables, (graph,) = reader.all(".prose table"), reader.all("#app #rulegraph")
    assert [table.get_attribute("class") for table in tables] == ["answers", "verdicts"]
    answers, shown = (
        [
            [cell.text for cell in row.find_elements(By.TAG_NAME, "td")]
            for row in table.find_elements(By.CSS_SELECTOR, "tbody tr")
        ]
        for table in tables
    )
    assert [row[:2] for row in answers] == [["digits", "0.6"], ["digits", "1"]]
    assert tables[0].location["y"] + tables[0].size["height"] < 1000  # seen without scrolling
    assert [row[0].split(", a = ")[0] for row in shown] == verdicts["claim"].tolist()
    assert {row[1] for row in shown} == {"digits"}
    labels = verdicts["setting"].where(verdicts["setting"] == "other data", "")
    assert [row[2] for row in shown] == (verdicts["verdict"] + "\n" + labels).str.strip().tolist()
    width = reader.evaluate("document.documentElement.clientWidth")
    for table in tables:
        assert table.location["x"] + table.size["width"] <= width
        assert table.location["y"] + table.size["height"] < graph.location["y"]
    assert not reader.all(".system-message")
    menu = [item.text for item in reader.all("nav li") if item.text[:1].isdigit()]
    assert menu == sorted(reader.evaluate("Object.keys(categories)"))
    assert [item.partition(".")[0] for item in menu] == [*map(str, range(1, len(menu) + 1))]
    assert (menu[0], menu[-1].partition(". ")[2]) == (VERDICTS, THEORY)

    # A claim leads to its figure.
    reader.click(f"{verdicts.loc[0, 'claim']}, a = 0.6")
    reader.wait(lambda: reader.result == FIGURE and reader.sees_result())
    reader.wait(lambda: reader.caption.startswith("How does the loss depend on p?"))
    assert reader.errors() == []


def test_every_result_is_reached_seen_and_explained(report, browser):
    reader = Reader(browser, report)
    reached = set()
    for category, datasets in reader.evaluate("categories").items():
        alone = category == VERDICTS or category.endswith(THEORY)
        assert list(datasets) == (["Other"] if alone else ["digits"])
        reader.press(lambda: reader.crumbs()[0])
        reader.click(category)
        reader.wait(reader.rows)
        # A label with two values is a switch above the rows.
        for switch in range(max(1, len(reader.all("fieldset label")))):
            row, rows = 0, 1
            while row < rows:
                if reader.all("fieldset label"):
                    reader.press(lambda at=switch: reader.all("fieldset label")[at])
                rows = reader.wait(lambda: len(reader.rows()))
                view = reader.wait(lambda at=row: reader.links(at)[0])
                download = view.get_attribute("download")
                if not download:
                    reader.press(lambda at=row: reader.links(at)[0])
                    reader.wait(reader.sees_result)
                reader.press(lambda at=row: reader.links(at)[1])
                reader.wait(lambda: reader.result not in reached and len(reader.caption) > 100)
                reached.add(reader.result)
                assert not download or reader.result.endswith(download)
                assert not reader.all(".system-message"), reader.result
                reader.press(lambda: reader.crumbs()[-2])
                reader.wait(reader.rows)
                row += 1
    assert reached == set(reader.evaluate("Object.keys(results)"))
    assert len(reached) > 8
    assert reader.errors() == []


def test_a_report_of_one_figure_says_that_it_holds_no_verdicts(finished, browser):
    one = finished.path / "report.html"
    finished.snakemake("--report", one, "--", "results/figures/theory/landscapes.svg")
    reader = Reader(browser, one.as_uri())
    assert "This report holds none" in reader.all(".prose")[0].text
    assert reader.errors() == []
