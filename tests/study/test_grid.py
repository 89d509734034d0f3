"""A config is refused with one line that names the key, the value and what is allowed."""

import copy

import pytest
import yaml
from samples import CONFIG, ROOT

from label_smoothing.study.errors import ConfigError
from label_smoothing.study.grid import Study, without_defaults
from label_smoothing.study.sections import Training, canonical


def changed(path, value):
    config = copy.deepcopy(CONFIG)
    section = config
    *parents, last = path.split(".")
    for key in parents:
        section = section[key]
    section[last] = value
    return config


def test_default_study_is_large_enough():
    study = Study(CONFIG)
    assert len(study.clean_rates) >= 4
    assert "1.0" in study.clean_rates
    assert len(study.smoothing) >= 7
    assert (study.smoothing[0], study.smoothing[-1]) == ("0.2", "1.0")
    assert len(study.seeds) >= 2
    assert {study.assumption_of(noise) for noise in CONFIG["noise_types"]} == {
        "alpha",
        "beta",
        "gamma",
    }


@pytest.mark.parametrize("file", sorted((ROOT / "studies").glob("*.yaml")), ids=lambda f: f.stem)
def test_every_study_is_allowed_and_draws_few_clean_rates(file):
    study = Study(yaml.safe_load(file.read_text()), file.parent)
    assert set(study.few_clean_rates()) == set(study.drawn_clean_rates)


def test_noise_types_share_networks():
    study = Study(CONFIG)
    cells = list(study.cells())
    assert len(cells) == len(set(cells))
    assert len(cells) == len(study.clean_rates) * len(study.smoothing) * len(study.seeds)
    assert len(list(study.slices())) == 3


@pytest.mark.parametrize(
    ("spelling", "path"), [("0.5", "0.5"), ("0.50", "0.5"), ("5e-1", "0.5"), ("1", "1.0")]
)
def test_one_value_has_one_spelling(spelling, path):
    study = Study(changed("smoothing", yaml.safe_load(f"[{spelling}, 0.7]")))
    assert path in study.smoothing
    assert canonical(float(spelling)) == path


@pytest.mark.parametrize(
    ("path", "value", "whole"),
    [
        ("training.memorise.batch_size", "1e2", 100),
        ("models.small_cnn.pool", ["2e0", 1], [2, 1]),
        ("datasets.digits.test_size", "5e2", 500),
    ],
)
def test_whole_numbers_with_an_exponent_are_whole(path, value, whole):
    entry = Study(changed(path, value)).config
    for key in path.split("."):
        entry = entry[key]
    assert entry == whole
    assert {type(number) for number in (entry if isinstance(entry, list) else [entry])} == {int}


