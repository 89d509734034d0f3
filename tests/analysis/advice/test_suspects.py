"""Labels that are least probably right come first."""

import numpy as np

from label_smoothing.analysis.advice.suspects import disputed, rank_labels


def test_the_least_probable_come_first_and_agreed_ones_are_no_suspects():
    outputs = np.array([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6], [0.7, 0.3]])
    ranked = rank_labels(outputs, np.array([1, 0, 0, 0]))
    assert ranked.places.tolist() == [0, 1, 2, 3]
    assert ranked.suggested.tolist() == [0, 1, 1, 0]
    np.testing.assert_allclose(ranked.probability, [0.1, 0.2, 0.4, 0.7])
    assert disputed(ranked, 5).places.tolist() == [0, 1, 2]
    assert disputed(ranked, 2).given.tolist() == [1, 0]
