"""
Take the tables and figures of a finished studies/reproduction.yaml, and write their numbers here.

    python docs/reproduction/update.py [RESULTS]

RESULTS is the `results` folder of the run, and of studies/reproduction-slice.yaml. The .csv and
.svg files of this folder are replaced. `--verdicts` in its place needs no run: claims.csv is
computed anew from networks.csv. The tables below a mark in docs/findings.md and in README.md
are written anew either way.
"""

import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
STUDY = ROOT / "studies/reproduction.yaml"
CLAIMS = ROOT / "workflow/resources/claims.yaml"
# All images of one of its data sets, in some of its cells: studies/reproduction-slice.yaml.
ALL_IMAGES = "mnist-60000"
PAGES = (HERE.parent / "findings.md", ROOT / "README.md")
METHOD = "label_smoothing"
TITLES = {
    "mnist-10000": "MNIST",
    "fashion-mnist-10000": "Fashion-MNIST",
    "cifar10-10000": "CIFAR-10 (subset)",  # 2,000 test images here, from a JPEG copy
    "digits": "digits",
}
WORDS = {
    "not testable here": "not tested",
    "supported": "yes",
    "undecided": "open",
    "not supported": "no",
}
# The rows of the README's table, and the claims that each is about.
QUESTIONS = {
    "The loss on clean test labels has the predicted shape and lowest point": (
        "the loss over p has the shape of alpha's",
        "the loss is lowest where alpha says",
    ),
    "This loss is as high as predicted": ("the loss is as high as alpha says",),
    "The more labels are wrong, the more smoothing is best for the loss": (
        "the p* of the loss grows with a",
    ),
    "The accuracy asks for more smoothing than the loss": (
        "the accuracy is best at a smaller p than the loss",
    ),
    "Weak smoothing gains accuracy only where few labels are wrong": (
        "weak smoothing helps only near a = 1",
    ),
    "With early stopping, smoothing is not needed": (
        "smoothing is not needed with early stopping",
    ),
}
FIGURES = (
    "loss_landscapes",
    "loss_over_p_alpha",
    "loss_over_p_beta",
    "optimum_over_a",
    "loss_and_accuracy_alpha",
    "error_alpha",
)

sys.path.insert(0, str(ROOT / "workflow/scripts"))

from label_smoothing.analysis.cells import read_tables
from label_smoothing.analysis.claims.judge import judge_claims
from label_smoothing.analysis.claims.table import read_claims
from label_smoothing.analysis.vote_fits import fit_seed, predict
from label_smoothing.files import read_arrays
from label_smoothing.theory.rates import asks_for_label, informative


def collect(results: Path, here: Path = HERE) -> None:
    """Copy the tables and figures of the finished data sets into `here`; judge their claims."""
    finished = [dataset for dataset in TITLES if (results / "votes" / dataset).is_dir()]
    names = {"networks": "tables", "summaries": "summaries", "theory": "theory", "votes": "votes"}
    for name, stage in names.items():
        files = [
            file
            for dataset in finished
            for file in sorted((results / stage / dataset).rglob("*.csv"))
        ]
        _write(read_tables(files), here / f"{name}.csv")
    taken = [_run(results, dataset) for dataset in finished]
    _write(pd.DataFrame(_held_out(_read("networks", here))), here / "held_out.csv")
    if files := sorted((results / "tables" / ALL_IMAGES).rglob("*.csv")):
        _write(read_tables(files), here / "slice.csv")
    _write(pd.DataFrame(taken), here / "runs.csv")
    judge(here)
    for dataset in finished:
        (here / dataset).mkdir(exist_ok=True)
        for figure in FIGURES:
            source = results / "figures" / dataset / METHOD / f"{figure}.svg"
            (here / dataset / source.name).write_text(_smaller(source.read_text()))


