"""What the shop asked for its products, and whether they could be ordered, at every instant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nba.data.simulator.calendar import DAY, ENDS_AT, HOUR, NEVER, STARTS_AT, Micros
from nba.data.simulator.catalogue import Catalogue
from nba.data.simulator.chance import Codes, Floats, stream
from nba.data.simulator.columns import Columns
from nba.vocabulary import AVAILABILITIES, ELIGIBLE_AVAILABILITIES, Availability

PREORDER_SHARE: Final = 0.25
PREORDER_DAYS: Final = 14
"""Share of the models published during the history that can be ordered ahead, and how long."""
SPELL_SLOTS: Final = 4
SPELL_SHARE: Final = 0.45
SPELL_DAYS: Final = (10.0, 0.7)
"""Of the quarters of a product's time on the market that have an out-of-stock spell, and the
median days and sigma of its logarithm."""
BACKORDER_SHARE: Final = 0.12
"""Spells in which the product can still be ordered."""
SALE_SLOTS: Final = 5
SALE_SHARE: Final = 0.5
SALE_DAYS: Final = (3, 15)
SALE_FACTOR: Final = (0.68, 0.92)
PRICE_SLOTS: Final = 4
PRICE_SHARE: Final = 0.6
PRICE_STEP: Final = (-0.02, 0.06)
"""Mean and sigma of the logarithm of a price change."""
STOCK: Final = (60.0, 1.0)
BEYOND_DAYS: Final = 90
"""Spells and sales are laid out this far beyond the history, so that some are open at its end."""

_AVAILABILITY: Final = {name: code for code, name in enumerate(AVAILABILITIES)}
_ORDERABLE: Final = np.array([name in ELIGIBLE_AVAILABILITIES for name in AVAILABILITIES])
_SECONDS: Final = 28
_BEFORE: Final = STARTS_AT - 2_000 * DAY


@dataclass(frozen=True, slots=True, eq=False)
class Spells:
    """When products were out of stock; instants may lie beyond the end of the history.

    Attributes:
        product: int32.
        starts_at, ends_at: int64 microseconds.
    """

    product: NDArray[np.int32]
    starts_at: Micros
    ends_at: Micros


@dataclass(frozen=True, slots=True, eq=False)
class States:
    """The states of all products, by product and instant; a state holds until the next.

    Attributes:
        product: int32. at: int64 microseconds.
        availability: int8, a code of `vocabulary.AVAILABILITIES`. stock: int64.
        price: int64, minor units. sale_price: the same, -1 where there is no sale.
        sale_until: int64 microseconds, NEVER where there is no sale.
        spells: the times out of stock.
    """

    product: NDArray[np.int32]
    at: Micros
    availability: NDArray[np.int8]
    stock: NDArray[np.int64]
    price: NDArray[np.int64]
    sale_price: NDArray[np.int64]
    sale_until: Micros
    spells: Spells

    def find(self, product: Codes, at: Micros) -> NDArray[np.int64]:
        """Give the row that holds for each product at an instant at or after its first one."""
        rows: NDArray[np.int64] = np.searchsorted(
            _key(self.product, self.at), _key(product, at), side="right"
        )
        return rows - 1

    def orderable(self, product: Codes, at: Micros) -> NDArray[np.bool_]:
        """Tell which products can be ordered at an instant; none before its publication."""
        return self.open(self.find(product, at), product)

    def open(self, row: NDArray[np.int64], product: Codes) -> NDArray[np.bool_]:
        """Tell the same of rows that `find` gave for the products."""
        return np.asarray(_ORDERABLE[self.availability[row]] & (self.product[row] == product))

    def asked(self, row: NDArray[np.int64]) -> NDArray[np.int64]:
        """Give the price asked in each row: the sale price while there is one, minor units."""
        return np.where(self.sale_price[row] >= 0, self.sale_price[row], self.price[row])

    def latest(self) -> NDArray[np.int64]:
        """Give the last row of every product, by product."""
        return np.append(np.flatnonzero(np.diff(self.product)), len(self.product) - 1)


def _key(product: Codes, at: Micros) -> NDArray[np.int64]:
    return (product.astype(np.int64) << _SECONDS) | ((at - _BEFORE) // 1_000_000)


def make_states(seed: int, catalogue: Catalogue) -> States:
    """Make the states of a catalogue, from publication to the end of the history."""
    rng = stream(seed, "product states")
    count = len(catalogue)
    rows = np.arange(count, dtype=np.int32)
    opens = np.maximum(catalogue.published_at, STARTS_AT)
    closes = np.minimum(catalogue.discontinued_at, ENDS_AT + BEYOND_DAYS * DAY)

    may_preorder = (catalogue.model >= 0) & (catalogue.published_at > STARTS_AT)
    preorder = rows[may_preorder & (rng.random(count) < PREORDER_SHARE)]
    median, sigma = SPELL_DAYS
    spell_days = median * np.exp(rng.normal(0.0, sigma, (count, SPELL_SLOTS)))
    spells = _slots(rng, opens, closes, SPELL_SHARE, spell_days)
    is_backorder = rng.random(len(spells.product)) < BACKORDER_SHARE
    sale_days = rng.uniform(*SALE_DAYS, (count, SALE_SLOTS))
    sales = _slots(rng, opens, closes, SALE_SHARE, sale_days)
    steps = _slots(rng, opens, closes, PRICE_SHARE, np.ones((count, PRICE_SLOTS)))
    ended = rows[catalogue.discontinued_at < ENDS_AT]

    in_stock = _AVAILABILITY[Availability.IN_STOCK]
    gone = np.where(
        is_backorder,
        _AVAILABILITY[Availability.BACKORDER],
        _AVAILABILITY[Availability.OUT_OF_STOCK],
    )
    first = np.full(count, in_stock)
    first[preorder] = _AVAILABILITY[Availability.PREORDER]
    sold_from = catalogue.published_at[preorder] + PREORDER_DAYS * DAY
    ended_at = catalogue.discontinued_at[ended]
    price_steps = rng.normal(*PRICE_STEP, len(steps.product))
    factors = rng.uniform(*SALE_FACTOR, len(sales.product))
    changes = [
        _changes(rows, catalogue.published_at, availability=first, factor=1.0),
        _changes(preorder, sold_from, availability=in_stock),
        _changes(spells.product, spells.starts_at, availability=gone),
        _changes(spells.product, spells.ends_at, availability=in_stock),
        _changes(ended, ended_at, availability=_AVAILABILITY[Availability.DISCONTINUED]),
        _changes(steps.product, steps.starts_at, step=price_steps),
        _changes(sales.product, sales.starts_at, factor=factors, until=sales.ends_at),
        _changes(sales.product, sales.ends_at, factor=1.0),
    ]
    out = ~is_backorder
    return _fill(
        rng,
        catalogue,
        _Changes.joined(changes),
        Spells(spells.product[out], spells.starts_at[out], spells.ends_at[out]),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Changes(Columns):
    """Changes of products; availability -1 and factor NaN leave things as they were."""

    product: NDArray[np.int32]
    at: Micros
    availability: NDArray[np.int64]
    step: Floats
    factor: Floats
    until: Micros


def _changes(
    product: NDArray[np.int32],
    at: Micros,
    *,
    availability: int | NDArray[np.int64] = -1,
    step: Floats | float = 0.0,
    factor: Floats | float = np.nan,
    until: Micros | int = NEVER,
) -> _Changes:
    size = len(product)
    return _Changes(
        product,
        at,
        np.broadcast_to(np.asarray(availability, np.int64), size),
        np.broadcast_to(np.asarray(step, np.float64), size),
        np.broadcast_to(np.asarray(factor, np.float64), size),
        np.broadcast_to(np.asarray(until, np.int64), size),
    )


def _fill(
    rng: np.random.Generator, catalogue: Catalogue, changes: _Changes, spells: Spells
) -> States:
    """Carry every value forward until it changes; the first row of a product sets all."""
    order = np.lexsort((changes.availability, changes.at, changes.product))
    changes = changes.take(order[changes.at[order] < ENDS_AT])
    product, at = changes.product, changes.at
    first = np.flatnonzero(np.diff(product, prepend=-1))
    steps = np.cumsum(changes.step)
    before = steps[first] - changes.step[first]
    steps -= np.repeat(before, np.diff(np.append(first, len(product))))
    availability = changes.availability[_last(changes.availability >= 0)]
    sale = _last(~np.isnan(changes.factor))
    factor, until = changes.factor[sale], changes.until[sale]
    price = _rounded(catalogue.price[product] * np.exp(steps))
    is_sale = (factor < 1) & (availability != _AVAILABILITY[Availability.DISCONTINUED])
    stock = np.ceil(STOCK[0] * np.exp(rng.normal(0.0, STOCK[1], len(product)))).astype(np.int64)
    # Of several changes at one instant one row tells all.
    kept = np.append((np.diff(product) != 0) | (np.diff(at) != 0), True)
    return States(
        product[kept],
        at[kept],
        availability[kept].astype(np.int8),
        np.where(availability == _AVAILABILITY[Availability.IN_STOCK], stock, 0)[kept],
        price[kept],
        np.where(is_sale, _rounded(price * factor), -1)[kept],
        np.where(is_sale, until, NEVER)[kept],
        spells,
    )


def _last(is_set: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Give for each row the latest one at or before it that sets a value."""
    return np.maximum.accumulate(np.where(is_set, np.arange(len(is_set)), 0))


def _rounded(cents: NDArray[Any]) -> NDArray[np.int64]:
    """Round to 10 cents less one, at least 49 cents."""
    return np.maximum(np.rint(cents / 10).astype(np.int64) * 10 - 1, 49)


def _slots(
    rng: np.random.Generator, opens: Micros, closes: Micros, share: float, lasts: Floats
) -> Spells:
    """Lay out spans that never overlap: at most one in each equal part of a product's time.

    Each begins in the first half of its part and lasts less than the other half.

    Of the parts, `share` have a span; `lasts` holds days, one row a product, one column a part.
    """
    count, slots = lasts.shape
    product = np.repeat(np.arange(count, dtype=np.int32), slots)
    length = (closes - opens)[product] // slots
    opened = opens[product] + np.tile(np.arange(slots), count) * length
    starts = opened + length * rng.uniform(0.05, 0.5, len(product))
    ends = starts + np.minimum(lasts.ravel() * DAY, length * 0.45)
    starts_at, ends_at = (np.floor(at / HOUR).astype(np.int64) * HOUR for at in (starts, ends))
    chosen = (rng.random(len(product)) < share) & (ends_at > starts_at)
    return Spells(product[chosen], starts_at[chosen], ends_at[chosen])
