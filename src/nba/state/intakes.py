"""What the intake of every table does: it checks rows, names whom they are of, and keeps them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from sqlalchemy import Connection

from nba.checking import BadRow
from nba.state.erasure import Kind

R = TypeVar("R")
Named = tuple[Kind, str]
"""Of which kind an id is, and the id."""


@dataclass(slots=True)
class Kept:
    """What became of good rows.

    Attributes:
        accepted: rows that said something new.
        duplicates: rows that said nothing new.
        errors: rows that turned out to be bad beside what the store holds.
    """

    accepted: int = 0
    duplicates: int = 0
    errors: list[BadRow] = field(default_factory=list)

    def count(self, *, is_new: bool) -> None:
        """Count a row."""
        self.accepted += is_new
        self.duplicates += not is_new


class Intake(ABC, Generic[R]):
    """Takes in the rows of one table."""

    @abstractmethod
    def check(self, rows: Sequence[object], at: int) -> tuple[list[tuple[int, R]], list[BadRow]]:
        """Give the good rows, each with its place, and what is wrong with the others.

        Args:
            rows: as JSON has them.
            at: int64 microseconds: when they were posted.
        """

    @abstractmethod
    def keep(self, connection: Connection, rows: Sequence[tuple[int, R]], at: int) -> Kept:
        """Write good rows.

        Args:
            connection: of `Store.writing`, with the locks that `locks` names.
            rows: each with its place.
            at: int64 microseconds: when they were posted.
        """

    @abstractmethod
    def names(self, row: R) -> Iterable[Named]:
        """Give the ids of a row under which somebody may have been erased."""

    def locks(self, rows: Iterable[R]) -> Iterable[str]:
        """Give what nobody else may be writing about meanwhile; by default nothing."""
        return ()


SHELF_LOCK: Final = "\x1fshelf"
"""Stands for all products and orders; no id holds a control character."""
