"""What the graphs say of the products that many rows are about, as `Recommender` says it of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nba.domain import rounded
from nba.ranges import crossed, ranks, starts
from nba.recommend.many.edges import Edges
from nba.recommend.many.ground import Ground
from nba.recommend.many.lists import Codes, Floats, Found, choose, firsts, held, lengths
from nba.recommend.many.offer import LIST_OF, Askers, Marks, Offer, judge
from nba.vocabulary import SOURCES, Relation, Source

DEPTH: Final = 12
"""Neighbours of a product that are looked at first; all, where these are too few."""
_SPARE: Final = 3
"""Products of a list for all that are looked at first, beside those wanted."""

Answer = tuple[Found, Codes]
"""What was found, and the rows of what only the stock speaks against."""

_PAIR, _CUSTOMERS, _GROUP = (
    SOURCES.index(one) for one in (Source.PAIR, Source.CUSTOMERS, Source.GROUP)
)


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """Edges chosen for some rows, by row, then rank.

    Attributes:
        row, code, score, about: as in `Found`.
        place: of the edge.
    """

    row: Codes
    code: NDArray[np.integer]
    score: Floats
    about: Codes
    place: Codes

    def without(self, rows: Codes) -> Choice:
        """Leave out what was chosen for some rows."""
        kept = ~held(rows, self.row)
        return Choice(*(getattr(self, name)[kept] for name in self.__slots__))

    def found(self, ground: Ground, edges: Edges, relation: Relation) -> Found:
        """Say what each rests on."""
        return Found.of(
            self.row,
            self.code,
            self.score,
            edges.origin[self.place],
            confidence=confidence(ground, edges, relation, self.about, self.place),
            about=self.about,
            edge=self.place,
        )


def together(
    offer: Offer, askers: Askers, marks: Marks, rows: Codes, n: int, *, relation: Relation
) -> Answer:
    """Give what a relation says of all that a row is about: the mean of the products' scores.

    The product that speaks loudest explains it.

    Args:
        offer: what may be offered.
        askers: the rows.
        marks: what not to show them.
        rows: those to answer, ascending.
        n: products a row, at most.
        relation: bought together, or accessories.
    """
    edges, word = offer.edges(relation), LIST_OF[relation]
    size = askers.about.start[rows + 1] - askers.about.start[rows]
    single, several = rows[size == 1], rows[size > 1]
    parts: list[tuple[Choice, Codes]] = []
    if len(single):
        # The best of one list stand at its head; the best mean of several may stand anywhere.
        choice, fell, short = _headed(offer, edges, word, askers, marks, single, n)
        if len(short):
            several = np.sort(np.concatenate([several, short]))
            choice, fell = choice.without(short), _left(fell, short)
        parts.append((choice, fell))
    if len(several):
        parts.append(_merged(offer, edges, word, askers, marks, several, n))
    return joined([(one.found(offer.ground, edges, relation), fell) for one, fell in parts])


def in_turn(
    offer: Offer,
    askers: Askers,
    marks: Marks,
    rows: Codes,
    n: int,
    *,
    relation: Relation,
    on_sale: bool = False,
) -> Answer:
    """Give the best of each product that a row is about, then the second best of each.

    Of similar ones none of another category; of parts, products alone that were not bought again
    since.

    Args:
        offer: what may be offered.
        askers: the rows.
        marks: what not to show them.
        rows: those to answer, ascending.
        n: products a row, at most.
        relation: similar, or parts, where spare parts go before refills.
        on_sale: only what is really discounted, and of the same category.
    """
    depth = None if on_sale else max(DEPTH, n)
    found, fell, short = _turns(offer, relation, askers, marks, rows, n, depth, on_sale=on_sale)
    if not len(short):
        return found, fell
    again = _turns(offer, relation, askers, marks, short, n, None, on_sale=on_sale)[:2]
    return joined([_without((found, fell), short), again])


def scaled(row: Codes, is_later: NDArray[np.bool_], score: Floats) -> Floats:
    """Lower the scores of a second round where they would rise above those of the first.

    Args:
        row: ascending.
        is_later: whether each stands there by the second round; these follow the others.
        score: one each.
    """
    turn = np.flatnonzero(is_later[1:] & ~is_later[:-1] & (row[1:] == row[:-1]))
    if not len(turn):
        return score
    last, first = rounded(score[turn]), score[turn + 1]
    factor = np.ones(len(row))
    begin = starts(row)
    run = np.searchsorted(begin, turn, "right") - 1
    of_run = np.ones(len(begin))
    of_run[run] = np.where(first > last, last / first, 1.0)
    length = lengths(begin, len(row))
    factor[is_later] = np.repeat(of_run, length)[is_later]
    return factor * score


def for_all(
    offer: Offer,
    marks: Marks,
    rows: Codes,
    n: int,
    codes: NDArray[np.integer],
    score: Floats,
    origin: int,
) -> Answer:
    """Give each row the best of one list, but for what it must not be shown.

    Args:
        offer: what may be offered.
        marks: what not to show.
        rows: those to answer, ascending.
        n: products a row, at most.
        codes: the list, best first.
        score: one a product of it.
        origin: the evidence, a code of `vocabulary.SOURCES`.
    """
    shown = offer.can_be_ordered[codes] & ~held(offer.banned(""), codes)
    codes, score = codes[shown].astype(np.int64), score[shown]
    parts: list[Answer] = []
    for depth in (n + _SPARE, len(codes)):
        some = codes[:depth]
        row, code = np.repeat(rows, len(some)), np.tile(some, len(rows))
        fine, _ = judge(offer, "", row, code, marks, marks.is_known)
        kept = np.flatnonzero(fine)
        row, code, value = row[kept], code[kept], np.tile(score[:depth], len(rows))[kept]
        kept = choose(row, offer.ground.twin[code], value, n)
        found = Found.of(row[kept], code[kept], value[kept], origin)
        lacking = _lacks(found, rows, n)
        rows = rows[lacking] if depth < len(codes) else rows[:0]
        parts.append(_without((found, rows[:0]), rows))
        if not len(rows):
            break
    return joined(parts)


def joined(parts: list[Answer]) -> Answer:
    """Join answers about different rows."""
    if len(parts) == 1:
        return parts[0]
    fell = np.concatenate([one for _, one in parts]) if parts else np.empty(0, np.int64)
    return Found.joined([one for one, _ in parts]), fell


def _headed(
    offer: Offer, edges: Edges, word: str, askers: Askers, marks: Marks, rows: Codes, n: int
) -> tuple[Choice, Codes, Codes]:
    """Choose for rows about one product from the head of its list.

    Give also the rows of what only the stock speaks against, and those whose list goes on and has
    too few.
    """
    about = askers.about.code[askers.about.start[rows]]
    begin, end = edges.start[about], edges.start[about + 1]
    looked = np.minimum(end, begin + DEPTH)
    which, place = crossed(begin, looked)
    row, code = rows[which], edges.code[place]
    shown, fell = judge(offer, word, row, code, marks, marks.is_variant)
    shown &= ~held(marks.banned(offer, word), row * offer.ground.span + code)
    kept = np.flatnonzero(shown)
    row, code, place = row[kept], code[kept], place[kept]
    score = edges.score[place].astype(np.float64)
    chosen = choose(row, offer.ground.twin[code], score, n)
    chosen_from = about[which[kept[chosen]]]
    given = np.bincount(which[kept[chosen]], minlength=len(rows))
    choice = Choice(row[chosen], code[chosen], score[chosen], chosen_from, place[chosen])
    return choice, fell, rows[(looked < end) & (given < n)]


def _merged(
    offer: Offer, edges: Edges, word: str, askers: Askers, marks: Marks, rows: Codes, n: int
) -> tuple[Choice, Codes]:
    """Choose by the mean of the scores in all lists of a row, each looked at to its end."""
    ground = offer.ground
    list_row, source = askers.about.of(rows)
    which, place = crossed(edges.start[source], edges.start[source + 1])
    # No two numbers are equal, so that any sort puts the lists of a product in their order.
    many = int(ranks(list_row).max(initial=0)) + 1
    number = (list_row * ground.width)[which] + edges.code[place]
    order = np.argsort(number * many + ranks(list_row)[which])
    number, which, place = number[order], which[order], place[order]
    head = starts(number)
    length = lengths(head, len(number))
    score = edges.score[place].astype(np.float64)
    row, code = list_row[which[head]], edges.code[place[head]]
    # Summed one after the other, as the lists come, whatever stands beside.
    total = np.bincount(np.repeat(np.arange(len(head)), length), score, len(head))
    mean = total / (askers.about.start[row + 1] - askers.about.start[row])
    shown, fell = judge(offer, word, row, code, marks, marks.is_variant)
    shown &= ~held(marks.banned(offer, word), row * ground.span + code)
    kept = np.flatnonzero(shown)
    chosen = kept[choose(row[kept], ground.twin[code[kept]], mean[kept], n)]
    item, member = crossed(head[chosen], head[chosen] + length[chosen])
    loudest = member[firsts(item, score[member])]
    about = source[which[loudest]]
    return Choice(row[chosen], code[chosen], mean[chosen], about, place[loudest]), fell


def _turns(
    offer: Offer,
    relation: Relation,
    askers: Askers,
    marks: Marks,
    rows: Codes,
    n: int,
    depth: int | None,
    *,
    on_sale: bool,
) -> tuple[Found, Codes, Codes]:
    """Give also the rows with a list that was not looked at to its end, and has too few."""
    ground, word = offer.ground, LIST_OF[relation]
    edges = offer.edges(relation, without_banned=True)
    list_row, source = askers.about.of(rows)
    if relation is Relation.PARTS:
        again = ~marks.was_bought_since(list_row, source)
        list_row, source = list_row[again], source[again]
    begin, end = edges.start[source], edges.start[source + 1]
    looked = end if depth is None else np.minimum(end, begin + depth)
    which, place = crossed(begin, looked)
    row, about, code = list_row[which], source[which], edges.code[place]
    if relation is Relation.PARTS:
        shown, fell = judge(offer, word, row, code, marks, marks.was_bought_since)
    else:
        shown, fell = judge(offer, word, row, code, marks, marks.is_old)
        if ground.has_twins:
            shown &= ground.twin[code] != ground.twin[about]
    if relation is Relation.SIMILAR:
        kind, other = ground.kind[about], ground.kind[code]
        # Of a product without a category nobody knows that it is of another.
        shown &= other == kind if on_sale else (other == kind) | (kind == 0) | (other == 0)
    if on_sale:
        shown &= offer.is_discounted[code]
    kept = np.flatnonzero(shown)
    kept = kept[choose(which[kept], ground.twin[code[kept]], -place[kept].astype(np.float64), n)]
    of_list = which[kept]
    filled = np.bincount(of_list, minlength=len(source))
    short = list_row[(looked < end) & (filled < n)]
    row, about, code, place = row[kept], about[kept], code[kept], place[kept]
    score = edges.score[place].astype(np.float64)
    if relation is Relation.PARTS:
        score = scaled(of_list, ground.is_refill[place], score)
    # The first of each list, then the second of each.
    turn = ranks(of_list) * (len(source) + 1) + of_list
    chosen = choose(row, ground.twin[code], -turn.astype(np.float64), n)
    choice = Choice(row[chosen], code[chosen], score[chosen], about[chosen], place[chosen])
    found = choice.found(ground, edges, relation)
    return found, fell, short[starts(short)]


def confidence(
    ground: Ground, edges: Edges, relation: Relation, about: Codes, place: Codes
) -> Floats:
    """Give the share of those who had the one product that came to the other.

    It is orders with both among orders with the first, of variants where the evidence is of them;
    of customers where it is of customers, and of accessories and parts always. What rests on
    anything else, such as a category or a description, says nothing of the two products: 0.
    """
    products, origin = ground.snapshot.products, edges.origin[place]
    if relation in (Relation.ACCESSORIES, Relation.PARTS):
        share = edges.support[place] / np.maximum(products.customers[about], 1)
        return np.minimum(share, 1.0)
    share = np.zeros(len(place))
    for kind, count, of in (
        (_PAIR, edges.support, products.orders),
        (_GROUP, edges.support, products.group_orders),
        (_CUSTOMERS, edges.customers, products.customers),
    ):
        told = np.flatnonzero(origin == kind)
        share[told] = count[place[told]] / np.maximum(of[about[told]], 1)
    return np.minimum(share, 1.0)


def _lacks(found: Found, rows: Codes, n: int) -> NDArray[np.bool_]:
    """Tell which rows have fewer than n products."""
    return np.searchsorted(found.row, rows, "right") - np.searchsorted(found.row, rows) < n


def _without(answer: Answer, rows: Codes) -> Answer:
    """Leave out what was found for some rows."""
    found, fell = answer
    return found.take(~held(rows, found.row)), _left(fell, rows)


def _left(rows: Codes, gone: Codes) -> Codes:
    return rows[~held(gone, rows)]
