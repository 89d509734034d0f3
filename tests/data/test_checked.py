"""Checked labels stand at the places of their images; tests/refusals.py has what is refused."""

import numpy as np
import pytest

from label_smoothing.data.checked import UNKNOWN, read_checked


@pytest.mark.parametrize(
    "text",
    [
        "index,label\n4,2\n0,0\n",
        "index,label\r\n0,0\r\n4,2",
        "\ufeffindex, label\n 4, 2\n0,0\n",
        '"index","label"\n"4","2"\n"0","0"\n',
    ],
)
def test_a_table_is_read_in_any_order_and_as_spreadsheets_write_it(tmp_path, text):
    (tmp_path / "right.csv").write_bytes(text.encode())
    labels = read_checked(tmp_path / "right.csv", 6, 3)
    assert labels.dtype == np.int64
    assert labels.tolist() == [0, UNKNOWN, UNKNOWN, UNKNOWN, 2, UNKNOWN]
