"""Independent random streams from one seed, so that everything random is coupled on purpose."""

import numpy as np

_STREAMS = ("train_labels", "test_labels", "weights", "batches", "data_split")


def seed_stream(seed: int, stream: str) -> np.random.SeedSequence:
    """
    Return the seed sequence of one named stream of a cell's seed.

    Streams of one seed are independent; the same seed gives the same stream in every cell, so that
    cells that differ only in the clean rate or the smoothing are paired.

    Parameters
    ----------
    seed : int
        The cell's seed, at least 0.
    stream : {"train_labels", "test_labels", "weights", "batches", "data_split"}

    Raises
    ------
    ValueError
        If the stream is unknown.
    """
    if stream not in _STREAMS:
        raise ValueError(f"stream is {stream!r}, allowed: {', '.join(_STREAMS)}")
    return np.random.SeedSequence(seed, spawn_key=(_STREAMS.index(stream),))


def torch_seed(seed: int, stream: str) -> int:
    """Return the stream as a 63-bit integer, the form that ``torch.Generator`` takes."""
    return int(seed_stream(seed, stream).generate_state(1, np.uint64)[0] >> 1)
