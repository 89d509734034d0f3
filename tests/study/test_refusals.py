"""Each bad input of tests/refusals.py is refused by the library with its one line."""

import os

import pytest
import yaml
from refusals import REFUSALS
from samples import SCHEMA

from label_smoothing.study.config_file import check_config_file
from label_smoothing.study.errors import ConfigError
from label_smoothing.study.grid import Study
from label_smoothing.study.preflight import check_files, check_imports


def read(path):
    """Do what the workflow does before the first job; check_config_file comes before all."""
    check_config_file(path)
    with open(path, "rb") as file:
        config = yaml.safe_load(file)
    study = Study(config, SCHEMA, os.path.dirname(path) or ".")
    check_files(study)
    check_imports(study)


@pytest.mark.parametrize(("change", "message"), REFUSALS.values(), ids=REFUSALS)
def test_bad_input_is_refused_with_one_line(tmp_path, monkeypatch, tiny_config, change, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(tiny_config, sort_keys=False))
    read("config.yaml")
    change(tmp_path)
    with pytest.raises(ConfigError) as error:
        read("config.yaml")
    line = f"config.yaml: {error.value}"
    assert message in line
    assert line.isprintable()
    assert len(line) < 500
