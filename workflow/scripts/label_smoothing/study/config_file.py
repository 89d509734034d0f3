"""The file of a study, read for its mistakes: Snakemake's reader names neither place nor reason."""

import os
from pathlib import Path
from typing import Any

import yaml

from label_smoothing.study.errors import ConfigError

_MOST_VALUES = 100_000
_TOO_LARGE = (
    f"it stands for more than {_MOST_VALUES:,} values with its aliases; allowed: up to as many"
)


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

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        super().flatten_mapping(node)
        if len(node.value) > _MOST_VALUES:  # merged keys double with each level
            raise ConfigError(_TOO_LARGE)


def check_config_file(path: str | os.PathLike) -> None:
    """
    Check that a file can be read as the keys of a study, each named once.

    Raises
    ------
    ConfigError
        Otherwise. The message says where and why, and leaves the name of the file to the caller.
    """
    path = Path(path)
    # Whatever follows --configfile is one for Snakemake, up to the next option.
    if Path(os.path.relpath(path)).parts[:1] == ("results",):
        raise ConfigError("it is a result and no study; targets come after --")
    try:
        # A device or a pipe would be read for ever.
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise ConfigError("it is neither file nor folder; allowed: a YAML file")
        content = yaml.load(path.read_bytes().decode(), _Loader)
        if _values(content, {}) > _MOST_VALUES:
            raise ConfigError(_TOO_LARGE)
    except ConfigError:
        raise
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


def _values(content: Any, known: dict[int, int | None]) -> int:
    """Return of how many values something is, each alias counted as what it stands for."""
    if not isinstance(content, (dict, list)):
        return 1
    if id(content) not in known:
        known[id(content)] = None
        entries = content.values() if isinstance(content, dict) else content
        known[id(content)] = 1 + sum(_values(entry, known) for entry in entries)
    if (count := known[id(content)]) is None:
        raise ValueError("Circular reference detected")
    return count


def read_again(setting: Any) -> Any:
    """
    Return a setting of --config as it would be read from a file.

    Snakemake reads the entries of a list, and of a section, as texts.
    """
    if isinstance(setting, dict):
        return {key: read_again(entry) for key, entry in setting.items()}
    if isinstance(setting, list):
        return [read_again(entry) for entry in setting]
    if not isinstance(setting, str):
        return setting
    try:
        value = yaml.safe_load(setting)
    except (yaml.YAMLError, ValueError):
        return setting
    return setting if value is None or isinstance(value, (dict, list)) else value
