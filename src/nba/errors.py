"""The errors that leave the package.

    NbaError
    ├── DataError             the rows cannot be used; carries the problems found
    ├── ConfigError           a recipe, playbook, mapping or argument is wrong
    ├── UnknownProductError   strict look-up of a product nobody knows
    ├── UnknownCustomerError  strict look-up of a customer nobody knows
    ├── ErasedCustomerError   a question about the past of a customer who was erased
    ├── SnapshotError         a snapshot is absent, damaged or from another format
    │   ├── PrunedSnapshotError   the snapshot of an instant of the past is no longer stored
    │   └── HomeAwayError         where snapshots are kept cannot be reached; later it may
    └── StateError            the store or the facts cannot answer
        └── StoreAwayError    the database does not answer at all; later it may
        └── UnknownMessageError   nothing to send was claimed under an id

A message says what was found, what was expected, and what to do next.
"""

from __future__ import annotations

from collections.abc import Sequence


class NbaError(Exception):
    """Any failure that the package foresees."""


class DataError(NbaError):
    """Input rows cannot be used.

    Attributes:
        problems: one sentence each, the first the most important.
    """

    def __init__(self, *problems: str) -> None:
        """Keep every problem; the message joins them."""
        super().__init__("; ".join(problems))
        self.problems: Sequence[str] = problems


class ConfigError(NbaError):
    """A recipe, playbook, mapping or argument does not make sense."""


class UnknownProductError(NbaError):
    """A product was asked for strictly and is in neither catalogue nor history."""


class UnknownCustomerError(NbaError):
    """A customer was asked for strictly and has no history."""


class ErasedCustomerError(NbaError):
    """The past of a customer was asked about, who has been erased since."""


class SnapshotError(NbaError):
    """A snapshot is absent, damaged, or written by another format version."""


class PrunedSnapshotError(SnapshotError):
    """The snapshot that was current at an instant of the past is no longer stored."""


class HomeAwayError(SnapshotError):
    """The remote home of snapshots cannot be reached, or be written; later it may."""


class StateError(NbaError):
    """The store or the given facts cannot answer the question."""


class UnknownMessageError(StateError):
    """Nothing to send was ever claimed under an id."""


class StoreAwayError(StateError):
    """The database cannot be reached; the same question may be answered later."""
