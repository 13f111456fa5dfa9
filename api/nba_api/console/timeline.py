"""What happened with one customer, the newest first: orders, events, messages and consents."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, Final

from nba.statuses import STATUSES
from nba_api.console.words import CHANNELS, EVENTS, MESSAGE_EVENTS, titled
from nba_api.console.writing import money, read

A_PAGE: Final = 50
_PRODUCTS_NAMED: Final = 12
"""Products of one line of the timeline; of more, the number is told."""
_RATED: Final = ("rating", "review", "survey")

Row = Mapping[str, Any]
Named = Callable[[str], str]
"""Gives the title of a product by its id."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that happened.

    Attributes:
        at: when, as JSON has it.
        kind: `order`, `event`, `message`, `consent` or `account`.
        title: what.
        details: more about it, a line each.
        status: the status of an order, if it is news of one.
        products: ids of what it is about, which `titles` names.
        titles: of these.
    """

    at: str
    kind: str
    title: str
    details: Sequence[str] = ()
    status: str | None = None
    products: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Timeline:
    """One page of what happened.

    Attributes:
        days: day, as `YYYY-MM-DDT00:00:00Z`, and what happened on it, the newest first.
        count: how much happened on all pages.
        page: from 1 on.
    """

    days: Sequence[tuple[str, Sequence[Entry]]]
    count: int
    page: int

    @property
    def has_more(self) -> bool:
        """Whether an older page follows."""
        return self.page * A_PAGE < self.count


def timeline_of(document: Row, until: str, page: int, named: Named) -> Timeline:
    """Put what a store exports of a customer in the order of time.

    Args:
        document: of `nba.state.export.export`.
        until: what happened then or later is left out.
        page: of the newest things, from 1 on.
        named: gives the title of a product.
    """
    found = [
        *_orders(document, named),
        *_events(document, named),
        *_messages(document),
        *_consents(document),
    ]
    end = read(until)
    past = [one for one in found if read(one.at) < end]
    # Of one instant, what was written later happened later.
    past.reverse()
    past.sort(key=lambda one: read(one.at), reverse=True)
    entries = list(_joined(past))
    shown = entries[(page - 1) * A_PAGE : page * A_PAGE]
    days = [
        (f"{day}T00:00:00Z", list(group)) for day, group in groupby(shown, lambda one: one.at[:10])
    ]
    return Timeline(days, len(entries), page)


def _orders(document: Row, named: Named) -> Iterator[Entry]:
    for order in document["orders"]:
        # Of an order that is theirs no longer only earlier versions are left.
        if "ordered_at" not in order:
            continue
        name, currency = order["order_id"], order["currency"]
        told = [_line(line, currency, named) for line in order["lines"]]
        paid = [_paid(line) for line in order["lines"] if line["unit_price"] is not None]
        # A sum of which a part is unknown is none.
        if len(paid) == len(order["lines"]):
            told.append(f"Total {money(sum(paid) - (order['discount'] or 0), currency)}")
        if order["is_test"]:
            told.append("A test, which counts for nothing")
        yield Entry(order["ordered_at"], "order", f"Order {name} placed", told)
        statuses = [(one["at"], one["status"], _news(one)) for one in order["statuses"]]
        is_told = {status for _, status, _ in statuses}
        for status, at in (
            ("delivered", order["delivered_at"]),
            (order["status"], order["status_at"]),
        ):
            if at and status not in is_told:
                is_told.add(status)
                statuses.append((at, status, []))
        statuses.sort(key=lambda one: (read(one[0]), STATUSES.index(one[1])))
        for at, status, news in statuses:
            yield Entry(at, "order", f"Order {name}", news, status=status)


def _line(line: Row, currency: str | None, named: Named) -> str:
    title = line["title"] or named(line["product_id"])
    told = f"{line['quantity']} \N{MULTIPLICATION SIGN} {title}"
    if line["unit_price"] is not None:
        told += f", {money(line['unit_price'], currency)} each"
    if line["discount"]:
        told += f", {money(line['discount'], currency)} off"
    if line["returned_quantity"]:
        told += f"; {line['returned_quantity']} came back"
    return told


def _paid(line: Row) -> int:
    return int(line["quantity"] * line["unit_price"] - (line["discount"] or 0))


def _news(status: Row) -> list[str]:
    told = {"Reason": status["reason"], "Tracking": status["tracking"]}
    return [f"{name}: {said}" for name, said in told.items() if said]


def _events(document: Row, named: Named) -> Iterator[Entry]:
    for event in document["events"]:
        product, value = event["product_id"], event["value"]
        title = EVENTS.get(event["type"], event["type"])
        of = " of 5" if event["type"] in _RATED else ""
        details = [] if value is None else [f"{value:g}{of}"]
        if event["order_id"]:
            details.append(f"Order {event['order_id']}")
        products = (product,) if product else ()
        titles = tuple(named(one) for one in products)
        yield Entry(event["at"], "event", title, details, products=products, titles=titles)


def _messages(document: Row) -> Iterator[Entry]:
    names = {}
    for one in document["messages"]:
        if one["message"] == "none":
            continue
        channel = one["channel"]
        way = f" by {CHANNELS.get(channel, channel)}" if channel else ""
        names[one["message_id"]] = name = f"{titled(one['message'])}{way}"
        about = [f"About {one['anchor']}"] if one["anchor"] else []
        if one["claimed_at"]:
            yield Entry(one["claimed_at"], "message", f"{name}: claimed", about)
        if one["acked_at"]:
            yield Entry(one["acked_at"], "message", f"{name}: handed over for sending")
    for event in document["message_events"]:
        name = names.get(event["message_id"], f"Message {event['message_id']}")
        told = MESSAGE_EVENTS.get(event["type"], event["type"])
        machine = ["By a machine, not by a person"] if event["is_machine"] else []
        yield Entry(event["at"], "message", f"{name}: {told}", machine)


def _consents(document: Row) -> Iterator[Entry]:
    for one in document["consents"]:
        said = "Agreed to" if one["granted"] else "Refused"
        source = [f"By {one['source']}"] if one["source"] else []
        channel = CHANNELS.get(one["channel"], one["channel"])
        yield Entry(one["at"], "consent", f"{said} {channel}", source)
    for one in document["customers"]:
        if one["created_at"]:
            yield Entry(one["created_at"], "account", "Account made")


def _joined(entries: Sequence[Entry]) -> Iterator[Entry]:
    """Put together what follows each other on a day and says the same of different products."""

    def alike(one: Entry) -> tuple[object, ...]:
        told = one.kind, one.at[:10], one.title, tuple(one.details)
        return told if one.products else (*told, id(one))

    for _, group in groupby(entries, alike):
        same = list(group)
        first = same[0]
        titles = dict.fromkeys(title for one in same for title in one.titles)
        names = tuple(titles)[:_PRODUCTS_NAMED]
        if len(titles) > len(names):
            names = (*names, f"and {len(titles) - len(names)} more")
        products = tuple(dict.fromkeys(product for one in same for product in one.products))
        yield replace(first, products=products, titles=names)
