"""The clock of a server: the machine's, one that stands, or one that was set and runs."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Final

from nba.domain import iso
from nba.errors import ConfigError
from nba.state.latest import last_fact
from nba.state.store import Store
from nba_api.settings import Settings
from nba_api.shelf import microseconds

Clock = Callable[[], int]
"""Gives the instant it is, in microseconds since 1970."""
LOG: Final = logging.getLogger(__name__)


def clock_of(settings: Settings, store: Store) -> Clock:
    """Give the clock that the settings name.

    One that was set begins after everything that the store knows: an order of the future would be
    one that nobody placed yet.

    Args:
        settings: of the server.
        store: whose facts lie before a clock that was set.

    Raises:
        ConfigError: the clock should both stand and run.
        DataError: an instant is none, or it carries no zone.
        StateError: the store cannot be read.
    """
    fixed, first = settings.fixed_clock(), settings.first_instant()
    if fixed is not None and first is not None:
        raise ConfigError("a clock either stands (as_of) or runs (starts_at); give one of them")
    if fixed is not None:
        stands_at = microseconds(fixed)
        return lambda: stands_at
    if first is None:
        return lambda: time.time_ns() // 1000
    last = last_fact(store)
    begins_at = microseconds(first)
    if begins_at <= microseconds(last):
        begins_at = microseconds(last) + 1
        LOG.warning("the store knows facts up to %s: the clock starts after them", iso(last))
    switched_on = time.monotonic_ns()
    return lambda: begins_at + (time.monotonic_ns() - switched_on) // 1000
