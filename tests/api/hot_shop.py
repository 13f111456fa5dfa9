"""A shop written by hand for what is answered before the framework, and its server, twice."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

import nba
from nba.state.store import Store
from nba.state.tables import PRODUCT_STATES
from nba.state.writing import add, bump
from nba.vocabulary import Relation, Source
from nba_api.app import create_app
from nba_api.hot_path import HotPath
from nba_api.settings import Settings
from tests.shops import day
from tests.snapshots import Link, snapshot

ODD: Final = 'p/1 "ß",\n'.strip()
IDS: Final = (*(f"p{number:02}" for number in range(24)), ODD)
COUNTED: Final = (Source.PAIR, Source.CUSTOMERS, Source.CONTENT, Source.CATALOGUE_LINK)
AS_OF: Final = "2026-04-11T12:00:00Z"
"""Day 100 of `tests.shops`."""


def trained() -> nba.Snapshot:
    """Build products of every kind: priced, on sale, sold out, in groups, ruled about."""
    draw = random.Random(7)
    products = [
        {"id": one, "category": f"A > {place % 4}", "currency": "EUR"}
        | ({"price": 100 * draw.randint(1, 30)} if place % 7 else {})
        | ({"sale_price": 90, "sale_until": day(100 + place)} if place % 5 == 1 else {})
        | ({"group": f"g{place % 3}"} if place % 2 else {})
        | ({"availability": "out_of_stock"} if place % 6 == 5 else {})
        | ({"link": f"https://shop.example/{place}?a=1&b=<2>"} if place % 3 else {})
        for place, one in enumerate(IDS)
    ]
    rules = [
        {"kind": "pin", "target": "p03"},
        {"kind": "ban", "target": "p04", "relation": "similar"},
        {"kind": "link", "source": "p01", "target": "p05"},
        {"kind": "pin", "source": "p02", "target": "p06", "relation": "replacements"},
        {"kind": "ban", "target": "p07", "valid_until": 90},
        {"kind": "ban", "target": "p08", "valid_from": 90, "valid_until": 200},
    ]
    return snapshot(products, _graphs(draw), rules=rules)


def _graphs(draw: random.Random) -> Mapping[Relation, Sequence[Link]]:
    return {
        relation: [
            Link(
                first,
                second,
                round(draw.random(), 2) * 10.0 ** draw.randint(-8, 2),
                draw.choice(COUNTED),
                support=draw.randint(1, 90),
                customers=draw.randint(1, 6),
            )
            for first in (*IDS[:12], ODD)
            for second in draw.sample(IDS, 14)
            if first != second
        ]
        for relation in (
            Relation.BOUGHT_TOGETHER, Relation.ACCESSORIES, Relation.SIMILAR, Relation.SUCCESSORS,
        )
    }  # fmt: skip


def settings_in(folder: Path) -> Settings:
    """Publish the shop into a folder, and make an empty store beside it."""
    trained().publish(folder / "models")
    return Settings(models=folder / "models", db=f"sqlite:///{folder}/store.db", as_of=AS_OF)


class Counter:
    """Counts what gets past the layer before it."""

    count = 0

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        Counter.count += scope["type"] == "http"
        await self._app(scope, receive, send)


def app_with(settings: Settings, *, hot: bool) -> FastAPI:
    """Build the application with the hot path and a counter behind it, or without either."""
    app = create_app(settings)
    app.user_middleware = [one for one in app.user_middleware if one.cls is not HotPath]
    if hot:
        live = app.state.live
        app.user_middleware += [Middleware(HotPath, live=live), Middleware(Counter)]
    return app


def state(product: str, at: float = 50, **cells: Any) -> dict[str, Any]:
    """Write a state of a product, told on a day of `tests.shops`."""
    row = dict.fromkeys(("availability", "stock", "price", "sale_price", "sale_until"))
    told = {"product_id": product, "at": microseconds(at), "order_id": ""}
    return {**row, "availability": "in_stock", **told, **cells}


def microseconds(at: float) -> int:
    """Give a day of `tests.shops` as the store writes instants."""
    return int(day(at).astype("int64"))


def post(store: Store, states: Sequence[Mapping[str, Any]]) -> None:
    """Write states of products as a request would."""
    with store.writing() as connection:
        add(connection, PRODUCT_STATES, states)
        bump(connection, "products")
