"""The title of a study is text, whatever it says: on the report's first page, in the verdicts."""

from html import unescape
from types import SimpleNamespace

import jinja2
import pandas as pd
import pytest
from docutils.core import publish_doctree, publish_parts
from docutils.nodes import strong
from hypothesis import example, given, settings
from hypothesis import strategies as st
from samples import CONFIG, ROOT

from label_smoothing.analysis.claims.page import claims_page
from label_smoothing.study.errors import ConfigError
from label_smoothing.study.grid import Study

TEMPLATE = (ROOT / "workflow/report/workflow.rst").read_text()
SIGNS = st.sampled_from("a Z9*`_|\\:<>&\"'$#{}[]()%.-=~^+é✓ \u00a0\u3000")


def page(title, **changes):
    """Return the front page of a report without results as Snakemake makes it."""
    study = Study(CONFIG | {"study": title} | changes)
    environment = jinja2.Environment(trim_blocks=True, lstrip_blocks=True)
    snakemake = SimpleNamespace(config=study.config)
    return environment.from_string(TEMPLATE).render(snakemake=snakemake, categories={}, files=[])


@given(st.text(SIGNS, min_size=1, max_size=30))
@example(".. include:: /etc/passwd")
@example(".. raw:: html")
@example("`click <javascript:alert(1)>`_ and |this|")
@example("**bold** name_ ``code`` :math:`x`")
@example("{{ snakemake }} {% raw %} $x^2$ \\")
@example("<b>5 & 6</b>".replace("</", "< /"))
@settings(deadline=None, max_examples=50)
def test_a_title_is_text_on_the_front_page(title):
    try:
        text = page(title)
    except ConfigError:
        assert not title.strip() or "</" in title
        return
    (shown,) = publish_doctree(text, settings_overrides={"report_level": 5}).findall(strong)
    assert shown.astext() == title.strip()
    html = publish_parts(text, writer="html", settings_overrides={"report_level": 1})["body"]
    for made in ("system-message", "<a ", "<script", "<b>", "/etc/passwd</pre>"):
        assert made not in html


def test_the_front_page_says_whose_labels_are_given():
    types = {"beta": CONFIG["noise_types"]["beta"]}
    digits = CONFIG["datasets"]["digits"]
    sets = {"mine": {**digits, "labels": "given"}, "d_2": digits}
    text = page("a study", noise_types=types, datasets=sets)
    html = publish_parts(text, writer="html", settings_overrides={"report_level": 1})["body"]
    assert "The labels of <em>mine</em> are taken as they come" in html
    assert html.count("are taken as they come") == 1
    assert "<h1>The verdicts</h1>" in html
    assert "system-message" not in html
    assert "taken as they come" not in page("a study")


@pytest.mark.parametrize("title", ["<script>alert(1)<!", "a & b \"c\" 'd'", "<img onerror=1>"])
def test_a_title_is_text_among_the_verdicts(title):
    columns = ["dataset", "method"]
    template = (ROOT / "workflow/resources/claims.html.j2").read_text()
    html = claims_page(pd.DataFrame(columns=columns), title, template)
    for tag in ("title", "h1"):
        inside = html.split(f"<{tag}>")[1].split(f"</{tag}>")[0]
        assert "<" not in inside
        assert unescape(inside) == title
