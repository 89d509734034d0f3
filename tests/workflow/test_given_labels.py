"""A data set whose labels are partly wrong, nobody knows how many: from features to the report."""

import json

import numpy as np
import pandas as pd

from label_smoothing.files import read_arrays

METRICS = "results/metrics/mine/{noise}/label_smoothing/a{a}/p{p}/seed0.json"


def features(rng, centres, N):
    """Return features around the centre of their class, and labels of which a quarter is wrong."""
    M, D = centres.shape
    clean = np.arange(N) % M
    wrong = (clean + rng.integers(1, M, N)) % M
    x = (centres[clean] + rng.normal(size=(N, D))).astype(np.float32)
    return x, clean, np.where(rng.random(N) < 0.75, clean, wrong)


def test_a_study_of_given_labels_ends_with_its_report_and_checked_ones_train_nothing(
    untrained, tiny_config
):
    rng = np.random.default_rng(0)
    centres = 3 * rng.normal(size=(4, 8))
    x_train, _, y_train = features(rng, centres, 120)
    x_test, clean, y_test = features(rng, centres, 80)
    config = tiny_config | {
        "clean_rates": [1.0],
        "noise_types": {"beta": {"assumption": "beta", "transition": "uniform"}},
        "datasets": {
            "mine": {
                "source": "npz",
                "path": "mine.npz",
                "labels": "given",
                "model": "net",
                "training": "memorise",
            }
        },
        "models": {"net": {"kind": "mlp", "hidden": [16]}},
    }
    arrays = {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}
    untrained.configure(config)
    np.savez(untrained.path / "mine.npz", **arrays)
    untrained.run()
    untrained.snakemake("--report", "report.html")
    assert untrained.planned() == {}
    (verdict,) = set(pd.read_csv(untrained.path / "results/claims.csv")["verdict"])
    assert verdict == "not testable here"
    assert not untrained.files("votes/**/*.csv")
    history = pd.read_csv(next(iter(untrained.files("runs/mine/**/history.csv"))))
    assert not {"test_loss", "test_accuracy"} & set(history)

    chosen = rng.choice(80, 30, replace=False)
    table = pd.DataFrame({"index": chosen, "label": clean[chosen]})
    table.to_csv(untrained.path / "right.csv", index=False)
    config["noise_types"]["alpha"] = {"assumption": "alpha", "transition": "uniform"}
    config["datasets"]["mine"]["checked"] = "right.csv"
    untrained.configure(config)
    alpha, beta = (METRICS.format(noise=noise, a="1.0", p="0.5") for noise in ("alpha", "beta"))
    assert untrained.planned(alpha, beta).keys() == {"evaluate"}
    untrained.run("--", alpha, beta)
    scores, of_beta = (json.loads((untrained.path / path).read_text()) for path in (alpha, beta))
    assert (scores["test_size"], of_beta["test_size"]) == (30, 80)
    assert scores["test_accuracy"] == of_beta["clean_test_accuracy"]
    run = untrained.path / "results/runs/mine/uniform/label_smoothing/a1.0/p0.5/seed0"
    predicted = read_arrays(run / "predictions.npz")["log_probabilities"].argmax(axis=1)
    assert scores["test_accuracy"] == (predicted == clean)[chosen].mean()
    assert of_beta["test_accuracy"] == (predicted == y_test).mean()
    table["label"] = (table["label"] + 1) % 4
    table.to_csv(untrained.path / "right.csv", index=False)
    assert untrained.planned(alpha) == {"evaluate": 1}
