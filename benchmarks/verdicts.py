"""
Measure how often a verdict is wrong, and how often it would be another with other seeds.

Studies are simulated from a measured one: its mean over seeds at each cell, or what the vote theory
says in its place, and seeds that scatter about it as its own do. See benchmarks/README.md;
docs/claims.md and docs/votes.md have the results.
"""

import argparse
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from label_smoothing.analysis.cells import read_tables
from label_smoothing.analysis.claims import CLAIMS, Claim, judge_claims
from label_smoothing.analysis.vote_claims import VOTE_CLAIMS
from label_smoothing.theory.votes import vote_accuracy, vote_loss

CELL = ["dataset", "noise", "method", "a", "p"]
ROW = ["claim", "dataset", "noise", "method", "a"]
LOSSES = ["test_loss", "empirical_loss"]
ACCURACIES = ["test_accuracy", "clean_test_accuracy", "oracle_stop_accuracy"]
VARIANCES = ["share_variance"]
# What the mean of so many seeds says is taken for the truth.
ENDLESS = 150


class Simulator:
    """
    Draws studies that scatter as a measured one does.

    A drawn seed is the mean plus a random mixture of how the measured seeds differ from it, one for
    all cells and scores: so each score has the measured variance, and two of them the measured
    covariance, as they have it from sharing a seed's label noise, weights and batches.

    With `k`, the means of test loss, clean accuracy and variance of the shares are those of the
    vote theory, so that its claims hold exactly.
    """

    def __init__(self, cells: pd.DataFrame, k: float | None = None):
        scores = [name for name in LOSSES + ACCURACIES + VARIANCES if name in cells]
        wide = cells.set_index([*CELL, "seed"])[scores].unstack("seed")
        self.shape = len(scores), cells["seed"].nunique()
        values = wide.to_numpy().reshape(len(wide), *self.shape)
        self.mean = values.mean(axis=2)
        self.mixed = (values - self.mean[..., None]) / np.sqrt(self.shape[1] - 1)
        self.scores = scores
        self.template = cells.groupby(CELL).first().loc[wide.index].reset_index()
        memorised = cells.groupby(CELL)["memorised"].all()
        self.template["memorised"] = memorised.loc[wide.index].to_numpy()
        if k is not None:
            for name, value in _of_votes(self.template, k).items():
                self.mean[:, scores.index(name)] = value

    def draw(self, rng: np.random.Generator, seeds: int) -> pd.DataFrame:
        """Return the tables of a study of so many seeds."""
        values = self.mean[..., None] + self.mixed @ rng.normal(size=(self.shape[1], seeds))
        tables = []
        for seed in range(seeds):
            table = self.template.assign(seed=seed)
            table[self.scores] = values[..., seed]
            # Accuracies are counts: equal ones must stay possible.
            size = table["test_size"]
            for name in ACCURACIES:
                if name in table:
                    table[name] = (table[name] * size).round().clip(0, size) / size
            for name in VARIANCES:
                if name in table:
                    table[name] = table[name].clip(lower=1e-6)
            tables.append(table)
        return pd.concat(tables, ignore_index=True)


def _of_votes(cells: pd.DataFrame, k: float) -> dict[str, np.ndarray]:
    """Return the scores of each cell in a study that the vote theory made."""
    M, values = int(cells["classes"].iloc[0]), {}
    columns = (cells[name] for name in ("p", "expected_clean_rate", "assumption"))
    points = list(zip(*columns, strict=True))
    values["test_loss"] = [vote_loss(p, a, k, M, assumption) for p, a, assumption in points]
    values["clean_test_accuracy"] = [vote_accuracy(a, k, M) for _, a, _ in points]
    values["share_variance"] = [a * (1 - a) / k for _, a, _ in points]
    return {name: np.array(value) for name, value in values.items()}


