"""The residual network with 18 layers for small images."""

import torch
from torch import nn
from torch.nn import functional

from label_smoothing.training.networks.base import height_width_channels


class ResNet18(nn.Sequential):
    """
    The residual network with 18 layers for small images (He et al. 2015).

    The stem is one 3x3 convolution without pooling. Four stages of two blocks follow; each stage
    after the first halves the image's edge and doubles the channels, which start at `width` (64 is
    the standard).
    """

    def __init__(self, shape: tuple[int, int, int], classes: int, *, width: int):
        _, _, channels = height_width_channels("resnet18", shape)
        layers: list[nn.Module] = [*_normalised(channels, width, 3), nn.ReLU()]
        inputs = width
        for stage in range(4):
            for stride in (1 if stage == 0 else 2, 1):
                layers.append(_Block(inputs, width << stage, stride))
                inputs = width << stage
        super().__init__(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, classes))


class _Block(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int):
        super().__init__()
        self.body = nn.Sequential(
            *_normalised(inputs, outputs, 3, stride), nn.ReLU(), *_normalised(outputs, outputs, 3)
        )
        self.shortcut = nn.Sequential()
        if stride != 1 or inputs != outputs:
            # A 1x1 convolution with a stride would do the same, but oneDNN writes past its memory
            # there for channels_last and fewer than 16 channels (uxlfoundation/oneDNN issue 6035).
            self.shortcut = nn.Sequential(nn.MaxPool2d(1, stride), *_normalised(inputs, outputs, 1))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return functional.relu(self.body(images) + self.shortcut(images))


def _normalised(inputs: int, outputs: int, kernel: int, stride: int = 1) -> list[nn.Module]:
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False)
    return [convolution, nn.BatchNorm2d(outputs)]


NETWORK = ResNet18
