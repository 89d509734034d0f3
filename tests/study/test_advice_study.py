"""The study that advice is taken from: written once, never over another, refused in one line."""

import numpy as np
import pytest
import yaml

from label_smoothing.data.sources import load_dataset
from label_smoothing.study.advice_slices import slice_of_folds, slices_of_advice
from label_smoothing.study.advice_study import (
    EPSILONS,
    advice_study,
    name_of,
    network_for,
    smoothing_grid,
    targets_of,
    write_study,
)
from label_smoothing.study.data_checks import check_files
from label_smoothing.study.errors import ConfigError
from label_smoothing.study.grid import Study
from label_smoothing.theory.rates import epsilon_from_p


def distinct(shape, dtype, *counts):
    """Return arrays of so many images or rows, no two of them alike."""
    x = np.zeros((sum(counts), int(np.prod(shape))), dtype)
    for place, digit in enumerate(np.divmod(np.arange(len(x)), 251)[::-1][: x.shape[1]]):
        x[:, place] = digit
    return np.split(x.reshape(-1, *shape), np.cumsum(counts)[:-1])


def save(path, shape=(8, 8), dtype=np.uint8, classes=3, train=30, test=9):
    x_train, x_test = distinct(shape, dtype, train, test)
    y_train, y_test = np.arange(train) % classes, np.arange(test) % classes
    np.savez(path, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
    return path


@pytest.fixture
def data(tmp_path):
    return save(tmp_path / "mine.npz")


@pytest.mark.parametrize(
    "shape, dtype",
    [
        ((8, 8), np.uint8),
        ((28, 28), np.uint8),
        ((64, 64, 3), np.uint8),
        ((96, 20, 3), np.uint8),
        ((1, 1), np.uint8),
        ((5,), np.float32),
    ],
)
def test_it_is_a_study_that_snakemake_accepts(tmp_path, shape, dtype):
    data = save(tmp_path / "mine.npz", shape, dtype)
    study = Study(yaml.safe_load(advice_study(data, "advice/mine.yaml")))
    check_files(study)
    assert study.config["datasets"]["mine"]["labels"] == "given"
    assert len(study.smoothing) == 7
    assert len(study.seeds) == 3
    assert study.clean_rates == ("1.0",)
    assert set(slices_of_advice(study, "mine")) == {"plain", "forward"}


@pytest.mark.parametrize("M", [2, 3, 10, 1000])
def test_the_grid_is_pytorchs_label_smoothing(M):
    p = smoothing_grid(M)
    np.testing.assert_allclose(epsilon_from_p(p, M), EPSILONS, atol=1e-5)
    assert 0.1 in EPSILONS
    assert p == sorted(p)
    assert min(p) > 1 / M


def test_large_data_are_taken_in_part(tmp_path):
    data = save(tmp_path / "mine.npz", train=6000, test=6000)
    study = yaml.safe_load(advice_study(data, "advice/mine.yaml"))["datasets"]["mine"]
    assert (study["train_size"], study["test_size"], study["split_seed"]) == (2000, 2000, 0)


def test_a_rare_class_keeps_an_image(tmp_path):
    y = np.repeat([0, 1, 2], [6000, 6000, 4])
    x_train, x_test = distinct((8, 8), np.uint8, len(y), 9)
    data = tmp_path / "mine.npz"
    np.savez(data, x_train=x_train, y_train=y, x_test=x_test, y_test=np.arange(9) % 3)
    settings = yaml.safe_load(advice_study(data, "advice/mine.yaml"))["datasets"]["mine"]
    assert settings["train_size"] == 3001
    sizes = {key: settings[key] for key in ("train_size", "split_seed")}
    assert set(load_dataset("npz", path=data, **sizes).y_train) == {0, 1, 2}


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("my_labels 2.npz", "my-labels-2"),
        ("1.npz", "data-1"),
        ("Größe.npz", "Groe"),
        ("图.npz", "data"),
        ("x" * 120 + ".npz", "x" * 90),
        ("_a.b_.npz", "a.b"),
    ],
)
def test_any_file_name_becomes_the_name_of_a_data_set(tmp_path, file, name):
    assert name_of(file) == name
    settings = yaml.safe_load(advice_study(save(tmp_path / file), "advice/x.yaml"))
    assert Study(settings).npz_files(name) == [str(tmp_path / file)]


