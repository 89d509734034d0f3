"""Random changes of images: windows of the padded image, mirror images, and nothing else."""

import numpy as np
import pytest
import torch

from label_smoothing.training.augmentation import augment

IMAGES = torch.arange(5 * 64.0).reshape(5, 1, 8, 8) + 1


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(0)


def test_crops_are_windows_of_the_padded_image(generator):
    padded = torch.nn.functional.pad(IMAGES, [2] * 4)
    seen = set()
    for _ in range(60):
        changed = augment(IMAGES, generator, flip=False, crop=2)
        assert changed.shape == IMAGES.shape
        for sample, cropped in enumerate(changed):
            windows = {
                (i, j): padded[sample, :, i : i + 8, j : j + 8] for i in range(5) for j in range(5)
            }
            matches = [at for at, window in windows.items() if torch.equal(window, cropped)]
            assert len(matches) == 1
            seen.update(matches)
    assert len(seen) == 25


def test_half_of_the_images_are_mirrored(generator):
    image = IMAGES[0]
    changed = augment(image.expand(200, 1, 8, 8), generator, flip=True, crop=0)
    mirrored = [torch.equal(one, image.flip(2)) for one in changed]
    kept = [torch.equal(one, image) for one in changed]
    assert sum(mirrored) + sum(kept) == 200
    assert 0.35 < np.mean(mirrored) < 0.65


def test_the_generator_alone_decides(generator):
    again = torch.Generator().manual_seed(0)
    both = [augment(IMAGES, source, flip=True, crop=3) for source in (generator, again)]
    assert torch.equal(*both)


def test_nothing_to_change_draws_nothing(generator):
    before = generator.get_state()
    assert augment(IMAGES, generator, flip=False, crop=0) is IMAGES
    assert torch.equal(generator.get_state(), before)
