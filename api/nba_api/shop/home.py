"""The first page: what the shop has, and what it proposes to the chosen customer."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from nba.facts.fold import Facts
from nba_api.live import Serving
from nba_api.shop.blocks import SHOWN, Block, best_sellers
from nba_api.shop.product import due_words
from nba_api.shop.visit import MODEL, Visit

_MOST_SOLD: Final = 8


def home_blocks(
    serving: Serving, visit: Visit, facts: Facts | None, at: np.datetime64
) -> list[Block]:
    """Give the blocks of the first page.

    Args:
        serving: what answers.
        visit: who looks, and which blocks they want.
        facts: of the chosen customer; None without one, or while nobody can tell.
        at: the instant.
    """
    if visit.blocks == "off":
        return []
    sold = best_sellers(serving.recommender, visit, shown=_MOST_SOLD)
    blocks = [sold]
    if visit.blocks == MODEL and facts is not None:
        blocks = [*_personal(serving, visit, facts, at), sold]
    return [one for one in blocks if one.cards]


def _personal(serving: Serving, visit: Visit, facts: Facts, at: np.datetime64) -> list[Block]:
    customer, bought = facts.customer_ids[0], serving.bought(facts)
    recommender = serving.recommender_at(facts.shelf, at)
    picks = recommender.picks(customer, n=SHOWN, bought=bought, fallback=None, at=at)
    again = recommender.buy_again(customer, n=SHOWN, bought=bought, at=at)
    replaced = Block.of("again", "Time to replace", again, visit)
    words = [due_words(one.reason.evidence) for one in again]
    cards = [
        replace(card, due=f"Needed again {due}" if due else "")
        for card, due in zip(replaced.cards, words, strict=True)
    ]
    return [
        Block.of("picks", f"For customer {customer}", picks, visit),
        replace(replaced, cards=cards),
    ]
