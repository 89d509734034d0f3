"""
Compare what the advice says with the truth, on real data whose labels are made wrong here.

The advice sees the wrong labels alone. advice.md has the criteria and the tables; README.md the
commands.
"""

import argparse
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from advice_cases import HISTORY, KINDS, NO_CLASS, Case, clean_data, make_case, train_case

from label_smoothing.analysis.advice.answer import Advice, give_advice
from label_smoothing.analysis.advice.how_noisy import how_noisy
from label_smoothing.analysis.advice.networks import Inputs, Networks
from label_smoothing.analysis.advice.noise_model import probability_right
from label_smoothing.analysis.advice.rows import (
    ACCURACY,
    CHECKED,
    CLEAN_LOSS,
    IF,
    NOISY_LOSS,
    WHICH,
    WRONG,
)
from label_smoothing.analysis.advice.smoothing import habit
from label_smoothing.data.datasets import repeated_rows

CHECKS, FIRST = 100, 50
# Kinds of which the condition is true. Of "4s called 9, 8 %" most labels of a class are wrong.
CONDITION_HOLDS = ("none", "uniform", "pair", "asymmetric", "class", "4s called 9, 3", "missed")
CONDITION_HOLDS += ("hold-out",)


def networks(arrays: dict[str, np.ndarray], method: str, labels: np.ndarray) -> Networks:
    """Return what the advice sees of the networks of one method."""
    part = {
        name: arrays[f"{method} {name}"]
        for name in ("outputs", "uncorrected", "end_train_accuracy", "train_kl", *HISTORY)
    }
    outputs, uncorrected, train, kl, accuracies, losses, alike, history = part.values()
    S, P = train.shape
    labels = np.broadcast_to(labels, (S, len(labels)))
    p = arrays["p"][:P]
    ends = accuracies, train, losses, alike, kl, history
    return Networks(p, outputs, uncorrected, labels, *ends)


def inputs_of(case: Case, arrays: dict[str, np.ndarray]) -> tuple[Inputs, np.ndarray]:
    """Return the inputs of the advice, and the right labels of the rows that it judges by."""
    given, new = case.given, ~repeated_rows(case.given)
    parts = []
    for method in ("label_smoothing", "forward_correction"):
        whole = networks(arrays, method, given.y_test)
        seen = {name: getattr(whole, name)[:, :, new] for name in ("outputs", "uncorrected")}
        parts.append(whole._replace(labels=whole.labels[:, new], **seen))
    prior = np.bincount(given.y_train, minlength=given.classes) / len(given.y_train)
    return Inputs(*parts, train_prior=prior, repeated=int((~new).sum())), case.clean_test[new]


def judge(case: Case, arrays: dict[str, np.ndarray], seed: int) -> dict[str, float]:
    """Return one row: what was said, and what is true."""
    inputs, right = inputs_of(case, arrays)
    labels = inputs.plain.labels[0]
    wrong = labels != right
    advice = give_advice(inputs)
    bounds = _share(advice, IF)
    row = {"truth": wrong.mean(), "low": bounds["low"], "high": bounds["high"]}
    # A hundred labels, checked by hand.
    drawn = np.random.default_rng(seed).permutation(len(labels))[:CHECKS]
    checked = give_advice(inputs._replace(checked=(len(drawn), int((~wrong[drawn]).sum()))))
    interval = _share(checked, CHECKED)
    row |= {"checked_low": interval["low"], "checked_high": interval["high"]}
    row["withdrawn"] = np.isfinite(row["low"]) and np.isnan(_share(checked, IF)["low"])
    row["parts_differ"] = any("look noisier" in text for text in advice.warnings)
    return row | _regrets(advice, inputs.plain, right) | _precisions(inputs, wrong)


def _share(advice: Advice, kind: str) -> dict[str, float]:
    rows = advice.rows[(advice.rows["quantity"] == WRONG) & (advice.rows["kind"] == kind)]
    return rows.iloc[0].to_dict() if len(rows) else {"low": np.nan, "high": np.nan}


def _regrets(advice: Advice, plain: Networks, right: np.ndarray) -> dict[str, float]:
    """
    Return what is lost on right labels against the best p of the grid.

    By the advice that needs no assumption, by that on the condition, and by PyTorch's 0.1.
    """
    known, p = right != NO_CLASS, np.asarray(plain.p)
    outputs, right = plain.outputs[:, :, known].astype(float), right[known]
    own = outputs[:, :, np.arange(len(right)), right]
    losses = -own.mean(axis=(0, 2))
    errors = (outputs.argmax(axis=3) != right).mean(axis=(0, 2))
    which = advice.rows[advice.rows["question"] == WHICH].set_index("what")["value"]
    chosen = {"advised": which[NOISY_LOSS], "if": which.get(CLEAN_LOSS, which[NOISY_LOSS])}
    places = {name: int(np.abs(p - value).argmin()) for name, value in chosen.items()}
    found = {f"loss_{name}": losses[place] - losses.min() for name, place in places.items()}
    usual, accurate = habit(p, plain.classes), int(np.abs(p - which[ACCURACY]).argmin())
    found |= {"loss_habit": losses[usual] - losses.min()}
    found |= {"error_advised": errors[accurate] - errors.min()}
    found |= {"error_habit": errors[usual] - errors.min()}
    return found


