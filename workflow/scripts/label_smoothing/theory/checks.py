"""What every function of the theory asks of its arguments; numpy alone."""

from typing import Any

import numpy as np

# Matrices come from files with rounded decimals and from products of floats.
SUM_TOLERANCE = 1e-8


def in_range(name, value, low=0.0, high=1.0):
    """Return value as float array, or raise ValueError unless all of it is in [low, high]."""
    value = np.asarray(value, dtype=float)
    # Written so that nan fails too.
    bad = ~((value >= low) & (value <= high))
    if bad.any():
        worst = np.broadcast_to(value, bad.shape)[bad].flat[0]
        raise ValueError(f"{name} is {worst}; allowed: {np.min(low):g} to {np.max(high):g}")
    return value


def check_classes(M):
    """Return M as float array, or raise ValueError unless it holds integers >= 2."""
    M = np.asarray(M, dtype=float)
    bad = ~((M >= 2) & np.isfinite(M) & (np.floor(M) == M))
    if bad.any():
        raise ValueError(f"M is {M[bad].flat[0]:g}; allowed: an integer >= 2")
    return M


def _square_of_probabilities(name, value):
    value = np.asarray(value, dtype=float)
    if value.ndim != 2 or value.shape[0] != value.shape[1] or value.shape[0] < 2:
        raise ValueError(f"{name}: the shape is {value.shape}; allowed: (M, M) with M >= 2")
    bad = np.argwhere(~((value >= 0) & (value <= 1 + SUM_TOLERANCE)))
    if bad.size:
        i, j = bad[0]
        raise ValueError(f"{name}: entry [{i}, {j}] is {value[i, j]}; allowed: 0 to 1")
    return value


def column_stochastic(name, value):
    """Return value as float array, or raise ValueError unless its columns are distributions."""
    value = _square_of_probabilities(name, value)
    sums = value.sum(axis=0)
    worst = int(np.abs(sums - 1).argmax())
    if abs(sums[worst] - 1) > SUM_TOLERANCE:
        problem = f"{name}: column {worst} sums to {sums[worst]:.10g}; allowed: 1"
        if np.allclose(value.sum(axis=1), 1, rtol=0, atol=SUM_TOLERANCE):
            problem += " (the rows sum to 1: [i, j] is of label i given class j, so transpose it)"
        raise ValueError(problem)
    return value


def _sums_to_one(name, value):
    if abs(value.sum() - 1) > SUM_TOLERANCE:
        raise ValueError(f"{name}: the sum is {value.sum():.10g}; allowed: 1")
    return value


def check_labels(labels, M):
    """Return labels as an integer array, or raise ValueError unless all are from 0 to M - 1."""
    labels = np.asarray(labels)
    if labels.size and labels.dtype.kind not in "iu":
        first = labels.ravel()[:1].tolist()[0]
        raise ValueError(f"the first label is {first!r}; allowed: integers from 0 to {M - 1}")
    bad = (labels < 0) | (labels >= M)
    if bad.any():
        raise ValueError(f"a label is {labels[bad].flat[0]}; allowed: integers from 0 to {M - 1}")
    return labels.astype(np.int64)


def check_joint(J):
    """Return J as float array, or raise ValueError unless all of it is one distribution."""
    return _sums_to_one("J", _square_of_probabilities("J", J))


ASSUMPTIONS = ("alpha", "beta", "gamma")


def check_assumption(assumption: str) -> str:
    """Return the assumption, or raise ValueError unless it is one of ASSUMPTIONS."""
    if assumption not in ASSUMPTIONS:
        raise ValueError(f"assumption is {assumption!r}; allowed: {', '.join(ASSUMPTIONS)}")
    return assumption


def float_or_array(x: Any) -> Any:
    """Return a float for what has no dimension, anything else as it is."""
    return float(x) if np.ndim(x) == 0 else x
