"""Windows of messages about orders that depend on what was ordered."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.needs import NEED_KINDS
from nba.artifacts.products import Products
from nba.decide.playbooks.messages import Message
from nba.decide.situation import Situation
from nba.decide.triggering.openings import Openings
from nba.domain import DAY, INT32_LIMIT

Spans = NDArray[np.timedelta64]


def windows(now: Situation, message: Message, opened: Openings) -> tuple[Spans, Spans] | None:
    """Give how long after its instant each opening of a message opens, and closes.

    A category of the playbook goes before what was learned, and that before the message's own.

    Returns:
        timedelta64[us] per opening, twice; None where what was ordered does not matter.
    """
    if message.lag is None and not message.categories:
        return None
    count = len(opened.customer)
    trigger = message.trigger
    opens = np.full(count, trigger.opens.astype("timedelta64[us]"))
    length = np.full(count, np.timedelta64(trigger.within, "s").astype("timedelta64[us]"))
    if message.lag is not None:
        day = _least(now, opened, _learned_days(now))
        opens = np.where(day < INT32_LIMIT, day * DAY, opens)
    code = now.coding.product[now.facts.product]
    # The first category that fits decides, so the others are laid down before it.
    for path, timing in reversed(list(message.categories.items())):
        belongs = _belongs(now.snapshot.products, path)
        inside = _least(now, opened, np.where((code >= 0) & belongs[code], 0, 1)) == 0
        opens[inside] = timing.opens
        length[inside] = timing.length
    return opens, opens + length


def _learned_days(now: Situation) -> NDArray[np.int64]:
    """Give, per line of the facts, when its product's accessories are first needed."""
    needs = now.snapshot.needs
    soonest = np.full(len(needs.types), INT32_LIMIT, np.int64)
    pairs = np.flatnonzero((needs.kind == NEED_KINDS.index("accessory")) & (needs.offer_day > 0))
    np.minimum.at(soonest, needs.main[pairs], needs.offer_day[pairs])
    code = now.coding.product[now.facts.product]
    return np.where(code >= 0, soonest[needs.product_type[code]], INT32_LIMIT)


def _least(now: Situation, opened: Openings, of_line: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give the least number of the lines of each opening's order; without any, the greatest."""
    begins = now.facts.line_start
    least = np.full(len(begins) - 1, INT32_LIMIT, np.int64)
    filled = np.flatnonzero(np.diff(begins))
    if len(filled):
        least[filled] = np.minimum.reduceat(of_line, begins[filled])
    return least[opened.order]


def _belongs(products: Products, path: str) -> NDArray[np.bool_]:
    """Tell which products are in a category, or below it."""
    below = f"{path} > "
    told = (one == path or one.startswith(below) for one in products.category)
    return np.fromiter(told, np.bool_, len(products))
