"""What docs/reproduction/ says follows from the tables beside it, and can be measured again."""

import importlib.util

import numpy as np
import pandas as pd
import pytest
import yaml
from samples import ROOT

from label_smoothing.analysis.answers import answers
from label_smoothing.analysis.cells import read_tables, summarise
from label_smoothing.analysis.claims.judge import judge_claims
from label_smoothing.analysis.claims.table import read_claims
from label_smoothing.analysis.theory_fits import compare_with_theory
from label_smoothing.analysis.vote_fits import fit_seed, mean_votes

FOLDER = ROOT / "docs/reproduction"
spec = importlib.util.spec_from_file_location("update", FOLDER / "update.py")
update = importlib.util.module_from_spec(spec)
spec.loader.exec_module(update)
STUDY = yaml.safe_load(update.STUDY.read_text())
DATASETS = list(update.titles())


def table(name):
    return read_tables([FOLDER / f"{name}.csv"])


@pytest.mark.parametrize("page", update.PAGES, ids=["findings", "README"])
def test_the_tables_of_the_pages_are_those_of_the_files(page):
    text = page.read_text()
    assert any(f"<!-- {name}: " in text for name in update.TABLES)
    assert update.with_tables(text) == text


def test_a_table_is_written_below_its_mark_and_nowhere_else():
    page = "before\n\n<!-- runs: from here -->\n| old |\n| --- |\n\nafter | it |\n"
    assert update.with_tables(page) == page.replace("| old |\n| --- |\n", update.runs(FOLDER))


def test_every_network_of_the_study_is_there_once():
    networks = table("networks")
    cells = networks[["dataset", "noise", "a", "p", "seed"]]
    assert not cells.duplicated().any()
    grid = len(STUDY["clean_rates"]) * len(STUDY["smoothing"]) * len(STUDY["seeds"])
    assert set(cells.groupby(["dataset", "noise"]).size()) == {grid}
    assert len(cells) == grid * len(DATASETS) * len(STUDY["noise_types"])


def test_the_verdicts_are_those_of_the_networks():
    judged = judge_claims(table("networks"), STUDY, read_claims(update.CLAIMS))
    kept = table("claims")
    names = ["claim", "dataset", "noise", "a", "verdict", "n"]
    pd.testing.assert_frame_equal(judged[names].reset_index(drop=True), kept[names])
    for name in ("value", "low", "high", "paper_value"):
        assert judged[name].to_numpy(float) == pytest.approx(kept[name], rel=1e-3, nan_ok=True)


@pytest.mark.parametrize("dataset", DATASETS)
def test_the_fits_are_those_of_the_networks(dataset):
    networks = table("networks")
    cells = networks[networks["dataset"] == dataset]
    alpha = cells[cells["noise"] == "alpha"]
    for name, fresh in (
        ("summaries", pd.concat(summarise(group) for _, group in alpha.groupby("a"))),
        ("theory", compare_with_theory(alpha)),
    ):
        kept = table(name)
        kept = kept[(kept["dataset"] == dataset) & (kept["noise"] == "alpha")]
        numbers = kept.select_dtypes("number").columns
        assert fresh[numbers].to_numpy() == pytest.approx(
            kept[numbers].to_numpy(), rel=2e-3, abs=2e-4, nan_ok=True
        )


@pytest.mark.parametrize("dataset", DATASETS)
def test_k_is_that_of_the_networks(dataset):
    networks, votes = table("networks"), table("votes")
    cells = networks[(networks["dataset"] == dataset) & (networks["diverged_epoch"] == 0)]
    noisy = cells[cells["a"] < 1]
    kept = votes[(votes["dataset"] == dataset) & (votes["source"] == "losses")]
    assert len(kept) == (noisy["noise"].nunique() + 1) * (noisy["a"].nunique() + 1)
    for row in kept.itertuples():
        own = noisy[(noisy["noise"] == row.noise) | (row.noise == "all")]
        own = own[(own["a"] == row.a) | np.isnan(row.a)]
        fits = [fit_seed(seed, purity=1.0) for _, seed in own.groupby("seed")]
        assert mean_votes([fit.k for fit in fits]).mean == pytest.approx(row.k, rel=1e-3)


