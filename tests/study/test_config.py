"""The keys of a config, their defaults, and all mistakes of a config at once."""

import copy
import json

import jsonschema
import pytest
import yaml
from samples import CONFIG, ROOT

from label_smoothing.study.config import Config, table_of_keys
from label_smoothing.study.errors import ConfigError
from label_smoothing.study.read_config import conform
from label_smoothing.study.sections import Training
from label_smoothing.training.recipe import Recipe

STUDIES = [ROOT / "config.yaml", *sorted((ROOT / "studies").glob("*.yaml"))]


def test_the_defaults_of_a_recipe_are_those_of_the_config():
    fields = Training.model_fields.items()
    assert {key: field.default for key, field in fields if not field.is_required()} == {
        key: list(value) if isinstance(value, tuple) else value
        for key, value in Recipe._field_defaults.items()
    }


@pytest.mark.parametrize("file", STUDIES, ids=lambda file: file.stem)
def test_the_schema_for_editors_accepts_every_study(file):
    schema = json.loads(json.dumps(Config.model_json_schema()))
    jsonschema.Draft202012Validator(schema).validate(yaml.safe_load(file.read_text()))


def test_the_schema_for_editors_refuses_what_the_study_refuses():
    validator = jsonschema.Draft202012Validator(Config.model_json_schema())
    for change in ({"smothing": [0.5]}, {"seeds": []}, {"device": "gpu"}):
        assert list(validator.iter_errors({**CONFIG, **change})), change


def test_every_key_is_explained_in_the_table():
    rows = table_of_keys().splitlines()
    for key in ("study", "datasets.NAME.folds", "train_resources.mem_mb", "models.NAME.width"):
        (row,) = [row for row in rows if row.startswith(f"| `{key}` |")]
        assert len(row.split("|")[3]) > 10
    assert "| `training.NAME.factor` | `0.5` |" in "\n".join(rows)
    assert not [row for row in rows if "None" in row]


def test_all_mistakes_are_named_at_once_in_a_line_each():
    config = copy.deepcopy(CONFIG)
    config |= {"smothing": [0.5], "device": "gpu", "seeds": [1, 1]}
    config["datasets"]["digits"] |= {"modle": "x", "folds": 2}
    config["training"]["memorise"] |= {"epochs": 0, "precision": "fp16"}
    del config["memorised_at"], config["datasets"]["digits"]["training"]
    with pytest.raises(ConfigError) as error:
        conform(config)
    for line, start in zip(
        str(error.value).splitlines(),
        (
            "seeds holds 1 twice; allowed: every value once",
            "missing key 'datasets.digits.training': name of an entry of training",
            "unknown key 'modle' in datasets.digits (did you mean 'model'?); allowed: source, ",
            "training.memorise.epochs is 0; allowed: 1 or more (passes over the training images)",
            "training.memorise.precision is 'fp16'; allowed: one of fp32, bf16 (number format",
            "missing key 'memorised_at': train accuracy on the corrupted labels",
            "device is 'gpu'; allowed: one of auto, cpu, cuda (where to train",
            "unknown key 'smothing' (did you mean 'smoothing'?); allowed: study, clean_rates",
        ),
        strict=True,
    ):
        assert line.startswith(start)


def test_mistakes_between_sections_are_named_at_once():
    config = copy.deepcopy(CONFIG)
    config["datasets"]["digits"] |= {"model": "vgg", "training": "none"}
    config["noise_types"]["beta"]["transition"] = "pairs"
    config["drawn_clean_rates"] = [0.42]
    with pytest.raises(ConfigError) as error:
        conform(config)
    starts = ("noise_types.beta.transition is", "datasets.digits.model is", "datasets.digits.tr")
    lines = str(error.value).splitlines()
    assert len(lines) == 4
    assert all(line.startswith(start) for line, start in zip(lines, starts, strict=False))
    assert lines[3].startswith("drawn_clean_rates holds 0.42; allowed: values of clean_rates: 0.5")


def test_many_mistakes_are_cut_short():
    with pytest.raises(ConfigError) as error:
        conform({**CONFIG, "smoothing": [-1.0 - i for i in range(50)]})
    lines = str(error.value).splitlines()
    assert len(lines) == 21
    assert lines[-1] == "and 30 mistakes more"


def test_an_optional_key_without_a_value_counts_as_absent():
    config = copy.deepcopy(CONFIG)
    config["datasets"]["digits"] |= {"train_size": None, "path": None}
    assert conform(config) == conform(CONFIG)
