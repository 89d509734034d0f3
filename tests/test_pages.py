"""What the pages say follows from the code, and every link leads to what is there."""

import re

import pytest
from samples import ROOT

from label_smoothing.study.config import table_of_keys

PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/*.md")]


def test_the_page_of_the_config_has_the_table_of_its_keys():
    text = (ROOT / "docs/configure.md").read_text()
    start = "<!-- keys: from `python -m label_smoothing.study.config --table` -->\n"
    assert f"{start}{table_of_keys()}\n<!-- end of keys -->\n" in text


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_every_link_of_a_page_leads_to_a_file_and_a_heading(page):
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if "://" not in link:
            path, _, heading = link.partition("#")
            target = page.parent / path if path else page
            assert target.exists(), link
            assert not heading or heading in headings(target.read_text()), link


def headings(text):
    """Return the anchors that GitHub makes of the headings of a page."""
    lines = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", line.lower()).replace(" ", "-") for line in lines}
