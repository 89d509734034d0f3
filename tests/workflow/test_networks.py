"""A network of the user's own, in a file beside the config."""

import yaml

HISTORY = "results/runs/digits/uniform/label_smoothing/a1.0/p0.5/seed0/history.csv"
NET = """
from torch import nn

class Net(nn.Sequential):
    def __init__(self, shape, classes, *, hidden):
        height, width, channels = shape
        inputs = height * width * channels
        super().__init__(
            nn.Flatten(), nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, classes)
        )
"""


def configure(project, folder, source=NET, **settings):
    folder.mkdir(exist_ok=True)
    (folder / "nets.py").write_text(source)
    config = project.config()
    config["models"]["small_cnn"] = {"kind": "nets:Net", "hidden": 16, **settings}
    (folder / "study.yaml").write_text(yaml.safe_dump(config))
    return ("--configfile", folder / "study.yaml", "--")


def test_own_network_trains_and_an_edit_of_its_file_retrains(empty):
    # Beside the config, which is neither the working directory nor the Snakefile's.
    call = configure(empty, empty.path / "mine")
    empty.run(*call, HISTORY)
    before = (empty.path / HISTORY).read_bytes()
    assert "Nothing to be done" in empty.run("--dry-run", *call, HISTORY).stdout

    configure(empty, empty.path / "mine", NET.replace("ReLU", "Tanh"))
    output = empty.run(*call, HISTORY).stdout
    assert "Rule: train" in output
    assert "Rule: corrupt_dataset" not in output
    assert (empty.path / HISTORY).read_bytes() != before


def test_a_missing_class_ends_before_any_job(empty):
    call = configure(empty, empty.path / "mine", NET.replace("Net(", "Nett("))
    output = empty.snakemake("--cores", "1", *call, HISTORY, check=False).stdout
    message = (
        "models.small_cnn.kind is 'nets:Net'; allowed: a class that mine/nets.py defines: Nett"
    )
    assert message in output
    assert "Traceback" not in output
    assert not (empty.path / "results").exists()


def test_a_class_that_does_not_fit_is_named_in_the_log(empty):
    call = configure(empty, empty.path / "mine", depth=3)
    output = empty.snakemake("--cores", "1", *call, HISTORY, check=False).stdout
    message = (
        "model kind is 'mine/nets:Net', but mine/nets.py does not take its section of the config"
    )
    assert f"{message}: got an unexpected keyword argument 'depth'" in output