def test_drawn_clean_rates_are_all_or_those_named():
    assert Study(CONFIG).drawn_clean_rates == Study(CONFIG).clean_rates
    study = Study(changed("drawn_clean_rates", [1, 0.5]))
    assert study.drawn_clean_rates == study.few_clean_rates() == ("0.5", "1.0")
    with pytest.raises(ConfigError, match=r"drawn_clean_rates holds 0\.42; allowed: values"):
        Study(changed("drawn_clean_rates", [0.5, 0.42]))


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("clean_rates", 0.5, r"clean_rates is 0.5; allowed: a list"),
        ("smoothing", [-0.5], r"smoothing\[0\] is -0.5; allowed: more than 0"),
        ("seeds", [1, "1e0"], r"seeds holds 1 twice"),
        (
            "noise_types.alpha.transition",
            "pairs",
            r"noise_types.alpha.transition is 'pairs'; allowed: a name under transitions: uniform",
        ),
        (
            "transitions.uniform.kind",
            "file",
            r"missing key 'transitions.uniform.path': kind",
        ),
        ("transitions.uniform.path", "T.csv", r"path is 'T.csv'; allowed: no path with kind 'uni"),
        (
            "methods.label_smoothing.matrix",
            "transition",
            r"methods.label_smoothing.matrix is 'transition'; allowed with loss .*: p",
        ),
        ("methods.x", {"loss": "matrix_smoothing"}, r"methods.x.matrix is 'p'; allowed with loss"),
        (
            "methods.x",
            {"loss": "matrix_smoothing", "matrix": "file"},
            r"missing key 'methods.x.path': matrix 'file' needs it",
        ),
        (
            "methods.label_smoothing.path",
            "S.csv",
            r"path is 'S.csv'; allowed: no path with matrix 'p'",
        ),
        (
            "methods.x",
            {"loss": "generalised_cross_entropy", "q": 0.7},
            r"methods.x.matrix is 'p'; allowed with loss 'generalised_cross_entropy': identity",
        ),
        (
            "methods.x",
            {"loss": "generalised_cross_entropy", "matrix": "identity"},
            r"missing key 'methods.x.q': loss 'generalised_cross_entropy' needs it",
        ),
        (
            "methods.x",
            {"loss": "generalised_cross_entropy", "matrix": "identity", "q": 0},
            r"methods.x.q is 0.*; allowed: more than 0 .for generalised_cross_entropy",
        ),
        ("methods.label_smoothing.q", 0.5, r"q is 0.5; allowed: no q with loss 'label_smoothing'"),
        (
            "methods.label_smoothing.warm_up_epochs",
            40,
            r"warm_up_epochs is 40; allowed: 0 to 39, so that the method itself is trained",
        ),
        ("training.memorise.schedule", "milestones", r"missing key .*milestones': schedule"),
        ("training.memorise.milestones", [5], r"milestones is \[5\]; allowed: none with"),
        ("datasets.digits.model", "resnet", r"datasets.digits.model is 'resnet'; allowed: a name"),
        ("datasets.digits.source", "npz", r"missing key 'datasets.digits.path': source 'npz' need"),
        ("datasets.digits.source", "SVHN", r"missing key 'datasets.digits.data_dir': source 'SVHN"),
        (
            "datasets.digits.path",
            "x.npz",
            r"datasets.digits.path is 'x.npz'; allowed: no path with source 'digits'",
        ),
        ("datasets.digits.data_dir", "d", r"data_dir is 'd'; allowed: no data_dir with source 'd"),
        (
            "models.small_cnn.kind",
            "vit",
            r"kind is 'vit'; allowed: one of cnn, resnet18, mlp, or module:Class",
        ),
        (
            "models.small_cnn",
            {"kind": "resnet18"},
            r"missing key 'models.small_cnn.width': chan",
        ),
        ("models.small_cnn.kind", "nets:", r"kind is 'nets:'; allowed: one of .* or module:Class"),
        ("models.small_cnn.kind", "../nets:Net", r"kind is '../nets:Net'; allowed: one of cnn"),
    ],
)
def test_bad_config_is_refused_with_the_key_and_what_is_allowed(path, value, message):
    with pytest.raises(ConfigError, match=message):
        Study(changed(path, value))


def test_forward_correction_needs_probabilities():
    config = changed("methods", {"forward": {"loss": "forward_correction"}})
    config["smoothing"] = [0.5, 1.2]
    with pytest.raises(ConfigError, match=r"smoothing holds 1.2; allowed with methods.forward, a"):
        Study(config)
    config["methods"] = {"forward": {"loss": "forward_correction", "matrix": "transition"}}
    assert Study(config).smoothing_of("forward") == ("1.0",)


def test_optional_keys_get_the_defaults_of_the_schema():
    recipe = Study(CONFIG).training_of("digits")
    assert (recipe["precision"], recipe["flip"], recipe["milestones"]) == ("fp32", False, [])
    assert "precision" not in CONFIG["training"]["memorise"]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"source": "digits", "split_seed": 0}, r"missing key 'datasets.x.test_size': source 'dig"),
        ({"source": "digits", "test_size": 500}, r"missing key 'datasets.x.split_seed': test_size"),
        (
            {"source": "MNIST", "data_dir": "d", "train_size": 500},
            r"missing key 'datasets.x.split_seed': train_size needs it",
        ),
        ({"source": "MNIST", "path": "x.npz"}, r"missing key 'datasets.x.data_dir': source 'MNIST"),
        ({"source": "npz", "data_dir": "d"}, r"missing key 'datasets.x.path': source 'npz' needs"),
        ({"source": "npz", "path": "x.npz", "data_dir": "d"}, None),
        ({"source": "MNIST", "data_dir": "d", "path": "x.npz"}, None),
        ({"source": "npz", "path": "x.npz"}, None),
        ({"source": "KMNIST", "data_dir": "d"}, None),
        ({"source": "CIFAR100", "data_dir": "d", "test_size": 500, "split_seed": 0}, None),
    ],
)
def test_keys_of_a_data_set_fit_its_source(entry, message):
    config = changed("datasets", {"x": {**entry, "model": "small_cnn", "training": "memorise"}})
    if message is None:
        study = Study(config)
        assert study.npz_files("x") == ([entry["path"]] if entry["source"] == "npz" else [])
        return
    with pytest.raises(ConfigError, match=message) as error:
        Study(config)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("key", ["clean_rates", "datasets", "device"])
