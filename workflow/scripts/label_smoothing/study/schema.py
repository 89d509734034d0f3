"""
A config against its schema: every value of the kind that its key asks for, defaults filled.

The Snakefile imports this module at every start, so it imports nothing heavy.
"""

import difflib
import re
import sys
from collections.abc import Mapping
from typing import Any

import jsonschema

from label_smoothing.study.errors import ConfigError, shortened

_KINDS = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "object": "a section of keys",
    "string": "a text",
}
_LIMITS = {
    "enum": "one of {}",
    "minimum": "{} or more",
    "maximum": "{} or less",
    "exclusiveMinimum": "more than {}",
    "exclusiveMaximum": "less than {}",
    "minItems": "{} or more entries",
    "maxItems": "{} or fewer entries",
    "maxLength": "{} or fewer characters",
    "minProperties": "{} or more entries",
    "minLength": "{} or more characters",
}


def conform(config: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return a config that the schema accepts, with numbers of the kind it says and defaults filled.

    Parameters
    ----------
    config : mapping
        As read from YAML.
    schema : mapping
        JSON schema of the config (workflow/schemas/config.schema.yaml).

    Raises
    ------
    ConfigError
        For the first violation of the schema.
    """
    config = _numbers(config)
    error = jsonschema.exceptions.best_match(_Validator(schema).iter_errors(config))
    if error is not None:
        raise ConfigError(_explain(error))
    _check_json(config)
    return _complete(config, schema)


def _numbers(value: Any, path: str = "") -> Any:
    # YAML 1.1 takes 5e-1 for text; everyone who writes it means the number.
    if isinstance(value, Mapping):
        return {
            key: _numbers(entry, f"{path}.{key}" if path else str(key))
            for key, entry in value.items()
        }
    if isinstance(value, list):
        return [_numbers(entry, f"{path}[{index}]") for index, entry in enumerate(value)]
    if isinstance(value, str) and re.fullmatch(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+", value):
        value = float(value)
        if value.is_integer():
            value = int(value)
    if isinstance(value, (int, float)) and not abs(value) <= sys.float_info.max:
        raise ConfigError(f"{path} is {shortened(value)}; allowed: a finite number")
    return value


def _check_json(value: Any, path: str = "") -> None:
    """Refuse what files and the report cannot hold, which the schema lets own networks have."""
    if isinstance(value, dict):
        for key, entry in value.items():
            if not isinstance(key, str):
                raise ConfigError(f"{path} has the key {shortened(key)}; allowed: texts as keys")
            _check_json(key, f"a key of {path}")
            _check_json(entry, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list):
        for index, entry in enumerate(value):
            _check_json(entry, f"{path}[{index}]")
    elif isinstance(value, str):
        if any("\ud800" <= character <= "\udfff" for character in value):
            raise ConfigError(f"{path} is {shortened(value)}; allowed: text without surrogates")
    elif not (value is None or isinstance(value, (int, float))):
        raise ConfigError(
            f"{path} is {shortened(value)}; allowed: what JSON can hold, as texts and numbers"
        )


def _is_whole(checker: jsonschema.TypeChecker, value: Any) -> bool:
    # JSON takes 100.0 for a whole number, range() and torch do not.
    return isinstance(value, int) and not isinstance(value, bool)


_Validator = jsonschema.validators.extend(
    jsonschema.Draft202012Validator,
    type_checker=jsonschema.Draft202012Validator.TYPE_CHECKER.redefine("integer", _is_whole),
)


def _complete(value: Any, rule: Mapping[str, Any]) -> Any:
    if rule.get("type") == "number":
        return float(value)
    if isinstance(value, list):
        return [_complete(entry, rule.get("items", {})) for entry in value]
    if not isinstance(value, dict):
        return value
    properties = rule.get("properties", {})
    defaults = {key: entry["default"] for key, entry in properties.items() if "default" in entry}
    others = rule.get("additionalProperties") or {}
    return {
        key: _complete(entry, properties.get(key, others))
        for key, entry in (defaults | value).items()
    }


def _explain(error: jsonschema.ValidationError) -> str:
    where = "".join(
        f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.absolute_path
    ).lstrip(".")
    known = list(error.schema.get("properties", ()))
    if error.validator == "additionalProperties":
        unknown = sorted(set(map(str, error.instance)) - set(known))[0]
        close = difflib.get_close_matches(unknown, known, 1)
        hint = f" (did you mean {close[0]!r}?)" if close else ""
        section = f" in {where}" if where else ""
        return f"unknown key {unknown!r}{section}{hint}; allowed: {', '.join(known)}"
    if error.validator == "required":
        missing = next(key for key in error.validator_value if key not in error.instance)
        description = error.schema["properties"].get(missing, {}).get("description", "")
        return f"missing key {'.'.join(filter(None, (where, missing)))!r}: {description}"
    shown = shortened(error.instance)
    value = error.validator_value
    if error.validator in ("type", "pattern"):
        value = _KINDS.get(value, "another form")
    elif error.validator == "enum":
        value = ", ".join(map(str, value))
    limit = _LIMITS.get(error.validator, "{}").format(value)
    description = error.schema.get("description")
    return f"{where or 'the config'} is {shown}; allowed: {limit}" + (
        f" ({description})" if description else ""
    )
