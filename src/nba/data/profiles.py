"""The `customers` table: what a shop says of its customers."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Final, Self

import duckdb
import numpy as np
from numpy.typing import NDArray

from nba.data.conforming import conform
from nba.data.rows import AT, column, distinct_ids
from nba.domain import Ids, Instants, Texts
from nba.facts.histories import Columns
from nba.schema import CUSTOMERS

_DAY: Final = "datetime64[D]"
_TEXTS: Final = ("timezone", "locale", "account_type", "tier", "attributes")


@dataclass(frozen=True, slots=True, eq=False)
class Profiles(Columns):
    """Customers as columns, sorted by id; an empty text means the shop did not say.

    These columns have no history: a replay of an earlier instant sees today's tier and points.
    Consents are facts of their own and not here.

    Attributes:
        customer_ids: the ids.
        created_at: datetime64[us]; NaT where the shop did not say.
        birthday: datetime64[D]; NaT where the shop did not say.
        timezone, locale, account_type, tier: one text a customer.
        attributes: as the shop writes them, mostly a JSON object.
        points: int64; 0 where the shop did not say.
        has_points: bool: the shop said how many points.
        acquisition_cost: int64, minor units; 0 where the shop did not say.
        has_acquisition_cost: bool: the shop said it.
    """

    customer_ids: Ids
    created_at: Instants
    birthday: NDArray[np.datetime64]
    timezone: Texts
    locale: Texts
    account_type: Texts
    tier: Texts
    attributes: Texts
    points: NDArray[np.int64]
    has_points: NDArray[np.bool_]
    acquisition_cost: NDArray[np.int64]
    has_acquisition_cost: NDArray[np.bool_]

    @classmethod
    def none(cls) -> Self:
        """No customer described at all."""
        texts, counts, flags = Texts.of([]), np.empty(0, np.int64), np.empty(0, np.bool_)
        return cls(
            Ids.of([]),
            np.empty(0, AT),
            np.empty(0, _DAY),
            texts,
            texts,
            texts,
            texts,
            texts,
            counts,
            flags,
            counts,
            flags,
        )

    @classmethod
    def from_table(cls, connection: duckdb.DuckDBPyConnection) -> Self:
        """Read the table or view `customers` of a connection.

        Raises:
            DataError: the table breaks its contract.
        """
        held = conform(connection, CUSTOMERS)
        texts = ", ".join(f"coalesce({name}, '') AS {name}" for name in _TEXTS)
        counts = ", ".join(
            f"coalesce({name}, 0) AS {name}, {name} IS NOT NULL AS has_{name}"
            for name in ("points", "acquisition_cost")
        )
        rows = connection.execute(
            f"SELECT created_at, birthday, {texts}, {counts} FROM {held} ORDER BY customer_id"
        ).fetchnumpy()
        return cls(
            customer_ids=distinct_ids(connection, "customer_id", held),
            created_at=column(rows, "created_at", AT),
            birthday=column(rows, "birthday", _DAY),
            points=column(rows, "points", np.int64),
            has_points=column(rows, "has_points", np.bool_),
            acquisition_cost=column(rows, "acquisition_cost", np.int64),
            has_acquisition_cost=column(rows, "has_acquisition_cost", np.bool_),
            **{name: Texts.of(rows[name]) for name in _TEXTS},
        )

    def until(self, as_of: np.datetime64) -> Self:
        """Leave out whom the shop first met at or after an instant.

        Whoever stays, stays as described now; of whom nobody says since when, stays too.
        """
        early = ~(self.created_at >= as_of)
        if early.all():
            return self
        kept = np.flatnonzero(early)
        columns: dict[str, Any] = {}
        for one in fields(self):
            cells = getattr(self, one.name)
            columns[one.name] = cells.take(kept) if isinstance(cells, Texts) else cells[kept]
        return type(self)(**columns)

    def __len__(self) -> int:
        """Count the customers."""
        return len(self.customer_ids)