def judge(here: Path = HERE) -> None:
    """Judge the claims anew, on the networks in `here`."""
    # By the study as it is kept: where files of the same images come from does not matter.
    study = yaml.safe_load(STUDY.read_text())
    claims = judge_claims(_read("networks", here), study, read_claims(CLAIMS))
    _write(claims.drop(columns="figure"), here / "claims.csv", "%.4g")


def rewrite(here: Path = HERE, pages: Iterable[Path] = PAGES) -> None:
    """Write the tables between the marks of the pages anew, from the .csv files in `here`."""
    for page in pages:
        page.write_text(with_tables(page.read_text(), here))


def with_tables(text: str, here: Path = HERE) -> str:
    """Return a page with its tables written anew."""
    for name, table in TABLES.items():
        mark = rf"(<!-- {name}: [^\n]*-->\n)(?:\|[^\n]*\n)*"
        text = re.sub(mark, lambda match, table=table: match[1] + table(here), text)
    return text


def titles(here: Path = HERE) -> dict[str, str]:
    """Return the data sets of the tables in `here`, with their titles."""
    known = set(_read("runs", here)["dataset"])
    return {dataset: title for dataset, title in TITLES.items() if dataset in known}


def runs(here: Path) -> str:
    """Return the table of what was run."""
    networks, cost = _read("networks", here), _read("runs", here).set_index("dataset")
    rows = []
    for dataset, title in titles(here).items():
        cells = networks[(networks["dataset"] == dataset) & (networks["assumption"] == "alpha")]
        memorised = cells["memorised"].sum()
        rows.append(
            (
                title,
                f"{cost.loc[dataset, 'train_size']:,}",
                f"{cells['test_size'].iloc[0]:,}",
                len(cells),
                f"{memorised} ({cells['train_accuracy'].min():.4f})",
                f"{cost.loc[dataset, 'seconds'] / 3600:.1f}",
                f"{cost.loc[dataset, 'seconds'] / len(cells):.0f}",
            )
        )
    heads = ("data", "training images", "test images", "networks")
    heads += ("memorised (lowest train accuracy)", "hours", "seconds a network")
    return _table(heads, rows)


def short_verdicts(here: Path) -> str:
    """Return one row a question: yes, no, partly or open for each data set."""
    claims, known = _read("claims", here), titles(here)
    rows = []
    for question, asked in QUESTIONS.items():
        of_question = claims[claims["claim"].isin(asked)]
        by_data = [of_question[of_question["dataset"] == dataset] for dataset in known]
        rows.append((question, *map(_in_short, by_data)))
    return _table(("", *known.values()), rows)


def verdicts(here: Path) -> str:
    """Return one row a claim that can be tested and clean rate, with the mean over seeds."""
    claims, known = _read("claims", here), titles(here)
    claims = claims[claims.groupby("claim")["n"].transform("max") > 0]
    rows, before = [], ""
    for (claim, a), row in claims.groupby(["claim", "a"], sort=False, dropna=False):
        said = row.set_index("dataset").apply(_verdict, axis=1)
        named, rate = "" if claim == before else claim, "" if pd.isna(a) else f"{a:g}"
        rows.append((named, rate, *(said[dataset] for dataset in known)))
        before = claim
    return _table(("claim", "a", *known.values()), rows)


def votes(here: Path) -> str:
    """Return the table of the fits: k and purity to all losses of a data set."""
    fits, networks = _read("votes", here), _read("networks", here)
    held_out = _read("held_out", here).groupby(["dataset", "noise"])[["r2", "rmse"]].mean()
    fits = fits[fits["a"].isna() & (fits["source"] == "losses and purity")]
    fits = fits[fits["noise"] == "all"].set_index("dataset")
    rows = []
    for dataset, title in titles(here).items():
        fit, cells = fits.loc[dataset], networks[networks["dataset"] == dataset]
        row = [title, _interval(fit, "k"), _interval(fit, "purity")]
        row += [f"{fit.r2:.2f}, {fit.rmse:.2f}", f"{_paper_r2(cells):.2f}"]
        row.append("{:.2f}, {:.2f}".format(*held_out.loc[dataset, "all"]))
        rows.append(row)
    heads = ["data", "k", "purity", "R², nats", "the paper's R²"]
    return _table([*heads, "each a from the others: R², nats"], rows)


