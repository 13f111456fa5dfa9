"""The shelf: products as they stood at an instant."""

from __future__ import annotations

from typing import Any

import numpy as np

from nba.facts.fold import fold
from nba.facts.shelf import Shelf
from nba.vocabulary import AVAILABILITIES
from tests.shops import day, rows
from tests.signals import signals


def shelf(*states: dict[str, Any], as_of: float = 50) -> Shelf:
    given = signals(product_states=list(states))
    found = fold(rows([]), as_of=day(as_of), customers=[], signals=given).shelf
    turned = signals(product_states=list(states[::-1]) * 2)
    assert fold(rows([]), as_of=day(as_of), customers=[], signals=turned).shelf == found
    return found


def state(at: float, **more: Any) -> dict[str, Any]:
    return {"product_id": "tea", "at": day(at)} | more


def price(
    at: float, amount: int | None, sale: int | None = None, until: float | None = None
) -> Any:
    ends = None if until is None else day(until)
    return state(at, price=amount, sale_price=sale, sale_until=ends)


def dropped(*states: Any, as_of: float = 50) -> Any:
    at = shelf(*states, as_of=as_of).dropped_at[0]
    return None if np.isnat(at) else at


def test_the_latest_state_says_all_that_holds() -> None:
    found = shelf(
        state(1, stock=5, price=100, availability="out_of_stock"),
        state(2, price=90, availability="preorder"),
        state(3, availability="discontinued", price=70),
        {"product_id": "cup", "at": day(1)},
        as_of=3,
    )
    assert list(found.product_ids) == ["cup", "tea"]
    assert [AVAILABILITIES[code] for code in found.availability] == ["in_stock", "preorder"]
    assert (found.price.tolist(), found.has_price.tolist()) == ([0, 90], [False, True])
    assert (found.stock.tolist(), found.has_stock.tolist()) == ([0, 0], [False, False])


def test_it_can_be_ordered_since_the_state_that_turned_it() -> None:
    out, back = state(1, availability="out_of_stock"), state(2, availability="backorder")
    assert shelf(out, back, state(3, availability="in_stock")).in_stock_since[0] == day(2)
    assert np.isnat(shelf(back, state(3)).in_stock_since[0])
    assert np.isnat(shelf(back, state(3, availability="out_of_stock")).in_stock_since[0])
    again = (state(5, availability="out_of_stock"), state(6))
    assert shelf(out, back, *again).in_stock_since[0] == day(6)


def test_a_sale_holds_from_its_state_until_its_end() -> None:
    on_sale = price(5, 100, 80, until=9)
    for as_of, held in ((5, False), (6, True), (9, False), (10, False)):
        found = shelf(price(1, 100), on_sale, as_of=as_of)
        assert found.has_sale_price[0] == held
        assert found.sale_price[0] == (80 if held else 0)
        assert np.isnat(found.sale_until[0]) != held
    assert shelf(price(5, 100, 80)).has_sale_price[0]
    assert not shelf(price(5, 100, 100)).has_sale_price[0]


def test_the_price_dropped_when_it_last_fell_unless_it_rose_since() -> None:
    assert dropped(price(1, 100)) is None
    assert dropped(price(1, 100), price(2, 90)) == day(2)
    assert dropped(price(1, 100), price(2, 90), price(3, 90)) == day(2)
    assert dropped(price(1, 100), price(2, 90), price(3, 80)) == day(3)
    assert dropped(price(1, 100), price(2, 90), price(3, 95)) is None
    assert dropped(price(1, 100), price(2, 100, 80)) == day(2)


def test_a_sale_that_ends_by_itself_raises_the_price() -> None:
    steps = (price(1, 100), price(2, 100, 80, until=9))
    assert dropped(*steps, as_of=9) is None
    assert dropped(*steps, as_of=8.9) == day(2)
    assert dropped(*steps, price(12, 90), as_of=20) == day(12)
    assert dropped(*steps, price(5, 100, 70), as_of=20) == day(5)


def test_where_the_price_is_unknown_nothing_is_said_to_have_dropped() -> None:
    assert dropped(price(1, 100), price(2, 90), price(3, None)) is None
    assert dropped(price(1, 100), price(2, None), price(3, 90)) is None


def test_of_states_of_one_instant_always_the_same_one_holds() -> None:
    found = shelf(price(1, 100), price(1, 90), price(1, None))
    assert found.price.tolist() == [100]
    assert np.isnat(found.dropped_at[0])
