"""Every figure of a reason is found again in the raw rows, and the rows cited carry its score."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import cycle, islice, pairwise
from pathlib import Path
from posixpath import commonpath
from typing import Any, Final

import numpy as np
import pytest

import nba
from nba.domain import significant
from nba.recommend.recommender import Recommender
from nba.recommend.results import Recommendation, Slate
from nba.vocabulary import ReasonCode, Source
from tests.effort import times
from tests.property.recount import Recount, words

ANSWERS: Final = times(300, 1_000)
TOTAL: Final = 9000
LINES: Final = (
    {("bought_together", Source.PAIR): 150, ("bought_together", Source.CUSTOMERS): 100},
    {("bought_together", Source.GROUP): 100, ("bought_together", Source.CATEGORY_PAIR): 10},
    {("accessories", Source.CATEGORY_PAIR): 20, ("similar", Source.CUSTOMERS): 50},
)
"""Kind and source of an answer → how many are recounted, in one go each line."""
CITING: Final = times(
    [{one: count // 3 for line in LINES for one, count in line.items()}], [*LINES]
)
"""By default all of them in one go, which costs a training."""
LADDER: Final = tuple(Source)
"""Kinds of evidence, the strongest first."""
TOGETHER: Final = ("bought_together", "complete_basket")
QUICK = nba.TrainConfig.model_validate({"collaborative": {"factors": 2, "iterations": 1}})
KINDS = ("successor", "substitute", "spare_part", "refill")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("reasons") / "shop"
    nba.simulate(path, orders=5000, seed=5)
    return path


@pytest.fixture(scope="module")
def recommender(folder: Path) -> Recommender:
    shop = nba.read_shop(folder)
    return Recommender(nba.train(shop.history, shop.catalog, QUICK, threads=1))


@pytest.fixture(scope="module")
def recount(folder: Path) -> Recount:
    return Recount(folder, QUICK)


def questions(recommender: Recommender) -> Mapping[str, Callable[[str], Slate]]:
    return {
        "bought_together": lambda one: recommender.bought_together(one, n=50),
        "accessories": lambda one: recommender.accessories(one, n=50),
        "similar": lambda one: recommender.similar(one, n=50),
        "replacements": lambda one: recommender.replacements(one, kinds=KINDS, n=50),
        "upsell": lambda one: recommender.upsell(one, n=50),
        "complete_basket": lambda one: recommender.complete_basket([one], target_total=TOTAL, n=50),
    }


def answers(recommender: Recommender) -> Iterator[tuple[str, Recommendation]]:
    """Draw answers, relation by relation in turns, one of each list."""
    random = np.random.default_rng(11)
    ids = list(recommender.snapshot.products.ids)
    asked = questions(recommender)
    for kind, ask in islice(cycle(asked.items()), ANSWERS):
        lists = (ask(ids[random.integers(len(ids))]) for _ in ids)
        slate = next(one for one in lists if len(one))
        yield kind, slate[int(random.integers(len(slate)))]


def shares(figures: dict[str, int]) -> dict[str, float]:
    """Derive confidence and lift from counted orders."""
    confidence = figures["orders_together"] / figures["orders_from"]
    return {
        "confidence": confidence,
        "lift": confidence / (figures["orders_to"] / figures["orders"]),
    }


def pair(recount: Recount, first: str, second: str) -> dict[str, Any]:
    orders = recount.together(recount.product, first, second)
    customers = set().union(*recount.customers_together(recount.product, first, second))
    return orders | shares(orders) | {"customers_together": len(customers)}


def group(recount: Recount, first: str, second: str) -> dict[str, Any]:
    orders = recount.together(recount.design, first, second)
    customers = set().union(*recount.customers_together(recount.design, first, second))
    return (
        orders
        | shares(orders)
        | {
            "customers_together": len(customers),
            "group_from": recount.products[first]["product_group_id"],
            "group_to": recount.products[second]["product_group_id"],
        }
    )


def category_pair(recount: Recount, first: str, second: str) -> dict[str, Any]:
    orders = recount.together(recount.category, first, second)
    customers = set().union(*recount.customers_together(recount.category, first, second))
    return (
        orders
        | shares(orders)
        | {
            "customers_together": len(customers),
            "category_from": recount.category(first),
            "category_to": recount.category(second),
            "orders_of_it": sum(second in order.products for order in recount.orders.values()),
        }
    )


def same_customers(recount: Recount, first: str, second: str) -> dict[str, Any]:
    in_order, in_spell = recount.customers_together(recount.product, first, second)
    assert not in_order
    return {"customers_together": len(in_spell), "within_days": QUICK.copurchase.spell_days}


def same_owners(recount: Recount, first: str, second: str) -> dict[str, Any]:
    return {"customers_together": len(recount.owners_of_both(first, second)), "within_days": None}


def views(recount: Recount, first: str, second: str) -> dict[str, Any]:
    sessions, people = recount.viewers_of_both(first, second)
    return {"sessions_together": sessions, "people_together": people}


def alike(recount: Recount, first: str, second: str) -> dict[str, Any]:
    one, other = (recount.products[product] for product in (first, second))
    words_from, words_to = words(one["title"]), words(other["title"])
    paths = [row["category"].replace(" > ", "/") for row in (one, other)]
    return {
        "category": commonpath(paths).replace("/", " > ") or None,
        "brand": one["brand"] if one["brand"] == other["brand"] else None,
        "words_shared": len(words_from & words_to),
        "words_from": len(words_from),
        "words_to": len(words_to),
    }


def needed(recount: Recount, item: Recommendation, bounds: Sequence[int]) -> dict[str, Any]:
    """Count customers and arrivals again; of the lag, which is fitted, only the window follows."""
    first, second = str(item.reason.evidence["from"]), item.product_id
    lag = item.reason.evidence["lag_days"]
    window = max(2 * int(lag or 0), QUICK.accessories.window_days)
    categories = recount.category(first), recount.category(second)
    owners, after = recount.followed(*categories, bounds)
    found = {
        "category_from": categories[0],
        "category_to": categories[1],
        "customers_together": len(recount.buyers_within(first, second, window)),
        "window_days": window,
        "owners": owners,
        "buyers": len(after),
        "share": len(after) / owners,
        "lag_days": lag,
        "offer_day": item.reason.evidence["offer_day"],
    }
    assert item.source is not Source.PREDECESSOR, "count what the old products had"
    return found


def linked(recount: Recount, first: str, second: str) -> dict[str, Any]:
    one, other = (recount.products[product] for product in (first, second))
    for main, accessory in ((one, other), (other, one)):
        title = f" {main['title'].casefold()} "
        for name in (accessory["accessory_for"] or "").split(","):
            if name.strip() in (main["product_id"], main["product_group_id"]):
                return {}
            if name.strip() and f" {name.strip().casefold()} " in title:
                return {}
    raise AssertionError(f"no list of {first} or {second} names the other")


def ruled(recount: Recount, first: str | None, second: str) -> dict[str, Any]:
    assert any(
        rule["target_product_id"] == second and rule["source_product_id"] in (None, first)
        for rule in recount.rules
        if rule["kind"] in ("pin", "link")
    )
    return {}


def replaced(recount: Recount, item: Recommendation) -> dict[str, Any]:
    """Follow the way that a successor names, step by step, as far as raw rows tell."""
    first, via = str(item.reason.evidence["from"]), item.reason.evidence["via"]
    way = [first, *(str(via).split(" → ") if via else ()), item.product_id]
    for older, newer in pairwise(way):
        said = (recount.products[newer]["successor_of"] or "").split(",")
        assert older in said or item.source == Source.VERSION
    assert recount.products[item.product_id]["availability"] not in ("out_of_stock", "discontinued")
    return {"from": first, "via": via}


def expected(
    kind: str, item: Recommendation, recount: Recount, bounds: Sequence[int]
) -> dict[str, Any]:
    """Count the figures of a reason again."""
    if item.reason.code == ReasonCode.SUCCESSOR:
        return replaced(recount, item)
    first, second = str(item.reason.evidence["from"]), item.product_id
    found: dict[str, Any] = {"from": first}
    if item.reason.code == ReasonCode.UPSELL:
        found |= {"price_from": recount.price(first), "price": recount.price(second)}
    if "gap" in item.reason.evidence:
        gap = max(TOTAL - recount.price(first), 0)
        found |= {"gap": gap, "price": recount.price(second)}
    if "owners" in item.reason.evidence:
        return found | needed(recount, item, bounds)
    count = {
        Source.PAIR: pair,
        Source.CUSTOMERS: same_customers if kind in TOGETHER else same_owners,
        Source.GROUP: group,
        Source.CATEGORY_PAIR: category_pair,
        Source.CONTENT: alike,
        Source.VIEWS: views,
        Source.CATALOGUE_LINK: linked,
        Source.RULE: ruled,
    }[item.source]
    return found | count(recount, first, second)


def test_every_figure_is_found_again_in_the_raw_rows(
    recommender: Recommender, recount: Recount
) -> None:
    seen: Counter[tuple[str, str]] = Counter()
    for kind, item in answers(recommender):
        figures = expected(kind, item, recount, recommender.snapshot.needs.bucket_days.tolist())
        shown = item.reason.evidence
        assert set(shown) == set(figures), (kind, item)
        for name, value in figures.items():
            rounded = significant(value) if isinstance(value, float) else value
            assert shown[name] == rounded, (kind, name, item)
        seen[kind, str(item.source)] += 1
    assert sum(seen.values()) == ANSWERS
    assert len(seen) > 15


def cited(recount: Recount, item: Recommendation, bounds: Sequence[int]) -> set[str]:
    """Give the orders that a reason rests on."""
    first, second = str(item.reason.evidence["from"]), item.product_id
    match item.reason.code:
        case ReasonCode.ACCESSORY:
            return set(
                recount.followed(recount.category(first), recount.category(second), bounds)[1]
            )
        case ReasonCode.SAME_CUSTOMERS if item.reason.evidence["within_days"] is None:
            key, customers = recount.design, recount.owners_of_both(first, second)
        case ReasonCode.SAME_CUSTOMERS:
            key = recount.product
            customers = recount.customers_together(key, first, second)[1]
        case ReasonCode.BOUGHT_TOGETHER:
            key, customers = recount.product, None
        case ReasonCode.GROUP_TOGETHER:
            key, customers = recount.design, None
        case _:
            key, customers = recount.category, None
    held, other = (recount.orders_by(key)[key(one)] for one in (first, second))
    if customers is None:
        return held & other
    return {one for one in other if recount.orders[one].customer in customers}


def has_fallen(item: Recommendation, slate: Slate) -> bool:
    """Whether a product is gone from a new list, or scores less.

    Scores of two kinds of evidence do not compare. Where another kind speaks for the product now,
    it has fallen if that is a weaker one, or if it stands lower in the list.
    """
    found = next((one for one in slate if one.product_id == item.product_id), None)
    if found is None or found.score < item.score:
        return True
    if found.source is item.source:
        return False
    is_weaker = LADDER.index(found.source) > LADDER.index(item.source)
    return is_weaker or found.rank > item.rank


def drawn(
    recommender: Recommender, wanted: Mapping[tuple[str, Source], int]
) -> Iterator[tuple[str, str, Recommendation]]:
    """Draw items of each kind and source, one of a list, with the product asked about."""
    random = np.random.default_rng(13)
    asked = questions(recommender)
    for (kind, source), edges in wanted.items():
        ids = random.permutation(list(recommender.snapshot.products.ids)).tolist()
        lists = ((one, [x for x in asked[kind](one) if x.source is source]) for one in ids)
        for one, found in islice(((one, found) for one, found in lists if found), edges):
            yield kind, one, found[int(random.integers(len(found)))]


@pytest.mark.parametrize("wanted", CITING)
def test_without_the_orders_it_cites_a_product_scores_less(
    folder: Path,
    recommender: Recommender,
    recount: Recount,
    wanted: Mapping[tuple[str, Source], int],
) -> None:
    bounds = recommender.snapshot.needs.bucket_days.tolist()
    edges = list(drawn(recommender, wanted))
    assert len(edges) == sum(wanted.values())
    gone = set().union(*(cited(recount, item, bounds) for _, _, item in edges))
    # Few enough that nothing falls for the sake of the others.
    assert 0 < len(gone) < 0.2 * len(recount.orders)
    shop = nba.read_shop(folder)
    stays = np.array([order not in gone for order in shop.history.rows.order_ids])
    fewer = replace(shop.history, rows=shop.history.rows.select(stays))
    after = questions(Recommender(nba.train(fewer, shop.catalog, QUICK, threads=1)))
    lower = [has_fallen(item, after[kind](one)) for kind, one, item in edges]
    assert np.mean(lower) >= 0.99
    # What rests on other orders need not fall.
    spared = [
        has_fallen(item, after["bought_together"](one))
        for _, one, item in drawn(recommender, {("bought_together", Source.PAIR): 300})
        if not cited(recount, item, bounds) & gone
    ]
    assert len(spared) > 50
    assert np.mean(spared) < 0.85
