"""Who was erased from a shop folder, as keyed hashes: imports leave out what is theirs."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal, Self, get_args

import duckdb

from nba.data.checks import literal
from nba.data.entries import Condition, FileMapping
from nba.domain import keyed_hash
from nba.errors import DataError

FILE: Final = "tombstones.json"
BECAUSE: Final = "of erased customers"
Kind = Literal["customer", "order", "message"]
"""Of what a tombstone is; the id of one may be the id of another."""
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
COLUMNS: Final[dict[str, Kind]] = {
    "customer_id": "customer",
    "session_id": "customer",
    "order_id": "order",
    "message_id": "message",
}
"""Columns by which a row is somebody's."""

_KEY_BYTES: Final = 32
_BLOCK_BYTES: Final = 64
_INNER, _OUTER = 0x36, 0x5C


@dataclass(frozen=True, slots=True)
class Tombstones:
    """The ids that must not come back.

    Attributes:
        key: what they are hashed with.
        hashes: of them.
    """

    key: bytes
    hashes: frozenset[str]

    @classmethod
    def read(cls, shop: Path) -> Self:
        """Read those of a shop folder; where nobody was erased there are none, and a new key.

        Raises:
            DataError: the file cannot be read.
        """
        path = shop / FILE
        if not path.exists():
            return cls(secrets.token_bytes(_KEY_BYTES), frozenset())
        try:
            held = json.loads(path.read_text("ascii"))
            return cls(bytes.fromhex(held["key"]), frozenset(held["hashes"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(
                f"{path} cannot be read: {error}; it says who was erased and must not come back: "
                "restore it from a backup"
            ) from None

    def holds(self, kind: Kind, identifier: str) -> bool:
        """Tell whether an id must not come back."""
        return keyed_hash(self.key, kind, identifier) in self.hashes

    def adding(self, kind: Kind, ids: Iterable[str]) -> Self:
        """Add ids."""
        return replace(self, hashes=self.hashes | {keyed_hash(self.key, kind, one) for one in ids})

    def write(self, shop: Path) -> None:
        """Write them into a shop folder, in place of those that are there.

        Raises:
            OSError: the folder cannot be written.
        """
        aside = shop / f"{FILE}.new"
        with aside.open("w", encoding="ascii") as file:
            json.dump({"key": self.key.hex(), "hashes": sorted(self.hashes)}, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(shop / FILE)

    def obey(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Give a connection what `leaving_out` asks: a table of the hashes, and how to hash.

        DuckDB has no HMAC, but all that RFC 2104 makes it of.
        """
        padded = self.key.ljust(_BLOCK_BYTES, b"\0")
        inner, outer = (
            literal(bytes(byte ^ pad for byte in padded).hex()) for pad in (_INNER, _OUTER)
        )
        connection.execute(f"""
            CREATE TEMP MACRO keyed_hash(kind, id) AS sha256(unhex({outer}) ||
                unhex(sha256(unhex({inner}) || encode(kind || chr(31) || id))))
        """)
        connection.execute(
            "CREATE TEMP TABLE tombstones AS SELECT unnest(?::VARCHAR[]) AS hash",
            [sorted(self.hashes)],
        )


def leaving_out(entry: FileMapping) -> FileMapping:
    """Skip the rows of erased customers, on a connection that obeys their tombstones."""
    ours = [(entry.columns[name], kind) for name, kind in COLUMNS.items() if name in entry.columns]
    if not ours:
        return entry
    buried = " OR ".join(
        f"keyed_hash({literal(kind)}, {rule.sql}) IN (SELECT hash FROM tombstones)"
        for rule, kind in ours
    )
    uses = frozenset().union(*(rule.uses for rule, _ in ours))
    return replace(entry, skip=(Condition(f"({buried})", uses, BECAUSE), *entry.skip))
