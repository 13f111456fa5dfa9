"""The truth beside the tables: what was planted, so that it can be found or missed by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nba.data.simulator.assortment import TYPES
from nba.data.simulator.calendar import ENDS_AT, NEVER, STARTS_AT
from nba.data.simulator.catalogue import CURRENCY, Catalogue
from nba.data.simulator.choosing import Chooser
from nba.data.simulator.columns import CAUSES, Needs
from nba.data.simulator.customers import ARCHETYPES, CHANNELS
from nba.data.simulator.needs import Owned
from nba.data.simulator.orders import Lines
from nba.data.simulator.pairs import ACCESSORIES, DECOYS, TOGETHER
from nba.data.simulator.responses import Responses
from nba.data.simulator.tables import product_texts
from nba.data.simulator.writing import ShopWriter, choices, instants, text_id

VERSION: Final = 1
"""Of the truth and of every mechanism behind it: a shop of another version is another shop."""

_TEXT, _AT, _SHARE, _MONEY, _DAYS = "VARCHAR", "TIMESTAMP", "DOUBLE", "BIGINT", "INTEGER"


def write_world(
    writer: ShopWriter, seed: int, catalogue: Catalogue, lines: Lines, order_count: int
) -> None:
    """Write the one row that says what this shop is."""
    cost = catalogue.cost[lines.product] * lines.quantity
    revenue = lines.unit_price * lines.quantity - lines.discount
    writer.truth(
        "world",
        {
            "version": np.array([VERSION]),
            "seed": np.array([seed]),
            "order_count": np.array([order_count]),
            "line_count": np.array([len(lines)]),
            "starts_at": instants(np.array([STARTS_AT])),
            "ends_at": instants(np.array([ENDS_AT])),
            "currency": f"'{CURRENCY}'",
            "margin_share": np.array([round(1.0 - int(cost.sum()) / int(revenue.sum()), 6)]),
        },
        {
            "version": _DAYS,
            **dict.fromkeys(("seed", "order_count", "line_count"), _MONEY),
            **dict.fromkeys(("starts_at", "ends_at"), _AT),
            "currency": _TEXT,
            "margin_share": _SHARE,
        },
    )


def write_relations(writer: ShopWriter, catalogue: Catalogue, responses: Responses) -> None:
    """Write the products' natures, the planted pairs and chains, and the planted answers."""
    types = catalogue.type
    life, refill = (
        np.array([getattr(one, name) for one in TYPES])[types]
        for name in ("life_days", "refill_days")
    )
    writer.truth(
        "products",
        {
            "product_id": catalogue.product_ids,
            "type": np.array([one.name for one in TYPES], np.object_)[types],
            "product_group_id": catalogue.group_ids,
            "nature": np.array([one.nature for one in TYPES], np.object_)[types],
            "model": choices(catalogue.models, catalogue.model),
            "life_days": np.ma.masked_equal(life, 0),
            "refill_days": np.ma.masked_equal(refill, 0),
            "cost": catalogue.cost,
            "weight": catalogue.weight,
            "is_on_sale_from": instants(catalogue.published_at),
            "is_on_sale_until": instants(catalogue.discontinued_at),
        },
        {
            **dict.fromkeys(("product_id", "type", "product_group_id", "nature", "model"), _TEXT),
            "life_days": _DAYS,
            "refill_days": _DAYS,
            "cost": _MONEY,
            "weight": _SHARE,
            "is_on_sale_from": _AT,
            "is_on_sale_until": _AT,
        },
    )
    _write_rows(writer, "accessories", _ACCESSORY_CELLS, [asdict(pair) for pair in ACCESSORIES])
    _write_rows(writer, "together", _TOGETHER_CELLS, [asdict(pair) for pair in TOGETHER])
    _write_rows(writer, "decoys", _DECOY_CELLS, [asdict(pair) for pair in DECOYS])
    chains = catalogue.successors
    writer.truth(
        "successors",
        {
            "product_id": catalogue.product_ids[[one.product for one in chains]],
            "successor_id": catalogue.product_ids[[one.successor for one in chains]],
            "gap_days": np.array([one.gap_days for one in chains], np.int32),
            "is_loop": np.array([one.is_loop for one in chains], np.bool_),
        },
        {
            "product_id": _TEXT,
            "successor_id": _TEXT,
            "gap_days": _DAYS,
            "is_loop": "BOOLEAN",
        },
    )
    rows = [one.to_row() for one in responses.rows]
    _write_rows(writer, "responses", _RESPONSE_CELLS, rows)
    fatigue = asdict(responses.fatigue)
    _write_rows(writer, "fatigue", {name: (_SHARE, name) for name in fatigue}, [fatigue])


