"""Slots of many rows show what the recommender says when it is asked row by row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain, zip_longest
from pathlib import Path

import numpy as np
import pytest

import nba
from nba.artifacts.snapshot import Snapshot
from nba.decide.coding import Coder
from nba.decide.playbooks.messages import Message
from nba.decide.slots import Filled, SlotFilling
from nba.facts.fold import Facts, fold
from nba.recommend.eligibility import Filters
from nba.recommend.many.ground import Ground
from nba.recommend.many.lists import Codes
from nba.recommend.recommender import Recommender
from nba.recommend.results import Recommendation

N = 3
ROWS = 160
QUICK = nba.TrainConfig.model_validate({"collaborative": {"factors": 2, "iterations": 1}})
SOURCES = (
    ("accessories", 1),
    ("bought_together", 80),
    ("similar", 80),
    ("replacements", 1),
    ("parts", 1),
    ("buy_again", 20),
    ("popular", 160),
    ("picks", 160),
)
"""Sources, and how many of the rows they fill at least."""


@dataclass(frozen=True)
class Shop:
    """A trained shop, and some orders of its customers."""

    snapshot: Snapshot
    facts: Facts
    at: np.datetime64
    order: Codes
    customer: Codes
    ids: Sequence[str]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    path: Path = tmp_path_factory.mktemp("slots") / "shop"
    nba.simulate(path, orders=1000, seed=5)
    told = nba.read_shop(path)
    snapshot = nba.train(told.history, told.catalog, QUICK, threads=1)
    at = told.history.as_of
    facts = fold(told.history.rows, as_of=at)
    order = np.sort(np.random.default_rng(3).choice(len(facts.order_id), ROWS, replace=False))
    customer = np.searchsorted(facts.order_start, order, "right") - 1
    return Shop(snapshot, facts, at, order, customer, list(snapshot.products.ids))


def message(source: str, n: int = N) -> Message:
    return Message.model_validate(
        {
            "id": "accessories", "tier": 2, "stage": "client", "kind": "personal",
            "channels": ["email"], "trigger": {"on": "delivered", "after": "5d", "within": "9d"},
            "once_per": "order", "value_share": 1.0, "response": 0.1, "unsubscribe_risk": 0.0,
            "why": "", "slots": [{"name": "main", "source": source, "n": n}],
        }
    )  # fmt: skip


def filling(shop: Shop) -> SlotFilling:
    coding = Coder(shop.snapshot).code(shop.facts)
    return SlotFilling(Ground(shop.snapshot), shop.facts, coding, shop.at)


def fill(asked: SlotFilling, told: Message, customer: Codes, order: Codes) -> Filled:
    none = np.full(len(order), -1)
    return asked.fill(told, customer, order, none, none)


def bought(facts: Facts, first: int, last: int) -> set[str]:
    lines = slice(int(facts.line_start[first]), int(facts.line_start[last]))
    return {facts.product_ids[int(code)] for code in np.unique(facts.product[lines])}


def misfits(shop: Shop, ordered: Sequence[str]) -> list[str]:
    """Give what does not fit a product of the order, unless it fits one that lists speak of."""
    fits, ids = shop.snapshot.fits, shop.snapshot.products.ids
    unfit = np.zeros(len(ids), np.bool_)
    meant = unfit.copy()
    every = np.arange(len(ids))
    for one in ordered:
        if (code := ids.find(one)) is not None:
            agrees = fits.fits(np.full(len(ids), code), every)
            unfit |= ~agrees
            meant |= agrees & bool((fits.specific | fits.named)[code])
    return [ids[int(code)] for code in np.flatnonzero(unfit & ~meant)]


def one_by_one(shop: Shop, ask: Recommender, source: str, row: int) -> Sequence[Recommendation]:
    """Fill the slot of one row by asking the recommender product by product."""
    facts, at, order = shop.facts, shop.at, int(shop.order[row])
    customer = int(shop.customer[row])
    first, last = (int(facts.order_start[customer + one]) for one in (0, 1))
    owned, since = bought(facts, first, last), bought(facts, order + 1, last)
    ordered = facts.products_of(order)
    again = [one for one in ordered if one not in since]
    name = facts.customer_ids[customer]
    durable = shop.snapshot.products.is_durable
    find = shop.snapshot.products.ids.find
    has = [one for one in owned if (code := find(one)) is not None and durable[code]]
    groups = shop.snapshot.products.group
    variants = {groups[find(one) or 0] for one in has} - {""}
    kin = [one for one, group in zip(shop.ids, groups, strict=True) if group in variants]
    unfit = misfits(shop, ordered)
    open_to = Filters(exclude=[*ordered, *has, *kin, *unfit])
    new = Filters(exclude=[*owned, *unfit])
    match source:
        case "bought_together":
            return ask.bought_together(ordered, n=N, filters=new, owned=owned, at=at).items
        case "accessories":
            return ask.accessories(ordered, n=N, filters=new, owned=owned, at=at).items
        case "similar":
            lists = (ask.similar(one, n=50, filters=new, owned=owned, at=at) for one in ordered)
            return interleaved(shop, (one[:N] for one in lists))
        case "replacements":
            newest = (ask.replacements(one, kinds="successor", n=1, at=at) for one in again)
            return interleaved(
                shop, ([item for item in one if item.product_id not in owned] for one in newest)
            )
        case "parts":
            unbought, parts = Filters(exclude=since), ("spare_part", "refill")
            return interleaved(
                shop,
                (ask.replacements(one, kinds=parts, n=N, filters=unbought, at=at) for one in again),
            )
        case "buy_again":
            return ask.buy_again(name, n=N, among=again, at=at).items
        case "picks":
            return ask.picks(name, n=N, filters=open_to, at=at).items
        case _:
            return ask.popular(n=N, filters=open_to, at=at).items


def interleaved(shop: Shop, lists: Iterable[Sequence[Recommendation]]) -> list[Recommendation]:
    """Take the first of each list, then the second, of each group one."""
    products = shop.snapshot.products
    found: dict[str, Recommendation] = {}
    for item in chain.from_iterable(zip_longest(*lists)):
        if item is not None:
            group = products.group[products.ids.find(item.product_id) or 0]
            found.setdefault(group or item.product_id, item)
    return [replace(item, rank=rank) for rank, item in enumerate(list(found.values())[:N], 1)]


@pytest.mark.parametrize(("source", "least"), SOURCES)
def test_rows_show_what_the_recommender_says_one_by_one(shop, source, least):
    ask, asked, told = Recommender(shop.snapshot, with_pins=False), filling(shop), message(source)
    answer = fill(asked, told, shop.customer, shop.order)
    for row in range(ROWS):
        expected = list(one_by_one(shop, ask, source, row))
        assert bool(answer.filled[row]) == bool(expected)
        if expected:
            customer = int(shop.customer[row])
            assert list(asked.explain(told, answer, row, customer)["main"]) == expected
    assert answer.filled.sum() >= least
    assert ((answer.strength >= 0) & (answer.strength <= 1)).all()


@pytest.mark.parametrize("source", [source for source, _ in SOURCES])
def test_a_row_is_answered_alike_alone_and_among_others_in_any_order(shop, source):
    asked, told = filling(shop), message(source)
    every = fill(asked, told, shop.customer, shop.order)
    backwards = fill(asked, told, shop.customer[::-1], shop.order[::-1])
    for row in range(0, ROWS, 7):
        alone = fill(asked, told, shop.customer[row : row + 1], shop.order[row : row + 1])
        for other, place in ((alone, 0), (backwards, ROWS - 1 - row)):
            assert other.filled[place] == every.filled[row]
            assert other.strength[place] == every.strength[row]
            assert shown(other, place) == shown(every, row)


def shown(answer: Filled, row: int) -> tuple[list[int], list[float], list[int]]:
    slot = answer.slots["main"]
    found = slot.found.take(slice(int(slot.start[row]), int(slot.start[row + 1])))
    return found.code.tolist(), found.score.tolist(), found.origin.tolist()


def test_many_rows_are_filled_in_parts_of_which_nobody_notices(shop, monkeypatch):
    told = message("bought_together")
    whole = fill(filling(shop), told, shop.customer, shop.order)
    monkeypatch.setattr("nba.decide.slots.CHUNK", 11)
    parts = fill(filling(shop), told, shop.customer, shop.order)
    slot, other = whole.slots["main"], parts.slots["main"]
    assert (slot.start == other.start).all()
    assert (slot.source == other.source).all()
    for name in ("row", "code", "score", "origin", "confidence", "about"):
        assert (getattr(slot.found, name) == getattr(other.found, name)).all()
    assert (whole.filled == parts.filled).all()
    assert (whole.strength == parts.strength).all()
