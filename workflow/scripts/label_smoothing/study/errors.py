"""The one error of a study that cannot be run."""


class ConfigError(ValueError):
    """A config that cannot be run; the message names the key, the value and what is allowed."""
