"""Figures of reasons counted again, in plain loops over the raw rows of a shop folder."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from statistics import median
from typing import Any

import duckdb

UNPAID = ("pending_confirmation", "awaiting_payment")
MOST_OF_A_SPELL = 200
GUEST = "guest of "

Key = Callable[[str], str]
"""What a product is counted as: itself, its design, its category."""


@dataclass(frozen=True)
class Order:
    """A kept order: whose, when, and what of it stayed."""

    order_id: str
    customer: str
    at: datetime
    products: frozenset[str]
    is_paid: bool
    arrived: datetime


class Recount:
    """What a shop folder says, without any of the product's own code."""

    def __init__(self, folder: Path, recipe: Any) -> None:
        """Read the rows; `recipe` is the `TrainConfig` that says what counts."""
        self._folder = folder
        self._recipe = recipe
        self._pairs = recipe.copurchase
        self._orders_by: dict[str, dict[str, set[str]]] = {}
        self.products = {row["product_id"]: row for row in self._rows("products")}
        self.rules = self._rows("rules")

    def orders_by(self, key: Key) -> Mapping[str, set[str]]:
        """Give, by what products are to `key`, the ids of the kept orders that hold some."""
        if key.__name__ not in self._orders_by:
            held: dict[str, set[str]] = defaultdict(set)
            for order in self.orders.values():
                for product in order.products:
                    held[key(product)].add(order.order_id)
            self._orders_by[key.__name__] = held
        return self._orders_by[key.__name__]

    def together(self, key: Key, first: str, second: str) -> dict[str, int]:
        """Count orders by what their products are to `key`: with both, with each, and all."""
        one, other = (self.orders_by(key)[key(product)] for product in (first, second))
        return {
            "orders_together": len(one & other),
            "orders_from": len(one),
            "orders_to": len(other),
            "orders": len(self.orders),
        }

    def customers_together(self, key: Key, first: str, second: str) -> tuple[set[str], set[str]]:
        """Give the proven customers who had both in one order, and those who had in one spell."""
        one, other = (self.orders_by(key)[key(product)] for product in (first, second))
        in_order = {self.orders[order].customer for order in one & other} & self.proven
        had_each = {self.orders[order].customer for order in one} & {
            self.orders[order].customer for order in other
        }
        in_spell = set()
        for customer in had_each:
            for spell in self.spells[customer]:
                had = {key(product) for order in spell for product in order.products} - {""}
                if {key(first), key(second)} <= had and len(had) <= MOST_OF_A_SPELL:
                    in_spell.add(customer)
        return in_order, in_spell

    def buyers_within(self, first: str, second: str, days: int) -> set[str]:
        """Give the proven customers who bought the second with the first, or so soon after it."""
        return {
            customer
            for customer in self.proven
            for place, order in enumerate(self.of_customer[customer])
            if first in order.products
            and any(
                second in later.products and whole_seconds(later.at - order.at) <= days * 86_400
                for later in self.of_customer[customer][place:]
            )
        }

    def followed(self, first: str, second: str, bounds: Sequence[int]) -> tuple[int, list[str]]:
        """Count arrivals of one category still without another, and list the orders of it after.

        Args:
            first: the category that arrives.
            second: the category that may follow.
            bounds: in days; an arrival is observed for whole spans between two of them.
        """
        owners, after = 0, []
        for customer in sorted(self.proven):
            if customer.startswith(GUEST):
                continue
            orders = self.of_customer[customer]
            for place, order in enumerate(orders):
                held = [set(map(self.category, one.products)) for one in orders[place:]]
                if first not in held[0]:
                    continue
                later = list(zip(orders[place + 1 :], held[1:], strict=True))
                end = min([self.until, *(one.at for one, had in later if first in had)])
                observed = [day for day in bounds[1:] if order.arrived + timedelta(days=day) <= end]
                other = next((one for one, had in later if second in had), None)
                had_it = second in held[0] or (other and other.at < order.arrived)
                if not observed or had_it:
                    continue
                owners += 1
                if other and other.at < order.arrived + timedelta(days=observed[-1]):
                    after.append(other.order_id)
        return owners, after

    def owners_of_both(self, first: str, second: str) -> set[str]:
        """Give the proven customers who bought any variant of the one and any of the other."""
        wanted = {self.design(first), self.design(second)}
        return {one for one in self.proven if wanted <= self.designs_bought[one]}

    def viewers_of_both(self, first: str, second: str) -> tuple[int, int]:
        """Count the sessions that viewed any variant of both, and the people behind them."""
        wanted = {self.design(first), self.design(second)}
        found = [person for person, viewed in self.sessions if wanted <= viewed]
        return len(found), len(set(found))

    def product(self, product: str) -> str:
        """Give a product itself."""
        return product

    def design(self, product: str) -> str:
        """Name what a product is a variant of: its group, or itself."""
        return self.products[product]["product_group_id"] or f"only {product}"

    def category(self, product: str) -> str:
        """Give the category path of a product."""
        return self.products[product]["category"] or ""

    def price(self, product: str) -> int:
        """Give what a product costs now."""
        row = self.products[product]
        return int(row["price"] if row["sale_price"] is None else row["sale_price"])

    @cached_property
    def orders(self) -> Mapping[str, Order]:
        """The kept orders by id."""
        lines: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for line in self._rows("order_lines"):
            lines[line["order_id"]].append(line)
        delivered: dict[str, datetime] = {}
        for row in self._rows("order_statuses"):
            if row["status"] == "delivered":
                known = delivered.setdefault(row["order_id"], row["at"])
                delivered[row["order_id"]] = min(known, row["at"])
        kept = {}
        for row in self._rows("orders"):
            own = lines[row["order_id"]]
            back = [(line["returned_quantity"] or 0) for line in own]
            stayed = {
                line["product_id"]
                for line, returned in zip(own, back, strict=True)
                if not (returned > 0 and returned >= line["quantity"])
            }
            gone = row["status"] == "cancelled" or (row["status"] == "returned" and not any(back))
            if row["is_test"] or gone or not stayed:
                continue
            arrived = (
                row["delivered_at"]
                or delivered.get(row["order_id"])
                or row["ordered_at"] + timedelta(days=self._recipe.default_delivery_days)
            )
            # A guest is a customer of one order.
            customer = row["customer_id"] or f"{GUEST}{row['order_id']}"
            kept[row["order_id"]] = Order(
                row["order_id"],
                customer,
                row["ordered_at"],
                frozenset(stayed),
                row["status"] not in UNPAID,
                max(arrived, row["ordered_at"]),
            )
        return kept

    @cached_property
    def until(self) -> datetime:
        """Just after the last fact."""
        known = [
            instant
            for row in self._rows("orders")
            for instant in (row["ordered_at"], row["status_at"], row["delivered_at"])
            if instant is not None
        ]
        known += [row["at"] for row in self._rows("order_statuses")]
        return max(known) + timedelta(microseconds=1)

    @cached_property
    def proven(self) -> set[str]:
        """Customers with a paid order that has stood for some days."""
        begin = min(order.at for order in self.orders.values())
        waiting = min(timedelta(days=self._pairs.proving_days), (self.until - begin) / 4)
        return {
            order.customer
            for order in self.orders.values()
            if order.is_paid and order.at <= self.until - waiting
        }

    @cached_property
    def designs_bought(self) -> Mapping[str, set[str]]:
        """What each customer bought and kept, variants of one product being one."""
        found: dict[str, set[str]] = defaultdict(set)
        for order in self.orders.values():
            found[order.customer] |= set(map(self.design, order.products))
        return found

    @cached_property
    def of_customer(self) -> Mapping[str, list[Order]]:
        """The orders of each customer, in time."""
        found: dict[str, list[Order]] = defaultdict(list)
        for order in sorted(self.orders.values(), key=lambda one: (one.at, one.order_id)):
            found[order.customer].append(order)
        return found

    @cached_property
    def spells(self) -> Mapping[str, list[list[Order]]]:
        """Orders of each proven customer that follow each other closely, two or more together."""
        named = [len(every) for who, every in self.of_customer.items() if not who.startswith(GUEST)]
        found: dict[str, list[list[Order]]] = defaultdict(list)
        if not self._pairs.spell_weight or median(named) >= self._pairs.spell_orders:
            return found
        length = timedelta(days=self._pairs.spell_days)
        for customer in self.proven:
            begun: list[list[Order]] = []
            for order in self.of_customer[customer]:
                if not begun or order.at - begun[-1][0].at > length:
                    begun.append([])
                begun[-1].append(order)
            found[customer] = [spell for spell in begun if len(spell) > 1]
        return found

    @cached_property
    def sessions(self) -> list[tuple[str, set[str]]]:
        """The person behind each session, and what it viewed, variants being one."""
        people: dict[str, set[str]] = defaultdict(set)
        viewed: dict[str, set[str]] = defaultdict(set)
        for row in self._rows("events"):
            if row["session_id"] and row["customer_id"]:
                people[row["session_id"]].add(row["customer_id"])
            if row["session_id"] and row["type"] == "view_item" and row["product_id"]:
                viewed[row["session_id"]].add(self.design(row["product_id"]))
        return [
            (min(people[session], default=f"{GUEST}{session}"), seen)
            for session, seen in viewed.items()
        ]

    def _rows(self, table: str) -> list[dict[str, Any]]:
        with duckdb.connect() as connection:
            found = connection.execute(f"SELECT * FROM '{self._folder}/{table}.parquet'")
            names = [column[0] for column in found.description or ()]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def whole_seconds(span: timedelta) -> int:
    """Give a span without its fraction of a second."""
    return span // timedelta(seconds=1)


def words(title: str) -> set[str]:
    """Give the distinct words of a title."""
    return set(re.findall(r"\w+", title.casefold()))
