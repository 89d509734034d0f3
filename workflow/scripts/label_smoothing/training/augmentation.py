"""Random changes of training images."""

import torch
from torch.nn import functional


def augment(
    images: torch.Tensor, generator: torch.Generator, *, flip: bool, crop: int
) -> torch.Tensor:
    """
    Return the images (N, C, H, W) mirrored and moved at random, each by itself.

    With `flip`, an image is mirrored left to right with probability 1/2. `crop` is the zero padding
    in pixels on each side, from which a window of the image's size is cut. The generator, on the
    device of the images, is drawn from only if something is changed.
    """
    count = len(images)

    def random(below: int) -> torch.Tensor:
        return torch.randint(below, (count,), generator=generator, device=images.device)

    def steps(end: int) -> torch.Tensor:
        return torch.arange(end, device=images.device)

    if flip:
        mirrored = random(2).bool()
        images = torch.where(mirrored[:, None, None, None], images.flip(3), images)
    if crop:
        height, width = images.shape[2:]
        padded = functional.pad(images, [crop] * 4)
        rows = random(2 * crop + 1)[:, None] + steps(height)
        columns = random(2 * crop + 1)[:, None] + steps(width)
        nhwc = padded.permute(0, 2, 3, 1)
        samples = steps(count)[:, None, None]
        images = nhwc[samples, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)
    return images
