"""A config that says the same in other words trains nothing, by real Snakemake."""


def test_another_spelling_of_the_config_plans_nothing(finished):
    config = finished.config()
    assert config["device"] == "cpu"
    recipe = config["training"]["memorise"]
    recipe |= {"crop": 0, "flip": False, "milestones": [], "factor": 0.1, "precision": "fp32"}
    for section in ("datasets", "models", "training", "methods", "noise_types"):
        for name, entry in config[section].items():
            config[section][name] = dict(reversed(entry.items()))
    finished.configure(dict(reversed(config.items())))
    assert finished.planned() == {}
    recipe = config["training"]["memorise"]
    recipe["crop"] = 1
    finished.configure(config)
    assert finished.planned()["train"] == 4