TABLES: dict[str, Callable[[Path], str]] = {
    "runs": runs,
    "short verdicts": short_verdicts,
    "verdicts": verdicts,
    "votes": votes,
}


def _run(results, dataset):
    """Return what the networks of a data set took, by the clocks of their histories."""
    histories = sorted((results / "runs" / dataset).rglob("history.csv"))
    seconds = sum(pd.read_csv(history)["seconds"].iloc[-1] for history in histories)
    labels = read_arrays(next((results / "labels" / dataset).rglob("*.npz")))
    return {"dataset": dataset, "train_size": len(labels["train"]), "seconds": round(seconds)}


def _held_out(networks):
    """Yield how well k and purity of all other clean rates predict the losses at each of them."""
    for dataset, cells in _fitted(networks).groupby("dataset", sort=False):
        for noise, of_noise in [*cells.groupby("noise"), ("all", cells)]:
            for seed, losses in of_noise.groupby("seed"):
                missed = [
                    _missed(part, *_votes(losses[losses["a"] != a]))
                    for a, part in losses.groupby("a")
                ]
                missed = np.concatenate(missed)
                row = {"dataset": dataset, "noise": noise, "seed": seed}
                yield row | {"r2": _r2(missed, losses), "rmse": (missed**2).mean() ** 0.5}


def _votes(cells):
    fit = fit_seed(cells, purity=None)
    return fit.k, fit.purity


def _fitted(networks):
    """Return the networks whose losses k is fitted to, at any clean rate."""
    p, M = networks["p"], int(networks["classes"].iloc[0])
    return networks[informative(p, M) & asks_for_label(p, M) & networks["memorised"].astype(bool)]


def _missed(cells, k, purity):
    M = int(cells["classes"].iloc[0])
    predicted = predict(cells["p"], cells["a"], k, M, cells["assumption"], purity=purity)
    return (cells["test_loss"] - predicted).to_numpy()


def _r2(missed, cells):
    about_mean = cells["test_loss"] - cells["test_loss"].mean()
    return 1 - (missed**2).sum() / (about_mean**2).sum()


def _smaller(svg):
    """Return a figure without its comments and indents, its places in tenths of a point."""
    svg = re.sub(r"\n\s*", "\n", re.sub(r"<!--.*?-->", "", svg))
    # Not the scale of the letters, which is below 1.
    return re.sub(r"[1-9]\d*\.\d{3,}", lambda number: f"{float(number[0]):.1f}", svg)


def _paper_r2(cells):
    """Return R² of the paper's theory over what `fit_votes` fits, mean over seeds."""
    fitted = _fitted(cells[cells["a"] < 1])
    return float(np.mean([_r2(_missed(s, 1.0, 1.0), s) for _, s in fitted.groupby("seed")]))


def _in_short(rows):
    words = {WORDS[verdict] for verdict in rows["verdict"]}
    return words.pop() if len(words) == 1 else "partly" if "yes" in words else "no"


def _verdict(row):
    value = "above 100" if row["value"] > 100 else f"{row['value']:.2g}"
    return f"{WORDS[row['verdict']]} ({value})"


def _interval(fit, name):
    low, high = fit[f"{name}_low"], fit[f"{name}_high"]
    return f"{fit[name]:.2f} [{low:.2f}, {high:.2f}]"


def _table(heads, rows):
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join("| " + " | ".join(map(str, line)) + " |\n" for line in lines)


def _read(name, here):
    return read_tables([here / f"{name}.csv"])


def _write(table, path, float_format="%.6g"):
    table.to_csv(path, index=False, float_format=float_format)


if __name__ == "__main__":
    if sys.argv[1:] == ["--verdicts"]:
        judge()
    else:
        collect(Path(*sys.argv[1:] or [ROOT / "results"]))
    rewrite()
