"""A network of the user's own, in a file beside the config."""

import numpy as np
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
    assert "1/1 digits uniform label_smoothing" in output
    assert "corrupt_dataset" not in output
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


def test_a_key_that_the_constructor_lacks_ends_before_any_job(empty):
    call = configure(empty, empty.path / "mine", depth=3)
    output = empty.snakemake("--cores", "1", *call, HISTORY, check=False).stdout
    message = (
        "unknown key 'depth' in models.small_cnn; allowed, as Net in mine/nets.py says: hidden"
    )
    assert message in output
    assert "Traceback" not in output
    assert not (empty.path / "results").exists()


def test_a_network_that_cannot_be_trained_is_named_in_one_line(empty):
    source = NET.replace("super().__init__(", "super().__init__(*[nn.BatchNorm2d(3)],")
    call = configure(empty, empty.path / "mine", source)
    output = empty.snakemake("--cores", "1", *call, HISTORY, check=False).stdout
    assert "model kind is 'mine/nets:Net', but mine/nets.py" in output
    assert "Traceback" not in output


def test_matrices_lie_beside_the_config_as_well(empty):
    call = configure(empty, empty.path / "mine")
    study = empty.path / "mine" / "study.yaml"
    config = yaml.safe_load(study.read_text())
    config["transitions"]["uniform"] = {"kind": "file", "path": "T.csv"}
    config["methods"] = {"mine": {"loss": "matrix_smoothing", "matrix": "file", "path": "S.csv"}}
    study.write_text(yaml.safe_dump(config))
    for name in ("T.csv", "S.csv"):
        np.savetxt(study.with_name(name), 0.5 * np.eye(10) + 0.05, delimiter=",")
    history = "results/runs/digits/uniform/mine/a1.0/p1.0/seed0/history.csv"
    empty.run(*call, history)
    assert (empty.path / history).exists()
