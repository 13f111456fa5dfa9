"""Product cards: what serving shows of a product, and how much it sold."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.products import Products
from nba.config import PopularConfig
from nba.data.catalog import Catalog
from nba.data.history import Baskets, OrderHistory
from nba.domain import DAY, Instants, Texts
from nba.learn.assortment import NONE, Assortment
from nba.learn.kinds import find_durables
from nba.ranges import distinct
from nba.statistics.portions import portions, tally

_NEVER: Final = np.datetime64("NaT", "us")


def product_cards(
    history: OrderHistory,
    listing: Catalog,
    placed: Baskets,
    types: Assortment,
    config: PopularConfig,
) -> Products:
    """Join catalogue and history into one card a product.

    Args:
        history: what was sold and for how much.
        listing: what the shop says of its products, over the product codes.
        placed: the kept purchases of the history, in the same codes.
        types: the products' categories and groups.
        config: the popularity window.
    """
    price = _last_paid(history, placed)
    price = np.where(listing.priced, listing.price, price)
    orders = tally(placed.product, len(placed.product_ids)).astype(np.int32)
    popular, popular_orders = _popular(placed, config)
    # As on the shelf: a sale price that saves nothing is none.
    saves = ~listing.priced | (listing.sale_price < listing.price)
    on_sale = listing.on_sale & saves & ~(listing.sale_until <= history.as_of)
    products = Products(
        ids=placed.product_ids,
        title=listing.title.filled(placed.product_ids),
        category=listing.category,
        group=listing.product_group_id,
        brand=listing.brand,
        currency=listing.currency,
        link=listing.link,
        image_link=listing.image_link,
        price=price,
        has_price=listing.priced | (price > 0),
        sale_price=listing.sale_price,
        has_sale_price=on_sale,
        sale_until=np.where(on_sale, listing.sale_until, _NEVER),
        availability=listing.availability,
        published_day=_days(listing.published_at),
        is_durable=find_durables(listing, placed, types),
        orders=orders,
        customers=_buyers(placed),
        group_orders=_orders_of(placed, types.group, orders),
        category_orders=_orders_of(placed, types.category, orders),
        popular=popular,
        popular_orders=popular_orders,
        cycle_days=listing.replacement_cycle_days,
        cards=Texts.of([""] * len(price)),
    )
    return products.with_cards()


def _days(at: Instants) -> NDArray[np.int32]:
    """Count the days from 1970; 0 where there is no instant."""
    known = ~np.isnat(at)
    day = np.where(known, at, np.datetime64(0, "us")).astype("datetime64[D]")
    return day.astype(np.int32)


def _last_paid(history: OrderHistory, placed: Baskets) -> NDArray[np.int64]:
    price = np.zeros(len(placed.product_ids), np.int64)
    since = np.full(len(price), np.iinfo(np.int64).min)
    ids, own = placed.product_ids, np.arange(len(price), dtype=np.int32)
    for known in history.known():
        rows = known.rows
        if ids is not rows.product_ids:
            ids, own = rows.product_ids, placed.product_ids.codes_of(rows.product_ids)
        line = np.flatnonzero(known.kept_line & (rows.unit_price > 0))
        at = rows.ordered_at[rows.line_order[line]].astype(np.int64)
        # Later orders overwrite earlier ones; at one instant the greater order id holds.
        by = np.argsort(at, kind="stable")
        line, at = line[by], at[by]
        code = own[rows.line_product[line]]
        last, last_since = np.zeros_like(price), np.full_like(since, np.iinfo(np.int64).min)
        last[code], last_since[code] = rows.unit_price[line], at
        newer = (last > 0) & (last_since >= since)
        price[newer], since[newer] = last[newer], last_since[newer]
    return price


def _buyers(placed: Baskets) -> NDArray[np.int32]:
    """Count the distinct customers of each product, a guest order being one."""
    width = max(len(placed.product_ids), 1)
    buyers = np.zeros(len(placed.product_ids), np.int64)
    for _, some in portions(placed):
        owner = (some.customer - some.customer[0]).astype(np.int64)
        bought = np.repeat(owner * width, some.size)
        bought += some.product
        buyers += np.bincount(distinct(bought) % width, minlength=len(buyers))
    return buyers.astype(np.int32)


def _orders_of(
    placed: Baskets, kind: NDArray[np.int32], own: NDArray[np.int32]
) -> NDArray[np.int32]:
    """Count, per product, the orders with any product of its kind; its own where it has none."""
    width = int(kind.max(initial=NONE)) + 1
    if not width:
        return own
    orders, of_product = np.zeros(width, np.int64), kind.astype(np.int64)
    for _, some in portions(placed):
        cell = of_product[some.product]
        order = np.repeat(np.arange(len(some)), some.size)
        held = distinct((order * width + cell)[cell != NONE])
        orders += np.bincount(held % width, minlength=width)
    return np.where(kind == NONE, own, orders[kind]).astype(np.int32)


def _popular(placed: Baskets, config: PopularConfig) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    recent = placed.at >= placed.as_of - config.window_days * DAY
    width = len(placed.product_ids)
    orders = np.bincount(placed.product[np.repeat(recent, placed.size)], minlength=width)
    best = np.lexsort((np.arange(width), -orders))[: config.top_k]
    best = best[orders[best] > 0]
    return best.astype(np.int32), orders[best].astype(np.int32)
