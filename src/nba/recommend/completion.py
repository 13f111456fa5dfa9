"""Completing a basket up to a total: what is missing, and which prices close the gap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Self

import numpy as np

from nba.artifacts.snapshot import Snapshot
from nba.errors import ConfigError
from nba.recommend import reasons
from nba.recommend.eligibility import price_to_pay
from nba.recommend.slates import Candidates, Explained

GAP_PERCENT: Final = 30
TOTAL_PERCENT: Final = 10
"""How far a price may lie beyond the gap: the greater of these shares of gap and total, so that
a small gap is not closed by trifles alone."""


@dataclass(frozen=True, slots=True)
class Gap:
    """What a basket lacks to a total, in minor units.

    Attributes:
        total: asked for.
        amount: the total less what the basket costs now, at least 0.
        band: how much more than the gap a product may cost.
        unpriced: ids of products of the basket that count nothing: nobody knows their price, or it
            is in another currency than that of the first.
        currency: of the amounts; empty where nobody said.
    """

    total: int
    amount: int
    band: int
    unpriced: tuple[str, ...]
    currency: str

    @classmethod
    def of(cls, snapshot: Snapshot, basket: Sequence[int], total: int) -> Self:
        """Measure a basket, in which a product may stand several times.

        Raises:
            ConfigError: the total is negative.
        """
        if total < 0:
            raise ConfigError(f"target_total is {total}; expected minor units, 0 or more")
        codes = np.array(basket, np.int64)
        priced = snapshot.products.has_price[codes]
        currencies = [snapshot.products.currency[code] for code in codes.tolist()]
        currency = next((one for one, has in zip(currencies, priced, strict=True) if has), "")
        priced &= np.array([one == currency for one in currencies], np.bool_)
        paid = int(price_to_pay(snapshot.products, codes[priced]).sum())
        amount = max(total - paid, 0)
        band = max(amount * GAP_PERCENT, total * TOTAL_PERCENT) // 100
        unpriced = {snapshot.products.ids[code] for code in codes[~priced].tolist()}
        return cls(total, amount, band, tuple(sorted(unpriced)), currency)

    def asked(self) -> dict[str, Any]:
        """Give what an answer's request says of it."""
        said: dict[str, Any] = {"target_total": self.total, "gap": self.amount, "band": self.band}
        return said | ({"unpriced_ids": list(self.unpriced)} if self.unpriced else {})

    def closing(self, snapshot: Snapshot, candidates: Candidates) -> Candidates:
        """Keep the candidates whose price, being within the band, closes the gap."""
        codes = candidates.codes
        price = price_to_pay(snapshot.products, codes)
        closes = (price >= self.amount) & (price <= self.amount + self.band)

        def explain(code: int) -> Explained:
            source, reason = candidates.explain(code)
            paid = int(price_to_pay(snapshot.products, np.array([code]))[0])
            return source, reasons.closing(reason, gap=self.amount, price=paid)

        closes &= snapshot.products.has_price[codes]
        for place in np.flatnonzero(closes).tolist() if self.currency else ():
            closes[place] = snapshot.products.currency[int(codes[place])] == self.currency
        return replace(candidates.where(closes), explain=explain)
