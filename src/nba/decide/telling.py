"""What N customers should get, as columns of texts and numbers for a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from nba.decide.choice import arm_of, held_out
from nba.decide.deciding import Choices, Rulebook
from nba.decide.explaining import anchor_of, decision_ids, why
from nba.decide.offers import Offers
from nba.decide.playbooks.messages import Message
from nba.decide.playbooks.triggers import Anchor
from nba.decide.situation import TOLD, Situation
from nba.domain import Instants, iso
from nba.facts.stages import STAGES
from nba.facts.stages import STATES as STAGE_STATES
from nba.recommend.flat import PLACES, PRODUCT_COLUMNS, Cells, cells_of
from nba.statuses import STATUSES
from nba.vocabulary import CHANNELS, NOTHING_SENT

COLUMNS: Final = (
    "customer_id",
    "as_of",
    "stage",
    "state",
    "message",
    "kind",
    "channel",
    "send_after",
    "expires_at",
    "anchor",
    "order_id",
    "delivery_assumed",
    "product_ids",
    "text",
    "why",
    "expected",
    "arm",
    "propensity",
    "holdout",
    "decision_id",
)
"""The columns of a table of decisions."""
_BY_CLOCK: Final = (Anchor.WEEK, Anchor.YEAR)
"""Anchors that everybody shares whose clock shows the same."""

Column = list[Any]


def columns_of(
    book: Rulebook, choices: Choices, context: Mapping[str, str]
) -> dict[str, list[Any]]:
    """Tell what was chosen: a list a column, `COLUMNS` and `PRODUCT_COLUMNS`, one entry a customer.

    Every cell says what the customer's `Decision` says. Where nothing is due, `message` is `none`,
    and what else is about a message is None. `product_ids` are separated by spaces.
    """
    now, offers = choices.now, choices.offers
    customer_ids = now.facts.customer_ids
    count = len(customer_ids)
    messages = [book.playbook.message[place] for place in offers.rows.message.tolist()]
    codes = _products(offers, messages)
    ids = book.snapshot.products.ids
    names = {code: ids[code] for one in codes for code in one}
    shown = [[names[code] for code in one] for one in codes]
    about = _about(now, offers, messages, shown)
    told: dict[str, Column] = (
        about
        | _cards(offers, codes)
        | {
            "message": [one.id for one in messages],
            "kind": [str(one.kind) for one in messages],
            "channel": [str(CHANNELS[code]) for code in offers.prices.channel.tolist()],
            "send_after": _written(choices.send_after),
            "expires_at": _written(offers.rows.expires),
            "product_ids": [" ".join(one) for one in shown],
            "text": [one.text or one.id for one in messages],
            "expected": offers.prices.expected.tolist(),
            "arm": [
                arm_of(one.variants, one.id, customer_ids[customer])
                for one, customer in zip(messages, offers.rows.customer.tolist(), strict=True)
            ],
            "propensity": choices.propensity.tolist(),
        }
    )
    # Who has no row finds what stands behind the last one.
    none, rows = {"message": NOTHING_SENT, "propensity": 1.0}, choices.row.tolist()
    columns = {name: [*cells, none.get(name)] for name, cells in told.items()}
    columns = {name: [cells[row] for row in rows] for name, cells in columns.items()} | {
        "customer_id": list(customer_ids),
        "as_of": [iso(now.at)] * count,
        "stage": [str(STAGES[code]) for code in now.stage.tolist()],
        "state": [STAGE_STATES[code] for code in now.stages.state.tolist()],
        "holdout": held_out(book.playbook, customer_ids).tolist(),
        "decision_id": decision_ids(book, now, context),
    }
    return {name: columns[name] for name in (*COLUMNS, *PRODUCT_COLUMNS)}


def _about(
    now: Situation, offers: Offers, messages: Sequence[Message], shown: Sequence[Sequence[str]]
) -> dict[str, Column]:
    """Say per row what its message is about, and why it is due."""
    rows, facts = offers.rows, now.facts
    has_order = rows.order >= 0
    order = np.where(has_order, rows.order, 0)
    is_ordered = has_order.tolist()
    nothing: Column = [None] * len(rows)
    order_ids = statuses = assumed = nothing
    if any(is_ordered):
        order_ids = list(facts.order_ids.take(facts.order_id[order]))
        statuses = [STATUSES[code] for code in facts.status[order].tolist()]
        assumed = (now.clock.source[order] != TOLD).tolist()
    is_intent = (rows.intent >= 0).tolist()
    shared: dict[tuple[str, int, np.datetime64], str] = {}
    columns: dict[str, Column] = {
        name: [] for name in ("anchor", "order_id", "delivery_assumed", "why")
    }
    for row, message in enumerate(messages):
        kind = message.trigger.meaning.anchor
        if kind in _BY_CLOCK:
            clock = kind, int(facts.people.zone[rows.customer[row]]), rows.at[row]
            if clock not in shared:
                shared[clock] = anchor_of(now, rows, row, message)
            anchor = shared[clock]
        else:
            anchor = anchor_of(now, rows, row, message)
        merge: dict[str, Any] = {}
        if is_ordered[row]:
            merge = {
                "order_id": order_ids[row],
                "status": statuses[row],
                "delivery_assumed": assumed[row],
            }
        elif not is_intent[row]:
            merge = {"anchor": anchor}
        columns["anchor"].append(anchor)
        columns["order_id"].append(merge.get("order_id"))
        columns["delivery_assumed"].append(merge.get("delivery_assumed"))
        columns["why"].append(why(now, rows, row, message, merge, len(shown[row])))
    return columns


def _products(offers: Offers, messages: Sequence[Message]) -> list[list[int]]:
    """Give the codes of the products of each row, slot by slot, by rank."""
    shown: list[list[int]] = [[] for _ in messages]
    has_slots = np.array([bool(one.slots) for one in messages], np.bool_)
    for part, filled in enumerate(offers.filled):
        rows = np.flatnonzero(has_slots & (offers.part == part))
        if not len(rows):
            continue
        place = offers.place[rows]
        for slot in messages[int(rows[0])].slots:
            inside = filled.slots[slot.name]
            codes = inside.found.code.tolist()
            begin, end = inside.start[place].tolist(), inside.start[place + 1].tolist()
            for row, first, last in zip(rows.tolist(), begin, end, strict=True):
                shown[row] += codes[first:last]
    return shown


def _cards(offers: Offers, shown: Sequence[Sequence[int]]) -> dict[str, Column]:
    """Say what stands on the cards of the first products of each row."""
    products = offers.filling.products
    cards: dict[int, Cells] = {}
    columns: list[Column] = [[] for _ in PRODUCT_COLUMNS]
    nothing = (None,) * len(PRODUCT_COLUMNS)
    for codes in shown:
        cells: tuple[str | None, ...] = ()
        for code in codes[:PLACES]:
            if code not in cards:
                cards[code] = cells_of(products.ids[code], products.card(code))
            cells += cards[code]
        for column, cell in zip(columns, cells + nothing[len(cells) :], strict=True):
            column.append(cell)
    return dict(zip(PRODUCT_COLUMNS, columns, strict=True))


def _written(at: Instants) -> list[str]:
    """Write instants as `iso` does."""
    return [f"{one.removesuffix('.000000')}Z" for one in np.datetime_as_string(at).tolist()]
