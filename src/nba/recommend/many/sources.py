"""The words of a playbook for where products come from, and who finds them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from nba.recommend.many import asked, catalogue, personal, related, succeeding
from nba.recommend.many.lists import Codes
from nba.recommend.many.offer import Askers, Marks, Offer
from nba.recommend.many.related import Answer
from nba.vocabulary import Relation

Finding = Callable[[Offer, Askers, Marks, Codes, int], Answer]

FINDING: Final[Mapping[str, Finding]] = {
    "bought_together": partial(related.together, relation=Relation.BOUGHT_TOGETHER),
    "accessories": partial(related.together, relation=Relation.ACCESSORIES),
    "similar": partial(related.in_turn, relation=Relation.SIMILAR),
    "similar_on_sale": partial(related.in_turn, relation=Relation.SIMILAR, on_sale=True),
    "parts": partial(related.in_turn, relation=Relation.PARTS),
    "replacements": succeeding.replacements,
    "buy_again": personal.again,
    "due": personal.due,
    "picks": personal.picks,
    "popular": personal.popular,
    "on_sale": catalogue.on_sale,
    "new": catalogue.new,
    "ordered": asked.ordered,
    "anchor": asked.anchor,
}