def test_missing_key_is_named(key):
    config = {name: value for name, value in CONFIG.items() if name != key}
    with pytest.raises(ConfigError, match=f"missing key '{key}': "):
        Study(config)


def own_network(folder, source=None, **settings):
    if source is not None:
        (folder / "nets.py").write_text(source)
    return Study(changed("models.small_cnn", {"kind": "nets:Net", **settings}), folder)


def test_own_network_keeps_its_parameters_and_is_found_beside_the_config(tmp_path):
    study = own_network(tmp_path, "class Net: pass", units=[3, {"any": "thing"}])
    assert study.model_of("digits") == {
        "kind": f"{tmp_path}/nets:Net",
        "units": [3, {"any": "thing"}],
    }
    assert study.network_files("digits") == [f"{tmp_path}/nets.py"]
    assert Study(CONFIG, tmp_path).network_files("digits") == []


def test_a_cell_has_the_modules_of_its_own_loss_and_network(tmp_path):
    study = own_network(tmp_path, "class Net: pass")
    study.config["methods"]["forward"] = {"loss": "forward_correction", "matrix": "p"}
    assert study.training_modules("digits", "forward") == (
        "training.losses.forward_correction",
        "training.networks.own",
    )
    assert Study(CONFIG).training_modules("digits", "label_smoothing") == (
        "training.losses.label_smoothing",
        "training.networks.cnn",
    )


@pytest.mark.parametrize("section", ["datasets", "noise_types", "transitions", "methods"])
@pytest.mark.parametrize("name", ["a b", "$(id)", "../up", "-rf", "a_", "a\n", ""])
def test_names_that_could_mean_more_are_refused(section, name):
    config = changed(section, {name: next(iter(CONFIG[section].values()))})
    with pytest.raises(ConfigError, match=f"{section} has the name .*allowed: a name"):
        Study(config)


def settings(**changes):
    config = copy.deepcopy(CONFIG)
    config["training"]["memorise"] |= changes
    return Study(config).training_settings("digits", "label_smoothing")


def test_settings_that_mean_the_same_read_the_same():
    plain = repr(settings())
    assert "factor" not in plain
    for same in (
        {"crop": 0, "flip": False, "precision": "fp32", "compile": False, "milestones": []},
        {"factor": 0.25},
        {"learning_rate": "1.2e-2"},
    ):
        assert repr(settings(**same)) == plain, same
    for other in ({"crop": 1}, {"flip": True}, {"learning_rate": 0.01}, {"epochs": 41}):
        assert repr(settings(**other)) != plain, other
    assert repr(settings(momentum=0)) == repr(settings(momentum=0.0))

    reversed_config = yaml.safe_load(yaml.safe_dump(CONFIG))
    for section in ("models", "training", "methods", "datasets"):
        for name, entry in reversed_config[section].items():
            reversed_config[section][name] = dict(reversed(entry.items()))
    study = Study(reversed_config)
    assert repr(study.training_settings("digits", "label_smoothing")) == plain
    assert repr(study.source_settings("digits")) == repr(Study(CONFIG).source_settings("digits"))


def test_milestones_and_their_factor_count_with_their_schedule():
    stepped = {"schedule": "milestones", "milestones": [30, 20]}
    recipe = settings(**stepped)["recipe"]
    assert recipe["milestones"] == [20, 30]
    assert settings(**stepped, factor=0.5)["recipe"] == recipe
    assert settings(**stepped, factor=0.1)["recipe"]["factor"] == 0.1


def test_only_labels_that_are_given_stand_in_the_settings_of_a_training():
    clean = Study(changed("datasets.digits.labels", "clean"))
    config = changed("datasets.digits.labels", "given")
    del config["noise_types"]["alpha"], config["noise_types"]["gamma"]
    given = Study(config)
    assert repr(clean.training_settings("digits", "label_smoothing")) == repr(settings())
    of_given = given.training_settings("digits", "label_smoothing")
    assert of_given == {**settings(), "labels": "given"}
    # The prepared data are the same.
    assert given.source_settings("digits") == clean.source_settings("digits")


