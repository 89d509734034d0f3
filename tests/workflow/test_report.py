"""The report of the tiny study in a real browser, by clicks alone and without a network."""

import csv
import shutil

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

CLAIMS = 8


@pytest.fixture(scope="module")
def report(finished_study, tmp_path_factory):
    """Return a copy of the finished study with its report.html."""
    project = finished_study.copy(tmp_path_factory.mktemp("report") / "project")
    project.snakemake("--report", "report.html")
    return project


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
    yield Reader(driver)
    driver.quit()


class Reader:
    """Somebody who reads a report and does nothing but click."""

    def __init__(self, driver):
        self.driver = driver

    def open(self, project):
        self.driver.get((project.path / "report.html").as_uri())

    def all(self, css):
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def one(self, css):
        return self.driver.find_element(By.CSS_SELECTOR, css)

    def evaluate(self, javascript):
        return self.driver.execute_script(f"return {javascript}")

    def go(self, *links):
        """Go home, then follow the links with these texts."""
        self.one("nav ol a").click()
        for text in links:
            self.driver.find_element(By.LINK_TEXT, text).click()

    def errors(self):
        """Return what the console calls an error, and every address that was asked for."""
        log = self.driver.get_log("browser")
        errors = [entry["message"] for entry in log if entry["level"] == "SEVERE"]
        loaded = self.evaluate("performance.getEntriesByType('resource').map(entry => entry.name)")
        return errors + [address for address in loaded if not address.startswith("data:")]

    def shows_picture(self):
        return self.evaluate(
            "(async () => { const picture = document.querySelector('#app img');"
            " await picture.decode(); return picture.naturalWidth; })()"
        )


def claims(project):
    with (project.path / "results/claims.csv").open() as file:
        return list(csv.DictReader(file))


def test_front_page_has_the_question_and_the_verdicts(report, browser):
    browser.open(report)
    assert browser.one("#app h1").text == "How much label smoothing when some labels are wrong?"
    assert "tiny" in browser.one("#app .prose").text
    rows = [row.find_elements(By.TAG_NAME, "td") for row in browser.all("#app tr")]
    assert [[cell.text for cell in row[:3]] for row in rows if row] == [
        [claim["claim"], claim["dataset"], claim["verdict"]] for claim in claims(report)
    ]
    assert len(rows) == 1 + CLAIMS
    assert not browser.all(".system-message")
    assert browser.errors() == []


def test_a_claim_leads_to_its_figure(report, browser):
    claim = next(claim for claim in claims(report) if claim["figure"])
    browser.open(report)
    browser.driver.find_element(By.LINK_TEXT, claim["claim"]).click()
    assert browser.evaluate("app.state.resultPath") == claim["figure"]
    assert browser.shows_picture() > 100
    assert "clean rate" in browser.one(".prose-invert").text
    assert browser.errors() == []


def test_every_result_is_reached_and_explained(report, browser):
    browser.open(report)
    reached = set()
    for category, subcategories in browser.evaluate("categories").items():
        for subcategory in subcategories:
            path = [category] if len(subcategories) == 1 else [category, subcategory]
            browser.go(*path)
            # Labels with two values turn into a switch above the rows.
            for switch in range(max(1, len(browser.all("fieldset label")))):
                for row in range(len(browser.all("tbody tr"))):
                    browser.go(*path)
                    if switches := browser.all("fieldset label"):
                        switches[switch].click()
                    reached.add(look_at(browser, row, category))
    assert reached == set(browser.evaluate("Object.keys(results)"))
    assert len(reached) > 8
    assert browser.errors() == []


def look_at(browser, row, category):
    """Open the picture (or table) and the description in a row; return the path of the result."""
    view, describe = browser.all("tbody tr")[row].find_elements(By.TAG_NAME, "a")
    download = view.get_attribute("download")
    if download:
        assert len(view.get_attribute("href")) > 200, download
    else:
        view.click()
        assert browser.shows_picture() > 100
    describe.click()
    path = browser.evaluate("app.state.resultPath")
    caption = browser.one(".prose-invert").text
    assert len(caption) > 100, path
    assert "seed" in caption or category == "The theory alone", path
    assert not browser.all(".system-message"), path
    return path
