"""Artifacts as named arrays and back, by the fields of their dataclass."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from dataclasses import Field, fields
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


def to_npy(array: NDArray[Any]) -> bytes:
    """Serialise an array in numpy's own format, without pickled objects."""
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.ascontiguousarray(array), allow_pickle=False)
    return stream.getvalue()


def sha256(content: bytes) -> str:
    """Hash bytes; lower-case hexadecimal."""
    return hashlib.sha256(content).hexdigest()
