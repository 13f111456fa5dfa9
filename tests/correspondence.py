"""Facts of customers who got letters, without a shop around them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nba.domain import Ids, Instants
from nba.facts.fold import Facts, fold
from nba.facts.letters import Letters
from nba.facts.people import GRANTED, People
from nba.vocabulary import CHANNELS, MESSAGE_WORDS
from tests.shops import rows

ORDERS = 16
"""Orders that letters and candidates may be about."""


@dataclass(frozen=True)
class Letter:
    """A message that left; `at` is ISO 8601 or a datetime64, `order` a place in the facts."""

    message: str
    at: str | np.datetime64
    anchor: str | None = None
    channel: str | None = "email"
    order: int = -1


def instants(*texts: str | np.datetime64) -> Instants:
    return np.array([np.datetime64(one, "us") for one in texts], "datetime64[us]")


def letters_of(customers: Sequence[Sequence[Letter]]) -> tuple[Letters, Ids]:
    """The letters of each customer, and the anchors they name."""
    each = [sorted(one, key=lambda letter: np.datetime64(letter.at, "us")) for one in customers]
    flat = [letter for one in each for letter in one]
    anchors = Ids.of(one.anchor for one in flat if one.anchor is not None)
    none = Letters.none(len(customers))
    return replace(
        none,
        start=np.append(0, np.cumsum([len(one) for one in each])).astype(np.int64),
        message=np.array([MESSAGE_WORDS.index(one.message) for one in flat], np.int16),
        anchor=np.array(
            [-1 if one.anchor is None else anchors.find(one.anchor) for one in flat], np.int32
        ),
        order=np.array([one.order for one in flat], np.int32),
        channel=np.array(
            [-1 if one.channel is None else CHANNELS.index(one.channel) for one in flat], np.int8
        ),
        at=instants(*(one.at for one in flat)),
        answered_at=np.full(len(flat), np.datetime64("NaT", "us")),
    ), anchors


def addressees(
    *customers: Sequence[Letter], zones: Sequence[str] | None = None, **people: Any
) -> Facts:
    """Customers with these letters, who agreed to everything; `people` are columns of theirs."""
    count = len(customers)
    names = ("", *sorted(set(zones or ())))
    letters, anchors = letters_of(customers)
    columns: dict[str, Any] = {
        "zones": names,
        "zone": np.array([names.index(one) for one in zones or [""] * count], np.int16),
        "consent": np.full((count, len(CHANNELS)), GRANTED, np.int8),
        **people,
    }
    facts = fold(
        rows([]), as_of=np.datetime64("2030-01-01", "us"), customers=[f"c{n}" for n in range(count)]
    )
    known = replace(People.unknown(count), **columns)
    # Letters name orders by their place, so there are some.
    orders = np.arange(ORDERS, dtype=np.int32)
    return replace(facts, people=known, letters=letters, anchors=anchors, order_id=orders)
