"""What messages were about besides an order: its status, or one of its products."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from nba.domain import Ids, Texts
from nba.facts.fold import Facts
from nba.facts.lookups import ABSENT, codes_in
from nba.statuses import STATUSES

_STATUS_IDS: Final = Ids.of(STATUSES)
_STATUS_OF: Final = np.array([*(STATUSES.index(one) for one in _STATUS_IDS), ABSENT], np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Details:
    """The letters whose anchor is an order's id, a slash, and something more; sorted by key.

    Attributes:
        status_key, product_key: int64, ascending: order x width + code of what follows.
        status_anchor, product_anchor: int64: the anchor, a code of the facts' `anchors`.
        width: codes of products; of statuses there are fewer than `len(STATUSES)`.
    """

    status_key: NDArray[np.int64]
    status_anchor: NDArray[np.int64]
    product_key: NDArray[np.int64]
    product_anchor: NDArray[np.int64]
    width: int

    @classmethod
    def of(cls, facts: Facts) -> Self:
        """Read the anchors of all letters."""
        letters, width = facts.letters, max(len(facts.product_ids), 1)
        row = np.flatnonzero(letters.order >= 0)
        row = row[letters.anchor[row] != facts.order_anchor[letters.order[row]]]
        anchor, order = letters.anchor[row].astype(np.int64), letters.order[row].astype(np.int64)
        if not len(row):
            return cls(order, order, order, order, width)
        named = Texts.of(facts.anchors[one].rpartition("/")[2] for one in anchor.tolist())
        status = _STATUS_OF[codes_in(_STATUS_IDS, named)]
        product = codes_in(facts.product_ids, named).astype(np.int64)
        return cls(
            *_keyed(order, status, len(STATUSES), anchor),
            *_keyed(order, product, width, anchor),
            width,
        )

    def of_statuses(
        self, order: NDArray[np.integer], status: NDArray[np.integer]
    ) -> NDArray[np.int64]:
        """Give the anchors of orders and statuses; `ABSENT` where no message had it."""
        return _found(self.status_key, self.status_anchor, order, status, len(STATUSES))

    def of_products(
        self, order: NDArray[np.integer], product: NDArray[np.integer]
    ) -> NDArray[np.int64]:
        """Give the anchors of orders and products; `ABSENT` where no message had it."""
        return _found(self.product_key, self.product_anchor, order, product, self.width)


def _keyed(
    order: NDArray[np.int64], code: NDArray[np.int64], width: int, anchor: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    told = code >= 0
    key = order[told] * width + code[told]
    by_key = np.argsort(key, kind="stable")
    return key[by_key], anchor[told][by_key]


def _found(
    keys: NDArray[np.int64],
    anchors: NDArray[np.int64],
    order: NDArray[np.integer],
    code: NDArray[np.integer],
    width: int,
) -> NDArray[np.int64]:
    if not len(keys):
        return np.full(len(order), ABSENT, np.int64)
    asked = order.astype(np.int64) * width + code
    place = np.minimum(np.searchsorted(keys, asked), len(keys) - 1)
    return np.where(keys[place] == asked, anchors[place], ABSENT)
