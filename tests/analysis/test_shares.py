"""The share of the true class is read back from outputs that were mixed of smoothed targets."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from label_smoothing.analysis.scoring import true_class_share
from label_smoothing.analysis.shares import CENTRES, count_shares


@pytest.mark.parametrize("p", [0.05, 0.3, 0.9, 1.0])
def test_the_share_of_a_mixture_is_found(p):
    rng = np.random.default_rng(0)
    M, N = 10, 200
    w, clean = rng.dirichlet(np.full(M, 0.5), size=N), rng.integers(0, M, N)
    q = (1 - p) / (M - 1)
    with np.errstate(divide="ignore"):
        outputs = np.log(q + (p - q) * w)
    assert_allclose(true_class_share(outputs, clean, p), w[np.arange(N), clean], atol=1e-12)


@pytest.mark.parametrize("p", [0.1, 1.5, np.nan])
def test_outputs_that_tell_no_share_have_none(p):
    shares = true_class_share(np.log(np.full((5, 10), 0.1)), np.arange(5), p)
    assert shares.shape == (0,)
    counts = count_shares(shares)
    assert len(counts) == len(CENTRES)
    assert counts["images"].sum() == 0


def test_every_image_is_in_the_bin_about_its_share():
    shares = np.array([0.0, 0.02, 0.03, 0.52, 1.0, 0.98, -7.0, -0.3, 40.0])
    counts = count_shares(shares).set_index("share")["images"]
    assert counts[counts > 0].to_dict() == {-0.3: 2, 0.0: 2, 0.05: 1, 0.5: 1, 1.0: 2, 1.5: 1}
