"""A small convolutional network for images."""

from torch import nn

from label_smoothing.training.networks.base import height_width_channels


class CNN(nn.Sequential):
    """
    Two convolutions and two linear layers, small enough to train on one core.

    Each convolution keeps the image's size and is followed by max pooling and ReLU, in this order:
    the two commute, and pooling first leaves the ReLU less to do.

    Parameters
    ----------
    shape, classes
        Of images, see `base.build_network`.
    channels : list of two int
        Output channels of the convolutions.
    kernel_size : int
        Odd edge length of the convolutions' kernels, in pixels.
    pool : list of two int
        Edge length of the pooling after each convolution; 1 is none.
    hidden : int
        Units of the hidden linear layer.
    """

    def __init__(
        self,
        shape: tuple[int, int, int],
        classes: int,
        *,
        channels: list[int],
        kernel_size: int,
        pool: list[int],
        hidden: int,
    ):
        height, width, depth = height_width_channels("cnn", shape)
        layers: list[nn.Module] = []
        for outputs, edge in zip(channels, pool, strict=True):
            layers.append(nn.Conv2d(depth, outputs, kernel_size, padding=kernel_size // 2))
            if edge > 1:
                layers.append(nn.MaxPool2d(edge))
            layers.append(nn.ReLU())
            height, width, depth = height // edge, width // edge, outputs
        if height * width == 0:
            raise ValueError(f"pool is {pool}, too much for images of {shape[0]}x{shape[1]} pixels")
        super().__init__(
            *layers,
            nn.Flatten(),
            nn.Linear(depth * height * width, hidden),
            nn.ReLU(),
            nn.Linear(hidden, classes),
        )


NETWORK = CNN