def test_a_test_part_that_stands_in_the_training_part_is_refused_before_any_job(tmp_path):
    data = save(tmp_path / "mine.npz", train=400, test=300)
    with np.load(data) as archive:
        arrays = dict(archive)
    arrays["x_test"][:30] = arrays["x_train"][:30]
    np.savez(data, **arrays)
    advice_study(data, "advice/x.yaml")
    arrays["x_test"][30:60] = arrays["x_train"][30:60]
    np.savez(data, **arrays)
    with pytest.raises(ConfigError, match="60 of 300 test rows also stand in the training part"):
        advice_study(data, "advice/x.yaml")


def test_images_that_were_cut_to_0_and_1_are_refused(tmp_path):
    data = save(tmp_path / "mine.npz")
    with np.load(data) as archive:
        arrays = {
            name: (x > 200).astype(x.dtype) if "x_" in name else x for name, x in archive.items()
        }
    np.savez(data, **arrays)
    with pytest.raises(ConfigError, match="holds 0 and 1 alone, and 30 of 30 images have one"):
        advice_study(data, "advice/x.yaml")


@pytest.mark.parametrize("name", ["no", "null", "true"])
def test_a_word_of_yaml_is_a_name(tmp_path, name):
    data = save(tmp_path / f"{name}.npz")
    assert set(yaml.safe_load(advice_study(data, "advice/x.yaml"))["datasets"]) == {name}


@pytest.mark.parametrize(
    "shape, pool",
    [
        ((8, 8, 1), [2, 1]),
        ((1, 8, 1), [1, 1]),
        ((32, 32, 3), [2, 2]),
        ((3, 32, 3), [1, 1]),
        ((224, 224, 3), [4, 4]),
        ((8, 224, 1), [1, 1]),
    ],
)
def test_large_images_are_pooled_more(shape, pool):
    assert network_for(shape)[0]["pool"] == pool


def test_a_study_that_is_there_is_kept_with_its_changes(data, tmp_path):
    file, there = write_study(data, tmp_path / "advice")
    assert not there
    changed = file.read_text().replace("epochs: 40", "epochs: 80")
    file.write_text(changed)
    assert write_study(data, tmp_path / "advice") == (file, True)
    assert file.read_text() == changed


def test_folds_can_be_asked_for_later(data, tmp_path):
    before, there = write_study(data, tmp_path / "advice")[0].read_text(), False
    file, there = write_study(data, tmp_path / "advice", 4)
    assert not there
    entry = yaml.safe_load(file.read_text())["datasets"]["mine"]
    assert (entry["folds"], entry["split_seed"]) == (4, 0)
    assert write_study(data, file.parent) == (file, True)
    assert targets_of(file)[1:] == [
        "results/advice/mine/check.html",
        "results/advice/mine/training_labels.csv",
    ]
    assert not write_study(data, file.parent, 3)[1]
    assert yaml.safe_load(file.read_text())["datasets"]["mine"]["folds"] == 3
    changed = before.replace("epochs: 40", "epochs: 80")
    file.write_text(changed)
    assert len(targets_of(file)) == 2
    with pytest.raises(ConfigError, match=r"FOLDS is 4, but .* was changed by hand .*; allowed: "):
        write_study(data, file.parent, 4)
    assert file.read_text() == changed
    by_hand = changed.replace("labels: given", "labels: given\n    folds: 4\n    split_seed: 0")
    file.write_text(by_hand)
    assert write_study(data, file.parent, 4) == (file, True)
    assert file.read_text() == by_hand


def test_checked_labels_can_be_brought_later_and_nothing_else_changes(data, tmp_path):
    file, _ = write_study(data, tmp_path / "advice")
    before = yaml.safe_load(file.read_text())
    checked = tmp_path / "checked.csv"
    with pytest.raises(ConfigError, match=r"CHECKED is .*checked.csv': no such file; allowed: a "):
        write_study(data, file.parent, checked=str(checked))
    checked.write_text("index,label\n0,0\n")
    write_study(data, file.parent, checked=str(checked))
    after = yaml.safe_load(file.read_text())
    assert after["datasets"]["mine"].pop("checked") == str(checked)
    assert after == before
    assert write_study(data, file.parent) == (file, True)


