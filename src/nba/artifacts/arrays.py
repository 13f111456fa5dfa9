"""Artifacts as named arrays and back, by the fields of their dataclass."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from dataclasses import Field, fields
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from nba.domain import Ids, Texts

Arrays = Mapping[str, NDArray[Any]]


class _Artifact(Protocol):
    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


A = TypeVar("A", bound=_Artifact)


def pack(folder: str, artifact: _Artifact) -> dict[str, NDArray[Any]]:
    """Name the arrays of an artifact `folder/field`; a text field becomes bytes and offsets."""
    arrays: dict[str, NDArray[Any]] = {}
    for field in fields(artifact):
        value = getattr(artifact, field.name)
        if isinstance(value, Texts):
            arrays[f"{folder}/{field.name}.bytes"] = value.data
            arrays[f"{folder}/{field.name}.offsets"] = value.offsets
        else:
            arrays[f"{folder}/{field.name}"] = value
    return arrays


def unpack(kind: type[A], folder: str, arrays: Arrays) -> A:
    """Rebuild an artifact from arrays named by `pack`.

    Raises:
        KeyError: an array is missing.
    """
    values: dict[str, Any] = {}
    for field in fields(kind):
        if field.type in ("Ids", "Texts"):
            packed = Ids if field.type == "Ids" else Texts
            name = f"{folder}/{field.name}"
            values[field.name] = packed(arrays[f"{name}.bytes"], arrays[f"{name}.offsets"])
        else:
            values[field.name] = arrays[f"{folder}/{field.name}"]
    return kind(**values)


def npy_parts(array: NDArray[Any]) -> tuple[bytes, memoryview]:
    """Serialise an array in numpy's own format: its header, and its values without a copy.

    Raises:
        TypeError: it holds Python objects, which only pickle could write.
    """
    values, stream = np.ascontiguousarray(array), io.BytesIO()
    described = np.lib.format.header_data_from_array_1_0(values)
    np.lib.format.write_array_header_1_0(stream, described)
    return stream.getvalue(), values.reshape(-1).view(np.uint8).data


def to_npy(array: NDArray[Any]) -> bytes:
    """Serialise an array in numpy's own format, without pickled objects."""
    return b"".join(npy_parts(array))


def sha256(*parts: bytes | memoryview) -> str:
    """Hash bytes, one part behind the other; lower-case hexadecimal."""
    found = hashlib.sha256()
    for part in parts:
        found.update(part)
    return found.hexdigest()


def hash_of(path: Path) -> str | None:
    """Give the SHA-256 of a file, in hexadecimal; None where it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None
