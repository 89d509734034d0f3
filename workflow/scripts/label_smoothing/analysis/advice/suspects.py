"""Which given labels to look at first."""

from typing import NamedTuple

import numpy as np


class Suspects(NamedTuple):
    """
    Labels to look at first, n of them, the most suspicious first.

    Attributes
    ----------
    places : ndarray of int, shape (n,)
        Of the images.
    given, suggested : ndarray of int, shape (n,)
    probability : ndarray, shape (n,)
        How probable it is that the given label is right.
    """

    places: np.ndarray
    given: np.ndarray
    suggested: np.ndarray
    probability: np.ndarray


def rank_labels(right: np.ndarray, labels: np.ndarray) -> Suspects:
    """
    Return all labels, those that are least probably right first.

    Parameters
    ----------
    right : ndarray, shape (N, M)
        How probable it is that each class is right, by networks that have not seen the images.
    labels : ndarray of int, shape (N,)
        The given ones.
    """
    own = right[np.arange(len(labels)), labels]
    order = np.argsort(own, kind="stable")
    return Suspects(order, labels[order], right.argmax(axis=1)[order], own[order])


def disputed(ranked: Suspects, count: int) -> Suspects:
    """Return the first labels, at most `count`, that are not what the networks suggest."""
    first = np.flatnonzero(ranked.given != ranked.suggested)[:count]
    return Suspects(*(values[first] for values in ranked))
