"""Looks over the shoulder of a play: its rows by customer, and the oracle's word on each answer."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

import nba
from nba.data.simulator.journal import Journal
from nba.data.simulator.world import World
from nba.schema import TABLES
from nba.vocabulary import AVAILABILITIES
from tests.oracle.allowed import Allowed
from tests.oracle.audit import Given, breaches, by_departure
from tests.oracle.book import Book
from tests.oracle.clock import DAY
from tests.oracle.due import Case, Delivery
from tests.oracle.people import Letter, Row, person
from tests.oracle.shelf import Shelf

Rows = dict[str, list[dict[str, Any]]]

KEPT = ("order_statuses", "consents", "messages", "message_events", "events", "customers")
"""Tables of a customer that are told of as they are."""
WhyNot = Callable[[str], Mapping[str, str]]
"""Gives, by message, the rule that the policy names against it for a customer of the day."""
WORTHLESS = "lower_value"
MOST_TOLD = 5
"""Breaches of a kind that are printed."""


class Witness:
    """Counts customer-days, messages, breaches, and what could have been sent."""

    def __init__(
        self,
        playbook: Path,
        snapshot: nba.Snapshot,
        world: World,
        journal: Journal,
        fits: Mapping[str, tuple[str, ...]],
        every: int,
    ) -> None:
        """Take over the history; look at one customer-day in `every` for what is due."""
        self.counts: Counter[str] = Counter()
        self.breaches: Counter[str] = Counter()
        self.worthless: Counter[str] = Counter()
        self._told: dict[str, list[str]] = defaultdict(list)
        self._book = Book(playbook)
        self._journal, self._every, self._asked = journal, every, 0
        self._cards = _cards(snapshot, fits)
        default = float(snapshot.manifest.config.default_delivery_days)
        transit = snapshot.manifest.deliveries.get("transit_days")
        self._delivery = Delivery(
            int((default if transit is None else transit) * DAY), int(default * DAY)
        )
        self._states = [_cells(one) for one in world.tables["product_states"]]
        self._rows: dict[str, Rows] = {one: _nothing() for one in world.customers}
        self._whose_order: dict[str, str] = {}
        self._versions: dict[str, dict[str, Any]] = {}
        self._sessions = _sessions(world.tables["events"])
        self._read = Counter[str]()
        self._produced: set[str] = set()
        self._take(world.tables)

    def see(
        self,
        at: np.datetime64,
        asked: Sequence[str],
        given: Sequence[Given | None],
        why_not: WhyNot,
    ) -> None:
        """Hold the answers of a day against the oracle."""
        self._take(self._new())
        now = int(at.astype(np.int64))
        shelf = Shelf({"product_states": self._states}, self._cards, now)
        for customer, one in zip(asked, given, strict=True):
            self._asked += 1
            looks = self._asked % self._every == 0
            self.counts["customer-days"] += 1
            if one is None and not looks:
                continue
            mine = {customer, *self._sessions.get(customer, ())}
            told = person(self._rows[customer], customer, mine, now)
            case = Case(self._book, told, shelf, self._delivery, now)
            allowed = Allowed.of(case)
            if one is not None:
                self.counts["messages"] += 1
                self.counts[f"message {one.message}"] += 1
                for kind in breaches(case, allowed, one):
                    self._breach(kind, f"{customer} {at} {one}")
            if looks:
                self._count(allowed, one, why_not)

    def close(self) -> None:
        """Audit the log of all that left, from the log alone."""
        self._take(self._new())
        for customer, rows in self._rows.items():
            profile = rows["customers"][0] if rows["customers"] else {}
            told = person(_nothing(), customer, {customer}, 0)
            told.profile = profile
            shelf = Shelf({"product_states": []}, {}, 0)
            case = Case(self._book, told, shelf, self._delivery, 0)
            before: list[Letter] = []
            seen: set[tuple[str, str | None]] = set()
            sent = [one for one in rows["messages"] if one["acked_at"] is not None]
            for row in sorted(sent, key=lambda one: one["acked_at"]):
                at, key = row["acked_at"], (row["message"], row["anchor"])
                left = Letter(row["message"], row["anchor"], row["channel"], at, None)
                if row["message_id"] in self._produced:
                    self.counts["left"] += 1
                    if key in seen:
                        self._breach("log: once per", f"{row}")
                    if self._book.is_marketing(row["message"]):
                        for kind in by_departure(case, before[-20:], at):
                            self._breach(f"log: {kind}", f"{row}")
                seen.add(key)
                before.append(left)

    def report(self, name: str) -> bool:
        """Print the figures; tell whether all is well."""
        counts = self.counts
        print(
            f"\n{name}: {counts['customer-days']:,} customer-days, {counts['messages']:,} given, "
            f"{counts['left']:,} left"
        )
        print(
            "  "
            + ", ".join(
                f"{key[8:]} {counts[key]:,}" for key in sorted(counts) if key.startswith("message ")
            )
        )
        print(f"  breaches: {dict(self.breaches) or 0}")
        for kind, told in self._told.items():
            print(f"    {kind}: " + "\n      ".join(told))
        due, worthless = counts["certain"], counts["certain and not worth it"]
        answered = counts["certain and given"]
        print(
            f"  looked at {counts['looks']:,} customer-days; in {due:,} something was due and "
            f"allowed whose products need no snapshot: given in {answered:,}, not worth sending "
            f"in {worthless:,}; given of the others {answered / max(due - worthless, 1):.2%}"
        )
        print(f"  not worth sending: {dict(self.worthless)}")
        print(
            f"  with those whose products only a snapshot knows: {counts['due']:,} customer-days, "
            f"given in {counts['due and given']:,}"
        )
        return not self.breaches and answered >= 0.95 * (due - worthless) > 0

    def _count(self, allowed: Allowed, given: Given | None, why_not: WhyNot) -> None:
        certain = [one.message.tier for one in allowed.certain()]
        self.counts["looks"] += 1
        self.counts["due"] += bool(allowed.sendable)
        self.counts["due and given"] += bool(allowed.sendable) and given is not None
        if not certain:
            return
        tier = 9 if given is None else self._book.by_id[given.message].tier
        self.counts["certain"] += 1
        self.counts["certain and given"] += tier <= min(certain)
        if tier > min(certain):
            rules = why_not(allowed.case.person.customer_id)
            missed = sorted(
                {one.message.id for one in allowed.certain() if one.message.tier < tier}
            )
            told = f"{allowed.case.person.customer_id} {allowed.case.at} {given}"
            if all(rules.get(one) == WORTHLESS for one in missed):
                self.counts["certain and not worth it"] += 1
                self.worthless.update(missed)
            else:
                self._tell(f"missed {[(one, rules.get(one)) for one in missed]}", told)

    def _breach(self, kind: str, told: str) -> None:
        self.breaches[kind] += 1
        self._tell(kind, told)

    def _tell(self, kind: str, told: str) -> None:
        if len(self._told[kind]) < MOST_TOLD:
            self._told[kind].append(told)

    def _new(self) -> dict[str, list[dict[str, Any]]]:
        """Give the rows that the play wrote since the last look."""
        produced = self._journal.produced()
        new = {name: rows[self._read[name] :] for name, rows in produced.items()}
        self._read.update({name: len(rows) for name, rows in new.items()})
        self._produced.update(row["message_id"] for row in new["messages"])
        return new

    def _take(self, tables: Mapping[str, Sequence[Row]]) -> None:
        """Give rows to the customers whose they are."""
        for row in map(_cells, tables.get("orders", ())):
            customer = row["customer_id"]
            self._whose_order[row["order_id"]] = customer
            stated = next(
                row[one] for one in ("status_at", "delivered_at", "ordered_at") if row.get(one)
            )
            version = {"is_test": False, **row, "version": "", "status_at": stated, "lines": []}
            self._versions[row["order_id"]] = version
            self._rows[customer]["versions"].append(version)
        for row in map(_cells, tables.get("order_lines", ())):
            row["returned_quantity"] = row.get("returned_quantity") or 0
            self._versions[row["order_id"]]["lines"].append(row)
        whose = {one: who for who, all_of in self._sessions.items() for one in all_of}
        for name in KEPT:
            for row in tables.get(name, ()):
                cells = _cells({**dict.fromkeys(TABLES[name].names), **row})
                if name == "order_statuses":
                    customer = self._whose_order[row["order_id"]]
                else:
                    customer = cells["customer_id"] or whose.get(cells.get("session_id") or "")
                if customer in self._rows:
                    self._rows[customer][name].append(cells)


def fitting(shop: Path) -> dict[str, tuple[str, ...]]:
    """Give, by product, the products that its list of what it goes with means."""
    with duckdb.connect() as connection:
        rows = connection.execute(
            f"""SELECT product_id, told.product_group_id, told.compatible_with, truth.model
            FROM '{shop}/products.parquet' AS told
            JOIN '{shop}/truth/products.parquet' AS truth USING (product_id)"""
        ).fetchall()
    meant: dict[str, list[str]] = defaultdict(list)
    for product, group, _, model in rows:
        for token in {product, group, model} - {None}:
            meant[token].append(product)
    return {
        product: tuple(other for token in listed.split(",") for other in meant[token.strip()])
        for product, _, listed, _ in rows
        if listed
    }


def _cards(snapshot: nba.Snapshot, fits: Mapping[str, tuple[str, ...]]) -> dict[str, Row]:
    known = snapshot.products
    popular = set(known.popular.tolist())
    return {
        product: {
            "availability": AVAILABILITIES[known.availability[code]],
            "is_durable": bool(known.is_durable[code]),
            "is_popular": code in popular,
            "cycle_days": int(known.cycle_days[code]),
            "fits": fits.get(product, ()),
        }
        for code, product in enumerate(known.ids)
    }


def _sessions(events: Sequence[Row]) -> dict[str, set[str]]:
    """Give the sessions that turned out to be each customer's."""
    found: dict[str, set[str]] = defaultdict(set)
    for row in events:
        if row["type"] == "merge":
            found[row["customer_id"]].add(row["session_id"])
    return found


def _nothing() -> Rows:
    return {name: [] for name in ("versions", *KEPT)}


def _cells(row: Row) -> dict[str, Any]:
    return {name: _cell(value) for name, value in row.items()}


def _cell(value: object) -> object:
    if isinstance(value, np.datetime64):
        if np.isnat(value):
            return None
        is_day = np.datetime_data(value.dtype)[0] == "D"
        return str(value) if is_day else int(value.astype("datetime64[us]").astype(np.int64))
    return value.isoformat() if isinstance(value, date) else value
