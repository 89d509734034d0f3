"""Files are whole or absent; logs hold what happened."""

import logging

import numpy as np
import pytest

from label_smoothing.files import (
    checksum,
    job_log,
    read_arrays,
    read_columns,
    replacing,
    write_arrays,
    write_json,
)


def test_a_write_replaces_the_file_or_leaves_it_and_no_other(tmp_path):
    path = tmp_path / "table.csv"
    with replacing(path) as temporary:
        temporary.write_text("old")
        assert not path.exists()
        assert temporary.suffix == ".csv"
    with pytest.raises(RuntimeError), replacing(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_arrays_come_back_and_equal_arrays_give_equal_bytes(tmp_path):
    for name in ("a.npz", "b.npz"):
        write_arrays(tmp_path / name, x=np.arange(5), y=np.float64(0.5))
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    arrays = read_arrays(tmp_path / "a.npz")
    assert list(arrays["x"]) == [0, 1, 2, 3, 4]
    assert arrays["y"] == 0.5


def test_damaged_arrays_are_refused_with_what_to_do(tmp_path):
    path = tmp_path / "labels.npz"
    write_arrays(path, train=np.arange(1000))
    whole = path.read_bytes()
    flipped = whole[:200] + bytes([whole[200] ^ 255]) + whole[201:]
    for content in (whole[:-1], whole[:100], whole[:2], b"", flipped, b"\x80\x04." * 9):
        path.write_bytes(content)
        with pytest.raises(
            ValueError, match=r"labels\.npz is damaged: .*; delete it, and the next"
        ):
            read_arrays(path)
    path.unlink()
    with pytest.raises(FileNotFoundError):
        read_arrays(path)


def test_one_wrong_byte_of_an_archive_is_noticed_or_means_nothing(tmp_path):
    path = tmp_path / "labels.npz"
    written = {"train": np.arange(30) % 7, "transition": np.eye(3)}
    write_arrays(path, **written)
    whole, harmless = path.read_bytes(), 0
    for position in range(len(whole)):
        for flip in (1, 16, 255):
            path.write_bytes(
                whole[:position] + bytes([whole[position] ^ flip]) + whole[position + 1 :]
            )
            try:
                arrays = read_arrays(path)
            except ValueError as error:
                assert str(error).startswith(f"{path} is damaged: ")
                assert str(error).endswith("delete it, and the next run makes it")
            else:
                harmless += 1
                assert arrays.keys() == written.keys()
                for name, array in written.items():
                    np.testing.assert_array_equal(arrays[name], array)
                    assert arrays[name].dtype == array.dtype
    assert harmless < len(whole)


def test_checksum_is_of_content_and_order():
    array = np.arange(6.0).reshape(2, 3)
    assert checksum("a", array) == checksum("a", np.asfortranarray(array))
    different = [("a", array[::-1]), ("b", array), (array, "a"), ("a",), ("a", array, "")]
    assert len({checksum(*parts) for parts in [("a", array), *different]}) == 6


def test_a_table_is_read_by_columns_and_a_damaged_one_refused_with_what_to_do(tmp_path):
    path = tmp_path / "history.csv"
    path.write_text("epoch,loss\n1,0.5\n2,nan\n")
    columns = read_columns(path)
    assert list(columns) == ["epoch", "loss"]
    np.testing.assert_array_equal(columns["loss"], [0.5, np.nan])
    for content in ("", "epoch,loss\n1,0.5\n2,0.", "epoch,loss\n1,0.5\n2\n", "\0"):
        path.write_text(content)
        with pytest.raises(
            ValueError, match=r"history\.csv is damaged: .*; delete it, and the next"
        ):
            read_columns(path)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_json_is_strict(tmp_path, value):
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json(tmp_path / "x.json", {"loss": value})
    assert not list(tmp_path.iterdir())


def test_log_holds_progress_and_the_traceback(tmp_path, capsys):
    log = tmp_path / "job.log"
    with pytest.raises(SystemExit) as end, job_log(log):
        logging.info("epoch 1")
        logging.warning("not memorised")
        raise KeyError("lost")
    text = log.read_text()
    assert "epoch 1" in text
    assert "not memorised" in text
    assert "Traceback" in text
    assert "KeyError: 'lost'" in text
    assert end.value.code == f"{log}: KeyError: 'lost'"
    console = capsys.readouterr().err
    assert "not memorised" in console
    assert "epoch 1" not in console
    assert "KeyError" not in console
