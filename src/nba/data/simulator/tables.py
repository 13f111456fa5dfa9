"""The canonical tables of a simulated shop, as an export of a real one would hold them."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from nba.data.simulator.assortment import TYPES
from nba.data.simulator.browsing import EVENT_TYPES, NO_VALUE, Events
from nba.data.simulator.calendar import DAY, ENDS_AT, HISTORY_DAYS, NEVER, STARTS_AT, demand
from nba.data.simulator.campaigns import CALENDAR, CODE
from nba.data.simulator.catalogue import CURRENCY, Catalogue
from nba.data.simulator.chance import keyed, stream
from nba.data.simulator.choosing import Chooser
from nba.data.simulator.customers import CHANNELS, GROWTH
from nba.data.simulator.flows import REASONS
from nba.data.simulator.messages import CONSENT_SOURCES, SEND_SHARE, Consents, Log
from nba.data.simulator.orders import ORDER_CHANNELS, Orders, Placed
from nba.data.simulator.states import States
from nba.data.simulator.writing import ShopWriter, choices, instants, text_id
from nba.schema import (
    CONSENTS,
    CUSTOMERS,
    EVENTS,
    MESSAGES,
    ORDER_LINES,
    ORDER_STATUSES,
    ORDERS,
    PRODUCT_STATES,
    PRODUCTS,
    RULES,
    TRAFFIC,
)
from nba.statuses import STATUS_CODE, STATUSES
from nba.vocabulary import AVAILABILITIES

ZONES: Final = (("Europe/Berlin", "de-DE"), ("Europe/Vienna", "de-AT"), ("Europe/Warsaw", "pl-PL"))
ZONE_SHARE: Final = (0.62, 0.2, 0.18)
BIRTHDAY_KNOWN: Final = 0.4
ACQUISITION_CENTS: Final = (900.0, 0.6)
"""Median and sigma of what winning a customer cost."""
TIERS: Final = ("silver", "gold", "platinum")
TIER_SPEND: Final = (50_000, 150_000, 400_000)
"""Spend of the last year, cents, from which a private customer has a tier."""
TRAFFIC_CHANNELS: Final = ("ads", "direct", "email", "partner", "search", "social")
TRAFFIC_SHARE: Final = (0.18, 0.30, 0.10, 0.06, 0.26, 0.10)
VISIT_CENTS: Final = (38, 0, 1, 22, 4, 19)
"""Share of the visits by channel, and what a visit costs."""
CONVERSION: Final = 0.022
LINKS, PINS, BANS = 12, 6, 4
"""Manual rules of each kind."""

_TRACKED: Final = STATUS_CODE["shipped"]


def product_texts(catalogue: Catalogue, product: NDArray[np.int32]) -> NDArray[np.object_]:
    """Give the ids of products; -1 becomes no value."""
    return np.asarray(np.append(catalogue.product_ids, [None])[product], np.object_)


def write_products(writer: ShopWriter, catalogue: Catalogue, states: States) -> None:
    """Write the catalogue as last known, and every state before."""
    types, last = catalogue.type, states.latest()
    cycle = np.array([one.life_days or one.refill_days for one in TYPES])[types]
    state = {
        "price": states.price,
        "sale_price": np.ma.masked_less(states.sale_price, 0),
        "sale_until": instants(states.sale_until),
        "availability": choices(tuple(AVAILABILITIES), states.availability),
        "stock": states.stock,
    }
    writer.table(
        PRODUCTS,
        {name: cell[last] for name, cell in state.items()}
        | {
            "product_id": catalogue.product_ids,
            "title": catalogue.titles,
            "category": np.array([one.category for one in TYPES], np.object_)[types],
            "product_group_id": catalogue.group_ids,
            "brand": catalogue.brands,
            "cost": np.ma.masked_array(catalogue.cost, ~catalogue.cost_is_known),
            "currency": f"'{CURRENCY}'",
            "published_at": instants(catalogue.published_at),
            "discontinued_at": instants(catalogue.discontinued_at),
            "successor_of": catalogue.successor_of,
            "accessory_for": catalogue.accessory_for,
            "compatible_with": catalogue.compatible_with,
            "replacement_cycle_days": np.ma.masked_equal(cycle, 0),
            "is_consumable": np.array([one.nature == "consumable" for one in TYPES])[types],
            "attributes": catalogue.attributes,
            "link": "'https://shop.example/p/' || product_id",
            "image_link": "'https://shop.example/i/' || product_id || '.jpg'",
        },
    )
    writer.table(
        PRODUCT_STATES,
        state
        | {
            "product_id": product_texts(catalogue, states.product),
            "at": instants(states.at),
        },
    )


def write_orders(writer: ShopWriter, chooser: Chooser, placed: Placed) -> None:
    """Write orders, lines and statuses; guests have no customer."""
    orders, lines, statuses = placed.orders, placed.lines, placed.statuses
    customers = chooser.customers
    account = np.array(["b2c", "b2b"], np.object_)[customers.is_company[orders.customer] * 1]
    writer.table(
        ORDERS,
        {
            "number": np.arange(len(orders)),
            "buyer": named(orders.customer, customers.named_count),
            "order_id": text_id("order_id", "number"),
            "customer_id": text_id("customer_id", "buyer"),
            "ordered_at": instants(orders.ordered_at),
            "status": choices(STATUSES, orders.status),
            "status_at": instants(orders.status_at),
            "delivered_at": instants(orders.delivered_at),
            "currency": f"'{CURRENCY}'",
            "discount": orders.discount,
            "channel": choices(ORDER_CHANNELS, orders.channel),
            "account_type": account,
            "is_test": orders.is_test,
        },
    )
    writer.table(
        ORDER_LINES,
        {
            "number": lines.order,
            "order_id": text_id("order_id", "number"),
            "line_no": lines.line_no,
            "product_id": product_texts(chooser.catalogue, lines.product),
            "quantity": lines.quantity,
            "unit_price": lines.unit_price,
            "discount": lines.discount,
            "returned_quantity": lines.returned_quantity,
        },
    )
    writer.table(
        ORDER_STATUSES,
        {
            "number": statuses.order,
            "order_id": text_id("order_id", "number"),
            "status": choices(STATUSES, statuses.status),
            "at": instants(statuses.at),
            "reason": _reasons(statuses.status, statuses.reason),
            "shipment": np.where(
                statuses.status == _TRACKED, 7_000_000_000 + statuses.order.astype(np.int64), -1
            ),
            "tracking": text_id("tracking", "shipment"),
        },
    )


def named(customer: NDArray[np.int32], named_count: int) -> NDArray[np.int32]:
    """Give the codes of named customers, -1 for guests."""
    return np.where(customer < named_count, customer, -1).astype(np.int32)


def _reasons(status: NDArray[np.int8], reason: NDArray[np.int8]) -> NDArray[np.object_]:
    texts = np.full((len(STATUSES), len(REASONS["delayed"]) + 1), None, np.object_)
    for name, words in REASONS.items():
        texts[STATUS_CODE[name], : len(words)] = words
    return np.asarray(texts[status, reason], np.object_)


def write_customers(
    writer: ShopWriter, chooser: Chooser, placed: Placed, consents: Consents
) -> None:
    """Write what the shop knows of its customers, and what they agreed to."""
    customers, count = chooser.customers, chooser.customers.named_count
    rng = stream(chooser.seed, "customer profiles")
    # A coupon may exceed what was kept of its order.
    spend = np.maximum(_spend(placed, len(customers))[:count], 0)
    is_company = customers.is_company[:count]
    zone = rng.choice(len(ZONES), count, p=ZONE_SHARE)
    birthday = np.datetime64("1950-01-01", "D") + rng.integers(0, 20_000, count)
    birthday[is_company | (rng.random(count) >= BIRTHDAY_KNOWN)] = np.datetime64("NaT")
    median, sigma = ACQUISITION_CENTS
    writer.table(
        CUSTOMERS,
        {
            "number": np.arange(count),
            "customer_id": text_id("customer_id", "number"),
            "created_at": instants(customers.joined_at[:count]),
            "birthday": birthday.astype("datetime64[us]"),
            "timezone": choices(tuple(name for name, _ in ZONES), zone),
            "locale": choices(tuple(name for _, name in ZONES), zone),
            "account_type": np.array(["b2c", "b2b"], np.object_)[is_company * 1],
            "tier": choices(
                TIERS, np.where(is_company, -1, np.searchsorted(TIER_SPEND, spend, "right") - 1)
            ),
            "points": spend // 1000,
            "acquisition_cost": np.rint(median * np.exp(rng.normal(0.0, sigma, count))),
        },
    )
    writer.table(
        CONSENTS,
        {
            "number": consents.customer,
            "customer_id": text_id("customer_id", "number"),
            "channel": choices(CHANNELS, consents.channel),
            "granted": consents.granted,
            "at": instants(consents.at),
            "source": choices(CONSENT_SOURCES, consents.source),
        },
    )


def _spend(placed: Placed, count: int) -> NDArray[np.int64]:
    """Add up what each customer paid for delivered orders of the last year, cents."""
    orders, lines = placed.orders, placed.lines
    counts = (orders.delivered_at < NEVER) & (orders.day >= HISTORY_DAYS - 365) & ~orders.is_test
    kept = lines.quantity - lines.returned_quantity
    worth = (lines.unit_price * kept - lines.discount) * counts[lines.order]
    return np.bincount(orders.customer[lines.order], worth, count).astype(np.int64)


def write_events(writer: ShopWriter, catalogue: Catalogue, events: Events) -> None:
    """Write what visitors did."""
    writer.table(
        EVENTS,
        {
            "number": np.arange(len(events)),
            "who": events.customer,
            "visit": events.session,
            "basket": events.order,
            "event_id": text_id("event_id", "number"),
            "type": choices(EVENT_TYPES, events.type),
            "at": instants(events.at),
            "customer_id": text_id("customer_id", "who"),
            "session_id": text_id("session_id", "visit"),
            "product_id": product_texts(catalogue, events.product),
            "order_id": text_id("order_id", "basket"),
            "value": np.ma.masked_equal(events.value, NO_VALUE),
        },
    )


def write_messages(
    writer: ShopWriter, catalogue: Catalogue, log: Log, orders: Orders, events: Events
) -> None:
    """Write the decisions of the past, nothing sent included, with their propensities."""
    by_key = np.argsort(orders.key, kind="stable")
    place = np.minimum(np.searchsorted(orders.key[by_key], log.key), len(orders) - 1)
    laid = np.flatnonzero(events.intent >= 0)
    event_of = np.full(int(log.intent.max(initial=-1)) + 2, -1, np.int64)
    known = laid[events.intent[laid] < len(event_of) - 1]
    event_of[events.intent[known]] = known
    eligible = np.array([f'["{name}", "none"]' for name in CALENDAR], np.object_)
    shown = {f"slot_{k}": product_texts(catalogue, slot) for k, slot in enumerate(log.shown.T)}
    slots = ", ".join(shown)
    writer.table(
        MESSAGES,
        {
            "number": np.arange(len(log)),
            "who": log.customer,
            "basket": np.where(log.key >= 0, by_key[place], -1),
            "event": event_of[log.intent],
            "is_digest": log.message == CODE["digest"],
            "is_sent": log.is_sent,
            "acknowledged_at": instants(log.sent_at),
            **shown,
            "message_id": text_id("message_id", "number"),
            "decision_id": text_id("decision_id", "number"),
            "customer_id": text_id("customer_id", "who"),
            "message": choices((*CALENDAR, "none"), np.where(log.is_sent, log.message, _NONE)),
            "anchor": f"""coalesce({text_id("order_id", "basket")}, {text_id("event_id", "event")},
                CASE WHEN is_digest THEN strftime(decided_at, '%G-W%V') END)""",
            "channel": choices(CHANNELS, log.channel),
            "decided_at": instants(log.decided_at),
            "claimed_at": "CASE WHEN is_sent THEN decided_at + INTERVAL 30 SECOND END",
            "acked_at": "CASE WHEN is_sent THEN acknowledged_at END",
            "playbook_id": "'calendar'",
            "arm": np.array(["calendar", "holdout"], np.object_)[log.is_holdout * 1],
            "propensity": np.where(
                log.is_holdout, 1.0, np.where(log.is_sent, SEND_SHARE, 1.0 - SEND_SHARE)
            ).round(6),
            "eligible": eligible[log.message],
            "products": f"nullif(concat_ws(',', {slots}), '')",
            "holdout": log.is_holdout,
        },
    )


_NONE: Final = len(CALENDAR)


def write_rules(writer: ShopWriter, chooser: Chooser) -> None:
    """Write the few links, pins and bans that somebody typed in."""
    catalogue = chooser.catalogue
    fitting = np.flatnonzero(catalogue.fit_model >= 0)
    count = LINKS + PINS + BANS
    rows = fitting[(np.arange(count) * len(fitting)) // count]
    main = catalogue.by_model.draw(
        catalogue.fit_model[rows].astype(np.int64),
        keyed(chooser.seed, "rules", np.arange(count)),
    )
    kind = np.repeat(["link", "pin", "ban"], [LINKS, PINS, BANS])
    order = np.lexsort((rows, main, kind))
    writer.table(
        RULES,
        {
            "kind": kind[order].astype(np.object_),
            "source_product_id": product_texts(catalogue, main[order]),
            "target_product_id": product_texts(catalogue, rows[order].astype(np.int32)),
            "relation": "'accessory'",
            "valid_from": instants(np.full(count, STARTS_AT)),
            "valid_until": instants(np.where(np.arange(count) % 5 == 0, ENDS_AT, NEVER)),
        },
    )


def write_traffic(writer: ShopWriter, seed: int, orders: Orders) -> None:
    """Write visits and spend by day and channel."""
    rng = stream(seed, "traffic")
    season = demand("b2c")[:HISTORY_DAYS] * np.linspace(1.0, GROWTH, HISTORY_DAYS)
    visits = len(orders) / CONVERSION * season / season.sum()
    table = visits[:, None] * np.array(TRAFFIC_SHARE)
    table = np.floor(table * np.exp(rng.normal(0.0, 0.15, table.shape))).astype(np.int64)
    days = STARTS_AT + np.arange(HISTORY_DAYS) * DAY
    writer.table(
        TRAFFIC,
        {
            "day": np.repeat(instants(days), len(TRAFFIC_CHANNELS)),
            "channel": np.tile(np.array(TRAFFIC_CHANNELS, np.object_), HISTORY_DAYS),
            "visits": table.ravel(),
            "spend": (table * np.array(VISIT_CENTS)).ravel(),
        },
    )
