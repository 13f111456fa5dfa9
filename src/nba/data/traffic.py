"""The `traffic` table: how many visits came by each channel, and what was spent on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import duckdb
import numpy as np
from numpy.typing import NDArray

from nba.data.conforming import conform
from nba.data.rows import column
from nba.domain import Texts
from nba.facts.histories import Columns
from nba.schema import TRAFFIC

_DAY: Final = "datetime64[D]"
_COUNTS: Final = ("visits", "spend")


@dataclass(frozen=True, slots=True, eq=False)
class Traffic(Columns):
    """Days and channels, sorted by day and channel.

    Attributes:
        day: datetime64[D] per row.
        channel: one text a row, in the shop's own words.
        visits: int64 per row; 0 where the shop did not say.
        has_visits: bool per row: the shop said it.
        spend: int64 per row, minor units; 0 where the shop did not say.
        has_spend: bool per row: the shop said it.
    """

    day: NDArray[np.datetime64]
    channel: Texts
    visits: NDArray[np.int64]
    has_visits: NDArray[np.bool_]
    spend: NDArray[np.int64]
    has_spend: NDArray[np.bool_]

    @classmethod
    def none(cls) -> Self:
        """No visits told at all."""
        counts, flags = np.empty(0, np.int64), np.empty(0, np.bool_)
        return cls(np.empty(0, _DAY), Texts.of([]), counts, flags, counts, flags)

    @classmethod
    def from_table(cls, connection: duckdb.DuckDBPyConnection) -> Self:
        """Read the table or view `traffic` of a connection.

        Raises:
            DataError: the table breaks its contract.
        """
        counts = ", ".join(
            f"coalesce({name}, 0) AS {name}, {name} IS NOT NULL AS has_{name}" for name in _COUNTS
        )
        rows = connection.execute(
            f"SELECT day, channel, {counts} FROM {conform(connection, TRAFFIC)} "
            "ORDER BY day, channel"
        ).fetchnumpy()
        return cls(
            column(rows, "day", _DAY),
            Texts.of(rows["channel"]),
            column(rows, "visits", np.int64),
            column(rows, "has_visits", np.bool_),
            column(rows, "spend", np.int64),
            column(rows, "has_spend", np.bool_),
        )

    def total(self, since: np.datetime64, until: np.datetime64) -> tuple[int | None, int | None]:
        """Sum visits and spend of the days that begin in a period; None where nobody said any."""
        within = (self.day >= since) & (self.day < until)
        visits, spend = within & self.has_visits, within & self.has_spend
        return (
            int(self.visits[visits].sum()) if visits.any() else None,
            int(self.spend[spend].sum()) if spend.any() else None,
        )

    def told_days(self) -> NDArray[np.datetime64]:
        """List the days of which visits are told, datetime64[D], ascending.

        Where each month has one row's day at most, its first or its last, a row stands for its
        whole month: some shops know their visits by the month only.
        """
        days = np.unique(self.day[self.has_visits])
        month = days.astype("datetime64[M]")
        begin, end = month.astype(_DAY), (month + 1).astype(_DAY)
        is_edge = (days == begin) | (days == end - 1)
        if not len(days) or len(np.unique(month)) < len(days) or not is_edge.all():
            return days
        return np.concatenate(
            [np.arange(first, last) for first, last in zip(begin, end, strict=True)]
        )

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.day)