def test_a_key_that_comes_later_leaves_the_settings_as_they_are():
    class Later(Training):
        newer: int = 7

    entry = Study(CONFIG).training_of("digits")
    plain = without_defaults(Training, entry)
    assert without_defaults(Later, {**entry, "newer": 7}) == plain
    assert without_defaults(Later, {**entry, "newer": 8}) == {**plain, "newer": 8}


def test_the_parameters_of_an_own_network_keep_their_order(tmp_path):
    layers = {"wide": 3, "deep": {"b": 1, "a": 2}}
    given = own_network(tmp_path, "class Net: pass", layers=layers, activation="relu")
    model = given.training_settings("digits", "label_smoothing")["model"]
    assert list(model) == ["activation", "kind", "layers"]
    assert repr(model["layers"]) == repr(layers)


@pytest.mark.parametrize(
    ("entry", "same"),
    [
        ({"source": "npz", "path": "x.npz"}, {"split_seed": 3}),
        ({"source": "npz", "path": "x.npz"}, {"data_dir": "d"}),
        ({"source": "MNIST", "data_dir": "d"}, {"split_seed": 0, "path": "x.npz"}),
    ],
)
def test_what_a_source_ignores_is_not_passed_to_it(entry, same):
    def source(more):
        entries = {"x": {**entry, **more, "model": "small_cnn", "training": "memorise"}}
        return Study(changed("datasets", entries)).source_settings("x")

    assert source(same) == source({})
    assert source({"test_size": 9, "split_seed": 3})["split_seed"] == 3


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ({"p": "0.50"}, "p of the target is '0.50'; allowed, as smoothing says: 0.2, 0.35, 0.5"),
        ({"p": "0,5"}, "p of the target is '0,5'; allowed, as smoothing says: 0.2"),
        ({"p": "0.6"}, "p of the target is '0.6'; allowed, as smoothing says: 0.2"),
        ({"a": "1"}, "a of the target is '1'; allowed, as clean_rates says: 0.5, 0.7"),
        ({"seed": "00"}, "seed of the target is '00'; allowed, as seeds says: 0, 1, 2"),
        ({"dataset": "mnist"}, "dataset of the target is 'mnist'; allowed, as datasets says: digi"),
        ({"noise": "delta"}, "noise of the target is 'delta'; allowed, as noise_types says: alph"),
        ({"transition": "pairs"}, "transition of the target is 'pairs'; allowed, as transitions"),
        ({"method": "no"}, "method of the target is 'no'; allowed, as methods says: label_smoot"),
    ],
)
def test_names_of_targets_have_the_spelling_of_the_study(names, message):
    study = Study(CONFIG)
    known = {"dataset": "digits", "method": "label_smoothing", "a": "0.7", "p": "0.5", "seed": "2"}
    study.check_names(known)
    with pytest.raises(ConfigError) as error:
        study.check_names(known | names)
    assert str(error.value).startswith(message)


def test_matrices_and_networks_are_beside_the_config_file(tmp_path):
    (tmp_path / "nets.py").write_text("class Net: pass")
    config = changed("transitions.uniform", {"kind": "file", "path": "T.csv"})
    method = {"loss": "matrix_smoothing", "matrix": "file", "path": "/elsewhere/S.csv"}
    config["methods"]["mine"] = method
    config["models"]["small_cnn"] = {"kind": "nets:Net"}
    config["datasets"]["digits"] |= {"source": "npz", "path": "data/mine.npz"}
    study = Study(config, tmp_path)
    assert study.files() == [
        f"{tmp_path}/T.csv",
        "/elsewhere/S.csv",
        "data/mine.npz",
        f"{tmp_path}/nets.py",
    ]
    (tmp_path / "nets.py").rename(tmp_path / "other.py")
    config["models"]["small_cnn"]["kind"] = "other:Net"
    assert Study(config, tmp_path).matrix_files("uniform") == [f"{tmp_path}/T.csv"]
    assert Study(CONFIG | {"transitions": config["transitions"]}).matrix_files("uniform") == [
        "T.csv"
    ]
