"""The error of a study that cannot be run, and how it shows a value."""


class ConfigError(ValueError):
    """A config that cannot be run; each line names a key, its value and what is allowed."""


class Misfits(ValueError):
    """
    Keys of one section that do not fit each other, as the models of `config` raise it.

    Parameters
    ----------
    found : list of (str, str)
        The key below the section ("" for the section itself) and what is wrong with it. A text
        that begins with "missing: " says why the key is needed.
    """

    def __init__(self, found: list[tuple[str, str]]):
        super().__init__(found)
        self.found = found


def shortened(value: object, most: int = 80) -> str:
    """Return a value as Python spells it, in at most so many characters."""
    text = repr(value)
    return text if len(text) <= most else f"{text[: most - 3]}..."
