"""Networks of the library: shapes and sizes."""

from pathlib import Path

import pytest
import torch
import yaml
from torch import nn

from label_smoothing.training.networks.base import build_network

ROOT = Path(__file__).parents[2]
CNN = yaml.safe_load((ROOT / "config.yaml").read_text())["models"]["small_cnn"]
RESNET = {"kind": "resnet18", "width": 8}
MLP = {"kind": "mlp", "hidden": [32, 16]}


def parameters(network):
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize("model", [CNN, {**CNN, "pool": [2, 2]}, RESNET, MLP])
@pytest.mark.parametrize(("shape", "classes"), [((8, 8, 1), 10), ((28, 20, 3), 7)])
def test_every_network_maps_images_in_either_layout_to_the_same_logits(model, shape, classes):
    height, width, depth = shape
    images = torch.randn(5, depth, height, width, generator=torch.Generator().manual_seed(0))
    network = build_network(model, shape, classes).eval()
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
    network = build_network({"kind": "resnet18", "width": width}, shape, 10)
    assert parameters(network) == size
    layers = [module for module in network.modules() if isinstance(module, nn.Conv2d | nn.Linear)]
    assert len(layers) == 18 + 3  # three shortcuts change the shape


def test_resnet18_keeps_the_resolution_in_its_stem_and_halves_it_three_times():
    network = build_network(RESNET, (32, 32, 3), 10).eval()
    edges = []
    for layer in network:
        layer.register_forward_hook(lambda *call: edges.append(call[-1].shape[-1]))
    network(torch.zeros(1, 3, 32, 32))
    assert edges[:11] == [32] * 5 + [16] * 2 + [8] * 2 + [4] * 2


def test_mlp_counts_its_layers():
    assert parameters(build_network(MLP, (8, 8, 1), 10)) == 65 * 32 + 33 * 16 + 17 * 10
    assert parameters(build_network({"kind": "mlp", "hidden": []}, (8, 8, 3), 10)) == 193 * 10


def test_cnn_refuses_to_pool_everything_away():
    with pytest.raises(ValueError, match=r"pool is \[8, 2\], too much for images of 8x8"):
        build_network({**CNN, "pool": [8, 2]}, (8, 8, 1), 10)


def test_unknown_model_is_refused():
    with pytest.raises(ValueError, match="kind is 'vit'; allowed: cnn, mlp, resnet18, module:Cl"):
        build_network({"kind": "vit"}, (8, 8, 1), 10)


def test_mlp_takes_features():
    network = build_network(MLP, (24,), 7)
    assert network(torch.zeros(5, 24)).shape == (5, 7)
    assert parameters(network) == 25 * 32 + 33 * 16 + 17 * 7


@pytest.mark.parametrize("model", [CNN, RESNET])
def test_networks_for_images_refuse_features(model):
    message = f"model kind is '{model['kind']}', which takes images; allowed with 24 features: mlp"
    with pytest.raises(ValueError, match=message):
        build_network(model, (24,), 7)