def _precisions(inputs: Inputs, wrong: np.ndarray) -> dict[str, float]:
    """Return the share of wrong labels among the first of each ranking."""
    if wrong.sum() < FIRST / 2:
        return {}
    noise, labels = how_noisy(inputs), inputs.plain.labels[0]
    outputs = np.exp(inputs.forward.uncorrected[:, noise.place].astype(float)).mean(axis=0)
    outputs /= outputs.sum(axis=1, keepdims=True)
    own = outputs[np.arange(len(labels)), labels]
    scores = {"confidence": own}
    try:
        from cleanlab.rank import get_normalized_margin_for_each_label
    except ImportError:
        pass
    else:
        scores["cleanlab"] = get_normalized_margin_for_each_label(labels, outputs)
    if noise.model is not None:
        model = noise.model
        bayes = probability_right(model.outputs, labels, model.T)
        scores["noise model"] = bayes[np.arange(len(labels)), labels]
    most = min(FIRST, int(wrong.sum()))
    return {
        f"first: {name}": wrong[np.argsort(score, kind="stable")[:most]].mean()
        for name, score in scores.items()
    }


def cases(arguments: argparse.Namespace) -> Iterator[tuple[str, str, int, Case]]:
    """Yield what the command line asks for: data set, kind, draw, case."""
    files = [None, *arguments.files]
    for draw in range(arguments.draws):
        for file in files:
            name = "digits" if file is None else file.stem
            for kind in arguments.kinds or KINDS:
                clean = clean_data(file, arguments.rows, draw)
                yield name, kind, draw, make_case(kind, clean, draw)


def main() -> None:
    """Train what is missing, judge the advice, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, help="further data, .npz with right labels")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, help="some kinds of noise")
    parser.add_argument("--draws", type=int, default=1, help="how often each is drawn (1)")
    parser.add_argument("--rows", type=int, default=1500, help="of a file, in each part (1500)")
    parser.add_argument("--folder", type=Path, required=True, help="where networks are kept")
    parser.add_argument("--kept", action="store_true", help="train nothing: what is there alone")
    parser.add_argument("--csv", type=Path, help="where to write the table")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    rows = []
    for data, kind, draw, case in cases(arguments):
        name = "".join(sign for sign in kind.replace(",", "-") if sign not in " %")
        file = arguments.folder / f"{data}-{name}-{draw}.npz"
        if arguments.kept and not file.exists():
            continue
        row = judge(case, train_case(case, file), zlib.crc32(file.stem.encode()))
        rows.append({"data": data, "kind": kind, "draw": draw} | row)
        table = pd.DataFrame(rows)
        if arguments.csv:  # after each case, because all of them take long
            table.to_csv(arguments.csv, index=False, float_format="%.4g")
    print(table.round(3).to_string())
    print(summary(table).to_string())


def summary(table: pd.DataFrame) -> pd.Series:
    """Return the numbers of the criteria."""
    holds = (table["low"] <= table["truth"]) & (table["truth"] <= table["high"])
    said = table["low"].notna()
    condition = table["kind"].str.startswith(CONDITION_HOLDS)
    apart = pd.concat([table["low"] - table["truth"], table["truth"] - table["high"]], axis=1)
    far = said & (apart.max(axis=1) >= 0.05)
    checked = table["truth"].between(table["checked_low"], table["checked_high"])
    one_part = table["kind"].str.startswith("training part")
    found = {
        "runs": len(table),
        "1: checked intervals that hold the truth": checked.mean(),
        "2: bounds that hold it, condition true": holds[said & condition].mean(),
        "   the same, condition false": holds[said & ~condition].mean(),
        "3: withdrawn, of bounds that miss by 5 points": table["withdrawn"][far].mean(),
        "   withdrawn, of bounds that hold": table["withdrawn"][said & holds].mean(),
        "6: warned, noise in the training part alone": table["parts_differ"][one_part].mean(),
        "   warned, others": table["parts_differ"][~one_part].mean(),
    }
    numbers = [name for name in table if name.startswith(("loss_", "error_", "first: "))]
    return pd.concat([pd.Series(found), table[numbers].mean()]).round(4)


if __name__ == "__main__":
    main()
