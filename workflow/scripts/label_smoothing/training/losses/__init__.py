"""Training losses, one module each; its name is the one in the config, its `LOSS` what it is."""
