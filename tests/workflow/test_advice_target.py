"""From a .npz to a page of advice, by real Snakemake."""

import re

import numpy as np
import yaml

from label_smoothing.study.advice_study import write_study

RANKING = "results/advice/mine/training_labels.csv"


def test_a_page_from_a_file_alone(empty, monkeypatch):
    rng = np.random.default_rng(0)
    right = rng.integers(3, size=240)
    images = rng.integers(0, 30, (240, 4, 4)).astype(np.uint8)
    images[np.arange(240), right, right] = 200
    given = np.where(rng.random(240) < 0.3, (right + 1) % 3, right)
    monkeypatch.chdir(empty.path)
    np.savez(
        "mine.npz",
        x_train=images[:150],
        y_train=given[:150],
        x_test=images[150:],
        y_test=given[150:],
    )
    file, _ = write_study("mine.npz")
    study = yaml.safe_load(file.read_text())
    study["training"]["memorise"] |= {"epochs": 2, "batch_size": 50}
    study["seeds"], study["smoothing"], study["device"] = [0, 1], [0.6, 1.0], "cpu"
    checked = [f"{i},{label}" for i, label in enumerate(right[150:180])]
    (empty.path / "checked.csv").write_text("\n".join(["index,label", *checked]) + "\n")
    study["datasets"]["mine"]["checked"] = "checked.csv"
    file.write_text(yaml.safe_dump(study, sort_keys=False))
    target = "results/advice/mine.html"
    empty.run("--configfile", str(file), "--", target)

    page = (empty.path / target).read_text()
    assert "Advice on the labels of mine" in page
    # Two epochs memorise nothing: the page has to say so.
    assert "did not memorise" in page
    assert len(re.findall(r'src="data:image/', page)) >= 2
    assert not re.search(r'(?:src|href)="(?!data:|mine/check.html)', page)
    table = (empty.path / "results/advice/mine.csv").read_text()
    assert table.startswith("question,what,quantity,value,low,high,unit,kind,condition,note")
    share = (right == given)[150:180].mean()
    assert f"labels of the hold-out,share of wrong labels,{1 - share:.6g}," in table
    assert 'checked,,"30 labels, drawn at random"' in table
    assert "Which training labels" not in page
    # The rows to check name the place in the file, and no suggestion.
    first = (empty.path / "results/advice/mine/to_check.csv").read_text().splitlines()
    assert first[0] == "index,row,given"
    assert len(first) == 91
    for row in first[1:]:
        _, place, label = map(int, row.split(","))
        assert given[150 + place] == label
    assert "index,row,suggested" in (empty.path / "results/advice/mine/suggestions.csv").read_text()
    again = empty.snakemake("--dry-run", "--configfile", str(file), "--", target).stdout
    assert "Nothing to be done" in again

    # Asked for later, of a subset: the ranking names the rows of the file.
    study["datasets"]["mine"] |= {"folds": 2, "split_seed": 0}
    file.write_text(yaml.safe_dump(study, sort_keys=False))
    arguments = "--configfile", str(file), "--", target, RANKING
    planned = empty.snakemake("--dry-run", *arguments).stdout
    jobs = dict(re.findall(r"^(\w+) +(\d+)$", planned, re.MULTILINE))
    assert {rule: int(n) for rule, n in jobs.items() if rule != "total"} == {
        "advise": 1,
        "corrupt_dataset": 2,
        "prepare_fold": 2,
        "rank_training_labels": 1,
        "train": 2,  # one seed, one p below 1
    }
    empty.run(*arguments)
    page = (empty.path / target).read_text()
    assert "Which training labels" in page
    ranking = (empty.path / RANKING).read_text().splitlines()
    assert ranking[0] == "index,given,suggested,probability"
    for row in ranking[1:]:
        index, label = row.split(",")[:2]
        assert int(label) == given[int(index)]
    assert "Nothing to be done" in empty.snakemake("--dry-run", *arguments).stdout
    fold = "results/datasets/mine+fold3of2.safetensors"
    refused = empty.snakemake("-n", "--configfile", str(file), "--", fold, check=False).stdout
    assert refused.splitlines()[-1].endswith(
        "dataset of the target is 'mine+fold3of2'; allowed, as datasets says: mine"
    )
    refused = empty.snakemake("--dry-run", "--", "results/advice/digits.html", check=False)
    assert refused.returncode == 1
    assert refused.stdout.splitlines()[-1] == (
        "results/advice/digits.html is not offered: config.yaml: datasets.digits.labels is "
        "'clean'; needed: 'given'"
    )
