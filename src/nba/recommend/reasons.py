"""Reasons in words and figures; every figure recomputes from raw rows.

Orders are kept ones, all of them. The customers of pairs are those who count as evidence: whose
own kept order has stood for `copurchase.proving_days`; a guest order is its own customer.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from nba.artifacts.needs import NEED_KINDS
from nba.artifacts.products import Products
from nba.artifacts.snapshot import Snapshot
from nba.domain import iso, significant
from nba.recommend.edges import Edge
from nba.recommend.eligibility import price_to_pay
from nba.recommend.results import Figure, Reason
from nba.recommend.slates import Explained
from nba.recommend.succession import Succession
from nba.recommend.wording import counted, leaf, listed, percent, shared_path, words
from nba.vocabulary import SOURCES, ReasonCode, Relation, Source

_NEEDED: Final = dict(
    zip(
        NEED_KINDS,
        (ReasonCode.ACCESSORY, ReasonCode.SPARE_PART, ReasonCode.REFILL),
        strict=True,
    )
)


def explain(snapshot: Snapshot, edge: Edge) -> Explained:
    """Explain an edge by the evidence it rests on."""
    products = snapshot.products
    match edge.origin:
        case Source.RULE | Source.CATALOGUE_LINK:
            reason = catalogue_link(products, edge)
        case _ if edge.relation in (Relation.ACCESSORIES, Relation.PARTS):
            reason = needed(snapshot, edge)
        case Source.PAIR:
            reason = bought_together(snapshot, edge)
        case Source.CUSTOMERS:
            reason = same_customers(snapshot, edge)
        case Source.GROUP:
            reason = groups_together(snapshot, edge)
        case Source.CATEGORY_PAIR:
            reason = categories_together(snapshot, edge)
        case Source.VIEWS:
            reason = viewed_together(products, edge)
        case _:
            reason = alike(products, edge)
    return edge.origin, reason


def bought_together(snapshot: Snapshot, edge: Edge) -> Reason:
    """Explain by the orders with both products.

    Evidence: orders_together, orders_from and orders_to count the orders with both, with the
    product asked about, and with the one shown; orders counts all. customers_together counts the
    customers with both in one order, or in orders of one spell (`copurchase.spell_days`);
    confidence = orders_together / orders_from; lift = confidence / (orders_to / orders).
    """
    products = snapshot.products
    orders_from, orders_to = (int(products.orders[one]) for one in (edge.source, edge.target))
    return Reason(
        ReasonCode.BOUGHT_TOGETHER,
        f"{percent(edge.support / orders_from)} of orders with {products.title[edge.source]} "
        "also had it",
        {"from": products.ids[edge.source]} | _shared(snapshot, edge, orders_from, orders_to),
    )


def same_customers(snapshot: Snapshot, edge: Edge) -> Reason:
    """Explain by customers who bought both products, if seldom or never in one order.

    Evidence: customers_together and within_days. Of products bought together the customers who
    have both in orders of one spell, whose orders lie at most within_days behind its first; of
    similar products those who ever bought a variant of both, within_days being null.
    """
    title = snapshot.products.title[edge.source]
    days = snapshot.manifest.config.copurchase.spell_days
    in_spells = edge.relation is Relation.BOUGHT_TOGETHER
    text = (
        f"bought within {counted(days, 'day')} of {title} by the same customers"
        if in_spells
        else f"bought by the same customers as {title}, seldom in one order"
    )
    return Reason(
        ReasonCode.SAME_CUSTOMERS,
        text,
        {
            "from": snapshot.products.ids[edge.source],
            "customers_together": edge.customers,
            "within_days": days if in_spells else None,
        },
    )


def groups_together(snapshot: Snapshot, edge: Edge) -> Reason:
    """Explain by the orders with variants of both products.

    Evidence as for two products, of orders with any variant of the one and any of the other;
    group_from and group_to are their groups, null for a product without variants.
    """
    products = snapshot.products
    orders_from, orders_to = (int(products.group_orders[one]) for one in (edge.source, edge.target))
    return Reason(
        ReasonCode.GROUP_TOGETHER,
        f"{percent(edge.support / orders_from)} of orders with a variant of "
        f"{products.title[edge.source]} also had a variant of it",
        {
            "from": products.ids[edge.source],
            "group_from": products.group[edge.source] or None,
            "group_to": products.group[edge.target] or None,
        }
        | _shared(snapshot, edge, orders_from, orders_to),
    )


def categories_together(snapshot: Snapshot, edge: Edge) -> Reason:
    """Explain by the orders with products of both categories.

    Evidence as for two products, of orders with any product of the one category and any of the
    other; category_from and category_to are their paths; orders_of_it counts the orders with the
    product shown.
    """
    products = snapshot.products
    orders_from, orders_to = (
        int(products.category_orders[one]) for one in (edge.source, edge.target)
    )
    path_from, path_to = products.category[edge.source], products.category[edge.target]
    return Reason(
        ReasonCode.CATEGORIES_TOGETHER,
        f"{percent(edge.support / orders_from)} of orders with {leaf(path_from)} also had "
        f"{leaf(path_to)}",
        {
            "from": products.ids[edge.source],
            "category_from": path_from,
            "category_to": path_to,
        }
        | _shared(snapshot, edge, orders_from, orders_to)
        | {"orders_of_it": int(products.orders[edge.target])},
    )


def alike(products: Products, edge: Edge) -> Reason:
    """Explain by what the catalogue says of both.

    Evidence: category, the deepest that both stand in, and brand, where both have the same; null
    where there is none. words_shared, words_from and words_to count the distinct words of both
    titles, of the title of the product asked about, and of that of the one shown.
    """
    pair = (edge.source, edge.target)
    category = shared_path(*(products.category[one] for one in pair))
    brands = {products.brand[one] for one in pair}
    brand = brands.pop() if len(brands) == 1 else ""
    words_from, words_to = (words(products.title[one]) for one in pair)
    shared = len(words_from & words_to)
    said = [
        f"the category {leaf(category)}" if category else "",
        f"the brand {brand}" if brand else "",
        f"{counted(shared, 'word')} of the title" if shared else "",
    ]
    title = products.title[edge.source]
    return Reason(
        ReasonCode.ALIKE,
        f"shares {listed(list(filter(None, said)))} with {title}"
        if any(said)
        else f"described like {title}",
        {
            "from": products.ids[edge.source],
            "category": category or None,
            "brand": brand or None,
            "words_shared": shared,
            "words_from": len(words_from),
            "words_to": len(words_to),
        },
    )


def viewed_together(products: Products, edge: Edge) -> Reason:
    """Explain by the sessions that viewed both products, or variants of them.

    Evidence: sessions_together counts them, people_together the customers they name, a session
    that names none being a person of its own.
    """
    return Reason(
        ReasonCode.VIEWED_TOGETHER,
        f"viewed in the same visits as {products.title[edge.source]}",
        {
            "from": products.ids[edge.source],
            "sessions_together": edge.support,
            "people_together": edge.customers,
        },
    )


def needed(snapshot: Snapshot, edge: Edge) -> Reason:
    """Explain an accessory, a spare part or a refill by what followed purchases of its main type.

    Evidence: category_from and category_to; owners and buyers, the arrivals of the one that were
    observed and those followed by an order of the other, and share = buyers / owners; lag_days,
    the usual one, and offer_day, from which on to offer it, both null where none was learned; all
    as `Needs` defines them. customers_together counts the customers who bought the product asked
    about and, in the same order or one at most window_days later, the one shown. A product whose
    predecessors speak for it also says customers_of_predecessors, those of the old products. Where
    nothing was learned of the two categories their figures are not there.
    """
    products, needs = snapshot.products, snapshot.needs
    path_from, path_to = products.category[edge.source], products.category[edge.target]
    evidence: dict[str, Figure] = {
        "from": products.ids[edge.source],
        "category_from": path_from or None,
        "category_to": path_to or None,
        "customers_together": edge.support,
    }
    if edge.origin is Source.PREDECESSOR:
        evidence["customers_of_predecessors"] = edge.customers
    pair = needs.find(edge.source, edge.target)
    if pair is None:
        return Reason(ReasonCode.ACCESSORY, f"goes with {products.title[edge.source]}", evidence)
    owners, buyers = int(needs.owners[pair]), int(needs.buyers[pair])
    lag = int(needs.lag_days[pair])
    usually = f", usually about {counted(lag, 'day')} on" if lag else ""
    return Reason(
        _NEEDED[NEED_KINDS[needs.kind[pair]]],
        f"{percent(buyers / owners)} of purchases of {leaf(path_from)} were followed by "
        f"{leaf(path_to)}{usually}",
        evidence
        | {
            "window_days": int(needs.window_days[pair]),
            "owners": owners,
            "buyers": buyers,
            "share": significant(buyers / owners),
            "lag_days": lag or None,
            "offer_day": int(needs.offer_day[pair]) if lag else None,
        },
    )


def substitute(snapshot: Snapshot, edge: Edge) -> Explained:
    """Explain what can stand in for a product by what makes the two similar."""
    source, like = explain(snapshot, edge)
    if source is Source.RULE:
        return source, like
    return source, Reason(ReasonCode.SUBSTITUTE, f"can stand in: {like.text}", like.evidence)


def upsell(snapshot: Snapshot, edge: Edge) -> Explained:
    """Explain a dearer product for the same need.

    Evidence as for similar products, and price_from and price: what the two cost now, in minor
    units.
    """
    source, like = explain(snapshot, edge)
    if source is Source.RULE:
        return source, like
    price_from, price = price_to_pay(snapshot.products, np.array([edge.source, edge.target]))
    return source, Reason(
        ReasonCode.UPSELL,
        f"{percent(price / price_from - 1)} dearer: {like.text}",
        {**like.evidence, "price_from": int(price_from), "price": int(price)},
    )


def successor(snapshot: Snapshot, replaced: int, way: Succession) -> Explained:
    """Explain what replaces a product.

    Evidence: the product replaced, and via, the products between, `→` between their ids; null
    where there are none. The source is `version` where a step of the way was learned from names,
    dates and prices, else `catalogue_link`.
    """
    products, graph = snapshot.products, snapshot.graphs[Relation.SUCCESSORS]
    learned = any(SOURCES[graph.source[place]] is Source.VERSION for place in way.places)
    between = [products.ids[one] for one in way.chain[:-1]]
    title = products.title[replaced]
    text = f"the newer version of {title}" if learned else f"succeeds {title} in the catalogue"
    return Source.VERSION if learned else Source.CATALOGUE_LINK, Reason(
        ReasonCode.SUCCESSOR,
        f"{text}, by way of {listed(between)}" if between else text,
        {"from": products.ids[replaced], "via": " → ".join(between) or None},
    )


def catalogue_link(products: Products, edge: Edge) -> Reason:
    """Explain by a link that the catalogue or a rule of the shop holds."""
    linked = "the shop links it" if edge.origin is Source.RULE else "the catalogue names it"
    return Reason(
        ReasonCode.CATALOGUE_LINK,
        f"{linked} beside {products.title[edge.source]}",
        {"from": products.ids[edge.source]},
    )


def pinned(products: Products, source: int | None) -> Explained:
    """Explain by a pin of the shop: to one product's lists, or, without `source`, to every one."""
    return Source.RULE, Reason(
        ReasonCode.PINNED,
        "pinned by the shop",
        {"from": None if source is None else products.ids[source]},
    )


