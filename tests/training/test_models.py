"""Networks: shapes, sizes, and the user's own."""

from pathlib import Path

import pytest
import torch
import yaml
from torch import nn

from label_smoothing.training.models import build_model

ROOT = Path(__file__).parents[2]
CNN = yaml.safe_load((ROOT / "config.yaml").read_text())["models"]["small_cnn"]
RESNET = {"kind": "resnet18", "width": 8}
MLP = {"kind": "mlp", "hidden": [32, 16]}

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


@pytest.mark.parametrize("model", [CNN, {**CNN, "pool": [2, 2]}, RESNET, MLP])
@pytest.mark.parametrize(("shape", "classes"), [((8, 8, 1), 10), ((28, 20, 3), 7)])
def test_every_network_maps_images_in_either_layout_to_the_same_logits(model, shape, classes):
    height, width, depth = shape
    images = torch.randn(5, depth, height, width, generator=torch.Generator().manual_seed(0))
    network = build_model(model, shape, classes).eval()
    logits = network(images)
    assert logits.shape == (5, classes)
    network.to(memory_format=torch.channels_last)
    again = network(images.contiguous(memory_format=torch.channels_last))
    torch.testing.assert_close(again, logits, rtol=1e-4, atol=1e-5)
    again.sum().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())


@pytest.mark.parametrize(
    ("width", "shape", "size"),
    [
        # The paper's network has 1,000,000 parameters; 64 is the standard width.
        (19, (32, 32, 3), 988_257),
        (64, (32, 32, 3), 11_173_962),
        (64, (28, 28, 1), 11_172_810),
    ],
)
def test_resnet18_has_the_known_number_of_parameters(width, shape, size):
    network = build_model({"kind": "resnet18", "width": width}, shape, 10)
    assert parameters(network) == size
    layers = [module for module in network.modules() if isinstance(module, nn.Conv2d | nn.Linear)]
    assert len(layers) == 18 + 3  # three shortcuts change the shape


def test_resnet18_keeps_the_resolution_in_its_stem_and_halves_it_three_times():
    network = build_model(RESNET, (32, 32, 3), 10).eval()
    edges = []
    for layer in network:
        layer.register_forward_hook(lambda *call: edges.append(call[-1].shape[-1]))
    network(torch.zeros(1, 3, 32, 32))
    assert edges[:11] == [32] * 5 + [16] * 2 + [8] * 2 + [4] * 2


def test_mlp_counts_its_layers():
    assert parameters(build_model(MLP, (8, 8, 1), 10)) == 65 * 32 + 33 * 16 + 17 * 10
    assert parameters(build_model({"kind": "mlp", "hidden": []}, (8, 8, 3), 10)) == 193 * 10


def test_cnn_refuses_to_pool_everything_away():
    with pytest.raises(ValueError, match=r"pool is \[8, 2\], too much for images of 8x8"):
        build_model({**CNN, "pool": [8, 2]}, (8, 8, 1), 10)


def test_unknown_model_is_refused():
    with pytest.raises(ValueError, match="kind is 'vit', allowed: cnn, mlp, resnet18, module:Cl"):
        build_model({"kind": "vit"}, (8, 8, 1), 10)


def own(folder, source=NET, name="Net", **settings):
    (folder / "nets.py").write_text(source)
    return build_model({"kind": f"{folder}/nets:{name}", **settings}, (8, 6, 3), 7)


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
            r"\(2, 1\), allowed: \(2, 7\)",
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
        build_model({"kind": f"{tmp_path}/nets:Net"}, (8, 6, 3), 7)
