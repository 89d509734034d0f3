"""The pages that lead to others lead to what is there."""

import re

import pytest
from samples import ROOT

# What a path in a page starts from, other than the page itself.
PLACES = ("", "studies/", "workflow/scripts/", "workflow/scripts/label_smoothing/")


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/README.md", "README.md"])
def test_every_path_that_a_page_names_exists(page):
    text = (ROOT / page).read_text()
    links = {link for link in re.findall(r"\]\(([^)#]+)", text) if "://" not in link}
    assert links
    assert not {link for link in links if not ((ROOT / page).parent / link).exists()}
    named = set(re.findall(r"`([\w.*-]+/[\w./*-]*)`", text))
    # Made by a run or a set-up, or to be written.
    named = {path for path in named if "NAME" not in path and not path.startswith("results/")}
    assert not {path for path in named if not any(found_at(place + path) for place in PLACES)}


def found_at(path):
    return list(ROOT.glob(path.rstrip("/")))
