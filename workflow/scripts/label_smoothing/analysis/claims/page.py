"""Verdicts and answers as HTML for the report, which offers a CSV for download only."""

import json

import jinja2
import pandas as pd

_SHORT_HEADS = ("verdict", "value, 95 % interval", "supported if", "n", "the paper says it of")
_HEADS = ("claim", *_SHORT_HEADS, "statistic", "why")
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


def claims_page(verdicts: pd.DataFrame, study: str, template: str) -> str:
    """Return an HTML page with a table of verdicts for each data set and method."""
    tables = [
        (names, _shown(group))
        for names, group in verdicts.groupby(["dataset", "method"], sort=False)
    ]
    return _render(template, study=study, heads=_HEADS, tables=tables)


def claims_short(verdicts: pd.DataFrame, template: str) -> str:
    """
    Return the table for the front page of the report, where a claim leads to its figure.

    `verdicts` are `judge.judge_claims`', with `figure` the path of the picture in the report, or
    missing. Data sets of which none is testable, all for the same reason, get a line each.
    """
    untestable = {
        dataset: group["reason"].iloc[0]
        for dataset, group in verdicts.groupby("dataset", sort=False)
        if (group["verdict"] == "not testable here").all() and group["reason"].nunique() == 1
    }
    shown = verdicts[~verdicts["dataset"].isin(list(untestable))]
    repeated = shown.duplicated(["claim", "dataset", "a"]).any()
    names = ["dataset", "noise", "method"] if repeated else ["dataset"]
    heads = ("claim", *names, *_SHORT_HEADS)
    rows = _shown(shown)
    return _render(template, heads=heads, names=names, rows=rows, untestable=untestable.items())


def answers_page(answers: pd.DataFrame, trained_with: list[str], template: str) -> str:
    """Return the table of `answers.answers` for the front page of the report, or nothing."""
    names = [
        "dataset",
        *(n for n in ("noise", "method") if len(answers) and answers[n].nunique() > 1),
    ]
    rows = [
        row
        | {
            "rate": f"{row['a']:g}" + " of the given" * row["given"],
            "epsilon": f"{row['epsilon']:.2g}",
            "theory": "" if row["given"] else f"{row['theory_epsilon']:.2g}",
            "gains": [_gain(row, name, digits) for name, digits in _GAINS.items()],
        }
        for row in answers.to_dict("records")
    ]
    heads = ("data", *names[1:], *_ANSWER_HEADS)
    return _render(template, heads=heads, names=names, rows=rows, trained_with=trained_with)


def _shown(verdicts):
    return [
        row
        | {
            "claim": row["claim"] if pd.isna(row["a"]) else f"{row['claim']}, a = {row['a']:g}",
            "class": row["verdict"].replace(" ", "-"),
            "elsewhere": row["setting"] if row["setting"].startswith("other") else "",
            "value": _interval(row["value"], row["low"], row["high"], ".2f"),
            "of_paper": ""
            if pd.isna(row["paper_value"])
            else f"the paper: {row['paper_value']:.2f}",
            "supported_if": f"{row['relation']} {row['threshold']:g}",
            "path": "" if pd.isna(row["figure"]) else json.dumps(row["figure"]),
        }
        for row in verdicts.to_dict("records")
    ]


def _gain(answer, name, digits):
    mean, low, high = (answer[f"{name}{end}"] for end in ("", "_low", "_high"))
    # Where no smoothing is best in all seeds, there is nothing to gain.
    return "" if mean == low == high else _interval(mean, low, high, f"+.{digits}f")


def _interval(value, low, high, form):
    if pd.isna(value):
        return ""
    return f"{value:{form}}" + ("" if pd.isna(low) else f" [{low:{form}}, {high:{form}}]")


def _render(template, **values):
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(template).render(**values)
