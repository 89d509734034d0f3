"""Each bad input of tests/refusals.py is refused by the library with its one line."""

import os

import pytest
import yaml
from refusals import REFUSALS

from label_smoothing.study.data_checks import check_files, check_imports
from label_smoothing.study.errors import ConfigError
from label_smoothing.study.grid import Study
from label_smoothing.study.read_config import check_config_file


def read(path):
    """Do what the workflow does before the first job; check_config_file comes before all."""
    check_config_file(path)
    with open(path, "rb") as file:
        config = yaml.safe_load(file)
    study = Study(config, os.path.dirname(path) or ".")
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
    lines = str(error.value).splitlines()
    assert message in "\n".join(f"config.yaml: {line}" for line in lines)
    assert len(lines) <= 4
    assert all(line.isprintable() and len(line) < 500 for line in lines)
