"""The question of the project, answered by a study: how much smoothing, and what it is worth."""

import pandas as pd

from label_smoothing.analysis.cells import rates_known
from label_smoothing.analysis.intervals import mean_interval
from label_smoothing.analysis.predictions import predicted_optimum
from label_smoothing.theory.rates import epsilon_from_p

GAINS = ("loss", "accuracy", "stopping")


def answers(cells: pd.DataFrame) -> pd.DataFrame:
    """
    Return the smoothing with the lowest test loss, and what it gains over none, at each clean rate.

    Parameters
    ----------
    cells : DataFrame
        Tables of `aggregate`, of any slices.

    Returns
    -------
    DataFrame
        One row for each dataset, noise, assumption, method and a with a network at p = 1 and at
        another p, scored on clean test labels (alpha), or where a data set has no such noise type,
        on equally corrupted ones (beta).

        - given: whether the labels of the data set are taken as they come, so that a is the share
          of those that was kept
        - epsilon: PyTorch's label_smoothing with the lowest mean test loss; theory_epsilon: the one
          that the theory of memorising asks for, empty where the clean rate is unknown
        - loss, accuracy: test loss (nats) and accuracy (points) at the best p minus those at p = 1,
          where the p of a seed is the best one of the other seeds; stopping: accuracy at the epoch
          that is best on corrupted test labels minus that of the last epoch, both at p = 1 (points)
        - their 95 % t-intervals over seeds: _low and _high; empty for one seed
        - seeds: those in which every p has a loss
    """
    names = ["dataset", "noise", "assumption", "method", "a"]
    clean = cells["dataset"].isin(cells.loc[cells["assumption"] == "alpha", "dataset"])
    scored = cells["assumption"] == clean.map({True: "alpha", False: "beta"})
    rows = []
    for key, cell in cells[scored].groupby(names, sort=False):
        loss = _over_seeds(cell, "test_loss").dropna(axis=1)
        if 1.0 not in loss.index or len(loss) < 2 or loss.empty:
            continue
        M, match = int(cell["classes"].iloc[0]), cell["match_probability"].iloc[0]
        known = rates_known(cell)
        optimum = float(predicted_optimum(match, M, key[2])) if known else float("nan")
        best = {
            "given": not known,
            "epsilon": epsilon_from_p(loss.mean(axis=1).idxmin(), M),
            "theory_epsilon": epsilon_from_p(optimum, M),
        }
        accuracy = 100 * _over_seeds(cell, "test_accuracy")[loss.columns]
        stopped = 100 * _over_seeds(cell, "honest_stop_accuracy")[loss.columns]
        gains = {
            "loss": _gains(loss, loss),
            "accuracy": _gains(accuracy, loss),
            "stopping": stopped.loc[1.0] - accuracy.loc[1.0],
        }
        for name in GAINS:
            mean, low, high, _ = mean_interval(gains[name])
            best |= {name: mean, f"{name}_low": low, f"{name}_high": high}
        rows.append(dict(zip(names, key, strict=True)) | best | {"seeds": loss.shape[1]})
    return pd.DataFrame(rows)


def _over_seeds(cell, score):
    return cell.pivot(index="p", columns="seed", values=score).astype(float)


def _gains(score, loss):
    """Return a score at the p that is best in the other seeds minus that at p = 1, seed by seed."""
    if loss.shape[1] == 1:
        return []
    best = {seed: loss.drop(columns=seed).mean(axis=1).idxmin() for seed in loss}
    return [score.at[p, seed] - score.at[1.0, seed] for seed, p in best.items()]
