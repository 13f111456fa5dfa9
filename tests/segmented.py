"""Shops whose customers are put into segments, for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from nba.artifacts.segments import Segments
from nba.data.contacts import Replies
from nba.data.profiles import Profiles
from nba.domain import Ids, Texts
from nba.learn.segments import segments
from nba.segmentation import SegmentsConfig
from nba.statistics.customers import CustomerSummary
from nba.vocabulary import EVENT_TYPES
from tests.shops import Order, day, history

MARGIN = 0.3


def profiles(*customers: Mapping[str, Any]) -> Profiles:
    """Describe customers, given as dictionaries of the columns of `customers`."""
    told = sorted(customers, key=lambda one: one["customer_id"])
    columns: dict[str, Any] = {"customer_ids": Ids.of(one["customer_id"] for one in told)}
    for field in fields(Profiles):
        given = [one.get(field.name.removeprefix("has_")) for one in told]
        if field.type == "Texts":
            columns[field.name] = Texts.of(one or "" for one in given)
        elif field.name in ("created_at", "birthday"):
            unit = "us" if field.name == "created_at" else "D"
            columns[field.name] = np.array(given, f"datetime64[{unit}]")
        elif field.name.startswith("has_"):
            columns[field.name] = np.array([one is not None for one in given], np.bool_)
        elif field.name != "customer_ids":
            columns[field.name] = np.array([one or 0 for one in given], np.int64)
    return Profiles(**columns)


def replies(*said: tuple[str, str, float]) -> Replies:
    """Say things to the shop: customer, type of event, day."""
    ids = Ids.of(customer for customer, _, _ in said)
    rows = sorted((ids.find(customer) or 0, day(at), kind) for customer, kind, at in said)
    return Replies(
        ids,
        np.array([customer for customer, _, _ in rows], np.int32),
        np.array([EVENT_TYPES.index(kind) for _, _, kind in rows], np.int8),
        np.array([at for _, at, _ in rows], "datetime64[us]"),
    )


def segmented(
    orders: Sequence[Order],
    config: SegmentsConfig | Mapping[str, Any] | None = None,
    *,
    told: Profiles | None = None,
    said: Replies | None = None,
    price: int = 100,
    as_of: float | None = None,
) -> Segments:
    """Segment the customers of a few orders; every product costs `price` and earns 30 % of it."""
    whole = history(orders, price=price, as_of=as_of)
    baskets, purchases = whole.baskets(), whole.purchases()
    nothing = np.zeros(len(baskets.product_ids), np.int64)
    summary = CustomerSummary.of(baskets, purchases, nothing, nothing > 0, MARGIN)
    return segments(
        baskets,
        purchases,
        summary,
        Profiles.none() if told is None else told,
        Replies.none() if said is None else said,
        config
        if isinstance(config, SegmentsConfig)
        else SegmentsConfig.model_validate(config or {}),
    )


def ids_of(found: Segments, customer: str, kind: str) -> list[str]:
    """List the segments of one kind that a customer is in."""
    code = found.ids.find(customer)
    assert code is not None
    return [one["id"] for one in found.segments_of(code) if one["kind"] == kind]
