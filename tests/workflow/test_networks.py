"""A network of the user's own, in a file beside the config."""

import pytest
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


def test_own_network_trains_and_an_edit_of_its_file_retrains(untrained):
    # Beside the config, which is neither the working directory nor the Snakefile's.
    call = configure(untrained, untrained.path / "mine")
    untrained.run(*call, HISTORY)
    before = (untrained.path / HISTORY).read_bytes()
    assert "Nothing to be done" in untrained.run("--dry-run", *call, HISTORY).stdout

    configure(untrained, untrained.path / "mine", NET.replace("ReLU", "Tanh"))
    output = untrained.run(*call, HISTORY).stdout
    assert "1/1 digits uniform label_smoothing" in output
    assert "corrupt_dataset" not in output
    assert (untrained.path / HISTORY).read_bytes() != before


@pytest.mark.parametrize(
    ("source", "settings", "message"),
    [
        (
            NET.replace("Net(", "Nett("),
            {},
            "models.small_cnn.kind is 'nets:Net'; allowed: a class that mine/nets.py defines: Nett",
        ),
        (
            NET,
            {"depth": 3},
            "unknown key 'depth' in models.small_cnn; allowed, as Net in mine/nets.py says: hidden",
        ),
    ],
)
def test_what_cannot_be_built_ends_before_any_job(empty, source, settings, message):
    call = configure(empty, empty.path / "mine", source, **settings)
    output = empty.snakemake("--cores", "1", *call, HISTORY, check=False).stdout
    assert message in output
    assert "Traceback" not in output
    assert not (empty.path / "results").exists()


def test_a_network_that_cannot_be_trained_is_named_in_one_line(untrained):
    source = NET.replace("super().__init__(", "super().__init__(*[nn.BatchNorm2d(3)],")
    call = configure(untrained, untrained.path / "mine", source)
    output = untrained.snakemake("--cores", "1", *call, HISTORY, check=False).stdout
    assert "model kind is 'mine/nets:Net', but mine/nets.py" in output
    assert "Traceback" not in output
