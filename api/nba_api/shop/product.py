"""The page of a product: what goes with it, what is like it, and when it is to be replaced."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from nba.domain import DAY, iso
from nba.facts.fold import Facts
from nba.recommend.eligibility import Filters
from nba.recommend.results import Slate
from nba.recommend.wording import leaf
from nba.vocabulary import ReasonCode
from nba_api.console.writing import day
from nba_api.live import Serving
from nba_api.shop.blocks import SHOWN, Block, best_sellers, owned_by
from nba_api.shop.cards import Card
from nba_api.shop.visit import MODEL, Visit

_PLACEMENT: Final = "product_page"


def product_blocks(
    serving: Serving,
    visit: Visit,
    card: Card,
    facts: Facts | None,
    at: np.datetime64,
) -> list[Block]:
    """Give the blocks of a product's page.

    Args:
        serving: what answers.
        visit: who looks, and which blocks they want.
        card: the product.
        facts: of the chosen customer; None without one, or while nobody can tell.
        at: the instant.
    """
    recommender, product = serving.recommender, card.product_id
    if visit.blocks != MODEL:
        popular = best_sellers(recommender, visit, [product])
        return [popular] if visit.blocks == "popular" and popular.cards else []

    owned = owned_by(serving, facts)
    filters = Filters(exclude=owned)

    def asked(relation: str) -> dict[str, str]:
        told = {"relation": relation, "product": product, "placement": _PLACEMENT}
        return told | ({"exclude": ",".join(owned)} if owned else {})

    together = recommender.bought_together(product, n=SHOWN, filters=filters, at=at)
    fits = recommender.accessories(product, n=SHOWN, filters=filters, at=at)
    blocks = [
        Block.of(
            "together",
            "Bought together",
            together,
            visit,
            widget=asked("bought-together"),
            beside=card if card.can_be_ordered else None,
        ),
        Block.of("fits", "Fits this", fits, visit, widget=asked("accessories")),
    ]
    instead = recommender.replacements(product, n=SHOWN, filters=filters, at=at)
    replaced = _replaced(serving, visit, card, instead, asked("replacements"), facts, at)
    # Whoever cannot have it wants to know first what to take instead.
    blocks.insert(len(blocks) if card.can_be_ordered else 0, replaced)
    if not replaced.cards:
        # Else these stand there already: what is like a product may take its place.
        similar = recommender.similar(product, n=SHOWN, filters=filters, at=at)
        blocks.append(
            Block.of("similar", "Similar products", similar, visit, widget=asked("similar"))
        )
    return [one for one in blocks if one.cards or one.notes]


def _replaced(
    serving: Serving,
    visit: Visit,
    card: Card,
    slate: Slate,
    widget: Mapping[str, str],
    facts: Facts | None,
    at: np.datetime64,
) -> Block:
    """Say what takes a product's place, where there is a time for it."""
    product = card.product_id
    code = serving.snapshot.products.ids.find(product)
    cycle = 0 if code is None else int(serving.snapshot.products.cycle_days[code])
    notes = [] if facts is None else owned_notes(serving, facts, product, cycle, at)
    if cycle and not notes:
        ends = _ends(serving, product)
        notes = [f"It, or a part of it, is {ends} about {cycle} days after it arrived."]
    succeeds = any(one.reason.code is ReasonCode.SUCCESSOR for one in slate)
    has_time = bool(notes) or succeeds or not card.can_be_ordered
    block = Block.of("replace", "Time to replace", slate, visit, notes=notes, widget=widget)
    return block if has_time else Block(block.name, block.heading, [])


def owned_notes(
    serving: Serving, facts: Facts, product: str, cycle_days: int, at: np.datetime64
) -> list[str]:
    """Say when a customer bought a product, and when they need it, or a part of it, next.

    Args:
        serving: what answers.
        facts: of the customer alone.
        product: an id.
        cycle_days: after how many days it is worn or used up; 0 where nobody knows.
        at: the instant.
    """
    order = _last_order(facts, product)
    if order is None:
        return []
    customer = facts.customer_ids[0]
    bought, arrived = facts.ordered_at[order], facts.delivered_at[order]
    notes = [f"Customer {customer} bought it on {day(iso(bought))}."]
    again = serving.recommender.buy_again(
        customer, n=1, among=[product], bought=serving.bought(facts), at=at
    )
    due = due_words(again[0].reason.evidence) if len(again) else ""
    if due:
        notes.append(f"They need it again {due}.")
    elif cycle_days:
        begins = bought if np.isnat(arrived) else arrived
        notes.append(
            f"It, or a part of it, is {_ends(serving, product)} after about {cycle_days} days: "
            f"on {day(iso(begins + cycle_days * DAY))}."
        )
    known = serving.recommender.profile(customer, at=at)
    notes += [
        f"A {leaf(one['category'])} for it is needed about {day(one['evidence']['due_at'])}."
        for one in known.due
        if one["evidence"].get("of") == product
    ]
    # That it was bought is worth a line beside a time, and no reason to speak of replacing.
    return notes if len(notes) > 1 else []


def due_words(evidence: Mapping[str, Any]) -> str:
    """Say when a need is next due, with its interval; empty where nobody knows."""
    if not evidence.get("due_at"):
        return ""
    words = f"about {day(evidence['due_at'])}"
    if evidence.get("due_from") and evidence.get("due_until"):
        words += f" (from {day(evidence['due_from'])} to {day(evidence['due_until'])})"
    return words


def _ends(serving: Serving, product: str) -> str:
    """Say how a product that is to be replaced comes to its end: nobody wears coffee."""
    products = serving.snapshot.products
    code = products.ids.find(product)
    return "worn" if code is not None and products.is_durable[code] else "used up"


def _last_order(facts: Facts, product: str) -> int | None:
    """Find the customer's last order with a product."""
    code = facts.product_ids.find(product)
    if code is None:
        return None
    lines = np.flatnonzero(facts.product == code)
    if not len(lines):
        return None
    return int(np.searchsorted(facts.line_start, lines[-1], "right")) - 1
