"""The schema of the config and what follows from it."""

from samples import SCHEMA

from label_smoothing.training.recipe import Recipe


def test_the_defaults_of_a_recipe_are_those_of_the_schema():
    keys = SCHEMA["properties"]["training"]["additionalProperties"]["properties"]
    assert {key: rule["default"] for key, rule in keys.items() if "default" in rule} == {
        key: list(value) if isinstance(value, tuple) else value
        for key, value in Recipe._field_defaults.items()
    }
