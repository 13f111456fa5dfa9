"""Lists of customers for other tools: who looked at what, and did not buy it."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Final

import numpy as np

from nba.domain import Instants, iso
from nba.facts.fold import Facts
from nba.ranges import starts
from nba.vocabulary import INTENT_KINDS

_VIEW: Final = INTENT_KINDS.index("view")


def viewed_not_bought(facts: Facts, ends: Instants, at: np.datetime64) -> dict[str, list[Any]]:
    """List who looked at products and did not buy them since.

    Args:
        facts: of the customers.
        ends: datetime64[us] per intent of the facts: when it stops counting.
        at: the instant.

    Returns:
        customer_id, product_ids and last_viewed_at, one entry a customer who did, in the order of
        the facts; product_ids is a list, the latest looked at first, of equal instants by id.
    """
    intents = facts.intents
    rows = np.flatnonzero((intents.kind == _VIEW) & (ends > at))
    owner = np.searchsorted(intents.start, rows, "right") - 1
    seen = intents.last_at[rows]
    # Codes of products ascend with their ids.
    order = np.lexsort((intents.product[rows], -seen.view(np.int64), owner))
    owner, seen = owner[order], seen[order]
    products = list(facts.product_ids.take(intents.product[rows[order]]))
    begins = starts(owner).tolist()
    spans = pairwise([*begins, len(owner)])
    return {
        "customer_id": [facts.customer_ids[owner[first]] for first in begins],
        "product_ids": [products[first:last] for first, last in spans],
        "last_viewed_at": [iso(seen[first]) for first in begins],
    }
