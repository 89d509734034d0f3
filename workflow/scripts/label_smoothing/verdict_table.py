"""The verdicts as the table on the front page of the report."""

import json
from html import escape

import pandas as pd

COLOURS = {"supported": "#047857", "not supported": "#b91c1c"}


def verdict_table(claims: pd.DataFrame) -> str:
    """
    Return the verdicts as an HTML table, one row each.

    Parameters
    ----------
    claims : DataFrame
        As `claims.judge_claims` returns it; `figure` is the path of a picture in the report, or
        missing.

    Returns
    -------
    str
        Without a style of its own. A claim links to its figure: the report shows figure and caption.
    """
    repeated = claims.duplicated(["claim", "dataset"]).any()
    where = ["dataset", "noise", "method"] if repeated else ["dataset"]
    head = ["claim", *where, "verdict", "measured", "needed", "n", "why"]
    lines = ["<table>", _row("th", head)]
    for claim in claims.itertuples():
        colour = COLOURS.get(claim.verdict, "inherit")
        cells = [
            _linked(claim.claim, claim.figure),
            *(escape(getattr(claim, name)) for name in where),
            f'<strong style="color: {colour}">{escape(claim.verdict)}</strong>',
            f"{_interval(claim)}<br>{escape(claim.statistic)}",
            f"&gt; {claim.threshold:g}",
            str(claim.n),
            escape(claim.reason),
        ]
        lines.append(_row("td", cells))
    return "\n".join([*lines, "</table>\n"])


def _row(tag, cells):
    return "<tr>" + "".join(f"<{tag}>{cell}</{tag}>" for cell in cells) + "</tr>"


def _interval(claim):
    if pd.isna(claim.value):
        return "no value"
    interval = "" if pd.isna(claim.low) else f" ({claim.low:.3g} to {claim.high:.3g})"
    return f"{claim.value:.3g}{interval}"


def _linked(text, figure):
    if pd.isna(figure) or not figure:
        return escape(text)
    path = json.dumps(figure)
    # `results` and `app` are the report's: all of its results by path, and what shows one of them.
    show = (
        f"javascript:if (results[{path}]) app.setView({{navbarMode: 'resultinfo', "
        f"resultPath: {path}, content: 'img', contentPath: results[{path}].data_uri}})"
    )
    return f'<a href="{escape(show)}">{escape(text)}</a>'