def closing(reason: Reason, *, gap: int, price: int) -> Reason:
    """Add that a product's price brings a basket to the total asked for.

    Evidence gains gap and price, minor units.
    """
    return replace(
        reason,
        text=f"{reason.text}; brings the basket to the total",
        evidence={**reason.evidence, "gap": gap, "price": price},
    )


def personal(
    snapshot: Snapshot, customer: int | None, product: int, probability: float
) -> Explained:
    """Explain a product of a personal list by the customer's own orders, else by the others'.

    Evidence: probability = of buying it within 7 days; orders_with and orders, of the customer's
    own kept orders, those with it and all; last_at = the latest. Of a product that is new to the
    customer: customers and orders = who bought it, and how often.
    """
    customers = snapshot.customers
    span = slice(0, 0) if customer is None else customers.span(customer)
    place = span.start + int(np.searchsorted(customers.product[span], product))
    if place < span.stop and int(customers.product[place]) == product:
        orders, every = int(customers.orders[place]), int(customers.order_count[customer])
        last = iso(customers.last_at[place]) or ""
        return Source.OWN_ORDERS, Reason(
            ReasonCode.BOUGHT_BEFORE,
            f"bought in {orders} of {counted(every, 'order')}, last on {last[:10]}",
            {
                "probability": significant(float(probability)),
                "orders_with": orders,
                "orders": every,
                "last_at": last,
            },
        )
    buyers = int(snapshot.products.customers[product])
    return Source.COLLABORATIVE, Reason(
        ReasonCode.SIMILAR_CUSTOMERS,
        f"bought by {counted(buyers, 'customer')}, weighed by how like this one they buy",
        {
            "probability": significant(float(probability)),
            "customers": buyers,
            "orders": int(snapshot.products.orders[product]),
        },
    )


def popular(orders: int, window_days: int, until: str) -> Explained:
    """Explain a product of the popular list."""
    return Source.POPULAR, Reason(
        ReasonCode.POPULAR,
        f"in {counted(orders, 'order')} of the last {counted(window_days, 'day')}",
        {"orders": orders, "window_days": window_days, "until": until},
    )


def _shared(snapshot: Snapshot, edge: Edge, orders_from: int, orders_to: int) -> dict[str, Figure]:
    orders = snapshot.manifest.counts["kept_orders"]
    return {
        "orders_together": edge.support,
        "orders_from": orders_from,
        "orders_to": orders_to,
        "orders": orders,
        "customers_together": edge.customers,
        "confidence": significant(edge.support / orders_from),
        "lift": significant(edge.support * orders / (orders_from * orders_to)),
    }
