"""The report of the tiny study in a real browser: by clicks alone, without a network."""

import shutil

import pandas as pd
import pytest
from samples import ROOT
from selenium import webdriver
from selenium.common.exceptions import ElementClickInterceptedException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from label_smoothing.analysis.claims.page import claims_short

FIGURE = "results/figures/digits/label_smoothing/loss_over_p_alpha.svg"
VERDICTS, THEORY = "1. The verdicts", "7. The theory alone"


@pytest.fixture(scope="module")
def verdicts(finished_study):
    """Return verdicts of all kinds; one seed alone decides no claim and points to no figure."""
    verdicts = pd.read_csv(finished_study.path / "results/claims.csv", dtype={"figure": object})
    verdicts.loc[0, ["verdict", "figure"]] = "supported", FIGURE
    verdicts.loc[1, "verdict"] = "not supported"
    return verdicts


@pytest.fixture(scope="module")
def report(finished_study, verdicts, tmp_path_factory):
    """Return the address of the study's report."""
    project = finished_study.copy(tmp_path_factory.mktemp("report") / "project")
    template = (ROOT / "workflow/resources/claims_short.html.j2").read_text()
    (project.path / "results/claims_short.html").write_text(claims_short(verdicts, template))
    project.snakemake("--report", "report.html")
    return (project.path / "report.html").as_uri()


@pytest.fixture(scope="module")
def browser():
    programs = [shutil.which(name) for name in ("chromium", "chromedriver")]
    if not all(programs):
        pytest.skip("no Chromium: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = programs[0]
    options.add_argument("--headless=new")
    options.add_argument("--window-size=1500,1000")
    # Root has no sandbox, and the shared memory of containers is small.
    options.add_argument("--no-sandbox")
    options.add_argument("--disable-dev-shm-usage")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(programs[1]))
    yield driver
    driver.quit()


class Reader:
    """Somebody who opens a report and does nothing but click."""

    def __init__(self, browser, report):
        self.browser = browser
        browser.get(report)
        # The graph of the rules comes last and moves what is beside it.
        WebDriverWait(browser, 30).until(lambda _: self.all(".vega-embed :is(svg, canvas)"))

    def all(self, css):
        return self.browser.find_elements(By.CSS_SELECTOR, css)

    def press(self, element):
        """Click an element as soon as nothing covers it: what is new on a page still moves."""
        clickable = WebDriverWait(
            self.browser, 30, ignored_exceptions=[ElementClickInterceptedException]
        )
        clickable.until(lambda _: element.click() is None)

    def click(self, text):
        self.press(self.browser.find_element(By.LINK_TEXT, text))

    def crumbs(self):
        """Return the links from the front page to where the reader is."""
        return self.all("nav nav ol a")

    def rows(self):
        return self.all("table.table-auto tbody tr")

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


def test_front_page_has_the_question_and_the_verdicts(report, browser, verdicts):
    reader = Reader(browser, report)
    assert reader.all(".prose h1")[0].text.startswith("How much label smoothing")
    assert "tiny" in reader.all(".prose")[0].text
    rows = [row.find_elements(By.TAG_NAME, "td") for row in reader.all(".verdicts tbody tr")]
    shown = [[cell.text for cell in row[:3]] for row in rows]
    assert [claim.split(", a = ")[0] for claim, _, _ in shown] == verdicts["claim"].tolist()
    assert {dataset for _, dataset, _ in shown} == {"digits"}
    labels = verdicts["setting"].where(verdicts["setting"] == "other data", "")
    words = (verdicts["verdict"] + "\n" + labels).str.strip()
    assert [verdict for _, _, verdict in shown] == words.tolist()
    assert not reader.all(".system-message")
    assert reader.errors() == []


def test_front_page_answers_the_question_first(report, browser):
    reader = Reader(browser, report)
    answers, *_ = tables = reader.all(".prose table")
    assert [table.get_attribute("class") for table in tables] == ["answers", "verdicts"]
    rows = [row.find_elements(By.TAG_NAME, "td") for row in reader.all(".answers tbody tr")]
    assert [[cell.text for cell in row[:2]] for row in rows] == [["digits", "0.6"], ["digits", "1"]]
    assert answers.location["y"] + answers.size["height"] < 1000


def test_tables_are_whole_and_the_graph_of_the_rules_stands_below_them(report, browser):
    reader = Reader(browser, report)
    tables, (graph,) = reader.all(".prose table"), reader.all("#app #rulegraph")
    width = reader.evaluate("document.documentElement.clientWidth")
    for table in tables:
        assert table.location["x"] + table.size["width"] <= width
        assert table.location["y"] + table.size["height"] < graph.location["y"]


def test_the_menu_has_the_order_of_the_questions(report, browser):
    reader = Reader(browser, report)
    shown = [item.text for item in reader.all("nav li") if item.text[:1].isdigit()]
    assert shown == sorted(reader.evaluate("Object.keys(categories)"))
    assert [item.partition(".")[0] for item in shown] == [*"1234567"]
    assert (shown[0], shown[-1]) == (VERDICTS, THEORY)


def test_a_claim_leads_to_its_figure(report, browser, verdicts):
    reader = Reader(browser, report)
    reader.click(f"{verdicts.loc[0, 'claim']}, a = 0.6")
    assert reader.result == FIGURE
    assert reader.sees_result()
    assert reader.caption.startswith("Measured test loss")
    assert reader.errors() == []


def test_every_result_is_reached_seen_and_explained(report, browser):
    reader = Reader(browser, report)
    reached = set()
    for category, datasets in reader.evaluate("categories").items():
        assert list(datasets) == (["Other"] if category in (VERDICTS, THEORY) else ["digits"])
        reader.press(reader.crumbs()[0])
        reader.click(category)
        # A label with two values is a switch above the rows.
        for switch in range(max(1, len(reader.all("fieldset label")))):
            for row in range(len(reader.rows())):
                if switches := reader.all("fieldset label"):
                    reader.press(switches[switch])
                view, describe = reader.rows()[row].find_elements(By.TAG_NAME, "a")
                download = view.get_attribute("download")
                if not download:
                    reader.press(view)
                    assert reader.sees_result()
                reader.press(describe)
                reached.add(reader.result)
                assert not download or reader.result.endswith(download)
                assert len(reader.caption) > 100, reader.result
                assert "seeds" in reader.caption or category == THEORY
                assert not reader.all(".system-message"), reader.result
                reader.press(reader.crumbs()[-2])
    assert reached == set(reader.evaluate("Object.keys(results)"))
    assert len(reached) > 8
    assert reader.errors() == []


def test_a_report_of_one_figure_says_that_it_holds_no_verdicts(finished_study, browser, tmp_path):
    one = tmp_path / "report.html"
    finished_study.snakemake("--report", one, "--", "results/figures/theory/landscapes.svg")
    reader = Reader(browser, one.as_uri())
    assert "This report holds none" in reader.all(".prose")[0].text
    assert reader.errors() == []
