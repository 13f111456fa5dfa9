"""Arrays become files of numpy's own format, part by part."""

from __future__ import annotations

import io

import numpy as np
import pytest

from nba.artifacts.arrays import npy_parts, sha256, to_npy

ARRAYS = {
    "counts": np.arange(7, dtype=np.int32),
    "none": np.empty(0, np.int64),
    "truths": np.array([True, False]),
    "instants": np.array(["2026-01-01", "NaT"], "datetime64[us]"),
    "days": np.array(["2026-01-01"], "datetime64[D]"),
    "table": np.arange(6, dtype=np.float32).reshape(3, 2),
    "turned": np.arange(6.0).reshape(3, 2).T,
    "every second": np.arange(9)[::2],
    "empty table": np.empty((0, 5), np.float32),
    "read only": np.broadcast_to(np.int8(3), 4),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_the_parts_of_an_array_are_what_numpy_writes(name):
    array, stream = np.ascontiguousarray(ARRAYS[name]), io.BytesIO()
    np.save(stream, array, allow_pickle=False)
    assert to_npy(ARRAYS[name]) == stream.getvalue()
    assert sha256(*npy_parts(ARRAYS[name])) == sha256(stream.getvalue())


def test_values_are_not_copied():
    array = np.arange(5)
    _, values = npy_parts(array)
    assert np.shares_memory(np.frombuffer(values, np.uint8), array)


def test_objects_are_no_array_of_a_snapshot():
    with pytest.raises(TypeError):
        npy_parts(np.array([{}], object))
