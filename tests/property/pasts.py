"""Shops with a past and a future, for tests of what an instant sees.

They are written table by table, as an import leaves them, so that every history can be told.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from hypothesis import strategies as st

from nba.config import CollaborativeConfig, TrainConfig
from nba.data.checks import SQL_TYPES
from nba.data.shop import Shop, read_shop
from nba.domain import to_instant
from nba.schema import ORDER_VERSIONS, TABLES, Table
from nba.statuses import STATUS_CODE, STATUSES

Row = dict[str, Any]
Tables = dict[str, list[Row]]

BEGINNING = "1990-01-01 00:00:00"
AS_OF = "2026-03-05 00:00:00"
EARLY = ["2026-03-01 00:00:00", "2026-03-02 00:00:00", "2026-03-03 00:00:00"]
BEFORE = [*EARLY, "2026-03-04 00:00:00", "2026-03-04 23:59:59.999999"]
LATER = [AS_OF, "2026-03-06 00:00:00", "2026-03-07 00:00:00"]
LAST = "2026-03-09 00:00:00"
PRODUCTS = ["cup", "kettle", "pot", "tea"]
CUSTOMERS = ["ann", "bob", "cat", None]
RECIPE = TrainConfig(collaborative=CollaborativeConfig(iterations=2, factors=4))

instants = st.sampled_from(BEFORE)
statuses = st.sampled_from(STATUSES)
line = st.fixed_dictionaries(
    {
        "product_id": st.sampled_from(PRODUCTS),
        "quantity": st.integers(1, 3),
        "unit_price": st.sampled_from([100, 250]),
        "returned_quantity": st.sampled_from([None, 1]),
        "discount": st.sampled_from([None, 30]),
    }
)
lines = st.lists(line, min_size=1, max_size=3)
version = st.fixed_dictionaries(
    {
        "customer_id": st.sampled_from(CUSTOMERS),
        "ordered_at": st.sampled_from(EARLY[:2]),
        "status": statuses,
        "delivered_at": st.sampled_from([None, *BEFORE[2:]]),
        "discount": st.sampled_from([None, 20]),
        "is_test": st.sampled_from([None, False, True]),
        "lines": st.one_of(lines, st.just([])),
    }
)
order = st.fixed_dictionaries(
    {
        "first": version.filter(lambda cells: cells["lines"]),
        "edits": st.lists(st.tuples(instants, version), max_size=2),
        "told": st.lists(st.tuples(statuses, instants), max_size=3),
    }
)
state = st.fixed_dictionaries(
    {
        "availability": st.sampled_from([None, "in_stock", "out_of_stock", "discontinued"]),
        "price": st.sampled_from([None, 90, 300]),
        "sale_price": st.sampled_from([None, 80]),
    }
)
event = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["view_item", "add_to_cart", "review", "rating"]),
        "session_id": st.sampled_from(["s1", "s2", None]),
        "product_id": st.sampled_from([*PRODUCTS, "unsold"]),
        "customer_id": st.sampled_from(CUSTOMERS),
    }
)
profile = st.fixed_dictionaries(
    {
        "tier": st.sampled_from([None, "Gold"]),
        "points": st.sampled_from([None, 0, 70]),
        "attributes": st.sampled_from([None, '{"referred_by": "ann"}', "no JSON"]),
    }
)
message = st.fixed_dictionaries(
    {
        "customer_id": st.sampled_from(["ann", "bob", "dan"]),
        "message": st.sampled_from(["welcome", "digest", "none"]),
        "holdout": st.sampled_from([None, True]),
    }
)
news = st.sampled_from(["claimed", "acked", "sent", "delivered", "clicked", "useful"])


def pasts(*, least: int, most: int) -> st.SearchStrategy[Row]:
    """Draw what was told of some orders, and as much beside them, before the instant."""
    return st.fixed_dictionaries(
        {
            "orders": st.lists(order, min_size=least, max_size=most),
            "profiles": st.dictionaries(
                st.sampled_from(["ann", "bob", "dan"]),
                st.tuples(st.sampled_from([None, *BEFORE]), profile),
            ),
            "messages": st.lists(message, max_size=3),
            "news": st.lists(st.tuples(st.integers(0, 2), news, instants), max_size=6),
            "states": st.dictionaries(
                st.tuples(st.sampled_from(PRODUCTS), st.sampled_from(BEFORE)), state, max_size=most
            ),
            "events": st.lists(st.tuples(instants, event), max_size=most),
        }
    )


def futures(*, most: int) -> st.SearchStrategy[Row]:
    """Draw what is told later, of up to as many orders."""
    some = most - 1
    return st.fixed_dictionaries(
        {
            "orders": st.lists(st.tuples(st.sampled_from(LATER), version), max_size=most // 2),
            "edits": st.lists(
                st.tuples(st.integers(0, some), st.sampled_from(LATER), version), max_size=some
            ),
            "statuses": st.lists(
                st.tuples(st.integers(0, some), statuses, st.sampled_from(LATER)), max_size=some
            ),
            "states": st.dictionaries(
                st.tuples(st.sampled_from(PRODUCTS), st.sampled_from(LATER)), state, max_size=some
            ),
            "consents": st.lists(st.sampled_from(LATER), max_size=1),
            "profiles": st.dictionaries(
                st.sampled_from(["eve", "fay"]), st.tuples(st.sampled_from(LATER), profile)
            ),
            "news": st.lists(
                st.tuples(st.integers(0, 2), news, st.sampled_from(LATER)), max_size=4
            ),
            "events": st.lists(st.tuples(st.sampled_from(LATER), event), max_size=most // 2),
        }
    )


shops = pasts(least=1, most=4)
additions = futures(most=4)


class Written:
    """Versions of orders and all other rows, from which the tables of a shop are made."""

    def __init__(self, told: Row) -> None:
        """Keep what was told before the instant."""
        self.versions: dict[str, list[Row]] = {}
        self.others: Tables = {
            "order_statuses": [],
            "consents": [],
            "events": [],
            "customers": [],
            "messages": [],
            "message_events": [],
        }
        self.states: dict[tuple[str, str], Row] = dict(told["states"])
        for number, cells in enumerate(told["orders"]):
            order_id = f"o{number}"
            self.tell(order_id, EARLY[2], cells["first"])
            for at, edited in cells["edits"]:
                self.tell(order_id, at, edited)
            for status, at in cells["told"]:
                self.set_status(order_id, status, at)
        for at, cells in told["events"]:
            self.happen(at, cells)
        for number, cells in enumerate(told["messages"]):
            named = {"message_id": f"m{number}", "decision_id": f"d{number}"}
            self.others["messages"].append(cells | named | {"decided_at": EARLY[0]})
        self.hear(told)

    def hear(self, told: Row) -> None:
        """Add customers whom the shop met, and what became of messages."""
        for name, (at, cells) in told["profiles"].items():
            self.others["customers"].append(cells | {"customer_id": name, "created_at": at})
        messages, events = self.others["messages"], self.others["message_events"]
        for number, word, at in told["news"]:
            if not messages:
                continue
            sent = messages[number % len(messages)]
            if word in ("claimed", "acked"):
                sent.setdefault(f"{word}_at", at)
            else:
                named = {"event_id": f"n{len(events)}", "message_id": sent["message_id"]}
                events.append(named | {"type": word, "at": at})

    def tell(self, order_id: str, at: str, cells: Row) -> None:
        """Add a version of an order, known from an instant."""
        told = self.versions.setdefault(order_id, [])
        told.append(cells | {"order_id": order_id, "status_at": at, "version": f"v{len(told)}"})

    def set_status(self, order_id: str, status: str, at: str) -> None:
        """Add a status row, once."""
        row = {"order_id": order_id, "status": status, "at": at}
        if row not in self.others["order_statuses"]:
            self.others["order_statuses"].append(row)

    def add(self, later: Row) -> None:
        """Add what happened at or after the instant."""
        orders = list(self.versions)
        for number, (at, cells) in enumerate(later["orders"]):
            self.tell(f"later{number}", at, cells | {"ordered_at": at, "delivered_at": None})
        for number, status, at in later["statuses"]:
            order_id = orders[number % len(orders)]
            if status != "returned":
                self.set_status(order_id, status, at)
            elif not self.came_back(order_id):
                self.take_back(order_id, at)
        for number, at, cells in sorted(later["edits"], key=lambda edit: edit[1]):
            self.tell(orders[number % len(orders)], at, cells)
        self.states |= later["states"]
        for at in later["consents"]:
            self.others["consents"].append(
                {"customer_id": "ann", "channel": "email", "granted": True, "at": at}
            )
        for at, cells in later["events"]:
            self.happen(at, cells)
        self.hear(later)

    def happen(self, at: str, cells: Row) -> None:
        """Add an event."""
        events = self.others["events"]
        events.append(cells | {"event_id": f"e{len(events)}", "at": at})

    def came_back(self, order_id: str) -> bool:
        """Tell whether anything said so far that some of an order came back."""
        versions = self.versions[order_id]
        return (
            any(one["returned_quantity"] for told in versions for one in told["lines"])
            or any(told["status"] == "returned" for told in versions)
            or any(
                (row["order_id"], row["status"]) == (order_id, "returned")
                for row in self.others["order_statuses"]
            )
        )

    def take_back(self, order_id: str, at: str) -> None:
        """Raise a returned quantity of the newest version, as a row that undoes a purchase does."""
        versions = sorted(self.versions[order_id], key=_known_order)
        if versions[-1]["lines"]:
            first, *others = versions[-1]["lines"]
            versions[-1] |= {"lines": [first | {"returned_quantity": 1}, *others]}
            self.versions[order_id] = versions
            self.set_status(order_id, "returned", at)

    def tables(self) -> Tables:
        """Give the rows of every table, as an import leaves them."""
        tables: Tables = deepcopy(self.others)
        tables |= {"orders": [], "order_lines": [], "order_versions": []}
        for order_id, told in self.versions.items():
            told = sorted(told, key=_known_order)
            current = told[-1]
            shown = next((one for one in reversed(told) if one["lines"]), current)
            borrowed = shown["version"] if shown is not current else None
            tables["orders"].append(current | {"lines_version": borrowed})
            tables["order_lines"] += [
                {"order_id": order_id, "line_no": number} | one
                for number, one in enumerate(shown["lines"], 1)
            ]
            for superseded in told[:-1]:
                rows = [
                    one | {"line_no": number, "line_discount": one["discount"]}
                    for number, one in enumerate(superseded["lines"], 1)
                ]
                tables["order_versions"] += [one | superseded for one in rows or [{}]]
        tables["products"] = [{"product_id": one, "title": one.title()} for one in PRODUCTS]
        tables["products"][0] |= {"published_at": EARLY[1]}
        tables["products"][1] |= {"discontinued_at": LATER[1]}
        states = dict(self.states)
        for cells in tables["products"]:
            product = cells["product_id"]
            listed = {"price": 200, "availability": "in_stock", "sale_price": None}
            listed |= {"availability": "discontinued"} if "discontinued_at" in cells else {}
            changes = sorted(key for key in states if key[0] == product)
            if changes:
                states[product, BEGINNING] = listed
            # `products` shows the latest state.
            cells |= states[changes[-1]] if changes else listed
        tables["product_states"] = [
            {"product_id": product, "at": at} | cells for (product, at), cells in states.items()
        ]
        return tables


def _known_order(told: Row) -> tuple[str, int, str]:
    return told["status_at"], STATUS_CODE[told["status"]], told["version"]


def write(folder: Path, tables: Tables) -> Shop:
    """Write tables as the files of a shop and read them."""
    folder.mkdir()
    with duckdb.connect() as connection:
        for name, rows in tables.items():
            table = TABLES.get(name, ORDER_VERSIONS)
            names = [*table.names, *(["lines_version"] if name == "orders" else [])]
            _create(connection, name, table, names)
            cells: Sequence[Any] = [[row.get(one) for one in names] for row in rows]
            if cells:
                marks = ", ".join("?" * len(names))
                connection.executemany(f"INSERT INTO {name} VALUES ({marks})", cells)
            connection.execute(f"COPY {name} TO '{folder / name}.parquet' (FORMAT parquet)")
    return read_shop(folder)


def _create(
    connection: duckdb.DuckDBPyConnection, name: str, table: Table, names: Sequence[str]
) -> None:
    kinds = {column.name: SQL_TYPES[column.kind] for column in table.columns}
    columns = ", ".join(f'"{one}" {kinds.get(one, "VARCHAR")}' for one in names)
    connection.execute(f"CREATE TABLE {name} ({columns})")


def versions_of(shop: Shop, as_of: str) -> list[str]:
    """Give the version of the facts of every customer there may be."""
    known = [name for name in CUSTOMERS if name is not None]
    facts = shop.facts(as_of=to_instant(np.datetime64(as_of)), customers=known)
    return [facts.version(row) for row in range(len(known))]
