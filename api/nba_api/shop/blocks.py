"""Blocks: lists of products beside what a page is about, by the model or by best sellers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

import orjson

from nba.facts.fold import Facts
from nba.recommend.recommender import Recommender
from nba.recommend.results import Slate
from nba_api.live import Serving
from nba_api.shop.cards import Card
from nba_api.shop.visit import MODEL, Visit
from nba_api.shop.writing import price

SHOWN: Final = 4
"""Products of a block."""
OWNED: Final = 50
"""Products that a customer has, of which the lists know at most."""
SOLD: Final = "Best sellers"


@dataclass(frozen=True, slots=True)
class Block:
    """A list with a heading.

    Attributes:
        name: of the block on its page.
        heading: for people.
        cards: the products.
        notes: sentences above them.
        widget: attributes of `<nba-products>`, which then asks by itself; None where the server
            alone can tell.
        total: what the page's product and these cost together; empty where nobody knows.
        all_of: ids to put into the basket with one button; empty where there is none.
    """

    name: str
    heading: str
    cards: Sequence[Card]
    notes: Sequence[str] = ()
    widget: Mapping[str, str] | None = None
    total: str = ""
    all_of: Sequence[str] = ()

    @classmethod
    def of(
        cls,
        name: str,
        heading: str,
        slate: Slate,
        visit: Visit,
        *,
        notes: Sequence[str] = (),
        widget: Mapping[str, str] | None = None,
        beside: Card | None = None,
    ) -> Self:
        """Show a slate.

        Args:
            name: of the block on its page.
            heading: for people.
            slate: what to show.
            visit: that the links go on with.
            notes: sentences above it.
            widget: what the widget asks, besides its look; None where it cannot ask.
            beside: the page's own product, to be had together with all of these.
        """
        cards = [Card.of_recommended(one, visit, slate.model["snapshot_id"] or "") for one in slate]
        every = [beside, *cards] if beside is not None else []
        if widget is not None:
            # Without an endpoint of its own the widget asks where its script came from.
            widget = {**widget, "limit": str(SHOWN), "explain": ""}
            if every and beside is not None and beside.paid is not None:
                widget |= {"price": str(beside.paid)}
        return cls(
            name,
            heading,
            cards,
            notes,
            widget,
            _total(every),
            [one.product_id for one in every if one.can_be_ordered],
        )


def best_sellers(
    recommender: Recommender, visit: Visit, beside: Sequence[str] = (), shown: int = SHOWN
) -> Block:
    """Show what is ordered most, without what stands on the page already."""
    slate = recommender.popular(n=shown + len(beside))
    kept = tuple(one for one in slate if one.product_id not in beside)[:shown]
    cards = [Card.of_recommended(one, visit, slate.model["snapshot_id"] or "") for one in kept]
    notes = [] if visit.blocks == MODEL else ["The same for everybody, whatever they look at."]
    return Block("popular", SOLD, cards, notes)


def owned_by(serving: Serving, facts: Facts | None) -> list[str]:
    """List what a customer has by now, as personal lists know it: no other list offers it again.

    Args:
        serving: what knows which products last.
        facts: of the customer alone; None without one, or while nobody can tell.

    Returns:
        What was bought since the snapshot, then what lasts: product ids, at most `OWNED`. One with
        a comma is left out: it cannot stand in a list of ids of an address, and the widget is to
        show what the server shows.
    """
    if facts is None:
        return []
    products, bought = serving.snapshot.products, serving.bought(facts)
    found = ((one, products.ids.find(one)) for one in bought.products)
    lasting = [one for one, code in found if code is not None and products.is_durable[code]]
    owned = dict.fromkeys([*bought.lately, *lasting])
    return [one for one in owned if "," not in one][:OWNED]


def listed(ids: Sequence[str]) -> str:
    """Write ids for an attribute of the widget; an id may hold a comma."""
    return orjson.dumps([one.encode("utf-8", "replace").decode() for one in ids]).decode()


def _total(cards: Sequence[Card]) -> str:
    """Add up prices; a sum of which a part is unknown, or in another currency, is none."""
    paid = [one.paid for one in cards if one.paid is not None]
    currencies = {one.currency for one in cards}
    if len(cards) < 2 or len(paid) < len(cards) or len(currencies) > 1:
        return ""
    return price(sum(paid), cards[0].currency)
