"""A small catalogue, what was learned of it, and the policies that rest on that."""

from __future__ import annotations

from functools import cache
from typing import Any

import nba
from nba.config import shipped
from nba.decide.playbook import Playbook
from nba.decide.policy import Policy
from tests.oracle.book import Book
from tests.oracle.clock import DAY
from tests.oracle.due import Delivery
from tests.oracle.people import Row
from tests.shops import Order, catalog, day, history

SOLD: tuple[Order, ...] = (
    *((f"x{n}", f"x{n}", n, ["phone", "case", "beans"]) for n in range(8)),
    *((f"y{n}", f"y{n}", n, ["machine", "beans", "filter"]) for n in range(8)),
    *((f"z{n}", f"y{n}", n + 30, ["beans", "filter", "mug"]) for n in range(8)),
    *((f"w{n}", f"w{n}", n, ["mug", "cover", "phone-2"]) for n in range(8)),
)
PRODUCTS: tuple[dict[str, Any], ...] = (
    {"product_id": "phone", "category": "Phones", "is_consumable": False, "price": 50_000},
    {"product_id": "phone-2", "category": "Phones", "is_consumable": False, "price": 60_000},
    {"product_id": "case", "category": "Cases", "is_consumable": False, "price": 2_000},
    {"product_id": "cover", "category": "Cases", "is_consumable": False, "price": 2_500},
    {"product_id": "machine", "category": "Coffee > Machines", "is_consumable": False},
    {"product_id": "beans", "category": "Coffee > Beans", "is_consumable": True, "price": 900},
    {"product_id": "filter", "category": "Coffee > Filters", "is_consumable": True, "price": 300},
    {"product_id": "mug", "category": "Coffee > Mugs", "is_consumable": False, "price": 700},
)
FITS = {"case": "phone", "cover": "phone-2"}
SUCCEEDS = {"phone-2": "phone"}
CYCLES = {"machine": 20, "phone": 60}
PRICES = {one["product_id"]: one.get("price", 20_000) for one in PRODUCTS}


@cache
def snapshot() -> nba.Snapshot:
    cells = [
        one
        | {"compatible_with": FITS.get(one["product_id"], "")}
        | {"successor_of": SUCCEEDS.get(one["product_id"], "")}
        | {"replacement_cycle_days": CYCLES.get(one["product_id"], 0)}
        for one in PRODUCTS
    ]
    quick = nba.TrainConfig.model_validate({"collaborative": {"factors": 2, "iterations": 1}})
    return nba.train(history(SOLD), catalog(*cells), quick, as_of=day(60), threads=1)


@cache
def policy(playbook: str) -> Policy:
    return Policy(snapshot(), Playbook.from_toml(shipped("playbooks", playbook)))


@cache
def book(playbook: str) -> Book:
    return Book(shipped("playbooks", playbook))


@cache
def cards() -> dict[str, Row]:
    """What the shop says of its products, and what of them is known to be durable or popular."""
    known = snapshot().products
    return {
        product: {
            "availability": "in_stock",
            "is_durable": bool(known.is_durable[code]),
            "is_popular": code in known.popular,
            "cycle_days": int(known.cycle_days[code]),
            "fits": tuple(FITS.get(product, "").split()),
        }
        for code, product in enumerate(known.ids)
    }


def lines_of(products: list[str]) -> list[dict[str, Any]]:
    """One piece of each, none of which came back."""
    return [
        {"product_id": one, "quantity": 1, "returned_quantity": 0, "unit_price": PRICES[one]}
        for one in products
    ]


def delivery() -> Delivery:
    default = float(snapshot().manifest.config.default_delivery_days)
    transit = snapshot().manifest.deliveries.get("transit_days")
    return Delivery(int((default if transit is None else transit) * DAY), int(default * DAY))
