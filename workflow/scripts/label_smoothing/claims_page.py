"""The verdicts as a page for the report, which offers a CSV for download only."""

from html import escape

import pandas as pd

_STYLE = """
body { font: 15px/1.4 sans-serif; margin: 1.5em; color: #222; }
table { border-collapse: collapse; margin-bottom: 2em; }
th, td { text-align: left; vertical-align: top; padding: 0.4em 0.8em; }
tr { border-bottom: 1px solid #ddd; }
small { color: #666; }
.number { white-space: nowrap; font-variant-numeric: tabular-nums; }
.supported { color: #00694d; font-weight: bold; }
.not-supported { color: #a84700; font-weight: bold; }
"""
_HEADS = ("claim", "verdict", "value, 95 % interval", "to exceed", "n", "statistic", "why")


def claims_page(verdicts: pd.DataFrame, study: str) -> str:
    """
    Return an HTML page with a table of verdicts for each data set and method.

    Parameters
    ----------
    verdicts : DataFrame
        As `claims.judge_claims` returns them.
    study : str
        Title of the study.
    """
    tables = [
        f"<h2>{escape(f'{dataset}, {method}')}</h2>\n<table>\n{_row('th', _HEADS)}"
        + "".join(_row("td", _fields(verdict)) for verdict in group.itertuples())
        + "</table>\n"
        for (dataset, method), group in verdicts.groupby(["dataset", "method"], sort=False)
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<meta charset="utf-8">\n'
        f"<title>{escape(study)}</title>\n<style>{_STYLE}</style>\n"
        f"<h1>{escape(study)}</h1>\n{''.join(tables)}</html>\n"
    )


def _row(tag, fields):
    return "<tr>" + "".join(f"<{tag}>{field}</{tag}>" for field in fields) + "</tr>\n"


def _fields(row):
    noise = f"<br><small>noise type {escape(row.noise)}</small>" if row.noise else ""
    style = row.verdict.replace(" ", "-")
    return (
        escape(row.claim) + noise,
        f'<span class="{style}">{escape(row.verdict)}</span>',
        f'<span class="number">{_interval(row)}</span>',
        f"{row.threshold:g}",
        row.n,
        escape(row.statistic),
        escape(row.reason),
    )


def _interval(row):
    if pd.isna(row.value):
        return ""
    value = f"{row.value:.2f}"
    return value if pd.isna(row.low) else f"{value} [{row.low:.2f}, {row.high:.2f}]"