_ACCESSORY_CELLS: Final = {
    "main_type": (_TEXT, "main"),
    "accessory_type": (_TEXT, "accessory"),
    "lag_days": (_SHARE, "lag_days"),
    "spread": (_SHARE, "spread"),
    "share": (_SHARE, "share"),
    "needs_model": ("BOOLEAN", "needs_model"),
    "relation": (_TEXT, "relation"),
}
_TOGETHER_CELLS: Final = {
    "first_type": (_TEXT, "first"),
    "second_type": (_TEXT, "second"),
    "share": (_SHARE, "share"),
}
_DECOY_CELLS: Final = {
    "first_type": (_TEXT, "first"),
    "second_type": (_TEXT, "second"),
    "why": (_TEXT, "why"),
}
_RESPONSE_CELLS: Final = {
    "message": (_TEXT, "message"),
    "state": (_TEXT, "state"),
    "useful_rate": (_SHARE, "useful_rate"),
    "broadcast_relevance": (_SHARE, "broadcast_relevance"),
    "needs": (_TEXT, "needs"),
    "unsubscribe_rate": (_SHARE, "unsubscribe_rate"),
    "peak_days": (_SHARE, "peak_days"),
    "spread_days": (_SHARE, "spread_days"),
}
"""Column of the file → its type, and the field that fills it."""


def _write_rows(
    writer: ShopWriter,
    name: str,
    cells: Mapping[str, tuple[str, str]],
    rows: Sequence[Mapping[str, Any]],
) -> None:
    writer.truth(
        name,
        {column: _texts([row[field] for row in rows]) for column, (_, field) in cells.items()},
        {column: wanted for column, (wanted, _) in cells.items()},
    )


def _texts(values: list[Any]) -> NDArray[np.object_]:
    cells = np.empty(len(values), np.object_)
    cells[:] = values
    return cells


def write_lives(writer: ShopWriter, chooser: Chooser, needs: Needs, owned: Owned) -> None:
    """Write what is planted in customers: themselves, what they own, what they need."""
    customers, catalogue = chooser.customers, chooser.catalogue
    names = tuple(one.name for one in TYPES)
    code = np.arange(customers.named_count)
    writer.truth(
        "customers",
        {
            "number": code,
            "customer_id": text_id("customer_id", "number"),
            "account_type": np.array(["b2c", "b2b"], np.object_)[customers.is_company[code] * 1],
            "archetype": choices(tuple(one.name for one in ARCHETYPES), customers.archetype[code]),
            "orders_per_week": customers.orders_per_week[code],
            "regularity": customers.regularity[code],
            "joined_at": instants(customers.joined_at[code]),
            "lost_at": instants(customers.lost_at[code]),
            "responsiveness": customers.responsiveness[code],
            "annoyance": customers.annoyance[code],
            "price_sensitivity": customers.price_sensitivity[code],
            "favourite_type": choices(names, customers.favourite_type[code]),
            "channel": choices(CHANNELS, customers.best_channel[code]),
        },
        {
            **dict.fromkeys(("customer_id", "account_type", "archetype"), _TEXT),
            **dict.fromkeys(("orders_per_week", "regularity"), _SHARE),
            **dict.fromkeys(("joined_at", "lost_at"), _AT),
            **dict.fromkeys(("responsiveness", "annoyance", "price_sensitivity"), _SHARE),
            **dict.fromkeys(("favourite_type", "channel"), _TEXT),
        },
    )
    owned = owned.take(np.lexsort((owned.product, owned.since, owned.customer)))
    ended_at = np.where(owned.ended_at < ENDS_AT, owned.ended_at, NEVER)
    writer.truth(
        "owners",
        {
            "number": owned.customer,
            "customer_id": text_id("customer_id", "number"),
            "product_id": product_texts(catalogue, owned.product),
            "type": choices(names, catalogue.type[owned.product]),
            "since": instants(owned.since),
            "ended_at": instants(ended_at),
        },
        {
            **dict.fromkeys(("customer_id", "product_id", "type"), _TEXT),
            **dict.fromkeys(("since", "ended_at"), _AT),
        },
    )
    needs = needs.take(
        np.lexsort((needs.main, needs.kind, needs.type, needs.opens_at, needs.customer))
    )
    writer.truth(
        "needs",
        {
            "number": needs.customer,
            "customer_id": text_id("customer_id", "number"),
            "product_type": choices(names, needs.type),
            "kind": choices(CAUSES, needs.kind),
            "main_product_id": product_texts(catalogue, needs.main),
            "opens_at": instants(needs.opens_at),
            "closes_at": instants(needs.closes_at),
            "due_at": instants(needs.due_at),
        },
        {
            **dict.fromkeys(("customer_id", "product_type", "kind", "main_product_id"), _TEXT),
            **dict.fromkeys(("opens_at", "closes_at", "due_at"), _AT),
        },
    )


def write_causes(writer: ShopWriter, catalogue: Catalogue, lines: Lines) -> None:
    """Write why each line was bought."""
    writer.truth(
        "causes",
        {
            "number": lines.order,
            "order_id": text_id("order_id", "number"),
            "line_no": lines.line_no,
            "cause": choices(CAUSES, lines.cause),
            "main_product_id": product_texts(catalogue, lines.main),
        },
        {"order_id": _TEXT, "line_no": _DAYS, "cause": _TEXT, "main_product_id": _TEXT},
    )
