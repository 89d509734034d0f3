"""A config as a user gives it: its file, what --config says, and its mistakes in plain lines."""

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from label_smoothing.study.config import Config, models_of
from label_smoothing.study.errors import ConfigError, shortened
from label_smoothing.study.sections import NAME, NETWORKS

_MOST_LINES = 20
# What is allowed, by pydantic's type of error; the numbers are in the context of the error.
_ALLOWED = {
    "bool_type": "true or false",
    "int_type": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "string_type": "a text",
    "list_type": "a list",
    "dict_type": "a section of keys",
    "model_type": "a section of keys",
    "greater_than": "more than {gt:.15g}",
    "greater_than_equal": "{ge:.15g} or more",
    "less_than": "less than {lt:.15g}",
    "less_than_equal": "{le:.15g} or less",
    "too_short": "{min_length} or more entries",
    "too_long": "{max_length} or fewer entries",
    "string_too_short": "{min_length} or more characters",
}


def conform(config: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return a config whose values are of the kind that their keys ask for, with defaults filled.

    Raise ConfigError with one line for each mistake. What does not fit between sections is only
    found where each section is right.
    """
    try:
        return Config.model_validate(dict(config)).model_dump()
    except ValidationError as error:
        lines = [line for mistake in error.errors() for line in _lines(mistake)]
        if len(lines) > _MOST_LINES:
            lines[_MOST_LINES:] = [f"and {len(lines) - _MOST_LINES} mistakes more"]
        raise ConfigError("\n".join(lines)) from None


def _lines(mistake: Mapping[str, Any]) -> list[str]:
    """Return what an error of pydantic means for the user."""
    loc, kind = list(mistake["loc"]), mistake["type"]
    if loc[:1] == ["models"] and len(loc) > 2:
        del loc[2]  # which of the networks
    where = _dotted(loc)
    if kind == "value_error":
        found = mistake["ctx"]["error"].found
        return [_misfit(_dotted([*loc, *filter(None, [key])]), text) for key, text in found]
    *above, last = loc
    model = _model_at(mistake["loc"])
    if kind in ("extra_forbidden", "invalid_key"):
        section = f" in {_dotted(above)}" if above else ""
        return [_unknown_key(str(last), list(model.model_fields), section)]
    keys = [str(part) for part in loc if part in model.model_fields]
    meaning = model.model_fields[keys[-1]].description if keys else ""
    if kind == "missing":
        return [_misfit(where, f"missing: {meaning}")]
    value = shortened(mistake["input"])
    if last == "[key]":
        return [f"{_dotted(loc[:-2])} has the name {value}; allowed: {NAME}"]
    if kind == "string_pattern_mismatch":
        return [f"{where} is {value}; allowed: {meaning}"]
    context = mistake.get("ctx", {})
    if kind == "literal_error":
        allowed = "one of " + context["expected"].replace("'", "").replace(" or ", ", ")
    else:
        allowed = _ALLOWED.get(kind, mistake["msg"]).format(**context)
    return [f"{where} is {value}; allowed: {allowed} ({meaning})"]


def _misfit(key: str, text: str) -> str:
    if text.startswith("missing: "):
        return f"missing key {key!r}: {text.removeprefix('missing: ')}"
    return f"{key} {text}"


def _unknown_key(unknown: str, known: list[str], section: str) -> str:
    close = difflib.get_close_matches(unknown, known, 1)
    hint = f" (did you mean {close[0]!r}?)" if close else ""
    return f"unknown key {unknown!r}{section}{hint}; allowed: {', '.join(known)}"


def _dotted(loc: list[str | int]) -> str:
    return "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in loc).lstrip(".")


def _model_at(loc: tuple[str | int, ...]) -> type[BaseModel]:
    """Return the model of the section that a place of pydantic's is in."""
    section = Config.model_fields.get(str(loc[0]))
    if section is None or len(loc) == 1 or loc[-1] == "[key]":
        return Config
    if loc[0] == "models" and len(loc) > 2:
        return NETWORKS[str(loc[2])]
    return next(iter(models_of(section)), Config)


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
    Check that a file can be read as keys of a study: Snakemake's reader names no place or reason.

    Raise ConfigError otherwise. The message says where and why, and leaves the name of the file
    to the caller.
    """
    # Whatever follows --configfile is a config for Snakemake, up to the next option.
    if Path(os.path.relpath(path)).parts[:1] == ("results",):
        raise ConfigError("it is a result and no study; targets come after --")
    try:
        content = yaml.load(Path(path).read_bytes().decode(), _Loader)
    except OSError as error:
        raise ConfigError(f"it cannot be read ({error.strerror}); allowed: a YAML file") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        byte = error.object[error.start]
        raise ConfigError(f"line {line} has the byte {byte:#04x}; allowed: text in UTF-8") from None
    except yaml.MarkedYAMLError as error:
        problem = f"line {error.problem_mark.line + 1}: {' '.join(error.problem.split())}"
        raise ConfigError(f"{problem}; allowed: YAML with every key once") from None
    except (yaml.YAMLError, ValueError) as error:  # a date in month 13 is a ValueError
        raise ConfigError(f"{str(error).splitlines()[0]}; allowed: YAML") from None
    if not isinstance(content, dict):
        what = {type(None): "nothing", list: "a list"}.get(type(content), repr(content)[:60])
        raise ConfigError(f"it holds {what}; allowed: the keys of a study, as in config.yaml")


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
