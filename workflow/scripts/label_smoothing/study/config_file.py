"""The file of a study, read for its mistakes: Snakemake's reader names neither place nor reason."""

import json
import os
from pathlib import Path

import yaml

from label_smoothing.study.errors import ConfigError


class _Loader(yaml.SafeLoader):
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        seen = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"{key.value!r} stands there for a second time",
                    problem_mark=key.start_mark,
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def check_config_file(path: str | os.PathLike) -> None:
    """
    Check that a file can be read as the keys of a study, each named once.

    Raises
    ------
    ConfigError
        Otherwise. The message says where and why, and leaves the name of the file to the caller.
    """
    try:
        content = yaml.load(Path(path).read_bytes().decode(), _Loader)
        json.dumps(content, default=str, skipkeys=True)  # refuses what holds itself
    except OSError as error:
        raise ConfigError(f"it cannot be read ({error.strerror}); allowed: a YAML file") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        byte = error.object[error.start]
        raise ConfigError(f"line {line} has the byte {byte:#04x}; allowed: text in UTF-8") from None
    except yaml.MarkedYAMLError as error:
        problem = f"line {error.problem_mark.line + 1}: {' '.join(error.problem.split())}"
        raise ConfigError(f"{problem}; allowed: YAML with every key once") from None
    except RecursionError:
        raise ConfigError("it is nested too deeply; allowed: YAML as in config.yaml") from None
    except (yaml.YAMLError, ValueError) as error:  # a date in month 13 is a ValueError
        raise ConfigError(f"{str(error).splitlines()[0]}; allowed: YAML") from None
    if not isinstance(content, dict):
        what = {type(None): "nothing", list: "a list"}.get(type(content), repr(content)[:60])
        raise ConfigError(f"it holds {what}; allowed: the keys of a study, as in config.yaml")
