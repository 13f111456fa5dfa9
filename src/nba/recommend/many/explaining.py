"""The reasons of what was found for one row: those of `recommend.reasons`, for these products."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nba.artifacts.products import Products
from nba.domain import significant
from nba.recommend import reasons
from nba.recommend.due import due_dates
from nba.recommend.many.lists import Found
from nba.recommend.many.offer import Offer
from nba.recommend.many.succeeding import newest
from nba.recommend.results import Reason, Recommendation
from nba.recommend.slates import Explained
from nba.recommend.wording import leaf
from nba.vocabulary import SOURCES, ReasonCode, Relation, Source

_GRAPHS = {
    "bought_together": (Relation.BOUGHT_TOGETHER, False),
    "accessories": (Relation.ACCESSORIES, False),
    "similar": (Relation.SIMILAR, True),
    "similar_on_sale": (Relation.SIMILAR, True),
    "parts": (Relation.PARTS, True),
}
"""The graph of a source, and whether what is banned from one product's list was taken out of it."""


def explain(
    offer: Offer, products: Products, source: str, customer: int, found: Found
) -> list[Recommendation]:
    """Turn what a source found for one row into recommendations, in the same order.

    Args:
        offer: what it was found in.
        products: those of its snapshot as they stand, whose cards are shown.
        source: a word of `sources.FINDING`.
        customer: a code of the snapshot, negative for one it does not know.
        found: products of one row.
    """
    items = []
    for place, code in enumerate(found.code.tolist()):
        origin, reason = _reason(offer, source, customer, found, place, code)
        items.append(
            Recommendation(
                products.ids[code],
                place + 1,
                significant(float(found.score[place])),
                origin,
                reason,
                products.card(code),
            )
        )
    return items


def _reason(
    offer: Offer, source: str, customer: int, found: Found, place: int, code: int
) -> Explained:
    ground = offer.ground
    snapshot, origin = ground.snapshot, SOURCES[found.origin[place]]
    about = int(found.about[place])
    if source in _GRAPHS:
        relation, without_banned = _GRAPHS[source]
        edges = offer.edges(relation, without_banned=without_banned)
        return reasons.explain(snapshot, edges.edge(relation, about, int(found.edge[place])))
    if source == "replacements":
        way = newest(offer, about)
        if way is not None:
            return reasons.successor(snapshot, about, way)
    if origin is Source.POPULAR:
        manifest = snapshot.manifest
        days = manifest.config.popular.window_days
        return reasons.popular(int(ground.popular_orders[code]), days, manifest.data_until)
    if source in ("on_sale", "new"):
        return origin, _told_by_catalogue(offer, source, code)
    if origin is Source.INTENT:
        return origin, Reason(ReasonCode.INTENT, "the customer has it in mind", {})
    if source == "ordered":
        return origin, Reason(ReasonCode.ORDERED, "in the order", {})
    told, reason = reasons.personal(snapshot, customer, code, float(found.confidence[place]))
    if source in ("buy_again", "due"):
        dates = due_dates(snapshot, customer, np.array([code]), offer.at)[0]
        reason = replace(reason, evidence={**reason.evidence, **dates})
    return told, reason


def _told_by_catalogue(offer: Offer, source: str, code: int) -> Reason:
    """Explain what is on sale, or new, by its category or the day of its publication."""
    products = offer.ground.snapshot.products
    path, orders = products.category[code], int(products.orders[code])
    if source == "on_sale":
        text = f"on sale in {leaf(path)}"
        return Reason(ReasonCode.ON_SALE, text, {"category": path, "orders": orders})
    day = str(products.published_day[code].astype("datetime64[D]"))
    evidence = {"category": path or None, "published_on": day, "orders": orders}
    return Reason(ReasonCode.NEW, f"new since {day}", evidence)
