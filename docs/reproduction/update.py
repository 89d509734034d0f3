"""
Take the tables and figures of a finished studies/reproduction.yaml, and write their numbers here.

    python docs/reproduction/update.py [RESULTS]

RESULTS is the `results` folder of the run, and of studies/reproduction-slice.yaml. The .csv and
.svg files of this folder are replaced. `--verdicts` in its place needs no run: claims.csv is
computed anew from networks.csv. Either way the tables below a mark in README.md here and in the
project's README.md and docs/votes.md are written anew.
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
# All images of one of its data sets, in some of its cells.
SLICE = ROOT / "studies/reproduction-slice.yaml"
ALL_IMAGES, TEN_THOUSAND = "mnist-60000", "mnist-10000"
PAGES = (HERE / "README.md", HERE.parent / "votes.md", ROOT / "README.md")
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
    """Return one row a claim that can be tested, in words, those of its clean rates in order."""
    claims = _read("claims", here)
    testable = claims.groupby("claim")["n"].transform("max") > 0
    return _verdicts(here, claims[testable], _words)


def verdicts(here: Path) -> str:
    """Return one row a claim, with values and intervals."""
    return _verdicts(here, _read("claims", here), _values)


def votes(here: Path) -> str:
    """Return the table of the fits: one k for all clean rates below 1; k and purity for all."""
    fits, networks = _read("votes", here), _read("networks", here)
    held_out = _read("held_out", here).groupby(["dataset", "noise"])[["r2", "rmse"]].mean()
    everywhere = fits[fits["a"].isna()].set_index(["source", "noise"])
    rows = []
    for dataset, title in titles(here).items():
        cells = networks[networks["dataset"] == dataset]
        of_data = everywhere[everywhere["dataset"] == dataset]
        for noise in of_data.loc["losses"].index:
            one, two = of_data.loc["losses", noise], of_data.loc["losses and purity", noise]
            r2 = _paper_r2(cells if noise == "all" else cells[cells["noise"] == noise])
            row = [title, "all three" if noise == "all" else noise, f"{r2:.2f}"]
            row += [_interval(one, "k"), f"{one.r2:.3f}, {one.rmse:.3f}"]
            row += [_interval(two, "k"), _interval(two, "purity"), f"{two.r2:.3f}, {two.rmse:.3f}"]
            row.append("{:.3f}, {:.3f}".format(*held_out.loc[dataset, noise]))
            rows.append(row)
    heads = ["data", "losses", "the paper's R²", "one k", "R², nats"]
    heads += ["k with purity", "purity", "R², nats", "each a from the others: R², nats"]
    return _table(heads, rows)


def full_size(here: Path) -> str:
    """Return the table of one data set with all its images, beside the study's 10,000."""
    everything, networks = _read("slice", here), _read("networks", here)
    part = networks[networks["dataset"] == TEN_THOUSAND]
    part = part[part["a"].isin(everything["a"])]
    studies = yaml.safe_load(SLICE.read_text()), yaml.safe_load(STUDY.read_text())
    measured = [
        pd.DataFrame([_one_seed(cells, study) for _, cells in networks.groupby("seed")])
        for networks, study in zip((everything, part), studies, strict=True)
    ]
    rates = sorted(everything["a"].unique())
    heads = ["", *(f"a = {a:g}: {n}" for a in rates for n in ("60,000 images", "10,000 images"))]
    rows = []
    for what in dict.fromkeys(what for what, _ in measured[0]):
        row = [what]
        for a in rates:
            for values in (table[what, a] for table in measured):
                ends = f" [{values.min():.3g}, {values.max():.3g}]" if len(values) > 1 else ""
                row.append(f"{values.mean():.3g}{ends}")
        rows.append(row)
    return _table(heads, rows)


TABLES: dict[str, Callable[[Path], str]] = {
    "runs": runs,
    "short verdicts": short_verdicts,
    "verdicts": verdicts,
    "votes": votes,
    "full size": full_size,
}


def _run(results, dataset):
    """Return what the networks of a data set took, by the clocks of their histories."""
    histories = sorted((results / "runs" / dataset).rglob("history.csv"))
    seconds = sum(pd.read_csv(history)["seconds"].iloc[-1] for history in histories)
    labels = read_arrays(next((results / "labels" / dataset).rglob("*.npz")))
    return {"dataset": dataset, "train_size": len(labels["train"]), "seconds": round(seconds)}


def _one_seed(networks, study):
    """Return what is measured of the networks of one seed, by its name and clean rate."""
    measured = {}
    for row in networks[networks["noise"] == "alpha"].itertuples():
        measured[f"loss on clean labels, p = {row.p:g}", row.a] = row.test_loss
    for row in networks[networks["noise"] == "alpha"].itertuples():
        measured[f"accuracy, %, p = {row.p:g}", row.a] = 100 * row.test_accuracy
    for (noise, a), cells in networks.groupby(["noise", "a"]):
        measured[f"k of the {noise} losses", a] = fit_seed(cells, purity=1.0).k
    claims = [claim for claim in read_claims(CLAIMS) if claim.each_rate]  # at each clean rate
    for row in judge_claims(networks, study, claims).itertuples():
        measured[row.claim, row.a] = row.value
    return measured


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


def _verdicts(here, claims, said):
    known, rows = titles(here), []
    for claim, of_claim in claims.groupby("claim", sort=False):
        by_data = [of_claim[of_claim["dataset"] == dataset] for dataset in known]
        rows.append((claim.replace("votes: ", "**votes:** "), *map(said, by_data)))
    return _table(("claim", *known.values()), rows)


def _interval(fit, name):
    low, high = fit[f"{name}_low"], fit[f"{name}_high"]
    return f"{fit[name]:.2f} [{low:.2f}, {high:.2f}]"


def _words(of_data):
    """Return one word, or one for each clean rate where they differ."""
    words = [WORDS[verdict] for verdict in of_data["verdict"]]
    return ", ".join(words if len(set(words)) > 1 else words[:1])


def _values(of_data):
    lines = []
    for row in of_data.itertuples():
        rate = "" if pd.isna(row.a) else f"a = {row.a:g}: "
        value = "" if pd.isna(row.value) else f" {row.value:.3g} [{row.low:.3g}, {row.high:.3g}]"
        paper = "" if pd.isna(row.paper_value) else f"; the paper: {row.paper_value:.3g}"
        lines.append(f"{rate}{row.verdict}{value}{paper}")
    return "<br>".join(lines)


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
