"""What all tests share."""

import sys

import pytest


@pytest.fixture(autouse=True)
def close_figures():
    """Close what a test drew: matplotlib keeps every figure, and warns after the twentieth."""
    yield
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close("all")
