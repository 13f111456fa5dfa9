"""Archives: how sums are written to a file and read back."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from nba.domain import Ids
from nba.errors import DataError

# What numpy, zipfile and zlib raise for a file that is cut short, damaged or something else; a
# plain array instead of an archive is no context manager, which is an AttributeError or TypeError.
_UNREADABLE: Final = (
    OSError,
    ValueError,
    KeyError,
    EOFError,
    AttributeError,
    TypeError,
    BadZipFile,
    zlib.error,
)


def write_archive(path: str | Path, ids: Ids, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write ids and arrays as one compressed archive, to exactly this path."""
    named: dict[str, Any] = {"ids_data": ids.data, "ids_offsets": ids.offsets, **arrays}
    # A path without .npz would get it appended; an open file is taken as it is.
    with Path(path).open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **named)


def read_archive(
    path: str | Path, names: tuple[str, ...], what: str
) -> tuple[Ids, dict[str, NDArray[Any]]]:
    """Read what `write_archive` wrote: the ids and the arrays of these names.

    Raises:
        DataError: the file is no such archive; `what` names what it should hold.
    """
    try:
        with Path(path).open("rb") as file, np.load(file, allow_pickle=False) as archive:
            ids = Ids(archive["ids_data"], archive["ids_offsets"])
            return ids, {name: archive[name] for name in names}
    except _UNREADABLE as error:
        raise DataError(
            f"{path} holds no {what} ({error}); count them again from the orders"
        ) from None
