"""Networks that draw on k labels each, on given labels, for tests of the advice."""

import numpy as np

from label_smoothing.analysis.advice.networks import Inputs, Networks
from label_smoothing.data.corrupt import corrupt_labels
from label_smoothing.theory.matrices import smoothing_matrix
from label_smoothing.theory.noise import uniform_transition
from label_smoothing.theory.rates import compose_clean_rates

M, N, SEEDS = 5, 400, 3
P = (0.44, 0.6, 0.72, 0.84, 0.92, 0.96, 1.0)


def early(seen):
    """Return log outputs of a network that has learnt what images look like, and no noise yet."""
    return np.log(smoothing_matrix(0.8, M)[seen])


def _history(outputs, labels, stopped=None):
    """Return accuracies and losses on noisy labels, and losses on all labels, of four epochs.

    The second is that of the stopped networks; without any, it is as the last.
    """
    stopped = outputs if stopped is None else np.broadcast_to(stopped, outputs.shape)
    scores = []
    for at in (stopped, outputs):
        own = np.take_along_axis(at, labels[:, None, :, None], axis=3)
        hits = at.argmax(axis=3) == labels[:, None]
        scores.append((hits.mean(axis=2), -own.mean(axis=(2, 3)), -at.mean(axis=(2, 3))))
    return tuple(
        np.stack([first, second, last, last], axis=2)
        for first, second, last in (
            (scores[1][0] / 2, scores[0][0], scores[1][0]),
            *((2 * scores[1][i], scores[0][i], scores[1][i]) for i in (1, 2)),
        )
    )


def voting(rng, clean, labels, a, k=2.0, train_accuracy=1.0, stopped=None):
    """Return networks that draw on k labels of clean rate a."""
    mean = smoothing_matrix(a, M)[clean]
    votes = rng.standard_gamma((k - 1) * np.broadcast_to(mean, (SEEDS, N, M))) + 1e-12
    votes /= votes.sum(axis=2, keepdims=True)
    p = np.array(P)
    q = (1 - p) / (M - 1)
    outputs = q[:, None, None] + (p - q)[:, None, None] * votes[:, None]
    outputs = np.log(outputs)
    accuracies, *losses = _history(outputs, labels, stopped)
    train_accuracies = np.full((SEEDS, len(P)), train_accuracy)
    return Networks(P, outputs, outputs, labels, accuracies, train_accuracies, *losses)


def correcting(seen, labels, sure, p=P[:-1]):
    """Return forward-corrected networks that say of each image how sure they are, and rightly."""
    outputs = np.repeat(((1 - sure) / (M - 1))[:, None], M, axis=1)
    outputs[np.arange(N), seen] = sure
    uncorrected = np.log(np.broadcast_to(outputs, (SEEDS, len(p), N, M)))
    corrected = np.stack([np.log(outputs @ smoothing_matrix(x, M)) for x in p])
    corrected = np.broadcast_to(corrected, uncorrected.shape)
    accuracies, *losses = _history(corrected, labels)
    train_accuracies = np.ones((SEEDS, len(p)))
    return Networks(p, corrected, uncorrected, labels, accuracies, train_accuracies, *losses)


def study(a, seed=0, hard=0.06, k=2.0, train_accuracy=1.0):
    """Return right labels, given ones of clean rate a, and what the advice is made of.

    A share of the images is hard: many of them, and next to none of the others, are of another
    class than they look like.
    """
    rng = np.random.default_rng(seed)
    seen = rng.integers(M, size=N)  # what an image looks like
    # Levels differ, as those of networks do: by one level alone, a rate is not told from a power.
    sure = np.where(
        rng.random(N) < hard, rng.uniform(0.3, 0.9, N), 1 - 10 ** rng.uniform(-6, -2, N)
    )
    other = (seen + rng.integers(1, M, N)) % M
    clean = np.where(rng.random(N) < sure, seen, other)
    given = corrupt_labels(clean, uniform_transition(a, M), rng)
    labels = np.broadcast_to(given, (SEEDS, N))
    t = compose_clean_rates(a, sure.mean(), M=M)
    plain = voting(rng, seen, labels, t, k, train_accuracy, stopped=early(seen))
    inputs = Inputs(plain, correcting(seen, labels, sure))
    return clean, given, inputs


def one_seed(networks):
    """Return the networks of the first seed."""
    parts = networks._asdict().items()
    first = {name: x[:1] for name, x in parts if name != "p" and x is not None}
    return networks._replace(**first)
