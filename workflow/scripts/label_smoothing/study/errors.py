"""The one error of a study that cannot be run, and how it shows a value."""


class ConfigError(ValueError):
    """A config that cannot be run; the message names the key, the value and what is allowed."""


def shortened(value: object, most: int = 80) -> str:
    """Return a value as Python spells it, in at most so many characters."""
    text = repr(value)
    return text if len(text) <= most else f"{text[: most - 3]}..."
