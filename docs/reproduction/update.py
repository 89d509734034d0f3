"""
Take the tables and figures of a finished studies/reproduction.yaml, and write their numbers here.

    python docs/reproduction/update.py [RESULTS]

RESULTS is the `results` folder of the run. The .csv and .svg files of this folder are replaced, and
the tables below a mark in README.md here and in the project's README.md are written anew.
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
PAGES = (HERE / "README.md", ROOT / "README.md")
METHOD = "label_smoothing"
TITLES = {
    "mnist-10000": "MNIST",
    "fashion-mnist-10000": "Fashion-MNIST",
    "cifar10-10000": "CIFAR-10 (subset)",  # 2,000 test images here, from a JPEG copy
    "digits": "digits",
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

from label_smoothing.analysis.claims import CLAIMS, judge_claims
from label_smoothing.analysis.fits import asks_for_label, informative
from label_smoothing.analysis.tables import read_tables
from label_smoothing.analysis.vote_claims import VOTE_CLAIMS
from label_smoothing.analysis.vote_fits import predict


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
    # By the study as it is kept: where files of the same images come from does not matter.
    study = yaml.safe_load(STUDY.read_text())
    taken = [_run(results, dataset, study["datasets"][dataset]) for dataset in finished]
    _write(pd.DataFrame(taken), here / "runs.csv")
    networks = read_tables([here / "networks.csv"])
    claims = judge_claims(networks, study, (*CLAIMS, *VOTE_CLAIMS))
    _write(claims.drop(columns="figure"), here / "claims.csv", "%.4g")
    for dataset in finished:
        (here / dataset).mkdir(exist_ok=True)
        for figure in FIGURES:
            source = results / "figures" / dataset / METHOD / f"{figure}.svg"
            (here / dataset / source.name).write_text(_smaller(source.read_text()))


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
    """Return one row a claim, in words, its clean rates or measures side by side."""
    claims = _claims(here)
    claims[["claim", "measure"]] = claims["claim"].str.extract(r"(.*?)(?:, (R²|nats))?$")
    testable = claims.groupby("claim")["n"].transform("max") > 0
    return _verdicts(here, claims[testable], _words)


def verdicts(here: Path) -> str:
    """Return one row a claim, with values and intervals."""
    return _verdicts(here, _claims(here), _values)


def votes(here: Path) -> str:
    """Return the table of the fits: one k for all clean rates below 1."""
    fits, networks = _read("votes", here), _read("networks", here)
    rows = []
    for dataset, title in titles(here).items():
        of = fits[(fits["dataset"] == dataset) & (fits["source"] == "losses")]
        one = of[of["a"].isna()]
        for fit in one.itertuples():
            interval = f"{fit.k:.2f} [{fit.k_low:.2f}, {fit.k_high:.2f}]"
            everything = fit.noise == "all"
            cells = networks[networks["dataset"] == dataset]
            r2 = _paper_r2(cells if everything else cells[cells["noise"] == fit.noise])
            what = "all three" if everything else fit.noise
            rows.append((title, what, interval, f"{fit.r2:.3f}", f"{fit.rmse:.3f}", f"{r2:.2f}"))
    heads = ("data", "losses", "k", "R²", "RMSE, nats", "the paper's R²")
    return _table(heads, rows)


TABLES: dict[str, Callable[[Path], str]] = {
    "runs": runs,
    "short verdicts": short_verdicts,
    "verdicts": verdicts,
    "votes": votes,
}


def _run(results, dataset, settings):
    """Return what the networks of a data set took, by the clocks of their histories."""
    histories = sorted((results / "runs" / dataset).rglob("history.csv"))
    seconds = sum(pd.read_csv(history)["seconds"].iloc[-1] for history in histories)
    train_size = settings.get("train_size", 1797 - settings.get("test_size", 0))
    return {"dataset": dataset, "train_size": train_size, "seconds": round(seconds)}


def _smaller(svg):
    """Return a figure without its comments and indents, its places in tenths of a point."""
    svg = re.sub(r"\n\s*", "\n", re.sub(r"<!--.*?-->", "", svg))
    # Not the scale of the letters, which is below 1.
    return re.sub(r"[1-9]\d*\.\d{3,}", lambda number: f"{float(number[0]):.1f}", svg)


def _paper_r2(cells):
    """Return R² of the paper's theory over what `fit_votes` fits, mean over seeds."""
    M = int(cells["classes"].iloc[0])
    fitted = informative(cells["p"], M) & asks_for_label(cells["p"], M) & (cells["a"] < 1)
    shares = []
    for _, seed in cells[fitted & cells["memorised"].astype(bool)].groupby("seed"):
        left = seed["test_loss"] - predict(seed["p"], seed["a"], 1.0, M, seed["assumption"])
        about_mean = seed["test_loss"] - seed["test_loss"].mean()
        shares.append(1 - (left**2).sum() / (about_mean**2).sum())
    return float(np.mean(shares))


def _claims(here):
    """Return the verdicts but for those on the paper's theory at what is claimed of the votes."""
    claims = _read("claims", here)
    return claims[~claims["claim"].str.startswith("paper: ")].copy()


def _verdicts(here, claims, said):
    known, rows = titles(here), []
    for claim, of_claim in claims.groupby("claim", sort=False):
        by_data = [of_claim[of_claim["dataset"] == dataset] for dataset in known]
        rows.append((claim.replace("votes: ", "**votes:** "), *map(said, by_data)))
    return _table(("claim", *known.values()), rows)


def _words(of_data):
    """Return the verdicts in words: 'supported (a = 0.85), undecided (a = 0.5)'."""
    words = []
    for verdict, rows in of_data.groupby("verdict", sort=False):
        rates = ", ".join(f"{a:g}" for a in rows["a"].dropna())
        where = f"a = {rates}" if rates else ", ".join(rows["measure"].dropna())
        every = len(rows) == len(of_data)
        words.append(verdict if every or not where else f"{verdict} ({where})")
    return ", ".join(words)


def _values(of_data):
    lines = []
    for row in of_data.itertuples():
        rate = "" if pd.isna(row.a) else f"a = {row.a:g}: "
        value = "" if pd.isna(row.value) else f" {row.value:.3g} [{row.low:.3g}, {row.high:.3g}]"
        lines.append(f"{rate}{row.verdict}{value}")
    return "<br>".join(lines)


def _table(heads, rows):
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join("| " + " | ".join(map(str, line)) + " |\n" for line in lines)


def _read(name, here):
    return read_tables([here / f"{name}.csv"])


def _write(table, path, float_format="%.6g"):
    table.to_csv(path, index=False, float_format=float_format)


if __name__ == "__main__":
    collect(Path(*sys.argv[1:] or [ROOT / "results"]))
    rewrite()
