"""Lists about one product as pieces of JSON: written once, joined for every request.

`Recommender` says what an answer is. Here are the very candidates and reasons that it would fill
a slate from, kept as bytes; who asks gets the same bytes that the slate would give.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from itertools import count
from math import isfinite
from typing import Any, Final, Self

import numpy as np
import orjson

from nba.artifacts.products import Products
from nba.decide.shelving import differing
from nba.domain import Texts, significant
from nba.recommend.prepared import Prepared
from nba.recommend.results import recommendation_id
from nba.recommend.slates import Candidates, Explained
from nba_api.answers import public_reason

KEPT_BYTES: Final = 64_000_000
"""What the pieces of all lists together may take, roughly."""
MAX_SHOWN: Final = 50
_NUMBERS: Final = count()
_RANKS: Final = tuple(str(rank).encode() for rank in range(MAX_SHOWN + 1))
_ROUND_BYTES: Final = 400
_CODE_BYTES: Final = 72
_PIECE_BYTES: Final = 320
"""What Python itself takes for a round, a candidate, and what is written of one."""
RULES: Final = ("banned", "excluded", "in_basket", "out_of_stock", "variant")
"""What may take a candidate out, in the order in which the reasons count."""


class Plain:
    """What a plain question says besides the product.

    Attributes:
        limit: products at most.
        exclude, in_basket: ids never to show.
        filters: what the answer repeats of them, as `Filters.asked` gives it.
    """

    __slots__ = ("exclude", "filters", "in_basket", "limit")

    def __init__(self, limit: int, exclude: Collection[str], in_basket: Collection[str]) -> None:
        """Keep what was said."""
        self.limit = limit
        self.exclude = exclude
        self.in_basket = in_basket
        told = {"exclude": exclude, "in_basket": in_basket}
        self.filters = {name: sorted(set(ids)) for name, ids in told.items() if ids}


class Cards:
    """The cards of a snapshot's products: as written at training, or anew where they changed.

    Attributes:
        number: of no other cards of this process.
    """

    def __init__(self, trained: Products, now: Products) -> None:
        """Find out what changed.

        Args:
            trained: as the snapshot has them.
            now: as they stand.
        """
        self.number = next(_NUMBERS)
        self._written = memoryview(trained.cards.data)  # type: ignore[arg-type]
        self._ends = memoryview(trained.cards.offsets)  # type: ignore[arg-type]
        self._now = now
        self._anew: dict[int, bytes] = dict.fromkeys(differing(trained, now).tolist(), b"")

    def of(self, code: int) -> bytes:
        """Give the card of a product as JSON; empty where its texts are no Unicode."""
        anew = self._anew.get(code)
        if anew is None:
            return bytes(self._written[self._ends[code] : self._ends[code + 1]])
        if not anew:
            anew = self._anew[code] = self._now.encoded_card(code)
        return anew


class Ground:
    """What every list of a snapshot shares.

    Attributes:
        snapshot_id: of the snapshot.
        ids: of its products.
        group: int32 per product: a number for its group; 0 without one.
        ending: the end of every answer.
    """

    def __init__(self, products: Products, model: Mapping[str, str | None]) -> None:
        """Number the groups.

        Args:
            products: of the snapshot.
            model: what every answer says of it.
        """
        self.snapshot_id = model["snapshot_id"]
        self.ids = products.ids
        self.group = memoryview(_numbered(products.group))
        self.ending = b',"model":' + orjson.dumps(model) + b"}"

    def codes_of(self, ids: Collection[str]) -> Collection[int]:
        """Give the codes of the products that the snapshot knows."""
        if not ids:
            return ()
        found = map(self.ids.find, ids)
        return frozenset(code for code in found if code is not None)


def _numbered(groups: Texts) -> Any:  # noqa: ANN401 - an array, which mypy takes for no buffer
    numbers: dict[str, int] = {"": 0}
    return np.fromiter((numbers.setdefault(one, len(numbers)) for one in groups), np.int32)


@dataclass(slots=True)
class Written:
    """What is written of a candidate.

    Attributes:
        before: what stands before its rank.
        middle: what stands between its rank and its card.
        after: the rest.
        number: of the cards from which its own was written; -1 for none yet.
        rest: all behind its rank; empty where its card cannot be written.
    """

    before: bytes
    middle: bytes
    after: bytes
    number: int = -1
    rest: bytes = b""


class Round:
    """Candidates of one round, best first, and what is written of them."""

    __slots__ = ("codes", "explain", "score", "written")

    def __init__(self, candidates: Candidates, judged: Collection[int]) -> None:
        """Rank candidates as `recommend.ranking.best` does; none is explained before it is shown.

        Args:
            candidates: of the round.
            judged: codes that an earlier round, or the question, has.
        """
        codes, score = candidates.codes.tolist(), candidates.score.tolist()
        # There are some dozens: sorting them as arrays takes longer than as a list.
        ranked = [
            place
            for place, code in enumerate(codes)
            if code not in judged and isfinite(score[place])
        ]
        ranked.sort(key=lambda place: -score[place])
        self.codes: list[int] = [codes[place] for place in ranked]
        self.score: list[float] = [score[place] for place in ranked]
        self.explain: Callable[[int], Explained] = candidates.explain
        self.written: list[Written | None] = [None] * len(self.codes)


class Listed:
    """One list about one product.

    Attributes:
        rounds: candidates, each product in the first round that has it.
        banned: codes that the shop's rules keep from the list.
        beside: numbers of the groups that stand beside it.
        size: bytes, roughly.
    """

    __slots__ = ("_heads", "_kind", "_request", "_rules", "banned", "beside", "rounds", "size")

    def __init__(self, ground: Ground, prepared: Prepared) -> None:
        """Rank what was prepared."""
        question = prepared.question
        self._kind = question.type
        self._request = question.request
        self._rules = question.curation.mark
        self._heads: dict[int, bytes] = {}
        self.banned = frozenset(question.curation.banned.tolist())
        self.beside = frozenset(ground.group[code] for code in question.beside) - {0}
        judged = set(question.known)
        self.rounds: list[Round] = []
        for candidates in prepared.rounds:
            if len(candidates.codes):
                self.rounds.append(Round(candidates, judged))
                judged.update(candidates.codes.tolist())
        self.size = sum(_ROUND_BYTES + _CODE_BYTES * len(one.codes) for one in self.rounds)

    def head(self, ground: Ground, plain: Plain) -> bytes:
        """Give the beginning of an answer, up to its products."""
        if plain.filters:
            return self._head(ground, {**self._request, "limit": plain.limit, **plain.filters})
        head = self._heads.get(plain.limit)
        if head is None:
            head = self._head(ground, {**self._request, "limit": plain.limit})
            self._heads[plain.limit] = head
            self.size += len(head)
        return head

    def _head(self, ground: Ground, request: dict[str, Any]) -> bytes:
        identity = recommendation_id(ground.snapshot_id, self._kind, request, self._rules)
        return (
            b'{"recommendation_id":"%b","type":"%b","request":' % (
                identity.encode(), self._kind.encode()
            )
            + orjson.dumps(request)
            + b',"items":['
        )  # fmt: skip

    def write(self, stand: Stand, one: Round, place: int) -> Written:
        """Write down a candidate, with its card as it stands."""
        code = one.codes[place]
        written = one.written[place]
        if written is None:
            written = one.written[place] = _written(stand.ground, one, code, one.score[place])
            self.size += _PIECE_BYTES + len(written.before + written.middle + written.after)
        self.size -= len(written.rest)
        card = stand.cards.of(code)
        written.rest = written.middle + card + written.after if card else b""
        written.number = stand.cards.number
        self.size += len(written.rest)
        return written


def _written(ground: Ground, one: Round, code: int, score: float) -> Written:
    source, reason = one.explain(code)
    return Written(
        b',{"product_id":' + orjson.dumps(ground.ids[code]) + b',"rank":',
        b',"score":'
        + orjson.dumps(significant(score))
        + b',"source":'
        + orjson.dumps(str(source))
        + b',"product":',
        b',"reason":' + orjson.dumps(public_reason(reason)) + b"}",
    )


class Lists:
    """Lists that were asked for, those asked for last, as many as the memory for them allows."""

    def __init__(self, limit: int = KEPT_BYTES) -> None:
        """Keep nothing yet.

        Args:
            limit: bytes, roughly.
        """
        self._limit = limit
        self._kept: OrderedDict[tuple[str, str, int], tuple[Listed, int]] = OrderedDict()
        self.size = 0

    def find(self, key: tuple[str, str, int]) -> Listed | None:
        """Give a list by its kind, product and least number of customers."""
        kept = self._kept.get(key)
        if kept is None:
            return None
        self._kept.move_to_end(key)
        return kept[0]

    def keep(self, key: tuple[str, str, int], listed: Listed) -> None:
        """Keep a list, or note that it grew; what was not asked for the longest gives way."""
        _, before = self._kept.get(key, (listed, 0))
        self._kept[key] = listed, listed.size
        self.size += listed.size - before
        while self.size > self._limit:
            _, (_, size) = self._kept.popitem(last=False)
            self.size -= size


@dataclass(frozen=True, slots=True)
class Stand:
    """The products of a snapshot as they stand now.

    Attributes:
        ground: what does not change.
        cards: what is shown of them.
        can_be_ordered: a byte per product: 1 where it can.
    """

    ground: Ground
    cards: Cards
    can_be_ordered: bytes

    @classmethod
    def of(cls, ground: Ground, trained: Products, now: Products) -> Self:
        """Look at products as they stand.

        Args:
            ground: of their snapshot.
            trained: as the snapshot has them.
            now: as they stand.
        """
        can_be_ordered = now.can_be_ordered(np.arange(len(now)))
        return cls(ground, Cards(trained, now), can_be_ordered.tobytes())


def fill(listed: Listed, stand: Stand, plain: Plain) -> bytes | None:
    """Join an answer: what `recommend.slates.fill` fills a slate with, as JSON.

    Args:
        listed: whose candidates.
        stand: the products as they stand.
        plain: how many products, and which not.

    Returns:
        The body; None where a card cannot be written.
    """
    ground, cards, can_be_ordered = stand.ground, stand.cards, stand.can_be_ordered
    excluded, in_basket = ground.codes_of(plain.exclude), ground.codes_of(plain.in_basket)
    n, number_of_cards = plain.limit, cards.number
    barred = listed.banned.union(excluded, in_basket)
    seen, group = set(listed.beside), ground.group
    pieces: list[bytes] = [listed.head(ground, plain)]
    out: dict[str, int] = {}
    last = 0.0
    shown = 0
    for one in listed.rounds:
        if shown == n:
            break
        places: list[int] = []
        taken = [0, 0, 0, 0, 0]
        for place, code in enumerate(one.codes):
            if barred and code in barred:
                taken[0 if code in listed.banned else 1 if code in excluded else 2] += 1
            elif not can_be_ordered[code]:
                taken[3] += 1
            elif (number := group[code]) and number in seen:
                taken[4] += 1
            else:
                seen.add(number)
                places.append(place)
                if shown + len(places) == n:
                    break
        if any(taken):
            for rule, times in zip(RULES, taken, strict=True):
                if times:
                    out[rule] = out.get(rule, 0) + times
        if not places:
            continue
        best_score = one.score[places[0]]
        scale = last / best_score if shown and best_score > last else 1.0
        for place in places:
            written = one.written[place]
            if written is None or written.number != number_of_cards:
                written = listed.write(stand, one, place)
            rest = written.rest
            if not rest:
                return None
            if scale != 1.0:
                code = one.codes[place]
                scaled = _written(ground, one, code, scale * one.score[place])
                rest = scaled.middle + cards.of(code) + scaled.after
            shown += 1
            pieces += (written.before if shown > 1 else written.before[1:], _RANKS[shown], rest)
        last = significant(scale * one.score[places[-1]])
    pieces += (b'],"fallback":null,"missing_ids":[],"excluded":', orjson.dumps(out), ground.ending)
    return b"".join(pieces)
