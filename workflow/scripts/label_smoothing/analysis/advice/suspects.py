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
    confidence : ndarray, shape (n,)
        The networks' probability of the given label.
    """

    places: np.ndarray
    given: np.ndarray
    suggested: np.ndarray
    confidence: np.ndarray


def rank_labels(log_outputs: np.ndarray, labels: np.ndarray) -> Suspects:
    """
    Return all labels, those first in which networks that have not seen the images trust least.

    This is the self-confidence of Northcutt et al. 2021 (cleanlab's default). It takes no noise
    model, so that it holds for mistakes of any kind that the networks have not learnt.

    Parameters
    ----------
    log_outputs : ndarray, shape (N, M)
        Log probabilities of the right labels.
    labels : ndarray of int, shape (N,)
        The given ones.
    """
    own = np.exp(log_outputs[np.arange(len(labels)), labels])
    order = np.argsort(own, kind="stable")
    return Suspects(order, labels[order], log_outputs.argmax(axis=1)[order], own[order])


def disputed(ranked: Suspects, count: int) -> Suspects:
    """Return the first labels, at most `count`, that are not what the networks suggest."""
    first = np.flatnonzero(ranked.given != ranked.suggested)[:count]
    return Suspects(*(values[first] for values in ranked))
