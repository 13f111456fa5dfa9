"""Reasons in words and figures; every figure recomputes from raw rows."""

from __future__ import annotations

import numpy as np

from nba.artifacts.products import Products
from nba.artifacts.snapshot import Snapshot
from nba.domain import iso, significant
from nba.recommend.results import Reason
from nba.vocabulary import ReasonCode, Source


def bought_together(snapshot: Snapshot, source: int, place: int) -> Reason:
    """Explain an edge of the bought-together graph.

    Evidence: orders_together, orders_from and orders_to count kept orders; confidence =
    orders_together / orders_from; lift = confidence / (orders_to / all orders);
    customers_together counts distinct customers.
    """
    products, graph = snapshot.products, snapshot.graphs["bought_together"]
    target = int(graph.neighbours[place])
    together, alone = int(graph.support[place]), int(products.orders[source])
    other, every = int(products.orders[target]), snapshot.manifest.counts["kept_orders"]
    confidence = together / alone
    return Reason(
        ReasonCode.BOUGHT_TOGETHER,
        f"{percent(confidence)} of orders with {products.title[source]} also had it",
        {
            "from": products.ids[source],
            "orders_together": together,
            "orders_from": alone,
            "orders_to": other,
            "orders": every,
            "customers_together": int(graph.customers[place]),
            "confidence": significant(confidence),
            "lift": significant(together * every / (alone * other)),
        },
    )


def personal(snapshot: Snapshot, customer: int, product: int) -> tuple[Source, Reason]:
    """Explain a product of a personal list by the customer's own orders, else by the others'."""
    customers = snapshot.customers
    span = customers.span(customer)
    place = span.start + int(np.searchsorted(customers.product[span], product))
    if place < span.stop and int(customers.product[place]) == product:
        orders, every = int(customers.orders[place]), int(customers.order_count[customer])
        last = iso(customers.last_at[place]) or ""
        return Source.OWN_ORDERS, Reason(
            ReasonCode.BOUGHT_BEFORE,
            f"bought in {orders} of {counted(every, 'order')}, last on {last[:10]}",
            {"orders_with": orders, "orders": every, "last_at": last},
        )
    buyers = int(snapshot.products.customers[product])
    return Source.COLLABORATIVE, Reason(
        ReasonCode.SIMILAR_CUSTOMERS,
        f"bought by {counted(buyers, 'customer')}, weighed by how like this one they buy",
        {"customers": buyers, "orders": int(snapshot.products.orders[product])},
    )


def successor(products: Products, replaced: int) -> Reason:
    """Explain a replacement the catalogue names."""
    return Reason(
        ReasonCode.SUCCESSOR,
        f"the catalogue names it as successor of {products.title[replaced]}",
        {"from": products.ids[replaced]},
    )


def popular(orders: int, window_days: int, until: str) -> Reason:
    """Explain a product of the popular list."""
    return Reason(
        ReasonCode.POPULAR,
        f"in {counted(orders, 'order')} of the last {counted(window_days, 'day')}",
        {"orders": orders, "window_days": window_days, "until": until},
    )


def counted(count: int, noun: str) -> str:
    """Write `1 order`, `2 orders`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def percent(share: float) -> str:
    """Write a share as a whole percent, or `under 1 %`."""
    return "under 1 %" if share < 0.01 else f"{100 * share:.0f} %"