def rates(
    cells: pd.DataFrame,
    study: Mapping[str, Any],
    seeds: Sequence[int],
    studies: int,
    claims: Sequence[Claim] = CLAIMS,
    k: float | None = None,
) -> pd.DataFrame:
    """
    Return the truth of each row, and by number of seeds the rates of its verdicts.

    Columns: truth ("supported" or "not supported", and the value it is read from); and for each
    number of seeds n: decided_n, wrong_n (decided against the truth), flips_n (the probability that
    two studies of n seeds differ in this verdict).
    """
    rng = np.random.default_rng(0)
    simulator = Simulator(cells, k)
    endless = judge_claims(simulator.draw(rng, ENDLESS), study, claims).set_index(ROW)
    table = endless.loc[endless["verdict"] != "not testable here", ["value", "threshold"]]
    above = (endless["value"] > endless["threshold"]) == (endless["relation"] == ">")
    truth = above.map({True: "supported", False: "not supported"}).loc[table.index]
    table = table.assign(truth=truth)
    for n in seeds:
        found = pd.concat(
            [
                judge_claims(simulator.draw(rng, n), study, claims).set_index(ROW)["verdict"]
                for _ in range(studies)
            ],
            axis=1,
        ).loc[table.index]
        decided = found.isin(["supported", "not supported"])
        wrong = decided & found.ne(truth, axis=0)
        counts = found.apply(lambda row: row.value_counts(), axis=1).fillna(0)
        alike = (counts * (counts - 1)).sum(axis=1) / (studies * (studies - 1))
        table[f"decided_{n}"] = decided.mean(axis=1)
        table[f"wrong_{n}"], table[f"flips_{n}"] = wrong.mean(axis=1), 1 - alike
    return table


def disjoint_sets(
    cells: pd.DataFrame, study: Mapping[str, Any], size: int, claims: Sequence[Claim] = CLAIMS
) -> pd.DataFrame:
    """Return the verdicts of the measured study on disjoint sets of so many of its seeds."""
    seeds = np.sort(cells["seed"].unique())
    return pd.concat(
        {
            f"{chosen[0]}-{chosen[-1]}": judge_claims(
                cells[cells["seed"].isin(chosen)], study, claims
            ).set_index(ROW)["verdict"]
            for chosen in _parts(seeds, size)
        },
        axis=1,
    )


def _parts(seeds: np.ndarray, size: int) -> Iterator[np.ndarray]:
    for start in range(0, len(seeds) - size + 1, size):
        yield seeds[start : start + size]


def _name(row: tuple) -> str:
    claim, _, noise, _, a = row
    # The vote theory's claims have a row for each noise type.
    name = f"{claim} ({noise})" if claim.startswith(("votes: ", "paper: ")) else claim
    return name if np.isnan(a) else f"{name}, a = {a:g}"


def _print(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    for row in (heads, ["---"] * len(heads), *rows):
        print(f"| {' | '.join(row)} |")
    print()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("tables", type=Path, help="results/tables of a study that has run")
    parser.add_argument("--config", type=Path, default="config.yaml", help="of that study")
    parser.add_argument("--seeds", type=int, nargs="+", default=[3, 6])
    parser.add_argument("--studies", type=int, default=100, help="simulated for each of these")
    parser.add_argument("--votes", action="store_true", help="judge the vote theory's claims")
    parser.add_argument("--only", default="", help="claims whose text matches this expression")
    parser.add_argument("--k", type=float, help="simulate studies that the vote theory made")
    arguments = parser.parse_args()
    claims = [
        claim
        for claim in (VOTE_CLAIMS if arguments.votes else CLAIMS)
        if re.search(arguments.only, claim.text)
    ]
    study = yaml.safe_load(arguments.config.read_text())
    cells = read_tables(sorted(arguments.tables.glob("**/*.csv")))

    for size in arguments.seeds:
        sets = disjoint_sets(cells, study, size, claims)
        if sets.shape[1] < 2:
            continue
        differing = sets[sets.nunique(axis=1) > 1]
        print(f"{len(differing)} of {len(sets)} rows differ between the sets of {size} seeds\n")
        if len(differing):
            rows = [
                [_name(row), *verdicts]
                for row, verdicts in zip(differing.index, differing.to_numpy(), strict=True)
            ]
            _print(["claim", *sets], rows)

    table = rates(cells, study, arguments.seeds, arguments.studies, claims, arguments.k)
    columns = [f"{rate}_{n}" for n in arguments.seeds for rate in ("decided", "wrong", "flips")]
    rows = [
        [_name(row), f"{entry['value']:.2f}", entry["truth"], *(f"{entry[c]:.0%}" for c in columns)]
        for row, entry in table.iterrows()
    ]
    mean = ["mean", "", "", *(f"{table[c].mean():.1%}" for c in columns)]
    _print(["claim", "value", "truth", *(c.replace("_", ", ") for c in columns)], [*rows, mean])


if __name__ == "__main__":
    main()