def test_more_folds_than_a_class_has_images_are_refused_before_anything_is_written(data, tmp_path):
    with pytest.raises(ConfigError, match=r"FOLDS is 11; allowed: 2 to 10, as the rarest class"):
        write_study(data, tmp_path / "advice", 11)
    assert not (tmp_path / "advice").exists()
    before = write_study(data, tmp_path / "advice")[0].read_text()
    with pytest.raises(ConfigError, match=r"FOLDS is 11; allowed: 2 to 10"):
        write_study(data, tmp_path / "advice", 11)
    assert (tmp_path / "advice" / "mine.yaml").read_text() == before


def test_a_study_with_folds_is_one_that_snakemake_accepts(tmp_path):
    data = save(tmp_path / "mine.npz", train=90)
    study = Study(yaml.safe_load(advice_study(data, "advice/mine.yaml", 7)))
    check_files(study)  # its batches are no larger than what a fold leaves
    assert slice_of_folds(study, "mine").method == "forward_correction"
    names = study.folds_of("mine")
    assert (len(names), names[0]) == (7, "mine+fold1of7")
    method = "forward_correction"
    assert study.training_settings(names[0], method) == study.training_settings("mine", method)
    study.check_names({"dataset": names[0]}, folds=True)
    for name, folds in ((names[0], False), ("mine+fold8of7", True), ("mine+fold1of6", True)):
        with pytest.raises(ConfigError, match=r"allowed, as datasets says: mine$"):
            study.check_names({"dataset": name}, folds)


@pytest.mark.parametrize("content", [None, "a: 1\n", "[", b"\xff"])
def test_a_study_of_something_else_is_not_overwritten(data, tmp_path, content):
    file = tmp_path / "advice" / "mine.yaml"
    other = tmp_path / "other"
    other.mkdir()
    if content is None:
        write_study(save(other / "mine.npz"), file.parent)
    else:
        file.parent.mkdir()
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    before = file.read_bytes()
    with pytest.raises(ConfigError, match=r"DATA is .*, but .* is a study of .*; allowed: "):
        write_study(data, file.parent)
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    "name, message",
    [
        ("", "no such file"),
        ("absent.npz", "no such file"),
        ("no.npz", "not a whole .npz"),
    ],
)
def test_bad_input_is_one_line(tmp_path, monkeypatch, name, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "no.npz").write_text("text")
    with pytest.raises(ConfigError, match=message) as error:
        write_study(name)
    assert str(error.value).startswith(f"DATA is {name!r}")
    assert "allowed: " in str(error.value)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "advice").exists()


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda c: c["datasets"]["mine"].update(labels="clean"), "labels is 'clean'; needed: "),
        (lambda c: c["transitions"]["uniform"].update(kind="pair_flip"), "noise_types is beta; "),
        (lambda c: c.update(clean_rates=[0.8]), "clean_rates is 0.8; needed: 1.0"),
        (lambda c: c.update(smoothing=[1.0]), "smoothing is 1.0; needed: 1.0, no smoothing, and"),
        (lambda c: c.update(smoothing=[0.5]), "smoothing is 0.5; needed: 1.0, no smoothing, and"),
        (lambda c: c["methods"].pop("label_smoothing"), "methods is forward_correction; "),
    ],
)
def test_what_a_study_lacks_is_named(data, change, message):
    config = yaml.safe_load(advice_study(data, "advice/mine.yaml"))
    change(config)
    with pytest.raises(ConfigError, match=message):
        slices_of_advice(Study(config), "mine")


def test_what_folds_lack_is_named(data):
    config = yaml.safe_load(advice_study(data, "advice/mine.yaml"))
    with pytest.raises(ConfigError, match=r"datasets.mine.folds is missing; needed: "):
        slice_of_folds(Study(config), "mine")
    config = yaml.safe_load(advice_study(data, "advice/mine.yaml", 5))
    del config["methods"]["forward_correction"]
    with pytest.raises(ConfigError, match=r"needed with datasets.mine.folds 5: one with the loss"):
        slices_of_advice(Study(config), "mine")


def test_only_what_is_needed_is_trained(data):
    config = yaml.safe_load(advice_study(data, "advice/mine.yaml"))
    config["smoothing"] += [1.2]
    config["methods"]["forward_correction"]["loss"] = "logit_smoothing"
    slices = slices_of_advice(Study(config), "mine")
    assert set(slices) == {"plain"}
    assert "1.2" not in slices["plain"].p
