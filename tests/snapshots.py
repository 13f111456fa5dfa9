"""Small snapshots written by hand, for tests of what is answered from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from nba.artifacts.fits import Fits
from nba.artifacts.graph import ProductGraph
from nba.artifacts.needs import NEED_KINDS, Needs
from nba.artifacts.parts import Parts
from nba.artifacts.products import Products
from nba.artifacts.repurchase import Repurchase
from nba.artifacts.responses import Responses
from nba.artifacts.rules import Rules
from nba.artifacts.snapshot import Snapshot
from nba.config import RhythmConfig, TrainConfig
from nba.data.contacts import Replies
from nba.data.profiles import Profiles
from nba.domain import Ids, Texts
from nba.learn.assortment import Assortment
from nba.learn.lifecycle import rhythm
from nba.learn.personal.habits import customers_at, untaught
from nba.learn.segments import segments
from nba.segmentation import SegmentsConfig
from nba.statistics.customers import CustomerSummary
from nba.vocabulary import AVAILABILITIES, RULE_KINDS, SOURCES, Relation, RuleKind, Source
from tests.shops import day, history

ORDERS = 1000


@dataclass(frozen=True)
class Link:
    """An edge of a graph, by product ids."""

    first: str
    second: str
    score: float
    source: Source = Source.PAIR
    support: int = 10
    customers: int = 5
    lag: int = 0


def snapshot(
    products: Sequence[str | Mapping[str, Any]],
    graphs: Mapping[Relation, Sequence[Link]] | None = None,
    *,
    rules: Sequence[Mapping[str, Any]] = (),
    needs: Sequence[Mapping[str, Any]] = (),
    popular: Sequence[str] = (),
    fits: Fits | None = None,
) -> Snapshot:
    """Build a snapshot of products, given as ids or as columns of `Products` and an id.

    Each product has 100 orders by 50 customers and costs nothing known, unless it says otherwise.
    A rule has kind, target and, where they matter, source, relation, valid_from, valid_until (days
    of `tests.shops`); a need has main and accessory (category paths) and columns of `Needs`.
    """
    given = [{"id": one} if isinstance(one, str) else dict(one) for one in products]
    given.sort(key=lambda row: row["id"])
    ids = Ids.of(row["id"] for row in given)
    code = {one: number for number, one in enumerate(ids)}
    orders = history([])
    nothing, paid = orders.baskets().over(ids), orders.purchases()
    listing, no_cost = Texts.of([""] * len(ids)), np.zeros(len(ids), np.int64)
    summary = CustomerSummary.of(nothing, paid, no_cost, no_cost > 0, 0.3)
    parts = Parts(
        products=_products(given, ids, [code[one] for one in popular]),
        customers=customers_at(nothing),
        habits=untaught(nothing, customers_at(nothing), Assortment.of(listing, listing)),
        graphs={one: _graph((graphs or {}).get(one, ()), code) for one in Relation},
        fits=Fits.none(len(ids)) if fits is None else fits,
        needs=_needs(needs, given),
        rules=_rules(rules, code),
        rhythm=rhythm(summary, nothing.customer_ids, RhythmConfig())[0],
        repurchase=Repurchase.empty(0),
        responses=Responses.none(),
        segments=segments(
            nothing, paid, summary, Profiles.none(), Replies.none(), SegmentsConfig()
        ),
        collaborative=None,
    )
    return Snapshot.of(
        parts,
        config=TrainConfig(),
        data_from=day(0),
        data_until=day(100),
        engines={},
        counts={"kept_orders": ORDERS},
        coverage={},
    )


def _products(given: Iterable[Mapping[str, Any]], ids: Ids, popular: Sequence[int]) -> Products:
    columns: dict[str, Any] = {
        "ids": ids,
        "popular": np.array(popular, np.int32),
        "popular_orders": np.arange(len(popular), 0, -1, dtype=np.int32),
    }
    rows = [
        {"title": row["id"].title(), "orders": 100, "customers": 50}
        | {"has_price": "price" in row, "has_sale_price": "sale_price" in row}
        | dict(row)
        for row in given
    ]
    for row in rows:
        row["availability"] = AVAILABILITIES.index(row.get("availability", "in_stock"))
        row.setdefault("group_orders", row["orders"])
        row.setdefault("category_orders", row["orders"])
    for field in fields(Products):
        if field.name in columns:
            continue
        values = [row.get(field.name, "" if field.type == "Texts" else 0) for row in rows]
        if field.type == "Texts":
            columns[field.name] = Texts.of(values)
        elif field.type == "Instants":
            columns[field.name] = np.array([one or "NaT" for one in values], "datetime64[us]")
        else:
            kind = str(field.type).removeprefix("NDArray[np.").rstrip("]").rstrip("_")
            columns[field.name] = np.array(values, kind)
    return Products(**columns).with_cards()


def _graph(links: Iterable[Link], code: Mapping[str, int]) -> ProductGraph:
    links = list(links)

    def column(name: str) -> Any:
        return np.array([getattr(link, name) for link in links])

    return ProductGraph.of(
        len(code),
        np.array([code[link.first] for link in links], np.int64),
        np.array([code[link.second] for link in links], np.int64),
        column("score").astype(np.float64),
        source=np.array([SOURCES.index(link.source) for link in links], np.int64),
        support=column("support").astype(np.int64),
        customers=column("customers").astype(np.int64),
        lag=column("lag").astype(np.int64),
    )


def _needs(needs: Sequence[Mapping[str, Any]], given: Sequence[Mapping[str, Any]]) -> Needs:
    types = Ids.of(one for one in (row.get("category", "") for row in given) if one)
    code = {one: number for number, one in enumerate(types)} | {"": -1}
    rows = sorted(
        ({**one, "main": code[one["main"]], "accessory": code[one["accessory"]]} for one in needs),
        key=lambda row: (row["main"], row["accessory"]),
    )

    def column(name: str, kind: type) -> Any:
        return np.array([row.get(name, 0) for row in rows], kind)

    return Needs(
        types=types,
        product_type=np.array([code[row.get("category", "")] for row in given], np.int32),
        main=column("main", np.int32),
        accessory=column("accessory", np.int32),
        kind=np.array([NEED_KINDS.index(row.get("kind", "accessory")) for row in rows], np.int8),
        owners=column("owners", np.int64),
        buyers=column("buyers", np.int64),
        expected=column("expected", np.float32),
        lag_days=column("lag_days", np.int32),
        lag_low=column("lag_low", np.int32),
        lag_high=column("lag_high", np.int32),
        offer_day=column("offer_day", np.int32),
        window_days=column("window_days", np.int32),
        bucket_days=np.zeros(1, np.int32),
        events=np.empty((len(rows), 0), np.int32),
        at_risk=np.empty((len(rows), 0), np.int32),
    )


def _rules(rules: Iterable[Mapping[str, Any]], code: Mapping[str, int]) -> Rules:
    rows = sorted(
        (
            code[rule["target"]],
            code[rule.get("source", rule["target"])],
            RULE_KINDS.index(RuleKind(rule["kind"])),
            rule.get("relation", ""),
            rule.get("valid_from"),
            rule.get("valid_until"),
        )
        for rule in rules
    )
    target, source, kind, relation, begin, end = ([row[n] for row in rows] for n in range(6))

    def instants(days: Sequence[float | None]) -> Any:
        return np.array([None if one is None else day(one) for one in days], "datetime64[us]")

    return Rules(
        np.array(kind, np.int8),
        np.array(source, np.int32),
        np.array(target, np.int32),
        Texts.of(relation),
        instants(begin),
        instants(end),
    )
