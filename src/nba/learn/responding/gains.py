"""What useful actions brought, beside what comes without any."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.outlook import Floats
from nba.artifacts.responses import ANSWER_DAYS, ASKING
from nba.domain import DAY, Ids
from nba.learn.responding.earnings import Earnings
from nba.learn.responding.letters import Sent
from nba.learn.responding.uplift import MOST_ORDERS
from nba.ranges import crossed
from nba.vocabulary import MESSAGE_WORDS

_MESSAGES: Final = len(MESSAGE_WORDS)
_SELLS: Final = np.array([word not in ASKING for word in MESSAGE_WORDS])
_ALIKE: Final = 20.0
"""Messages of the shop's own mean that stand behind the mean of each message."""


@dataclass(frozen=True, slots=True, eq=False)
class Gains:
    """One row a code of `MESSAGE_WORDS`.

    Of a message that showed products whose price is known, what was earned on these counts, and is
    told in the profit of the cheapest of them: who acts without a definite wish buys that, and who
    has one pays what it costs. All that a customer buys within days would tell more of how much
    they buy anyway than of the message. Of other messages all orders count, in mean orders.

    Attributes:
        actions, gain: int64[messages, 2], float64[messages, 2]: see `Responses`.
        each: float64: what one action brings, in mean orders.
    """

    actions: NDArray[np.int64]
    gain: Floats
    each: Floats

    @classmethod
    def of(cls, sent: Sent, product_lists: Ids, earnings: Earnings, worth: Floats) -> Self:
        """Look at what was earned within `ANSWER_DAYS` of each message.

        What customers bring who did not answer the same message would have come anyway.

        Args:
            sent: the messages.
            product_lists: what `sent.shown` names.
            earnings: the kept orders.
            worth: float64 per product code of these, minor units; NaN where it is not known.
        """
        shown = _Shown.of(product_lists, earnings.product_ids, worth)
        basis = np.append(shown.worth, np.nan)[sent.shown]
        has_basis = ~np.isnan(basis) & _SELLS[sent.word]
        until = sent.at + ANSWER_DAYS * DAY
        brought = earnings.between(sent.customer, sent.at, until)
        rows = np.flatnonzero(has_basis)
        row, entry = crossed(shown.start[sent.shown[rows]], shown.start[sent.shown[rows] + 1])
        span = sent.customer[rows], sent.at[rows], until[rows]
        brought[rows] = earnings.of_products(*span, row, shown.product[entry])
        np.minimum(brought, MOST_ORDERS, out=brought)

        cell, acts = sent.word * 2 + has_basis, sent.is_useful
        others, anyway = _sums(cell[~acts], brought[~acts])
        usual = anyway.sum(axis=0) / np.maximum(others.sum(axis=0), 1)
        base = (anyway + _ALIKE * usual) / (others + _ALIKE)
        actions, orders = _sums(cell[acts], brought[acts])
        orders -= actions * base
        gain = orders.copy()
        of_each = _sums(cell[acts], basis[acts])[1][:, 1] / np.maximum(actions[:, 1], 1)
        told = of_each > 0
        gain[told, 1] *= earnings.mean / of_each[told]

        total, acted = orders.sum(axis=1), actions.sum(axis=1)
        mean = max(float(total.sum()), 0.0) / max(int(acted.sum()), 1)
        each = np.maximum((total + _ALIKE * mean) / (acted + _ALIKE), 0.0)
        return cls(actions, gain, np.asarray(each, np.float64))


@dataclass(frozen=True, slots=True, eq=False)
class _Shown:
    """Lists of products; those of list l are at start[l]:start[l + 1].

    Attributes:
        start: int64 per list + 1.
        product: int64.
        worth: float64 per list: of the cheapest; NaN where no price is known.
    """

    start: NDArray[np.int64]
    product: NDArray[np.int64]
    worth: Floats

    @classmethod
    def of(cls, product_lists: Ids, product_ids: Ids, worth: Floats) -> Self:
        """Look products up; one that is not known, or named twice, is left out."""
        code = {one: number for number, one in enumerate(product_ids)}
        named = [
            sorted({code[one] for one in text.split(",") if one in code}) for text in product_lists
        ]
        start = np.append(0, np.cumsum([len(one) for one in named], dtype=np.int64))
        product = np.array([one for products in named for one in products], np.int64)
        least = np.full(len(named), np.nan)
        some = np.flatnonzero(start[1:] > start[:-1])
        if len(some):
            least[some] = np.fmin.reduceat(worth[product], start[some])
        return cls(start, product, least)


def _sums(cell: NDArray[np.int64], values: Floats) -> tuple[NDArray[np.int64], Floats]:
    """Count and sum rows; both [messages, 2]."""
    size = _MESSAGES * 2
    counts, sums = np.bincount(cell, minlength=size), np.bincount(cell, values, size)
    return counts.reshape(-1, 2), np.asarray(sums.reshape(-1, 2), np.float64)