def test_the_first_page_answers_as_the_networks_do():
    page = " ".join((update.ROOT / "README.md").read_text().split())
    best = answers(table("networks")).set_index(["dataset", "a"])
    scores = table("summaries").query("score == 'test_accuracy' and assumption == 'alpha'")
    gains = 100 * scores.pivot(index=["dataset", "a"], columns="p", values="gain")
    stopped = table("networks").query("assumption == 'alpha'")
    stopped = 100 * stopped.groupby(["dataset", "a", "p"])["honest_stop_accuracy"].mean().unstack()
    reached = 100 * scores.pivot(index=["dataset", "a"], columns="p", values="mean")
    for a, easy, hard in ((0.85, 0.01, 0.1), (0.5, 0.1, 0.4)):
        of_rate = best.xs(a, level="a")
        for dataset, epsilon in of_rate["epsilon"].items():
            assert round(epsilon, 2 - (epsilon > 0.05)) == (hard if "cifar" in dataset else easy)
        assert set(of_rate["theory_epsilon"].round(2)) == {0.17 if a == 0.85 else 0.56}
        assert f"| {round(100 * (1 - a))} % | {easy:g}; on CIFAR-10 {hard:g} |" in page
    hard, easy = gains.loc["cifar10-10000", 0.85], gains.drop("cifar10-10000").xs(0.85, level="a")
    assert (hard.drop(1.0) < 0).all()
    assert set(easy[0.6].round()) == {2, 3}
    assert "0.4: 2 to 3 points more; on CIFAR-10 none" in page
    assert (gains.xs(0.5, level="a").drop(columns=1.0) < 0).all(axis=None)
    both = (stopped.max(axis=1) - reached.max(axis=1)).xs(0.85, level="a")
    assert (round(both.max()), both.min() > 0) == (5, True)
    assert "smoothing AND early stopping: up to 5 points more" in page
    low, high = best.xs(0.5, level="a")["stopping"].agg(["min", "max"]).round()
    assert f"early stopping: {low:.0f} to {high:.0f} points more" in page


def test_every_page_quotes_one_k_and_one_purity_for_each_data_set():
    fits = table("votes").query("noise == 'all' and source == 'losses and purity' and a != a")
    fits = fits.set_index("dataset")
    k = {name: f"{fits.loc[dataset, 'k']:.1f}" for dataset, name in update.TITLES.items()}
    assert k["MNIST"] == k["Fashion-MNIST"]
    page = " ".join((update.ROOT / "README.md").read_text().split())
    assert (
        f"`k` is {k['digits']} on the digits, {k['MNIST']} on MNIST and Fashion-MNIST, "
        f"{k['CIFAR-10 (subset)']} on CIFAR-10" in page
    )
    order = ["digits", "mnist-10000", "fashion-mnist-10000", "cifar10-10000"]
    first, *others, last = (f"{fits.loc[dataset, 'purity']:.2f}" for dataset in order)
    assert f"is {first}, {', '.join(others)} and {last}" in page
    assert f"(R² {fits['r2'].min():.2f} to {int(100 * fits['r2'].max()) / 100:.2f})" in page
    findings = " ".join((update.ROOT / "docs/findings.md").read_text().split())
    lowest, highest = min(k.values()), max(k.values())
    assert f"`k` is {lowest} to {highest} on all four data sets" in findings
    assert f"falls from {first} to {last}" in findings


def test_every_figure_of_the_page_is_there_and_small():
    page = (FOLDER.parent / "findings.md").read_text()
    figures = sorted(FOLDER.glob("*/*.svg"))
    assert len(figures) == len(DATASETS) * len(update.FIGURES)
    for figure in figures:
        assert str(figure.relative_to(FOLDER.parent)) in page
        assert figure.stat().st_size < 150_000, figure
