"""Product cards: what serving shows of a product, with popularity and successors resolved."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.products import Products
from nba.config import TrainConfig
from nba.data.catalog import Catalog
from nba.data.history import Baskets, OrderHistory
from nba.domain import DAY, Ids, Texts
from nba.learn.assortment import NONE, Assortment
from nba.statistics.pairs import PairCounts
from nba.vocabulary import AVAILABILITIES, ELIGIBLE_AVAILABILITIES, Availability


def product_cards(
    history: OrderHistory,
    catalog: Catalog,
    baskets: Baskets,
    counts: PairCounts,
    ids: Ids,
    named: NDArray[np.int32],
    counted: NDArray[np.int32],
    config: TrainConfig,
) -> Products:
    """Join catalogue and history into one card a product.

    Args:
        history: what was sold and for how much.
        catalog: what the shop says of its products.
        baskets: the kept purchases of the history.
        counts: for the orders and customers of each product.
        ids: the ids of all of these, whose positions are the product codes.
        named: int32: the code in `ids` of each product of the history and its baskets.
        counted: int32: the same for the products of `counts`.
        config: for the popularity window.
    """
    listed = ids.codes_of(catalog.product_ids)
    width = len(ids)
    price, has_price = _last_paid(history, named, width)
    price[listed] = np.where(catalog.priced, catalog.price, price[listed])
    has_price[listed] |= catalog.priced
    # A product the catalogue does not list counts as in stock.
    in_stock = AVAILABILITIES.index(Availability.IN_STOCK)
    availability = _spread(catalog.availability, listed, width, in_stock)
    unsaid = Texts(np.empty(0, np.uint8), np.zeros(width + 1, np.int64))
    popular, popular_orders = _popular(baskets, named, width, config)
    category, group = (
        _texts(catalog.category, listed, unsaid),
        _texts(catalog.product_group_id, listed, unsaid),
    )
    types = Assortment.of(category, group)
    orders = _spread(counts.product_orders.astype(np.int32), counted, width, 0)
    return Products(
        ids=ids,
        title=_texts(catalog.title, listed, ids),
        category=category,
        group=group,
        brand=_texts(catalog.brand, listed, unsaid),
        currency=_texts(catalog.currency, listed, unsaid),
        link=_texts(catalog.link, listed, unsaid),
        image_link=_texts(catalog.image_link, listed, unsaid),
        price=price,
        has_price=has_price,
        sale_price=_spread(catalog.sale_price, listed, width, 0),
        has_sale_price=_spread(catalog.on_sale, listed, width, False),
        availability=availability,
        is_durable=_spread(catalog.is_consumable == 0, listed, width, False),
        orders=orders,
        customers=_spread(counts.product_customers.astype(np.int32), counted, width, 0),
        group_orders=_orders_of(baskets, named, types.group, orders),
        category_orders=_orders_of(baskets, named, types.category, orders),
        successor=_successors(catalog, ids, listed, availability),
        popular=popular,
        popular_orders=popular_orders,
    )


def _spread(values: NDArray[Any], code: NDArray[np.int32], width: int, fill: float) -> NDArray[Any]:
    spread = np.full(width, fill, values.dtype)
    spread[code] = values
    return spread


def _texts(values: Texts, code: NDArray[np.int32], default: Texts) -> Texts:
    """Spread texts over all products; where one is absent or empty, the default's stands.

    Byte by byte, since decoding and encoding a million titles takes seconds.
    """
    length = np.diff(default.offsets)
    start = default.offsets[:-1].copy()
    given = np.diff(values.offsets)
    filled = given > 0
    length[code[filled]] = given[filled]
    start[code[filled]] = len(default.data) + values.offsets[:-1][filled]
    offsets = np.append(0, np.cumsum(length)).astype(np.int64)
    byte = np.arange(offsets[-1]) + np.repeat(start - offsets[:-1], length)
    return Texts(np.concatenate([default.data, values.data])[byte], offsets)


def _orders_of(
    baskets: Baskets, named: NDArray[np.int32], kind: NDArray[np.int32], own: NDArray[np.int32]
) -> NDArray[np.int32]:
    """Count, per product, the orders with any product of its kind; its own where it has none."""
    cell = kind[named[baskets.product]]
    basket = np.repeat(np.arange(len(baskets)), baskets.size)
    width = int(kind.max(initial=-1)) + 1
    if not width:
        return own
    distinct = np.unique((basket * width + cell)[cell != NONE])
    orders = np.bincount(distinct % width, minlength=width)
    return np.where(kind == NONE, own, orders[kind]).astype(np.int32)


def _last_paid(
    history: OrderHistory, named: NDArray[np.int32], width: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    rows = history.rows
    line = np.flatnonzero(history.kept_line() & (rows.unit_price > 0))
    # Later orders overwrite earlier ones; at one instant the greater order id holds.
    line = line[np.argsort(rows.ordered_at[rows.line_order[line]], kind="stable")]
    price = np.zeros(width, np.int64)
    price[named[rows.line_product[line]]] = rows.unit_price[line]
    return price, price > 0


def _popular(
    baskets: Baskets, named: NDArray[np.int32], width: int, config: TrainConfig
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    recent = baskets.at >= baskets.as_of - config.popular.window_days * DAY
    cells = np.repeat(recent, baskets.size)
    orders = np.zeros(width, np.int64)
    orders[named] = np.bincount(baskets.product[cells], minlength=len(named))
    best = np.lexsort((np.arange(width), -orders))[: config.popular.top_k]
    best = best[orders[best] > 0]
    return best.astype(np.int32), orders[best].astype(np.int32)


def _successors(
    catalog: Catalog, ids: Ids, listed: NDArray[np.int32], availability: NDArray[np.int8]
) -> NDArray[np.int32]:
    """Follow `successor_of` links to the newest product on sale; loops end where they began."""
    following: dict[int, set[int]] = {}
    for newer, replaced in zip(listed.tolist(), catalog.successor_of, strict=True):
        for older_id in filter(None, (part.strip() for part in replaced.split(","))):
            older = ids.find(older_id)
            if older is not None and older != newer:
                following.setdefault(older, set()).add(newer)
    eligible = {AVAILABILITIES.index(one) for one in ELIGIBLE_AVAILABILITIES}
    successor = np.arange(len(ids), dtype=np.int32)
    for older in following:
        seen, generation = {older}, {older}
        while generation:
            generation = {
                newer for one in generation for newer in following.get(one, ()) if newer not in seen
            }
            seen |= generation
            on_sale = [newer for newer in generation if int(availability[newer]) in eligible]
            # Of several of one generation the first by id holds.
            successor[older] = min(on_sale, default=int(successor[older]))
    return successor
