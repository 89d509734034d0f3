"""Verdicts and answers as HTML for the report, which offers a CSV for download only."""

import json
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
_SHORT_HEADS = ("verdict", "value, 95 % interval", "supported if", "n", "the paper says it of")
_ANSWER_HEADS = (
    "right labels",
    "lowest loss at label_smoothing",
    "theory asks for",
    "loss changes by, nats",
    "accuracy changes by, points",
    "if stopped early instead, points",
    "n",
)
_GAINS = {"loss": 2, "accuracy": 1, "stopping": 1}  # and the digits that they are given with
_HEADS = ("claim", *_SHORT_HEADS, "statistic", "why")


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


def claims_short(verdicts: pd.DataFrame) -> str:
    """
    Return the table for the front page of the report, where a claim leads to its figure.

    Parameters
    ----------
    verdicts : DataFrame
        As `claims.judge_claims` returns them, with `figure` the path of the picture in the report,
        or missing. Data sets of which none is testable, all for the same reason, get a line each.
    """
    reasons = verdicts.groupby("dataset", sort=False)["reason"]
    untestable = (verdicts["verdict"] == "not testable here").groupby(verdicts["dataset"]).all()
    alike = [name for name, why in reasons if untestable[name] and why.nunique() == 1]
    lines = [
        f"<p>{escape(name)}: not testable here, as {escape(reasons.get_group(name).iloc[0])}.</p>\n"
        for name in alike
    ]
    verdicts = verdicts[~verdicts["dataset"].isin(alike)]
    if verdicts.empty:
        return "".join(lines)
    repeated = verdicts.duplicated(["claim", "dataset", "a"]).any()
    names = ["dataset", "noise", "method"] if repeated else ["dataset"]
    rows = [
        _row(
            "td",
            (
                _linked(_claim(verdict), verdict.figure),
                *(escape(getattr(verdict, name)) for name in names),
                _verdict(verdict),
                _interval(verdict),
                _threshold(verdict),
                verdict.n,
                escape(verdict.paper),
            ),
        )
        for verdict in verdicts.itertuples()
    ]
    heads = _row("th", ("claim", *names, *_SHORT_HEADS))
    return _table("verdicts", heads, rows) + "".join(lines)


def answers_page(answers: pd.DataFrame) -> str:
    """
    Return the table of answers for the front page of the report.

    Parameters
    ----------
    answers : DataFrame
        As `answers.answers` returns them, of one row or more.
    """
    named = [name for name in ("noise", "method") if answers[name].nunique() > 1]
    rows = [
        _row(
            "td",
            (
                *(escape(getattr(answer, name)) for name in ("dataset", *named)),
                f"{answer.a:g}" + " of the given" * answer.given,
                f"<b>{answer.epsilon:.2g}</b>",
                "" if answer.given else f"{answer.theory_epsilon:.2g}",
                *(_gain(answer, name, digits) for name, digits in _GAINS.items()),
                answer.seeds,
            ),
        )
        for answer in answers.itertuples()
    ]
    heads = _row("th", ("data", *named, *_ANSWER_HEADS))
    return _table("answers", heads, rows)


def _gain(answer, name, digits):
    mean, low, high = (getattr(answer, f"{name}{end}") for end in ("", "_low", "_high"))
    if pd.isna(mean) or mean == low == high:  # no smoothing is best in all seeds
        return ""
    interval = "" if pd.isna(low) else f" [{low:+.{digits}f}, {high:+.{digits}f}]"
    return f'<span class="number">{mean:+.{digits}f}{interval}</span>'


def _linked(text, figure):
    if pd.isna(figure):
        return escape(text)
    path = json.dumps(figure)
    # `results` and `app` are the report's: its results by path, and what shows one of them.
    show = (
        f"if (results[{path}]) app.setView({{navbarMode: 'resultinfo', resultPath: {path}, "
        f"content: 'img', contentPath: results[{path}].data_uri}}); return false"
    )
    return f'<a href="#" onclick="{escape(show)}">{escape(text)}</a>'


def _claim(row):
    return row.claim if pd.isna(row.a) else f"{row.claim}, a = {row.a:g}"


def _verdict(row):
    word = f'<span class="{row.verdict.replace(" ", "-")}">{escape(row.verdict)}</span>'
    elsewhere = row.setting in ("other data", "other clean rate")
    return f"{word}<br><small>{escape(row.setting)}</small>" if elsewhere else word


def _threshold(row):
    return escape(f"{row.relation} {row.threshold:g}")


def _table(name, heads, rows):
    body = f"<thead>\n{heads}</thead>\n<tbody>\n{''.join(rows)}</tbody>"
    return f'<table class="{name}">\n{body}\n</table>\n'


def _row(tag, fields):
    return "<tr>" + "".join(f"<{tag}>{field}</{tag}>" for field in fields) + "</tr>\n"


def _fields(row):
    noise = f"<br><small>noise type {escape(row.noise)}</small>" if row.noise else ""
    return (
        escape(_claim(row)) + noise,
        _verdict(row),
        f"{_interval(row)}<br><small>{escape(row.interval)}</small>",
        _threshold(row),
        row.n,
        escape(row.paper),
        escape(row.statistic),
        escape(row.reason),
    )


def _interval(row):
    if pd.isna(row.value):
        return ""
    interval = "" if pd.isna(row.low) else f" [{row.low:.2f}, {row.high:.2f}]"
    return f'<span class="number">{row.value:.2f}{interval}</span>'
