"""Networks of the user's own: built from a file, tried out, and held whole by a checkpoint."""

import pytest
import torch
from torch.testing import assert_close

from label_smoothing.training.networks.base import build_network, state_tensors

NET = """
from torch import nn

class Net(nn.Module):
    def __init__(self, shape, classes, units=4):
        super().__init__()
        height, width, channels = shape
        self.layers = nn.Sequential(
            nn.Flatten(), nn.Linear(height * width * channels, units), nn.Linear(units, classes)
        )

    def forward(self, images):
        return self.layers(images)
"""


def parameters(network):
    return sum(parameter.numel() for parameter in network.parameters())


def own(folder, source=NET, name="Net", shape=(8, 6, 3), **settings):
    (folder / "nets.py").write_text(source)
    model = {"kind": f"{folder}/nets:{name}", **settings}
    return build_network(model, shape, 7)


def test_own_network_gets_its_parameters(tmp_path):
    network = own(tmp_path, units=5)
    assert parameters(network) == (8 * 6 * 3 + 1) * 5 + 6 * 7
    assert network.training
    assert [file.name for file in tmp_path.iterdir()] == ["nets.py"]


def test_an_edit_of_the_same_length_counts(tmp_path):
    assert parameters(own(tmp_path)) < parameters(own(tmp_path, NET.replace("=4", "=9")))


def test_own_network_may_be_lazy(tmp_path):
    source = NET.replace("nn.Linear(height * width * channels, units)", "nn.LazyLinear(units)")
    assert parameters(own(tmp_path, source)) == (8 * 6 * 3 + 1) * 4 + 5 * 7


def test_own_file_may_hold_dataclasses(tmp_path):
    header = "from __future__ import annotations\nfrom dataclasses import dataclass\n"
    own(tmp_path, header + NET + "\n@dataclass\nclass A:\n    a: int\n")


@pytest.mark.parametrize(
    ("source", "name", "settings", "message"),
    [
        (
            "import no_such_module",
            "Net",
            {},
            "does not import: ModuleNotFoundError: No module nam",
        ),
        ("class Net(:", "Net", {}, "does not import: SyntaxError"),
        ("1 / 0", "Net", {}, "does not import: ZeroDivisionError"),
        (NET, "Nets", {}, "defines no Nets"),
        ("class Net: pass", "Net", {}, "defines Net as something else than a torch.nn.Module"),
        ("Net = 3", "Net", {}, "defines Net as something else than a torch.nn.Module"),
        (NET, "Net", {"unit": 5}, "does not take its section of the config: got an unexpected key"),
        (NET, "Net", {"classes": 5}, "multiple values for argument 'classes'"),
        (
            NET.replace("units, classes", "units, 1"),
            "Net",
            {},
            r"maps \(2, 3, 8, 6\) to \(2, 1\); allowed: \(2, 7\)",
        ),
    ],
)
def test_own_network_that_does_not_fit_is_an_error_that_names_kind_and_file(
    tmp_path, source, name, settings, message
):
    with pytest.raises(ValueError, match=message) as error:
        own(tmp_path, source, name, **settings)
    assert f"kind is '{tmp_path}/nets:{name}', but {tmp_path}/nets.py" in str(error.value)


def test_own_network_without_a_file_is_an_error_that_names_it(tmp_path):
    with pytest.raises(ValueError, match=r"nets.py does not import: FileNotFoundError"):
        build_network({"kind": f"{tmp_path}/nets:Net"}, (8, 6, 3), 7)


# What stands in the body of a network: the constructor's last line, and its forward.
def net(constructor="pass", forward="return self.layers(images)"):
    return f"""
import math
import random
import numpy as np
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self, shape, classes):
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(math.prod(shape), classes))
        {constructor}

    def forward(self, images):
        {forward}
"""


def test_own_network_may_take_features(tmp_path):
    assert own(tmp_path, net(), shape=(24,))(torch.zeros(3, 24)).shape == (3, 7)


def test_the_trial_leaves_the_weights_to_the_seed(tmp_path):
    torch.manual_seed(3)
    network, drawn = own(tmp_path, net("self.drop = nn.Dropout()")), torch.rand(3)
    torch.manual_seed(3)
    layer = torch.nn.Linear(8 * 6 * 3, 7)
    assert torch.equal(network.layers[1].weight, layer.weight)
    assert torch.equal(drawn, torch.rand(3))


@pytest.mark.parametrize(
    ("source", "held"),
    [
        (net("self.tied = nn.Parameter(torch.zeros(7)); self.again = self.tied"), "tied"),
        (net("self.twice = nn.Sequential(self.layers, self.layers)"), "layers.1.weight"),
        (net("self.frozen = nn.Parameter(torch.zeros(3), requires_grad=False)"), "frozen"),
        (net("self.register_buffer('hidden', torch.zeros(3), persistent=False)"), "hidden"),
        (net("self.register_buffer('unknown', torch.full((3,), torch.nan))"), "unknown"),
    ],
)
def test_a_checkpoint_holds_every_tensor_once(tmp_path, caplog, source, held):
    network = own(tmp_path, source)
    tensors = state_tensors(network)
    assert held in tensors
    assert len({tensor.data_ptr() for tensor in tensors.values()}) == len(tensors)
    before = {name: tensor.clone() for name, tensor in tensors.items()}
    with torch.no_grad():
        for tensor in tensors.values():
            tensor += 1
    again = state_tensors(network)
    for name in before:
        assert_close(again[name], before[name] + 1, rtol=0, atol=0, equal_nan=True)
    assert not caplog.records


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (net("self.layers[1].requires_grad_(False)"), "has no parameter that training could"),
        (net(forward="return self.layers(images)[:, 8]"), r"fails on \(2, 3, 8, 6\): IndexError"),
        (net(forward="return [self.layers(images)]"), r"to list; allowed: \(2, 7\)"),
        (
            net() + "    def get_extra_state(self):\n        return {'a': 1}\n",
            "_extra_state in its state_dict; allowed: tensors",
        ),
        (net("torch.manual_seed(0)"), "seeds torch, so that all seeds of the study have the sa"),
        ("import torch; torch.manual_seed(1)" + net(), "seeds torch, so that all seeds of the"),
        (net("random.random()"), "global generator of Python or n"),
        (net(forward="return self.layers(images) + np.random.rand()"), "global generator of P"),
    ],
)
def test_own_network_that_cannot_be_trained_honestly_is_refused(tmp_path, source, message):
    with pytest.raises(ValueError, match=message) as error:
        own(tmp_path, source)
    assert f"model kind is '{tmp_path}/nets:Net', but {tmp_path}/nets.py" in str(error.value)
