"""Networks, one module each; its name is the kind in the config, its `NETWORK` the class."""
