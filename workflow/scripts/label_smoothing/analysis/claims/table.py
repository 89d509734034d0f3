"""The table of claims, workflow/resources/claims.yaml, as the verdicts and the document read it."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

import yaml

SPELLED = {"mnist": "MNIST", "cifar10": "CIFAR-10"}  # the paper's data sets


@dataclass(frozen=True)
class Claim:
    """One claim and how it is judged; the head of the file explains the fields."""

    id: str
    words: str
    place: str
    assumption: str
    statistic: str
    measures: str
    unit: str
    supported_if: str
    needs: str
    figure: str
    data: tuple[str, ...] = ()
    rates: tuple[float, ...] = ()
    matrix: str = "p"
    each_rate: bool = False
    beside: str = ""

    @property
    def relation(self) -> str:
        """Return ">" or "<": on which side of the threshold the statistic supports the claim."""
        return self.supported_if.split()[0]

    @property
    def threshold(self) -> float:
        """Return what the statistic has to pass, in its unit."""
        return float(self.supported_if.split()[1])

    @property
    def paper(self) -> str:
        """Return where the paper says it and of which data."""
        data = ", ".join(SPELLED[name] for name in self.data) or "any data"
        return f"{data}: {self.place}{self._at_rates()}"

    def setting(self, dataset: str, a: float) -> str:
        """Return whether a data set, as `paper_data` spells it, and rate are the paper's."""
        if not self.data:
            return "any data"
        if dataset not in self.data:
            return "other data"
        known = not self.rates or a != a or a in self.rates  # nan: no rate by itself
        return "the paper's data" if known else "other clean rate"

    def _at_rates(self) -> str:
        return ", a = " + " and ".join(f"{a:g}" for a in self.rates) if self.rates else ""


def read_claims(path: str | os.PathLike) -> tuple[Claim, ...]:
    """Return the claims of a file in its order."""
    entries = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    lists = ("data", "rates")
    return tuple(
        Claim(**entry | {name: tuple(entry.get(name, ())) for name in lists}) for entry in entries
    )


def paper_data(name: str) -> str:
    """Return which of the paper's data sets a name begins with: mnist-10000 is, kmnist is not."""
    name = name.lower().replace("cifar-", "cifar")
    return next((known for known in SPELLED if re.match(rf"{known}(?![a-z0-9])", name)), "")


def criteria_table(claims: tuple[Claim, ...]) -> str:
    """Return the table of docs/findings.md."""
    lines: list[tuple[str, ...]] = [
        ("claim", "place in the paper", "statistic of a seed", "yes if"),
        ("---",) * 4,
    ]
    for claim in claims:
        place = f"{claim.place}{claim._at_rates()}"
        measures = ("at each a < 1: " if claim.each_rate else "") + claim.measures
        lines.append((claim.words, place, measures, claim.supported_if))
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
