"""The facts of one part of a store's customers, of whom alone rows are read."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nba.domain import Part
from nba.facts.fold import Facts, fold
from nba.facts.parted import only
from nba.state.known import known_of
from nba.state.listing import customers_in
from nba.state.store import Store


def facts_of_part(store: Store, part: Part, as_of: np.datetime64) -> Facts:
    """Fold what is known of everybody in a part: the facts that a fold of all has of them.

    Args:
        store: the facts.
        part: of the customers.
        as_of: up to when to know, itself excluded.

    Raises:
        StateError: the store cannot be read.
    """
    with store.reading() as connection:
        known = known_of(connection, customers_in(connection, part), as_of)
    facts = fold(known.rows, as_of=as_of, signals=known.signals)
    return only(replace(facts, shelf=store.shelf(as_of)), part)
