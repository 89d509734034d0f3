"""Cells of the plane meet half-way."""

from numpy.testing import assert_allclose

from label_smoothing.figures.plane import cell_edges


def test_cells_meet_half_way():
    assert_allclose(cell_edges([0.2, 0.4, 1.0]), [0.1, 0.3, 0.7, 1.3])
